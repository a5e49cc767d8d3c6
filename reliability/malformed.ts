/** R5, R22: what is no HTTP, and bodies that are no requests; no answer says more than it should. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { malformedCases } from '../test/serve/malformed.ts'
import { exchange, statuses } from '../test/serve/raw.ts'
import { ask, get, post } from './client.ts'
import { answersText, figure, finish, goal, title } from './report.ts'
import { canary, linear, linearBody, root, startServer } from './server.ts'

const server = await startServer([linear, '--max-body', String(1 << 20)])
const { port } = server
const pids = server.runners()
const answers: string[] = []
title('R5', 'malformed HTTP over raw sockets, each followed by a good request')
let closed = 0
let wrong = 0
for (const { bytes } of malformedCases) {
  // The table's paths are those of its own test: what counts here is that there is an answer, and no 500.
  const answer = await exchange(port, bytes)
  answers.push(answer)
  const [first] = statuses(answer)
  if (first === undefined) closed++
  else if (first >= 500 && first !== 501 && first !== 505) wrong++
  const next = await ask(port, get('/ping'))
  if (next.status !== 200) wrong++
}
figure('cases', malformedCases.length)
figure('closed without an answer', closed)
goal('wrong answers, or next connections that failed', wrong, wrong === 0)

title('R22', 'bodies of all kinds to /invocations, /v2/…/infer and /score')
const bodies = [...jsonCorpus(), ...madeBodies()]
const counts = new Map<number, number>()
for (const body of bodies) {
  for (const path of ['/invocations', '/v2/models/model/infer', '/score']) {
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
    const answer = await exchange(port, head + body.toString('latin1'))
    answers.push(answer)
    const status = statuses(answer)[0] ?? 0
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
}
for (const path of [
  '/',
  '/v2/models/nobody',
  '/v2/repository/models/nobody/load',
  '/metrics',
  '/v2/models/model',
  '/openapi.json',
])
  for (const request of [get(path, 'Connection: close\r\n'), post(path, '{}', 'Connection: close\r\n')])
    answers.push(await exchange(port, request))
figure('bodies, each to three protocols', `${bodies.length} (${answersText(counts)})`)
const failures = [...counts].filter(([status]) => status >= 500 || status === 0).reduce((sum, [, count]) => sum + count, 0)
goal('answers 5xx or none', failures, failures === 0)
const leaks = answers.filter((answer) =>
  [root, linear, homedir(), canary, process.execPath, 'node:internal', '/src/', '.cjs', '    at '].some((word) =>
    answer.includes(word),
  ),
)
for (const leak of leaks.slice(0, 3)) console.log(leak.slice(0, 500))
goal('answers with a path, a variable or a stack line', `${leaks.length} of ${answers.length}`, leaks.length === 0)
const last = await ask(port, post('/invocations', linearBody()))
goal('the server is well, its runner the same', last.status, last.status === 200 && String(server.runners()) === String(pids))
goal('bugs in its log', server.log().split('bug:').length - 1, !server.log().includes('bug:'))
goal('exit code after SIGTERM', String(await server.stop()), server.process.exitCode === 0)
finish()

function jsonCorpus(): readonly Buffer[] {
  const folder = `${root}../shared/corpus`
  if (!existsSync(folder)) return []
  return readFileSync(`${folder}/manifest.jsonl`, 'utf8')
    .split('\n')
    .flatMap((line) => /"file": "(json\/[^"]+)"/.exec(line)?.[1] ?? [])
    .map((file) => readFileSync(`${folder}/${file}`))
    .filter((body) => body.length < 1 << 20)
}

/** Some of every kind, for a checkout without the corpus. */
function madeBodies(): readonly Buffer[] {
  const texts = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1e999',
    '{"inputs": NaN}',
    '{"dataframe_split": {}}',
    '{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}',
    '{"dataframe_records": [{"__proto__": 1}]}',
    '{"inputs": {"constructor": [1]}}',
    '{"instances": [[1]], "params": {"a": {}}}',
    `{"inputs": ${'['.repeat(100_000)}`,
    `{"inputs": ${'['.repeat(100)}${']'.repeat(100)}}`,
    `{"inputs": [${'9'.repeat(10_000)}]}`,
    '{"inputs": [{"name": "x", "shape": [4294967296, 4294967296], "datatype": "FP64", "data": []}]}',
    '{"inputs": [{"name": "x", "shape": [-1], "datatype": "FP64", "data": [1]}]}',
    '{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": [{}]}]}',
    '{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 99999999999}}]}',
    '{"input_data": {"columns": [], "index": [], "data": []}}',
    '{"input_data": null}',
    '\ufeff{"inputs": [1]}',
    '{"inputs": ["\ud800"]}',
    '\x00',
  ]
  return [...texts.map((text) => Buffer.from(text)), Buffer.from([0xff, 0xfe, 0x7b]), Buffer.alloc(1000, 0x5b)]
}
