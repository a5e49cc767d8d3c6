/** R11: a model that is loaded anew again and again while it is asked; broken versions never answer. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, load, openConnection, post } from './client.ts'
import { answersText, figure, finish, goal, megabytes, size, title } from './report.ts'
import { linear, linearBody, startServer } from './server.ts'

const swaps = size(1000, 6)
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-swap-'))
const model = join(folder, 'model')
cpSync(linear, model, { recursive: true })
const server = await startServer([model])
title('R11', `${swaps} swaps under load, each tenth of a broken model`)
const request = post('/invocations', linearBody())
const warm = await load(server.port, request, { connections: 4, seconds: 1 })
const before = server.rss()
let stop = false
const answers = new Map<number, number>()
const versions = new Set<string>()
let older = 0
const clients = Array.from({ length: 4 }, async () => {
  const connection = openConnection(server.port)
  let last = 0
  while (!stop) {
    const { status, head } = await connection.ask(request)
    answers.set(status, (answers.get(status) ?? 0) + 1)
    const version = Number(/x-model-version: (\d+)/i.exec(head)?.[1] ?? 0)
    versions.add(String(version))
    // A connection is answered in turn: no older version comes after a newer one.
    if (version < last) older++
    last = version
  }
  connection.socket.destroy()
})
let [good, refused, wrong] = [0, 0, 0]
const began = performance.now()
for (let index = 1; index <= swaps; index++) {
  const isBroken = index % 10 === 5
  if (isBroken) writeFileSync(join(model, 'model.onnx'), 'no model')
  const { status } = await ask(server.port, post('/v2/repository/models/model/load', '{}'))
  if (isBroken) cpSync(join(linear, 'model.onnx'), join(model, 'model.onnx'))
  if (isBroken ? status >= 400 : status === 200) isBroken ? refused++ : good++
  else wrong++
}
const took = (performance.now() - began) / 1000
stop = true
await Promise.all(clients)
figure('before', `${warm.perSecond.toFixed(0)}/s`)
figure('swaps', `${good} good, ${refused} broken, ${(took / swaps).toFixed(2)} s each`)
goal('swaps that ended otherwise', wrong, wrong === 0)
goal('all answers 200', answersText(answers), answers.size === 1 && answers.has(200))
goal('answers of an older version after a newer', older, older === 0)
figure('versions that answered', versions.size)
const grown = (server.rss() - before) / before
goal('memory of the server', `${megabytes(server.rss())}, before ${megabytes(before)}`, grown < 0.5, 'speed')
await new Promise((resolve) => setTimeout(resolve, 500))
goal('runner processes', server.runners().length, server.runners().length === 1)
goal('exit code after SIGTERM', String(await server.stop()), server.process.exitCode === 0)
rmSync(folder, { recursive: true })
finish()
