/** R7: thousands of connections that are kept and do nothing. */
import { type Connection, get, load, openConnection, post } from './client.ts'
import { answersText, figure, finish, goal, megabytes, milliseconds, size, title } from './report.ts'
import { linear, linearBody, startServer } from './server.ts'

const count = size(10_000, 500)
const server = await startServer([linear])
const { port } = server
const good = post('/invocations', linearBody())
title('R7', `${count} idle connections that have asked once`)
await load(port, good, { connections: 8, seconds: size(5, 1) })
const baseline = await load(port, good, { connections: 8, seconds: size(10, 2), pause: 5 })
const before = server.rss()
const idle: Connection[] = []
let opened = 0
while (idle.length < count) {
  // Ports of one address would not do: each thousand comes from an address of its own.
  const some = Array.from({ length: Math.min(250, count - idle.length) }, (_, index) =>
    openConnection(port, `127.0.0.${2 + Math.floor((idle.length + index) / 1000)}`),
  )
  idle.push(...some)
  for (const { status } of await Promise.all(some.map((one) => one.ask(get('/ping'))))) if (status === 200) opened++
}
goal('connections that were answered', opened, opened === count)
const during = await load(port, good, { connections: 8, seconds: size(10, 2), pause: 5 })
const open = idle.filter(({ socket }) => !socket.destroyed).length
goal('still open', open, open === count)
figure('good clients before', `p99 ${milliseconds(baseline.percentile(0.99))} (${answersText(baseline.answers)})`)
figure('good clients meanwhile', `p99 ${milliseconds(during.percentile(0.99))} (${answersText(during.answers)})`)
goal(
  'p99 at most 1.2 times as long',
  (during.percentile(0.99) / baseline.percentile(0.99)).toFixed(2),
  during.percentile(0.99) <= 1.2 * baseline.percentile(0.99),
  'speed',
)
const grown = server.rss() - before
goal('memory grew by at most 200 MiB', `${megabytes(grown)}, ${(grown / count / 1024).toFixed(1)} KiB each`, grown <= 200 << 20)
for (const { socket } of idle) socket.destroy()
goal('exit code after SIGTERM', String(await server.stop()), server.process.exitCode === 0)
finish()
