/** R13: runner processes that die, and a server that is killed. */
import { ask, get, load, pause, post } from './client.ts'
import { answersText, figure, finish, goal, milliseconds, size, title } from './report.ts'
import { isAlive, linear, linearBody, slow, slowBody, startServer } from './server.ts'

const seconds = size(60, 4)
const request = post('/invocations', linearBody())
title('R13', `kill -9 of a runner every 100 ms for ${seconds} s, two runners`)
const server = await startServer([linear, '--workers', '2'])
let kills = 0
const killing = setInterval(() => {
  const [pid] = server.runners()
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
    kills++
  } catch {
    // It has just gone.
  }
}, 100)
const during = await load(server.port, request, { connections: 8, seconds, pause: 1 })
clearInterval(killing)
figure('killed', kills)
figure('answers', answersText(during.answers))
goal(
  'nothing but 200, 500 and 503, each answered',
  answersText(during.answers),
  [...during.answers.keys()].every((status) => [200, 500, 503].includes(status)),
)
const ready = await ask(server.port, get('/v2/health/ready'))
goal(
  'not ready, with the reason',
  `${ready.status} ${ready.body.slice(0, 100)}`,
  ready.status === 503 && ready.body.includes('5 times in a minute'),
)
const began = performance.now()
let status = 0
while (status !== 200 && performance.now() - began < 20_000) {
  ;({ status } = await ask(server.port, request))
  await pause(50)
}
goal(
  'scores again within the back-off and a second',
  milliseconds(performance.now() - began),
  performance.now() - began <= 11_000,
)
await server.stop()

title('R13', 'one kill')
const one = await startServer([linear])
const [pid] = one.runners()
process.kill(pid!, 'SIGKILL')
const killed = performance.now()
const after = await ask(one.port, request)
goal(
  'the next request is answered within a second',
  `${after.status} after ${milliseconds(performance.now() - killed)}`,
  after.status === 200 && performance.now() - killed < size(1100, 5000),
)

title('R13', 'the server is killed while a runner computes')
const doomed = await startServer([slow])
const runners = doomed.runners()
const lost = ask(doomed.port, post('/invocations', slowBody(1e12)))
await pause(300)
doomed.process.kill('SIGKILL')
await lost
const dead = performance.now()
while (runners.some(isAlive) && performance.now() - dead < 5000) await pause(20)
goal(
  'no runner is left',
  `${runners.filter(isAlive).length}, after ${milliseconds(performance.now() - dead)}`,
  !runners.some(isAlive),
)
await one.stop()
finish()
