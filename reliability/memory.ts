/** R14: requests and models that want more memory than there is. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { exchange, statuses } from '../test/serve/raw.ts'
import { ask, load, post } from './client.ts'
import { answersText, figure, finish, goal, megabytes, milliseconds, size, title } from './report.ts'
import { alloc, linear, linearBody, root, startServer } from './server.ts'

title('R14', 'a request that makes the model allocate gigabytes')
const server = await startServer([`good=${linear}`, `alloc=${alloc}`, '--max-memory', String(400 << 20)])
const { port } = server
const good = post('/invocations', linearBody())
const floats = (count: number): string =>
  post('/v2/models/alloc/infer', JSON.stringify({ inputs: [{ name: 'n', shape: [1], datatype: 'INT64', data: [count] }] }))
const small = await ask(port, floats(1000))
goal('a small one is answered', small.status, small.status === 200)
const baseline = await load(port, good, { connections: 4, seconds: size(5, 1), pause: 5 })
let most = 0
const watching = setInterval(() => {
  most = Math.max(most, server.runnersRss())
}, 20)
const [bomb, during] = await Promise.all([
  ask(port, floats(3e9)),
  load(port, good, { connections: 4, seconds: size(5, 2), pause: 5 }),
])
clearInterval(watching)
goal(
  'the bomb is refused',
  `${bomb.status} after ${milliseconds(bomb.milliseconds)}: ${bomb.body.slice(0, 90)}`,
  bomb.status >= 400,
)
figure('most memory of all runners meanwhile', megabytes(most))
goal(
  'the other model goes on',
  `${answersText(during.answers)}, p99 ${milliseconds(during.percentile(0.99))}, before ${milliseconds(baseline.percentile(0.99))}`,
  during.answers.size === 1 && during.answers.has(200),
)
const again = await ask(port, floats(1000))
goal('and this one again', again.status, again.status === 200)
const absurd = await ask(port, floats(2 ** 42))
goal('four terabytes', absurd.status, absurd.status >= 400)

title('R14', 'bodies that stand for more than they are')
const shape = await ask(
  port,
  post('/v2/models/good/infer', JSON.stringify({ inputs: [{ name: 'x00', shape: [2 ** 40], datatype: 'FP64', data: [1] }] })),
)
goal('a shape of 2^40', shape.status, shape.status === 400)
const bombBody = gzipSync(Buffer.alloc(200 << 20, ' '))
const zipped = await Promise.all(
  Array.from({ length: size(50, 5) }, () =>
    exchange(
      port,
      `POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: ${bombBody.length}\r\n\r\n${bombBody.toString('latin1')}`,
    ),
  ),
)
goal(
  `${zipped.length} bombs of gzip at once (${bombBody.length} → ${200 << 20} bytes)`,
  [...new Set(zipped.map((one) => statuses(one)[0]))].join(),
  zipped.every((one) => statuses(one)[0] === 413),
)
const chunks = `POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${'1\r\n \r\n'.repeat(size(2_000_000, 200_000))}0\r\n\r\n`
const before = server.rss()
const flood = await exchange(port, chunks)
goal(
  'a flood of chunks of one byte',
  `${statuses(flood)[0]}, memory grew by ${megabytes(server.rss() - before)}`,
  statuses(flood)[0] === 400,
)
goal('exit code after SIGTERM', String(await server.stop()), server.process.exitCode === 0)

const corpus = `${root}../shared/corpus/onnx/alloc_constantofshape.onnx`
if (existsSync(corpus)) {
  title('R14', 'a file of 76 bytes that allocates four terabytes, made a model')
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-bomb-'))
  const model = join(folder, 'model')
  spawnSync(process.execPath, [`${root}bin/mlmodel.js`, 'create', corpus, '-o', model], { stdio: 'ignore' })
  const bad = await startServer([`good=${linear}`, `bomb=${model}`])
  const answer = await ask(bad.port, post('/invocations/bomb', '{"inputs": {}}'))
  goal('answered, not 200', answer.status, answer.status >= 400)
  const other = await ask(bad.port, good)
  goal('the other model is well', other.status, other.status === 200)
  await bad.stop()
  rmSync(folder, { recursive: true })
}
finish()
