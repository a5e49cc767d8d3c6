/** R10, R12: the end, under load and with a request that is being scored; readiness. */
import { once } from 'node:events'
import { type Answer, ask, get, openConnection, pause, post } from './client.ts'
import { figure, finish, goal, milliseconds, size, title } from './report.ts'
import { isAlive, linear, linearBody, slow, slowBody, startServer } from './server.ts'

const cycles = size(200, 5)
title('R10', `${cycles} cycles of SIGTERM under load`)
const request = post('/invocations', linearBody())
let [answered, failed, refused, exits, orphans, longest] = [0, 0, 0, 0, 0, 0]
for (let cycle = 0; cycle < cycles; cycle++) {
  const server = await startServer([linear])
  const runners = server.runners()
  let stopping = false
  const clients = Array.from({ length: 8 }, async () => {
    for (;;) {
      const connection = openConnection(server.port)
      const isOpen = await Promise.race([
        once(connection.socket, 'connect').then(
          () => true,
          () => false,
        ),
        once(connection.socket, 'close').then(() => false),
      ])
      if (!isOpen) {
        refused++
        return
      }
      for (;;) {
        const { status, head } = await connection.ask(request)
        if (status === 200) answered++
        // One that was never taken: its connection was idle when the server ended it.
        else if (status === 0 && stopping) break
        else failed++
        if (/connection: close/i.test(head)) break
      }
      connection.socket.destroy()
      if (stopping) return
    }
  })
  await pause(100 + (cycle % 10) * 10)
  stopping = true
  const began = performance.now()
  if ((await server.stop()) === 0) exits++
  longest = Math.max(longest, performance.now() - began)
  await Promise.all(clients)
  if (runners.some(isAlive)) orphans++
}
figure('answered', answered)
figure('new connections that were refused', refused)
goal('failed', failed, failed === 0)
goal('exit code 0', `${exits} of ${cycles}`, exits === cycles)
goal('runner processes left', orphans, orphans === 0)
figure('longest end', milliseconds(longest))

title('R10', 'a request that is being scored when the signal comes')
const server = await startServer([slow, '--grace', '20'])
const kept = openConnection(server.port)
await kept.ask(get('/ping'))
const probe = openConnection(server.port)
// A probe on the way keeps its connection; the readiness it reads is that of the moment.
const scoring = kept.ask(post('/invocations', slowBody(30_000)))
await pause(100)
const half = openConnection(server.port)
await probe.ask(get('/ping'))
const ended = server.stop()
await pause(50)
const late = await ask(server.port, get('/ping'))
goal('a new connection is refused', late.status, late.status === 0)
const answer: Answer = await scoring
goal(
  'the request is answered, and its connection closed',
  `${answer.status} after ${milliseconds(answer.milliseconds)}`,
  answer.status === 200 && /connection: close/i.test(answer.head),
)
goal('exit code', String(await ended), server.process.exitCode === 0)
half.socket.destroy()

title('R10', 'grace and the second signal')
const stuck = await startServer([slow, '--grace', '1'])
const hanging = ask(stuck.port, post('/invocations', slowBody(1e12)))
await pause(200)
const began = performance.now()
const code = await stuck.stop()
const cut = await hanging
goal(
  'after the grace it is answered 503 and ends with 0',
  `${cut.status}, ${code}, ${milliseconds(performance.now() - began)}`,
  cut.status === 503 && code === 0 && performance.now() - began < 2500,
)
const twice = await startServer([slow])
const lost = ask(twice.port, post('/invocations', slowBody(1e12)))
await pause(200)
const second = performance.now()
twice.process.kill('SIGTERM')
await pause(100)
twice.process.kill('SIGTERM')
await once(twice.process, 'exit')
await lost
goal('a second signal ends it now', milliseconds(performance.now() - second), performance.now() - second < 1000)

title('R12', 'ready only when every model has scored once')
const early = await startServer([linear])
const first = await ask(early.port, get('/v2/health/ready'))
goal('ready when it listens', first.status, first.status === 200)
await ask(early.port, post('/v2/repository/models/model/unload', '{}'))
const none = await ask(early.port, get('/ping'))
goal('no model, not ready', none.status, none.status === 503)
await early.stop()
finish()
