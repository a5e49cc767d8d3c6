/**
 * What starting costs: CPU of `inspect` beside `node -e 0` (floor), wall time of a one-row prediction beside bare Node
 * with ONNX Runtime on the same model and beside `node -e 0`. Runs alternate, so that a busy machine hits all alike.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { heading, mean, ratio, row, runProcess, spread, tiny } from './measure.ts'

const runs = tiny ? 2 : 25
const entry = resolve('bin/mlmodel.js')
const model = resolve('bench/models/linear')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-bench-'))
const names = Array.from({ length: 20 }, (_, index) => `x${String(index).padStart(2, '0')}`)
const csv = join(folder, 'row.csv')
writeFileSync(csv, `${names.join(',')}\n${names.map((_, index) => index / 10).join(',')}\n`)
const bare = join(folder, 'bare.cjs')
writeFileSync(
  bare,
  `process.env.ORT_DISABLE_TELEMETRY = '1'
const ort = require(${JSON.stringify(resolve('node_modules/onnxruntime-node'))})
const values = Float32Array.from({ length: 20 }, (_, index) => index / 10)
ort.InferenceSession.create(${JSON.stringify(join(model, 'model.onnx'))})
  .then((session) => session.run({ [session.inputNames[0]]: new ort.Tensor('float32', values, [1, 20]) }))
  .then((outputs) => console.log(JSON.stringify(Array.from(Object.values(outputs)[0].data))))
`,
)

const figures: Record<'node' | 'inspect' | 'bare' | 'predict', { wall: number[]; cpu: number[] }> = {
  node: { wall: [], cpu: [] },
  inspect: { wall: [], cpu: [] },
  bare: { wall: [], cpu: [] },
  predict: { wall: [], cpu: [] },
}
const commands = {
  node: ['-e', '0'],
  inspect: [entry, 'inspect', model],
  bare: [bare],
  predict: [entry, 'predict', model, '-i', csv],
}
try {
  const answers = new Map<string, string>()
  for (let run = -1; run < runs; run++) {
    for (const name of Object.keys(commands) as (keyof typeof commands)[]) {
      const result = await runProcess(process.execPath, commands[name])
      answers.set(name, result.stdout)
      if (run < 0) continue
      figures[name].wall.push(result.wallMs)
      figures[name].cpu.push(result.cpuMs)
    }
  }
  const [want] = JSON.parse(answers.get('bare')!)
  const got = Object.values(JSON.parse(answers.get('predict')!).predictions[0])[0]
  assert.equal(got, want, 'both must answer the same')
  heading('startup', runs)
  for (const name of Object.keys(commands) as (keyof typeof commands)[]) {
    row(`${name}, wall`, figures[name].wall, 'ms')
    row(`${name}, CPU`, figures[name].cpu, 'ms (mean counts: clock ticks are 10 ms)')
  }
  ratio('inspect / node -e 0, CPU (means)', mean(figures.inspect.cpu) / mean(figures.node.cpu), 1.5)
  ratio(
    'one-row predict / node -e 0, wall (medians)',
    spread(figures.predict.wall).median / spread(figures.node.wall).median,
    2.6,
  )
  ratio(
    'bare Node with ONNX Runtime / node -e 0, wall (medians)',
    spread(figures.bare.wall).median / spread(figures.node.wall).median,
    undefined,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
