/** The built command on real models: what a person types, what comes out, what the exit code says. */
import assert from 'node:assert/strict'
import { type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { readNpy } from '../../src/data/npy.ts'

const entry = resolve('bin/mlmodel.js')
const models = resolve('test/fixtures/models')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

interface Case {
  readonly file: string
  readonly via: string
  readonly ok: boolean
  /** The body's text. */
  readonly response?: string
  readonly response_same_as?: string
}

function mlmodel(args: readonly string[], options: SpawnSyncOptions = {}) {
  const result = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8', timeout: 60_000, ...options })
  return { code: result.status, out: String(result.stdout), err: String(result.stderr) }
}

/** MLflow's reply for an input of a fixture. */
function reply(model: string, file: string): unknown {
  const expected = JSON.parse(readFileSync(join(models, model, 'expected.json'), 'utf8')) as { cases: Case[] }
  const found = expected.cases.find((each) => each.file === file && each.via === 'invocations')!
  const source =
    found.response_same_as === undefined
      ? found
      : expected.cases.find((each) => each.file === found.response_same_as && each.via === 'invocations')!
  return (JSON.parse(source.response!) as { predictions: unknown }).predictions
}

/** Floats may differ in the last place between builds of ONNX Runtime; everything else may not. */
function assertClose(got: unknown, want: unknown): void {
  if (typeof want === 'number' && typeof got === 'number')
    assert.ok(Math.abs(got - want) <= 1e-6 + 1e-5 * Math.abs(want), `${got} is not ${want}`)
  else if (typeof want === 'object' && want !== null && typeof got === 'object' && got !== null) {
    assert.deepEqual(Object.keys(got), Object.keys(want))
    for (const [key, value] of Object.entries(want)) assertClose((got as Record<string, unknown>)[key], value)
  } else assert.deepEqual(got, want)
}

test('CSV, JSON and stdin give MLflow’s reply', () => {
  const at = join(models, 'onnx_linreg_columns_double')
  const want = reply('onnx_linreg_columns_double', 'input.json')
  for (const input of ['input.csv', 'input.json', 'input.records.json', 'input.instances.json', 'input.inputs.json']) {
    const { code, out, err } = mlmodel(['predict', join(at, 'model'), '-i', join(at, input)])
    assert.equal(err, '')
    assert.equal(code, 0)
    assertClose(JSON.parse(out).predictions, want)
  }
  for (const input of ['input.csv', 'input.json', 'input.parquet', 'input.arrow']) {
    const { code, out } = mlmodel(['predict', '-m', join(at, 'model')], { input: readFileSync(join(at, input)) })
    assert.equal(code, 0)
    assertClose(JSON.parse(out).predictions, want)
  }
})

test('several tensors come by name, and one output goes to NPY', () => {
  const at = join(models, 'onnx_transformer')
  const want = reply('onnx_transformer', 'input.json') as Record<string, number[][]>
  const { code, out, err } = mlmodel(['predict', join(at, 'model'), '-i', join(at, 'input.npz')])
  assert.equal(err, '')
  assert.equal(code, 0)
  assertClose(JSON.parse(out).predictions, want)
  const path = join(folder, 'out.npy')
  const first = Object.keys(want)[0]!
  assert.equal(mlmodel(['predict', join(at, 'model'), '-i', join(at, 'input.npz'), '-o', path, '--outputs', first]).code, 0)
  const tensor = readNpy(readFileSync(path))
  assertClose(Array.from(tensor.values as Float32Array), want[first]!.flat(9))
})

test('output formats go by extension; a file is absent when something goes wrong', () => {
  const at = join(models, 'onnx_logreg_zipmap_on')
  const want = reply('onnx_logreg_zipmap_on', 'input.json') as {
    output_label: number
    output_probability: Record<string, number>
  }[]
  const csv = join(folder, 'out.csv')
  assert.equal(mlmodel(['predict', join(at, 'model'), '-i', join(at, 'input.csv'), '-o', csv]).code, 0)
  const lines = readFileSync(csv, 'utf8').trimEnd().split('\n')
  const classes = Object.keys(want[0]!.output_probability)
  assert.equal(lines[0], ['output_label', ...classes.map((name) => `output_probability_${name}`)].join(','))
  assert.equal(lines.length, want.length + 1)
  want.forEach((row, index) => {
    const [label, ...numbers] = lines[index + 1]!.split(',')
    assert.equal(label, String(row.output_label))
    assertClose(numbers.map(Number), Object.values(row.output_probability))
  })
  const jsonl = join(folder, 'out.jsonl')
  assert.equal(mlmodel(['predict', join(at, 'model'), '-i', join(at, 'input.csv'), '-o', jsonl]).code, 0)
  assertClose(
    readFileSync(jsonl, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    want,
  )
  const proba = mlmodel(['predict', join(at, 'model'), '-i', join(at, 'input.csv'), '--proba'])
  assertClose(
    JSON.parse(proba.out).predictions,
    want.map((row) => row.output_probability),
  )
  const bad = join(folder, 'bad.csv')
  writeFileSync(bad, 'sepal_length,sepal_width\n1,2\n')
  const absent = join(folder, 'absent.json')
  const { code, out, err } = mlmodel(['predict', join(at, 'model'), '-i', bad, '-o', absent])
  assert.equal(code, 1)
  assert.equal(out, '')
  assert.match(err, /petal_length/)
  assert.ok(!existsSync(absent))
  assert.equal(mlmodel(['predict', join(at, 'model'), '-i', join(at, 'input.csv'), '-o', join(folder, 'out.xyz')]).code, 2)
})

test('exit codes: data judged bad is 1, what cannot be done is 2', () => {
  const model = join(models, 'onnx_linreg_columns_double', 'model')
  assert.equal(mlmodel(['predict', model], { input: '{"dataframe_split": ' }).code, 1)
  assert.match(mlmodel(['predict', model], { input: '' }).err, /standard input.* is empty/)
  assert.equal(mlmodel(['predict', join(models, 'nowhere')], { input: '{}' }).code, 2)
  assert.equal(mlmodel(['predict', join(models, 'sig_nested', 'model')], { input: '{}' }).code, 2)
  assert.equal(mlmodel(['predict', model, '-i', join(folder, 'nothing.csv')]).code, 2)
  assert.equal(mlmodel(['predict', model, '--env-manager', 'conda'], { input: '{}' }).code, 2)
})

test('what cannot be done is refused with the reason, and nothing is overwritten', () => {
  const transformer = join(models, 'onnx_transformer')
  const proba = mlmodel(['predict', join(transformer, 'model'), '-i', join(transformer, 'input.npz'), '--proba'])
  assert.equal(proba.code, 2)
  assert.match(proba.err, /classifiers that answer labels and probabilities/)
  const linear = join(models, 'onnx_linreg_columns_double')
  const copy = join(folder, 'mine.csv')
  copyFileSync(join(linear, 'input.csv'), copy)
  const over = mlmodel(['predict', join(linear, 'model'), '-i', copy, '-o', copy])
  assert.equal(over.code, 2)
  assert.deepEqual(readFileSync(copy), readFileSync(join(linear, 'input.csv')))
  const packed = join(folder, 'data.bin')
  writeFileSync(packed, Buffer.of(0x1f, 0x8b, 8, 0))
  const unread = mlmodel(['predict', join(linear, 'model'), '-i', packed])
  assert.equal(unread.code, 2)
  assert.match(unread.err, /gzip/)
  assert.equal(mlmodel(['predict', join(linear, 'model'), '-i', copy, '--json', '--output-format', 'csv']).code, 2)
  for (const ignored of [['--csv-safe'], ['--resize', '2x2'], ['--print-schema', 'json', '-o', join(folder, 'schema.json')]])
    assert.equal(mlmodel(['predict', join(linear, 'model'), '-i', copy, ...ignored]).code, 2, ignored.join(' '))
  assert.equal(mlmodel(['predict', join(linear, 'model'), '-i', copy, '--env-manager', 'local']).code, 0)
  assert.equal(mlmodel(['predict', join(linear, 'model'), '-i', copy, '--flavor', 'python_function']).code, 0)
  const python = mlmodel(['predict', join(models, 'sig_nested', 'model')], { input: '{}' })
  assert.match(python.err, /python_function: .*Python/)
})

/** A model of the given ONNX file without a signature. */
function modelOf(name: string, onnx: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  copyFileSync(onnx, join(path, 'model.onnx'))
  writeFileSync(
    join(path, 'MLmodel'),
    'flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.23.2\n  python_function:\n    data: model.onnx\n    loader_module: mlflow.onnx\n',
  )
  return path
}

const endless = resolve('test/fixtures/onnx/loop_forever.onnx')

test('a deadline ends a model that never ends, and leaves nothing', () => {
  const model = modelOf('late', endless)
  const input = join(folder, 'x.json')
  writeFileSync(input, '{"inputs": {"x": [[1.5, 2.5, 3.5]]}}')
  const { code, err } = mlmodel(['predict', model, '-i', input, '-o', join(folder, 'late.json'), '--timeout', '0.7'])
  assert.equal(code, 2)
  assert.match(err, /0\.7 s/)
  assert.ok(!existsSync(join(folder, 'late.json')))
})

test('Ctrl-C ends a prediction that never ends', { skip: process.platform !== 'linux' }, async (context) => {
  const model = modelOf('interrupted', endless)
  const input = join(folder, 'y.json')
  writeFileSync(input, '{"inputs": {"x": [[1.5, 2.5, 3.5]]}}')
  const target = join(folder, 'interrupted.json')
  // A shell reports a process that a signal ended as 128 and the signal's number, here 2.
  const child = spawn(process.execPath, [entry, 'predict', model, '-i', input, '-o', target], { stdio: 'ignore' })
  // Starting takes 0.2 s of CPU (20 ticks): after 1.5 s ONNX Runtime has the thread, on a slow machine too.
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
    return Number(fields[11]) + Number(fields[12])
  }
  while (ticks() < 150) await new Promise((next) => setTimeout(next, 25))
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((done) => child.once('exit', (...how) => done(how)))
  const started = performance.now()
  child.kill('SIGINT')
  assert.deepEqual(await ended, [null, 'SIGINT'])
  // The watchdog of the file is the bound; 200 ms are promised, and a busy machine is no fault.
  context.diagnostic(`ended ${(performance.now() - started).toFixed(1)} ms after SIGINT`)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('interrupted.json')),
    [],
  )
})

test('a runner whose parent is killed ends too', { skip: process.platform !== 'linux' }, async () => {
  const model = modelOf('orphan', endless)
  const input = join(folder, 'z.json')
  writeFileSync(input, '{"inputs": {"x": [[1.5, 2.5, 3.5]]}}')
  const parent = spawn(process.execPath, [entry, 'predict', model, '-i', input, '--timeout', '60'], { stdio: 'ignore' })
  const children = (): string => readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim()
  for (let tries = 0; tries < 100 && children() === ''; tries++) await new Promise((next) => setTimeout(next, 50))
  const child = Number(children())
  // Time enough for the model to be running.
  await new Promise((next) => setTimeout(next, 1500))
  parent.kill('SIGKILL')
  for (let tries = 0; tries < 200 && existsSync(`/proc/${child}`); tries++) await new Promise((next) => setTimeout(next, 50))
  assert.ok(child > 0 && !existsSync(`/proc/${child}`))
})
