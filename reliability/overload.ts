/** R8: four times what the server can do. */
import { load, pause, post } from './client.ts'
import { answersText, figure, finish, goal, megabytes, milliseconds, size, title } from './report.ts'
import { slow, slowBody, startServer } from './server.ts'

// One request computes for some milliseconds, is not joined with others, and few may wait.
const waiting = 16
const server = await startServer([slow, '--max-waiting', String(waiting), '--no-batch', '--timeout', '20'])
const { port } = server
const request = post('/invocations', slowBody(400))
const seconds = size(60, 4)
title('R8', `overload: 4 times the requests that it can do, ${seconds} s`)
await load(port, request, { connections: 4, seconds: 1 })
const peak = await load(port, request, { connections: 16, seconds: size(10, 2) })
const before = server.rss()
// Four times as many requests a second as it can do; whoever is refused comes back in his time.
const clients = 64
const during = await load(port, request, { connections: clients, seconds, pause: (clients * 1000) / (4 * peak.perSecond) })
const grown = server.rss() - before
figure('peak', `${peak.perSecond.toFixed(0)}/s, p50 ${milliseconds(peak.percentile(0.5))}`)
figure('overloaded', `${during.perSecond.toFixed(0)}/s (${answersText(during.answers)})`)
goal(
  'throughput at least 90 % of the peak',
  `${((100 * during.perSecond) / peak.perSecond).toFixed(0)} %`,
  during.perSecond >= 0.9 * peak.perSecond,
  'speed',
)
goal(
  'nothing but 200 and 503',
  answersText(during.answers),
  [...during.answers.keys()].every((status) => status === 200 || status === 503),
)
goal(
  '503 within 5 ms (median)',
  `p50 ${milliseconds(during.percentile(0.5, 503))}, p99 ${milliseconds(during.percentile(0.99, 503))}`,
  during.percentile(0.5, 503) <= 5,
  'speed',
)
goal('memory grew by at most 64 MiB', megabytes(grown), grown <= 64 << 20)
await pause(2000)
const after = await load(port, request, { connections: 4, seconds: 2 })
goal('two seconds later all is 200', answersText(after.answers), after.answers.size === 1 && after.answers.has(200))

title('R8', 'overload by deadlines: more waits than can be done in time')
const late = await startServer([slow, '--no-batch', '--timeout', '0.5'])
const heavy = post('/invocations', slowBody(2000))
const one = await load(late.port, heavy, { connections: 1, seconds: size(5, 2) })
const [before504] = late.runners()
const many = await load(late.port, heavy, { connections: 200, seconds: size(15, 3) })
figure('alone', `${one.perSecond.toFixed(1)}/s`)
figure('200 connections, half a second each', `${many.perSecond.toFixed(1)}/s (${answersText(many.answers)})`)
goal(
  'throughput at least 70 % of that alone',
  `${((100 * many.perSecond) / one.perSecond).toFixed(0)} %`,
  many.perSecond >= 0.7 * one.perSecond,
  'speed',
)
goal('no process was ended for it', String(late.runners()[0] === before504), late.runners()[0] === before504, 'speed')
await late.stop()
goal('exit code after SIGTERM', String(await server.stop()), server.process.exitCode === 0)
finish()
