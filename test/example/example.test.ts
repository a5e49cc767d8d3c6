/** Requests made for models: accepted by enforcement, shaped as each server wants them. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readRequest } from '../../src/enforce/request.ts'
import { azureRequest } from '../../src/example/azureml.ts'
import { exampleRequest, makeRequest } from '../../src/example/index.ts'
import { parseJson, writeJsonValue } from '../../src/json.ts'
import { locate } from '../../src/locate/index.ts'
import { loadMlmodel } from '../../src/mlmodel.ts'
import { parseParams, parseSchema, parseSignature } from '../../src/signature.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const fixtures = join(root, 'test/fixtures')

const folders = [
  ...readdirSync(join(fixtures, 'models')).map((name) => join(fixtures, 'models', name, 'model')),
  ...readdirSync(join(fixtures, 'mlmodel'))
    .filter((name) => name !== 'signature_as_yaml_list')
    .map((name) => join(fixtures, 'mlmodel', name)),
  join(root, 'examples/penguins/model'),
]

const load = async (folder: string) => loadMlmodel(await locate(folder))

describe('the example of every model passes its own enforcement', () => {
  for (const folder of folders) {
    test(folder.slice(root.length), async (t) => {
      const model = await load(folder)
      if (model.signature?.inputs === undefined && !model.flavors.has('onnx')) {
        return assert.rejects(exampleRequest(model, 'mlflow'), { code: 'EXAMPLE_NOTHING' })
      }
      if (/all_tensor_dtypes|odd_names/.test(folder)) {
        // JSON has no lists for the shape (0, 3), and a column without a name cannot be given.
        return assert.rejects(exampleRequest(model, 'mlflow'), { code: 'EXAMPLE_NOT_MADE' })
      }
      const schemaFlags = { isSignatureFromTypeHint: model.isSignatureFromTypeHint }
      const { text, origin } = await exampleRequest(model, 'mlflow')
      const { data } = readRequest(Buffer.from(text), 'application/json', model.signature, { mode: 'strict', schemaFlags })
      assert.ok(data !== undefined)
      t.diagnostic(`${origin}: ${text.slice(0, 100).trim()}`)
      if (text.length > 100_000) return
      const azure = JSON.parse((await exampleRequest(model, 'azureml')).text)
      assert.ok('input_data' in azure)
      await exampleRequest(model, 'open-inference').then(
        ({ text }) => checkOpenInference(text),
        (error) => assert.equal(error.code, 'EXAMPLE_NO_FORM'),
      )
    })
  }
})

/** What inference_rest.md asks of a request. */
function checkOpenInference(text: string): void {
  const { inputs } = JSON.parse(text) as { inputs: { name: string; shape: number[]; datatype: string; data: unknown[] }[] }
  assert.ok(inputs.length > 0)
  for (const { name, shape, datatype, data } of inputs) {
    assert.equal(typeof name, 'string')
    assert.match(datatype, /^(BOOL|U?INT(8|16|32|64)|FP(16|32|64)|BYTES)$/)
    assert.equal(
      data.length,
      shape.reduce((product, size) => product * size, 1),
    )
    const type = datatype === 'BOOL' ? 'boolean' : datatype === 'BYTES' ? 'string' : 'number'
    assert.ok(data.every((value) => typeof value === type))
  }
}

/** Nesting and keys, whatever the values are. */
function outline(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(outline)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, outline(item)]))
  return 0
}

describe('azureml: shaped as Azure’s inference server shows its example of the same model', () => {
  for (const line of readFileSync(join(fixtures, 'example/azure.jsonl'), 'utf8').trimEnd().split('\n')) {
    const { model, signature, example } = JSON.parse(line)
    test(model, () => {
      const parsed = parseSignature(new Map(Object.entries(signature)) as never, {})!
      const request = JSON.parse(writeJsonValue(azureRequest(makeRequest(parsed, false))))
      const wanted = example.input_data
      if (wanted.columns !== undefined) {
        assert.deepEqual(Object.keys(request.input_data), ['columns', 'index', 'data'])
        assert.deepEqual(request.input_data.columns, wanted.columns)
        assert.deepEqual(request.input_data.index, [0])
        assert.equal(request.input_data.data[0].length, wanted.columns.length)
      } else assert.deepEqual(outline(request.input_data), outline(wanted))
      assert.deepEqual(Object.keys(request.params ?? {}), Object.keys(example.params))
    })
  }
})

