/** R6: headers and bodies that never come, and answers that nobody reads. */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { get, load, post } from './client.ts'
import { answersText, figure, finish, goal, megabytes, milliseconds, size, title } from './report.ts'
import { linear, linearBody, startServer } from './server.ts'

const [headers, bodies, readers] = [size(2000, 60), size(500, 20), size(200, 6)]
const server = await startServer([linear])
const { port } = server
const good = post('/invocations', linearBody())
title('R6', `${headers} slow headers, ${bodies} slow bodies, ${readers} clients that do not read`)
await load(port, good, { connections: 8, seconds: size(5, 1) })
const baseline = await load(port, good, { connections: 8, seconds: size(10, 2), pause: 5 })
const before = server.rss()
const began = performance.now()
const cut = { header: [] as number[], body: [] as number[], reader: [] as number[] }
const sockets: Socket[] = []

function bad(kind: keyof typeof cut, first: string, every: number, more: string): void {
  const socket = connect({ port, host: '127.0.0.1' })
  sockets.push(socket)
  // A backlog of thousands takes seconds to connect, which are no time of the server's.
  let since = began
  socket.on('connect', () => {
    since = performance.now()
  })
  socket.on('error', () => {})
  socket.write(first)
  const timer = every === 0 ? undefined : setInterval(() => socket.write(more), every)
  if (kind === 'reader') socket.pause()
  else socket.on('data', () => {})
  socket.on('close', () => {
    clearInterval(timer)
    cut[kind].push((performance.now() - since) / 1000)
  })
}
for (let index = 0; index < headers; index++) bad('header', 'GET / HTTP/1.1\r\nHost: localhost\r\n', 3000, 'X-A: 1\r\n')
// A byte each three seconds: it comes, but at no speed.
for (let index = 0; index < bodies; index++)
  bad('body', 'POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{', index % 2 === 0 ? 0 : 3000, ' ')
// More answers than the system’s buffers hold, none of which is read.
const large = get('/ui/page.js')
for (let index = 0; index < readers; index++) bad('reader', large.repeat(60), 0, '')
let most = 0
const watching = setInterval(() => {
  most = Math.max(most, server.rss())
}, 200)
const during = await load(port, good, { connections: 8, seconds: size(10, 2), pause: 5 })
const wanted = headers + bodies + readers
const cutAll = (): number => cut.header.length + cut.body.length + cut.reader.length
while (cutAll() < wanted && performance.now() - began < 90_000) {
  // A client that does not read does not see that the connection has ended either, before it reads.
  if (performance.now() - began > 45_000) for (const socket of sockets) socket.resume()
  await new Promise((resolve) => setTimeout(resolve, 100))
}
clearInterval(watching)
const last = (list: readonly number[]): string => (list.length === 0 ? 'none' : `${Math.max(...list).toFixed(1)} s`)
figure('good clients before', `p99 ${milliseconds(baseline.percentile(0.99))} (${answersText(baseline.answers)})`)
figure('good clients meanwhile', `p99 ${milliseconds(during.percentile(0.99))} (${answersText(during.answers)})`)
goal(
  'p99 at most twice as long',
  (during.percentile(0.99) / baseline.percentile(0.99)).toFixed(2),
  during.percentile(0.99) <= 2 * baseline.percentile(0.99),
  'speed',
)
goal('good clients answered', answersText(during.answers), during.answers.size === 1 && during.answers.has(200))
goal(
  'slow headers cut within 12 s',
  `${cut.header.length}, the last after ${last(cut.header)}`,
  cut.header.length === headers && Math.max(...cut.header) <= 12.5,
)
goal(
  'slow bodies cut within 32 s',
  `${cut.body.length}, the last after ${last(cut.body)}`,
  cut.body.length === bodies && Math.max(...cut.body) <= 32.5,
)
goal('clients that do not read: gone', `${cut.reader.length}`, cut.reader.length === readers)
goal('memory grew by at most 64 MiB', megabytes(most - before), most - before <= 64 << 20, 'speed')
figure('memory afterwards', megabytes(server.rss()))
for (const socket of sockets) socket.destroy()
goal('exit code after SIGTERM', String(await server.stop()), server.process.exitCode === 0)
finish()
