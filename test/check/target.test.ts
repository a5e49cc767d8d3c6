/**
 * `--target`: Azure's answers are those of its own scoring stack (test/fixtures/target, ../shared/oracle/azure.jsonl); the other platforms'
 * rules are read from the sources that the rules name.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openContext } from '../../src/check/context.ts'
import { makeSamples } from '../../src/check/target/azure-sample.ts'
import { type TargetName, target, targetNames, targets } from '../../src/check/target.ts'
import { type Finding, findingFix, findingMessage, infoOf } from '../../src/finding/index.ts'
import { locate } from '../../src/locate/index.ts'
import { root } from '../cli/fake-terminal.ts'

const fixtures = fileURLToPath(new URL('test/fixtures/', root))
const shared = fileURLToPath(new URL('../shared/', root))
const scratch = mkdtempSync(join(tmpdir(), 'mlmodel-target-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

interface Start {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly starts: boolean
  readonly why?: string
  readonly input?: string
}

async function findings(path: string, name: TargetName): Promise<readonly Finding[]> {
  const context = await openContext(await locate(path), { options: { targets: [name] } })
  const found = await target.run(context)
  for (const one of found) {
    assert.ok(findingMessage(one).length > 10 && !findingMessage(one).includes('undefined'), one.code)
    assert.ok(findingFix(one).length > 5 && infoOf(one.code).why.endsWith('.'), one.code)
  }
  return found
}

/** What would fail: an error or a warning. */
const failing = (found: readonly Finding[]): readonly string[] =>
  found.filter(({ level }) => level !== 'notice').map(({ code }) => code)