describe('stored examples', () => {
  const penguins = join(root, 'examples/penguins/model')

  function copy(t: TestContext): string {
    const folder = mkdtempSync(join(tmpdir(), 'mlmodel-example-'))
    t.after(() => rmSync(folder, { recursive: true }))
    cpSync(penguins, folder, { recursive: true })
    return folder
  }
  const edit = (folder: string, from: string | RegExp, to: string) => {
    const file = join(folder, 'MLmodel')
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
  }

  test('the request is the stored file', async () => {
    const { text, origin, warnings } = await exampleRequest(await load(penguins), 'mlflow')
    assert.equal(origin, 'stored')
    assert.equal(text.trimEnd(), readFileSync(join(penguins, 'serving_input_example.json'), 'utf8').trimEnd())
    assert.deepEqual(warnings, [])
  })

  test('an older MLflow stored no request: it is made of the example', async (t) => {
    const folder = copy(t)
    edit(folder, /\n {2}serving_input_path: .*/, '')
    const { text, origin } = await exampleRequest(await load(folder), 'mlflow')
    assert.equal(origin, 'stored')
    assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(join(penguins, 'serving_input_example.json'), 'utf8')))
  })

  test('azureml: the same table under input_data', async () => {
    const stored = JSON.parse(readFileSync(join(penguins, 'serving_input_example.json'), 'utf8')).dataframe_split
    const { input_data } = JSON.parse((await exampleRequest(await load(penguins), 'azureml')).text)
    assert.deepEqual(input_data, {
      columns: stored.columns,
      index: stored.data.map((_: unknown, row: number) => row),
      data: stored.data,
    })
  })

  test('open-inference: a tensor for each column', async () => {
    const { inputs, parameters } = JSON.parse((await exampleRequest(await load(penguins), 'open-inference')).text)
    const stored = JSON.parse(readFileSync(join(penguins, 'serving_input_example.json'), 'utf8')).dataframe_split
    assert.deepEqual(parameters, { content_type: 'pd' })
    assert.deepEqual(
      inputs.map(({ name, datatype, shape }: never) => [name, datatype, shape]),
      stored.columns.map((name: string, index: number) => [
        name,
        ['BYTES', 'BYTES', 'FP64', 'FP64', 'INT64', 'INT64'][index],
        [stored.data.length, 1],
      ]),
    )
    assert.deepEqual(
      inputs[2].data,
      stored.data.map((row: unknown[]) => row[2]),
    )
  })

  for (const [name, change] of [
    [
      'one that does not fit',
      (folder: string) =>
        writeFileSync(join(folder, 'serving_input_example.json'), '{"dataframe_split": {"columns": ["x"], "data": [[1]]}}'),
    ],
    ['one that is gone', (folder: string) => rmSync(join(folder, 'serving_input_example.json'))],
    ['one that is no JSON', (folder: string) => writeFileSync(join(folder, 'serving_input_example.json'), '{')],
  ] as const) {
    test(`${name}: a warning, and another is made`, async (t) => {
      const folder = copy(t)
      change(folder)
      const { origin, warnings } = await exampleRequest(await load(folder), 'mlflow')
      assert.equal(origin, 'signature')
      assert.equal(warnings.length, 1)
    })
  }

  test('too large a tensor is refused, not made', async (t) => {
    const folder = copy(t)
    edit(folder, /\nsaved_input_example_info:(\n {2}.*)*/, '')
    edit(
      folder,
      /\nsignature:(\n {2}.*)*/,
      `\nsignature:\n  inputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4000, 4000]}}]'`,
    )
    await assert.rejects(exampleRequest(await load(folder), 'mlflow'), { code: 'EXAMPLE_TOO_LARGE' })
  })
})

const oracle = join(root, '../shared/oracle/enforce.jsonl')
test('every signature of the oracle', { skip: !existsSync(oracle) }, () => {
  const seen = new Set<string>()
  for (const line of readFileSync(oracle, 'utf8').trimEnd().split('\n')) {
    const { schema, params_schema } = JSON.parse(line)
    const key = JSON.stringify([schema, params_schema])
    if (schema === null || seen.has(key)) continue
    seen.add(key)
    const cell = (value: unknown) => parseJson(JSON.stringify(value)).value
    const params = params_schema === undefined ? {} : { params: parseParams(cell(params_schema), {}) }
    // Throws where no form is accepted.
    makeRequest({ inputs: parseSchema(cell(schema), {}), ...params }, false)
  }
  assert.ok(seen.size > 1000)
})
