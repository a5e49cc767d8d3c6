/**
 * A CSV file of 500,000 rows × 20 numbers scored by the command, beside the sum of its parts alone: S starting (a
 * one-row prediction), R our reader, X ONNX Runtime on ready tensors, W our writer. Once with 6 digits, once with 17;
 * a linear model and a forest of 100 trees; float output as CSV. With `--mlflow PYTHON` also beside `mlflow models predict`.
 */
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { heading, mean, option, ratio, row, runProcess, spread, tiny } from './measure.ts'

const rows = tiny ? 2000 : 500_000
const runs = tiny ? 1 : 5
const entry = resolve('bin/mlmodel.js')
const floors = join(dirname(fileURLToPath(import.meta.url)), 'predict-csv-floors.js')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-bench-'))
const names = Array.from({ length: 20 }, (_, index) => `x${String(index).padStart(2, '0')}`)

let seed = 42
function next(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0
  return (seed >>> 0) / 4294967296
}

/** A number of the given digits, as a data frame writes it. */
function text(digits: number): string {
  const value = next() * 4 - 2
  // Two draws fill all 53 bits, so that the shortest form has 16 or 17 digits.
  return digits === 6 ? value.toFixed(5) : String(value + next() * 2 ** -31)
}

function writeData(file: string, digits: number, count: number): void {
  const descriptor = openSync(file, 'w')
  writeSync(descriptor, `${names.join(',')}\n`)
  for (let done = 0; done < count; done += 1000) {
    let lines = ''
    for (let line = done; line < Math.min(done + 1000, count); line++) {
      let cells = text(digits)
      for (let column = 1; column < 20; column++) cells += `,${text(digits)}`
      lines += `${cells}\n`
    }
    writeSync(descriptor, lines)
  }
  closeSync(descriptor)
}

interface Part {
  readonly wallMs: number
  readonly cpuMs: number
}

async function floor(...args: string[]): Promise<Part> {
  return JSON.parse((await runProcess(process.execPath, [floors, ...args])).stdout) as Part
}

/** The answers of bare ONNX Runtime for the first rows, to compare with the command's. */
async function bareAnswers(model: string, file: string, count: number): Promise<number[]> {
  const ort = createRequire(resolve('package.json'))('onnxruntime-node') as typeof import('onnxruntime-node')
  const lines = readFileSync(file, 'utf8')
    .slice(0, 500 * count)
    .split('\n')
    .slice(1, count + 1)
  const values = Float32Array.from(lines.flatMap((line) => line.split(',').map(Number)))
  const session = await ort.InferenceSession.create(join(model, 'model.onnx'))
  const outputs = await session.run({ [session.inputNames[0]!]: new ort.Tensor('float32', values, [count, 20]) })
  return Array.from(outputs[session.outputNames[0]!]!.data as Float32Array)
}

async function measure(name: string, digits: number, data: string, oneRow: string): Promise<void> {
  const model = resolve('bench/models', name)
  const out = join(folder, 'out.csv')
  const total: { wall: number[]; cpu: number[]; peak: number[] } = { wall: [], cpu: [], peak: [] }
  const parts = { S: [] as Part[], R: [] as Part[], X: [] as Part[], W: [] as Part[] }
  for (let run = 0; run < runs; run++) {
    parts.S.push(await runProcess(process.execPath, [entry, 'predict', model, '-i', oneRow, '-o', out]))
    parts.R.push(await floor('read', data))
    parts.X.push(await floor('run', model, String(rows)))
    parts.W.push(await floor('write', String(rows), join(folder, 'written.csv')))
    const whole = await runProcess(process.execPath, [entry, 'predict', model, '-i', data, '-o', out])
    total.wall.push(whole.wallMs)
    total.cpu.push(whole.cpuMs)
    total.peak.push(whole.peakMb)
  }
  const answers = readFileSync(out, 'utf8').trimEnd().split('\n').slice(1)
  assert.equal(answers.length, rows)
  const want = await bareAnswers(model, data, 100)
  assert.deepEqual(
    answers.slice(0, 100).map((line) => Math.fround(Number(line))),
    want,
  )

  heading(`${name}, ${rows} rows × 20, ${digits} digits (${(statSync(data).size / 1e6).toFixed(0)} MB)`, runs)
  for (const [part, figures] of Object.entries(parts))
    row(
      `${part}, CPU`,
      figures.map((figure) => figure.cpuMs),
      'ms',
    )
  row('total, CPU', total.cpu, 'ms')
  row('total, wall', total.wall, 'ms')
  row('peak memory', total.peak, 'MB')
  const target = name === 'linear' ? 1.15 : 1.05
  const sum = (figure: keyof Part) =>
    Object.values(parts).reduce((all, figures) => all + mean(figures.map((each) => each[figure])), 0)
  ratio('total / (S+R+X+W), CPU', mean(total.cpu) / sum('cpuMs'), target)
  ratio('total / (S+R+X+W), wall', mean(total.wall) / sum('wallMs'), target)
  if (!tiny) console.log(`peak ${spread(total.peak).median.toFixed(0)} MB (target 150)`)

  const python = option('mlflow')
  if (python !== undefined) {
    const theirs = await runProcess(python, [
      '-m',
      'mlflow',
      'models',
      'predict',
      '-m',
      model,
      '-i',
      data,
      '-o',
      join(folder, 'mlflow.json'),
      '-t',
      'csv',
      '--env-manager',
      'local',
    ])
    row('mlflow models predict, wall', [theirs.wallMs], 'ms')
    ratio('mlflow / mlmodel, wall', theirs.wallMs / spread(total.wall).median, 8, 'higher')
  }
}

try {
  for (const digits of [6, 17]) {
    const data = join(folder, `data${digits}.csv`)
    const oneRow = join(folder, `row${digits}.csv`)
    writeData(data, digits, rows)
    writeFileSync(oneRow, readFileSync(data, 'utf8').slice(0, 2000).split('\n').slice(0, 2).join('\n'))
    for (const name of ['linear', 'forest']) await measure(name, digits, data, oneRow)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
