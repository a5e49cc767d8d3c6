/** R9: clients that leave in the middle of their request or of their answer. */
import { connect } from 'node:net'
import { ask, get, pause, post } from './client.ts'
import { figure, finish, goal, megabytes, size, title } from './report.ts'
import { linear, linearBody, startServer } from './server.ts'

const count = size(100_000, 2_000)
const server = await startServer([linear])
const { port } = server
title('R9', `${count} requests, half of whose clients leave`)
const request = post('/invocations', linearBody())
const large = post('/invocations', linearBody(500))
await Promise.all(Array.from({ length: 50 }, () => ask(port, request)))
await pause(500)
const [descriptors, before] = [server.descriptors(), server.rss()]
let next = 0
let answered = 0
let wanted = 0

/** A third leaves within the request, a third after it, a third within the answer; as many stay. */
async function client(): Promise<void> {
  for (let index = next++; index < count; index = next++) {
    if (index % 2 === 0) {
      wanted++
      if ((await ask(port, request)).status === 200) answered++
      continue
    }
    await new Promise<void>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      const kind = index % 3
      socket.on('connect', () => {
        if (kind === 0) socket.write(request.slice(0, 150 + (index % 100)), () => socket.destroy())
        else socket.write(kind === 1 ? request : large, () => kind === 1 && socket.resetAndDestroy())
      })
      socket.on('data', () => socket.destroy())
    })
  }
}
const began = performance.now()
await Promise.all(Array.from({ length: 32 }, client))
figure('requests a second', (count / ((performance.now() - began) / 1000)).toFixed(0))
goal('those that stayed were answered', `${answered} of ${wanted}`, answered === wanted)
await pause(1500)
const metrics = (await ask(port, get('/metrics'))).body
const gauge = (name: string): number => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'm').exec(metrics)?.[1] ?? -1)
figure('left, as the server counts', gauge('mlmodel_http_cut_total'))
goal(
  'requests in flight or waiting',
  `${gauge('mlmodel_in_flight_requests')}, ${gauge('mlmodel_waiting_requests')}`,
  gauge('mlmodel_in_flight_requests') === 0 && gauge('mlmodel_waiting_requests') === 0,
)
goal('connections besides this one', gauge('mlmodel_http_connections') - 1, gauge('mlmodel_http_connections') === 1)
goal(
  'descriptors back to what they were',
  `${server.descriptors()}, before ${descriptors}`,
  server.descriptors() <= descriptors + 1,
)
figure('memory', `${megabytes(server.rss())}, before ${megabytes(before)}`)
goal('exit code after SIGTERM', String(await server.stop()), server.process.exitCode === 0)
finish()
