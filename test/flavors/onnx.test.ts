import assert from 'node:assert/strict'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { flavors, runnableFlavor } from '../../src/flavors/index.ts'
import { onnxFlavor } from '../../src/flavors/onnx.ts'
import { modelProviders, modelSessionOptions } from '../../src/flavors/onnx-options.ts'
import { type Mlmodel, parseMlmodel } from '../../src/mlmodel.ts'

const fixtures = join(import.meta.dirname, '../../../../test/fixtures/onnx')

async function modelWith(context: TestContext, flavorsText: string, file = 'model.onnx'): Promise<Mlmodel> {
  const folder = await mkdtemp(join(tmpdir(), 'mlmodel-test-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  await cp(join(fixtures, 'two_columns.onnx'), join(folder, file))
  const text = `flavors:\n${flavorsText}`
  await writeFile(join(folder, 'MLmodel'), text)
  return parseMlmodel(text, join(folder, 'MLmodel'), folder)
}

const row = {
  kind: 'frame',
  rows: 1,
  columns: [
    { name: 'a', dtype: 'float64', values: Float64Array.of(1) },
    { name: 'b', dtype: 'float64', values: Float64Array.of(2) },
  ],
} as const

async function scored(
  model: Mlmodel,
  options: { readonly providers?: readonly string[]; readonly threads?: number } = {},
): Promise<readonly string[]> {
  const warnings: string[] = []
  const opened = await onnxFlavor.open(model, { mode: 'strict', warn: (warning) => warnings.push(warning), ...options })
  const answer = await opened.predict(row, { outputs: ['s'] })
  assert.deepEqual(answer, { kind: 'frame', rows: 1, columns: [{ name: 's', dtype: 'float32', values: Float32Array.of(3) }] })
  await opened.close()
  return warnings
}

test('the file is the one that python_function names, as for MLflow', async (context) => {
  const pyfunc = '  python_function: {data: real.onnx, loader_module: mlflow.onnx}\n'
  assert.deepEqual(await scored(await modelWith(context, `${pyfunc}  onnx: {data: other.onnx}\n`, 'real.onnx')), [])
  assert.deepEqual(await scored(await modelWith(context, '  onnx: {data: other.onnx}\n', 'other.onnx')), [])
  assert.deepEqual(await scored(await modelWith(context, '  onnx: {onnx_version: 1.23.2}\n')), [])
})

test('a file outside of the folder, or none, is refused', async (context) => {
  const open = async (data: string) =>
    onnxFlavor.open(await modelWith(context, `  onnx: {data: ${data}}\n`), { mode: 'strict', warn: () => {} })
  // The MLmodel file is refused as a whole, or the path when it is opened.
  await assert.rejects(() => open('../model.onnx'), { kind: 'model' })
  await assert.rejects(() => open('/etc/passwd'), { kind: 'model' })
  await assert.rejects(() => open('nothing.onnx'), { kind: 'model' })
})

test('providers that are not there fall back to the CPU, with a warning unless MLflow wrote them by itself', async (context) => {
  const withProviders = async (list: string) =>
    scored(await modelWith(context, `  onnx: {data: model.onnx, providers: ${list}}\n`))
  assert.deepEqual(await withProviders('[CUDAExecutionProvider, CPUExecutionProvider]'), [])
  assert.deepEqual(await withProviders('[CPUExecutionProvider]'), [])
  assert.deepEqual(await withProviders('CPUExecutionProvider'), [])
  assert.deepEqual(await withProviders('null'), [])
  for (const list of [
    '[NoSuchExecutionProvider]',
    '[[TensorrtExecutionProvider, {device_id: 0}], CPUExecutionProvider]',
    'NoSuchExecutionProvider',
  ]) {
    const warnings = await withProviders(list)
    assert.equal(warnings.length, 1, list)
    assert.match(warnings[0]!, /CPUExecutionProvider is used$/)
  }
})

test('a provider that the user asks for must be there', async (context) => {
  const model = await modelWith(context, '  onnx: {data: model.onnx}\n')
  await assert.rejects(scored(model, { providers: ['NoSuchExecutionProvider'] }), { code: 'ONNX_PROVIDER', kind: 'usage' })
  assert.deepEqual(await scored(model, { providers: ['cpu'], threads: 1 }), [])
})

test('session options are read as MLflow reads them', () => {
  const onnx = (text: string) =>
    parseMlmodel(`flavors:\n  onnx:\n    onnx_session_options: ${text}\n`, 'MLmodel', '/').flavors.get('onnx')
  const read = (text: string) => {
    const warnings: string[] = []
    const { config, ...rest } = modelSessionOptions(onnx(text), 4, (warning) => warnings.push(warning))
    return { ...rest, ...(config !== undefined && { config: [...config] }), warnings }
  }
  assert.deepEqual(
    read('{intra_op_num_threads: 2, inter_op_num_threads: 100, execution_mode: Parallel, graph_optimization_level: 1}'),
    {
      threads: 2,
      interOpThreads: 4,
      executionMode: 'parallel',
      optimization: 'basic',
      warnings: [],
    },
  )
  assert.deepEqual(
    read('{intra_op_num_threads: 0, execution_mode: other, graph_optimization_level: 0, enable_profiling: true}'),
    { warnings: [] },
  )
  assert.deepEqual(read('{graph_optimization_level: 5}'), { optimization: 'all', warnings: [] })
  assert.deepEqual(read("{extra_session_config: {session.intra_op.allow_spinning: '0'}}"), {
    config: [['session.intra_op.allow_spinning', '0']],
    warnings: [],
  })
  // Entries that could name a file to read or write.
  const dropped = read(
    "{extra_session_config: {ep.context_enable: '1', ep.context_file_path: /tmp/x, session.load_model_format: ORT}}",
  )
  assert.equal(dropped.warnings.length, 3)
  assert.deepEqual(read('null'), { warnings: [] })
})

test('providers with options', () => {
  const onnx = parseMlmodel(
    'flavors:\n  onnx:\n    providers: [[CUDAExecutionProvider, {device_id: 1}], 7, CPUExecutionProvider]\n',
    'MLmodel',
    '/',
  ).flavors.get('onnx')
  assert.deepEqual(modelProviders(onnx), {
    providers: [{ name: 'CUDAExecutionProvider', options: { device_id: 1 } }, { name: 'CPUExecutionProvider' }],
    chosen: false,
  })
})

test('every other flavor has a reason why it is not run', async (context) => {
  const model = await modelWith(context, '  onnx: {data: model.onnx}\n')
  assert.deepEqual(
    flavors.map(({ name }) => name),
    ['onnx'],
  )
  assert.deepEqual(runnableFlavor('onnx', model), { runs: true, how: 'with ONNX Runtime, from model.onnx' })
  for (const name of ['sklearn', 'xgboost', 'pytorch', 'my_own', 'constructor', '__proto__']) {
    const found = runnableFlavor(name, model)
    assert.ok(!found.runs && found.why.length > 10, name)
  }
})
