/** Signatures, models and requests made by functions: MLflow's answers, files whole or not at all. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  createExample,
  createModel,
  type InferOptions,
  inferSignature,
  loadMlmodel,
  locate,
  openModel,
  setSignature,
  signatureToJson,
} from '../../src/index.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const penguins = join(root, 'examples/penguins/model')
const table = join(root, 'examples/penguins/penguins.csv')
const onnx = join(root, 'test/fixtures/models/onnx_linreg_columns_double/model/model.onnx')

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-library-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

interface Line {
  readonly name: string
  readonly format: string
  readonly as?: string
  readonly text?: string
  readonly expected?: { readonly inputs: string | null }
}

describe('inferSignature', () => {
  const lines = readFileSync(join(root, 'test/fixtures/infer/infer.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  // What JavaScript can say: it has no 1.0 beside 1, no NaN in JSON, and no integers beyond 2^53 but as bigint.
  const sayable = lines.filter(
    ({ format, text, expected }) =>
      format === 'jsonl' && expected !== undefined && !/\d\.0\b|\de|NaN|Infinity|\d{16}/.test(text!) && text!.trim() !== '',
  )
  assert.ok(sayable.length > 0)
  for (const { name, text, expected } of sayable) {
    test(`rows as MLflow: ${name}`, async () => {
      const rows = text!
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object)
      assert.equal(signatureToJson(await inferSignature({ inputs: rows })).inputs, expected!.inputs)
    })
  }

  test('a file, a URL and the command say the same', async () => {
    const fromFile = await inferSignature({ inputs: table })
    assert.deepEqual(await inferSignature({ inputs: pathToFileURL(table) }), fromFile)
    assert.equal(fromFile.inputs?.kind === 'columns' && fromFile.inputs.columns.length, 6)
  })

  // The types are those of infer_signature for np.array, dict of np.array, and DataFrame: mlflow/types/utils.py.
  test('typed arrays are NumPy’s', async () => {
    const tensor = { dtype: 'float32', shape: [2, 3], data: new Float32Array(6) } as const
    assert.equal(
      signatureToJson(await inferSignature({ inputs: tensor })).inputs,
      '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}]',
    )
    const columns = { a: new Float64Array(2), b: new BigInt64Array(2), c: ['x', 'y'] }
    const written = signatureToJson(await inferSignature({ inputs: columns })).inputs
    assert.deepEqual(
      JSON.parse(written!).map(({ name, type }: { name: string; type: string }) => [name, type]),
      [
        ['a', 'double'],
        ['b', 'long'],
        ['c', 'string'],
      ],
    )
  })

  test('outputs are what a model answers; params have defaults', async () => {
    await using model = await openModel(penguins)
    const outputs = await model.predict(table)
    const signature = await inferSignature({ outputs, params: { k: 5, names: ['a'], when: new Date(0) } })
    const stored = signatureToJson(model.signature!)
    assert.equal(signatureToJson(signature).outputs, stored.outputs)
    assert.deepEqual(
      signature.params?.map(({ name, type }) => [name, type.kind === 'scalar' && type.dataType]),
      [
        ['k', 'long'],
        ['names', 'string'],
        ['when', 'datetime'],
      ],
    )
  })

  test('warnings, and what is no data', async () => {
    const warnings: string[] = []
    await inferSignature({ inputs: [{ a: 1 }], onWarning: (warning) => warnings.push(warning) })
    assert.match(warnings.join(), /whole number cannot be missing/)
    await assert.rejects(inferSignature({}), { code: 'INFER_NOTHING' })
    await assert.rejects(inferSignature({ inputs: 'nowhere.csv' }), { code: 'SOURCE_NOT_FOUND' })
    await assert.rejects(inferSignature({ input: table } as InferOptions), { code: 'OPTION_UNKNOWN' })
  })
})

test('setSignature writes the parts that are given', async (t) => {
  const folder = join(scratch(t), 'model')
  cpSync(penguins, folder, { recursive: true })
  const before = (await loadMlmodel(await locate(folder))).signature!
  await setSignature(folder, await inferSignature({ params: { k: 5 } }))
  const after = (await loadMlmodel(await locate(folder))).signature!
  assert.deepEqual({ ...after, params: undefined }, { ...before, params: undefined })
  assert.equal(after.params?.[0]?.name, 'k')
  assert.deepEqual(readdirSync(folder).sort(), readdirSync(penguins).sort())
})

test('createModel makes a model that is opened; createExample writes what it accepts', async (t) => {
  const folder = join(scratch(t), 'made')
  const row = Object.fromEntries(Array.from({ length: 4 }, (_, at) => [`c${at}`, at + 0.5]))
  const names = await openModel(join(root, 'test/fixtures/models/onnx_linreg_columns_double/model'))
  const columns = names.signature!.inputs!
  await names.close()
  assert.ok(columns.kind === 'columns')
  const sample = [Object.fromEntries(columns.columns.map(({ name }, at) => [name!, Object.values(row)[at % 4]!]))]
  const { signature } = await createModel(onnx, folder, { sample, name: 'made', requirements: ['numpy==2.0'] })
  assert.deepEqual(signature?.inputs, columns)
  await using model = await openModel(folder)
  assert.equal((await model.predict(sample as never)).length, 1)
  const { text, origin } = await createExample(folder)
  assert.equal(origin, 'stored')
  assert.equal((await model.invoke(text, 'application/json')).status, 200)
  const azure = await createExample(pathToFileURL(folder), { protocol: 'azureml' })
  assert.ok('input_data' in JSON.parse(azure.text))
  await assert.rejects(createModel(onnx, folder), { code: 'CREATE_EXISTS' })
  await assert.rejects(createModel(onnx, `${folder}2`, { python: 'three' }), { code: 'OPTION_VALUE' })
  await assert.rejects(createExample(folder, { protocol: 'azure' as 'azureml' }), { code: 'OPTION_VALUE' })
})

test('a URL of another place is an error of this library', async () => {
  const far = new URL('https://example.org/model')
  await assert.rejects(openModel(far), { code: 'LOCATION_UNSUPPORTED', kind: 'unsupported' })
  await assert.rejects(setSignature(far, {}), { code: 'LOCATION_UNSUPPORTED' })
  await assert.rejects(createExample(far), { code: 'LOCATION_UNSUPPORTED' })
  await assert.rejects(openModel('file://far.example.org/model'), { code: 'LOCATION_UNREADABLE' })
  await assert.rejects(inferSignature({ inputs: far }), { code: 'SOURCE_URL', kind: 'usage' })
  await assert.rejects(createModel(far, 'nowhere'), { code: 'SOURCE_URL' })
  for (const isolate of [false, true]) {
    await using model = await openModel(pathToFileURL(penguins), { isolate })
    await assert.rejects(model.predict(far), { code: 'SOURCE_URL' })
  }
})
