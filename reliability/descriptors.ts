/** R20: no free descriptors. */
import { connect, type Socket } from 'node:net'
import { ask, pause, post } from './client.ts'
import { figure, finish, goal, size, title } from './report.ts'
import { linear, linearBody, startServer } from './server.ts'

title('R20', 'ulimit -n 256 and more connections than that')
const server = await startServer([linear], { before: 'ulimit -n 256' })
const request = post('/invocations', linearBody())
const rounds = size(5, 2)
let failed = 0
for (let round = 0; round < rounds; round++) {
  const sockets: Socket[] = Array.from({ length: 600 }, () => {
    const socket = connect({ port: server.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    return socket
  })
  await pause(300)
  // A runner dies while no descriptor is free for the pipe of the next.
  if (round === 1) for (const pid of server.runners()) process.kill(pid, 'SIGKILL')
  await pause(1000)
  const crowded = await ask(server.port, request)
  figure(`round ${round + 1}: while there are none`, crowded.status === 0 ? 'closed' : crowded.status)
  for (const socket of sockets) socket.destroy()
  let status = 0
  const began = performance.now()
  while (status !== 200 && performance.now() - began < 15_000) {
    await pause(50)
    ;({ status } = await ask(server.port, request))
  }
  if (status !== 200) failed++
  figure('         well again after', `${((performance.now() - began) / 1000).toFixed(1)} s`)
}
goal('rounds after which it was not well', failed, failed === 0)
goal('exit code after SIGTERM', String(await server.stop()), server.process.exitCode === 0)
finish()