let count = 0
/** A model's folder of these files. */
function folder(files: Readonly<Record<string, string>>): string {
  const path = join(scratch, String(count++))
  mkdirSync(path)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

/** A model of one flavor, with what else the MLmodel file says. */
function model(more: string, files: Readonly<Record<string, string>> = {}, loader = 'mlflow.sklearn'): string {
  const text = `flavors:\n  python_function:\n    env:\n      conda: conda.yaml\n    loader_module: ${loader}\nmlflow_version: 2.22.0\n${more}`
  return folder({ MLmodel: text, ...files })
}

const signature = (inputs: string | null, outputs: string | null = null, params: string | null = null): string =>
  `signature:\n${Object.entries({ inputs, outputs, params })
    .map(([key, value]) => `  ${key}: ${value === null ? 'null' : `'${value}'`}\n`)
    .join('')}`
const column = (type: string, name = 'x') => `{"type": "${type}", "name": "${name}", "required": true}`
const tensor = (shape: string, name?: string) =>
  `{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": ${shape}}${name === undefined ? '' : `, "name": "${name}"`}}`

describe('Azure ML online', () => {
  const starts = readFileSync(join(fixtures, 'target/azure-start.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Start)

  test('the container starts where the scoring script starts', async () => {
    assert.ok(starts.length > 300)
    const codes = [
      ['no_python_function', 'TARGET_NO_PYFUNC'],
      ['no_inputs', 'AZURE_NO_INPUTS'],
      ['out_column_datetime', 'AZURE_OUTPUT_TYPE'],
      ['second_column_map', 'AZURE_COLUMN_TYPE'],
      ['tensor_third', 'AZURE_OPEN_DIMENSION'],
      ['named_tensor_scalar', 'AZURE_SCALAR_TENSOR'],
      ['dtype_complex64', 'AZURE_TENSOR_TYPE'],
      ['example_json_dict', 'AZURE_SAMPLE'],
    ] as const
    const found = new Map<string, readonly Finding[]>()
    for (const { name, files, starts: does, why } of starts) {
      // MLflow refuses such a type, and no array has such a size: the rule of signatures says so.
      if (/dtype_[<|]|minus_2/.test(name)) continue
      const all = await findings(folder(files), 'azureml-online')
      found.set(name, all)
      // A pure script: what it answers later is the next test's.
      const dead = all.filter(
        ({ code, level }) => level === 'error' && /^(TARGET_NO_PYFUNC|AZURE_)/.test(code) && code !== 'AZURE_NAMED_ARRAYS',
      )
      assert.equal(dead.length === 0, does, `${name}: ${why ?? ''} ${dead.map(({ code }) => code)}`)
    }
    for (const [name, code] of codes)
      assert.ok(
        found.get(name)!.some((one) => one.code === code),
        `${name}: ${code}`,
      )
  })

  test('and takes a request for what the scoring script takes it', async () => {
    const kinds: Readonly<Record<string, readonly string[]>> = {
      NoSampleParameterType: ['none'],
      PandasParameterType: ['table'],
      NumpyParameterType: ['array'],
      StandardPythonParameterType: ['arrays', 'json'],
    }
    for (const { name, files, starts: does, input } of starts) {
      if (!does) continue
      const context = await openContext(await locate(folder(files)))
      const samples = await makeSamples(context.model!, context, false)
      assert.ok(kinds[input!]!.includes(samples.input.kind), `${name}: ${samples.input.kind}, ${input}`)
    }
  })

  /** Every model that does not start or answers 500 is found, none that answers 200. */
  async function compare(path: (name: string) => string, lines: readonly { model: string; status: unknown }[]): Promise<number> {
    for (const { model, status } of lines) {
      const codes = failing(await findings(path(model), 'azureml-online'))
      assert.equal(codes.length === 0, status === 200, `${model}: ${status}, ${codes}`)
    }
    return lines.length
  }

  test('answers as its real stack did', async () => {
    const lines = readFileSync(join(fixtures, 'target/azure.jsonl'), 'utf8').trim().split('\n')
    await compare(
      (name) => join(fixtures, 'models', name, 'model'),
      lines.map((line) => JSON.parse(line)),
    )
  })

  test('answers as its real stack did, complete set', { skip: !existsSync(join(shared, 'oracle/azure.jsonl')) }, async () => {
    const lines = readFileSync(join(shared, 'oracle/azure.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map((one) => ({ model: one.model, status: one.did_not_start === undefined ? one.status : 'did not start' }))
      // MLflow answers no request of these either: categories of pandas, which only the library restores.
      .filter(({ model }) => !/^(lgb_pandas_categorical|xgb_categorical_strings)$/.test(model))
    assert.equal(await compare((name) => join(shared, 'fixtures/models', name, 'model'), lines), 142)
  })

  test('requirements beside those of the server', async () => {
    const conda = (...lines: readonly string[]) => ({
      'conda.yaml': `dependencies:\n- python=3.11.7\n- pip\n- pip:\n${lines.map((line) => `  - ${line}\n`).join('')}`,
    })
    const codes = async (...lines: readonly string[]) =>
      (await findings(model(signature(`[${column('double')}]`), conda(...lines)), 'azureml-online')).map(({ code }) => code)
    const monitoring = 'azureml-ai-monitoring'
    assert.deepEqual(await codes('mlflow==3.17.2'), ['AZURE_MONITORING_ABSENT'])
    assert.deepEqual(await codes('mlflow==3.17.2', monitoring), [])
    assert.deepEqual(await codes(`${monitoring}==1.0.0`, 'azureml_inference_server_http>=1.4'), [])
    assert.deepEqual(await codes(`${monitoring}==0.1.0b1`), ['AZURE_PACKAGE'])
    for (const version of ['==1.3.4', '~=1.3.0', '==0.7.7', '<0.8', '>=1.3,<1.4'])
      assert.deepEqual(await codes(monitoring, `azureml-inference-server-http${version}`), ['AZURE_PACKAGE'], version)
    for (const version of ['<1.3', '==1.2.2', '', '>=1.3', '==1.5.1', '~=1.4'])
      assert.deepEqual(await codes(monitoring, `azureml-inference-server-http${version}`), [], version)
    assert.deepEqual(await codes(monitoring, 'flask==2.2.5'), ['AZURE_PACKAGE_OLD_SERVER'])
    assert.deepEqual(await codes(monitoring, 'pydantic<2 ; python_version < "4"'), ['AZURE_PACKAGE_OLD_SERVER'])
    assert.deepEqual(await codes(monitoring, 'Flask_Cors>=5', 'gunicorn[gevent]>=20.1'), [])
    // An older server with what it needs.
    assert.deepEqual(await codes(monitoring, 'flask==2.2.5', 'azureml-inference-server-http==1.2.2'), [])
  })

  test('predictions that its server cannot write', async () => {
    const arrays = model(signature(`[${column('double')}]`, `[${tensor('[-1]', 'a')}, ${tensor('[-1, 2]', 'b')}]`))
    assert.deepEqual(failing(await findings(arrays, 'azureml-online')), ['AZURE_NAMED_ARRAYS'])
    const array = model(signature(`[${column('double')}]`, `[${tensor('[-1, 2]')}]`))
    assert.deepEqual(failing(await findings(array, 'azureml-online')), [])
    const untyped = (pandas: string) =>
      findings(model('', { 'requirements.txt': `${pandas}\n` }, 'mlflow.pyfunc.model'), 'azureml-online').then(failing)
    assert.deepEqual(await untyped('pandas==3.1.1'), ['AZURE_UNTYPED_TABLE'])
    assert.deepEqual(await untyped('pandas'), ['AZURE_UNTYPED_TABLE'])
    assert.deepEqual(await untyped('pandas>=2,<3'), [])
  })
})

describe('the other platforms', () => {
  test('without python_function none loads the model', async () => {
    const path = folder({ MLmodel: 'flavors:\n  onnx:\n    data: model.onnx\n' })
    for (const name of targetNames) assert.equal((await findings(path, name))[0]?.code, 'TARGET_NO_PYFUNC', name)
    assert.deepEqual(
      targets.map(({ name }) => name),
      [...targetNames],
    )
  })

  test('MLflow’s ONNX wrapper takes and gives columns', async () => {
    const codes = async (name: string) => failing(await findings(join(fixtures, 'models', name, 'model'), 'databricks'))
    assert.ok((await codes('onnx_strings_columns')).includes('TARGET_ONNX_RANK'))
    assert.ok((await codes('onnx_rf_zipmap_off_columns')).includes('TARGET_ONNX_LENGTHS'))
    assert.ok(!(await codes('onnx_logreg_zipmap_on')).some((code) => code.startsWith('TARGET_ONNX')))
  })

  test('a batch endpoint reads tables and images', async () => {
    const files = async (inputs: string) =>
      (await findings(model(signature(`[${inputs}]`)), 'azureml-batch')).map(({ code, arguments: args }) =>
        code === 'AZURE_BATCH_ONLY' ? (args as { files: string }).files.split(' ')[0] : code,
      )
    assert.deepEqual(await files(column('double')), ['CSV'])
    assert.deepEqual(await files(`${column('double')}, ${column('binary', 'b')}`), ['Parquet'])
    assert.deepEqual(await files(tensor('[-1, 4]')), ['CSV'])
    assert.deepEqual(await files(tensor('[-1, 224, 224, 3]')), ['PNG,'])
    assert.deepEqual(await files(tensor('[-1, 3, 8, 8, 8]')), ['AZURE_BATCH_FILES'])
    assert.deepEqual(await files(`${tensor('[-1]', 'a')}, ${tensor('[-1, 3]', 'b')}`), ['Parquet'])
  })

  test('MLServer makes metadata of both sides', async () => {
    const codes = async (text: string) => failing(await findings(model(text, { 'environment.tar.gz': '' }), 'kserve'))
    const double = `[${column('double')}]`
    assert.deepEqual(await codes(''), [])
    assert.deepEqual(await codes(signature(double, double)), [])
    assert.deepEqual(await codes(signature(double)), ['KSERVE_SIGNATURE'])
    assert.deepEqual(await codes(signature(null, double)), ['KSERVE_SIGNATURE'])
    const complex = `[${tensor('[-1]').replace('float32', 'complex64')}]`
    assert.deepEqual(await codes(signature(double, complex)), ['KSERVE_SIGNATURE'])
    const newer = folder({ MLmodel: 'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nmlflow_version: 3.17.2\n' })
    assert.deepEqual(failing(await findings(newer, 'kserve')), ['KSERVE_FORMAT', 'KSERVE_ENVIRONMENT'])
  })

  test('SageMaker, Vertex AI, Databricks', async () => {
    const double = `[${column('double')}]`
    const bare = folder({ MLmodel: 'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n' })
    assert.deepEqual(failing(await findings(bare, 'sagemaker')), ['SAGEMAKER_ENVIRONMENT'])
    assert.deepEqual(failing(await findings(model(''), 'sagemaker')), [])
    assert.deepEqual(failing(await findings(model(signature(double, double)), 'vertex')), [])
    const list = '[{"type": "array", "items": {"type": "string"}, "name": "tags", "required": true}]'
    assert.deepEqual(failing(await findings(model(signature(list)), 'vertex')), ['VERTEX_INSTANCES'])
    const params = '[{"name": "k", "type": "long", "default": 1, "shape": null}]'
    assert.deepEqual(failing(await findings(model(signature(double, null, params)), 'vertex')), ['VERTEX_PARAMETERS'])
    const image = signature(`[${tensor('[-1, 3, 1024, 1024]')}]`, double)
    assert.deepEqual(failing(await findings(model(image), 'vertex')), ['TARGET_REQUEST_SIZE'])
    assert.deepEqual(failing(await findings(model(image), 'databricks')), [])
    assert.deepEqual(failing(await findings(model(signature(double)), 'databricks')), ['DATABRICKS_SIGNATURE'])
    assert.deepEqual(failing(await findings(model(''), 'databricks')), ['DATABRICKS_SIGNATURE'])
  })

  test('of the complete set every finding has its words', { skip: !existsSync(join(shared, 'fixtures')) }, async () => {
    for (const name of readdirSync(join(shared, 'fixtures/models')))
      for (const one of targetNames) await findings(join(shared, 'fixtures/models', name, 'model'), one)
  })
})
