/** The schema of predictions: against MLflow's types in Spark, pyarrow's schemas, and what is written in the end. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { openPredictionWriter } from '../src/data/predictions.ts'
import { type Dtype, dtypes } from '../src/dtype.ts'
import { MlmodelError } from '../src/errors/index.ts'
import { parseJson, writeJsonValue } from '../src/json.ts'
import { locate } from '../src/locate/index.ts'
import { loadMlmodel, type Mlmodel } from '../src/mlmodel.ts'
import { openModel } from '../src/model.ts'
import { arrowSchema, outputColumns, outputRowSchema, sparkSchema } from '../src/output-schema.ts'
import { scoreInputs } from '../src/score.ts'
import { parseSchema, type Schema } from '../src/signature.ts'

const expected = JSON.parse(readFileSync(resolve('test/fixtures/output-schema/expected.json'), 'utf8')) as {
  columns: unknown[]
  spark: Record<string, string>
  arrow: unknown
  tensors: Dtype[]
  arrow_tensors: unknown
}
const models = resolve('test/fixtures/models')

function modelOf(outputs: Schema): Mlmodel {
  return { flavors: new Map(), signature: { outputs } } as unknown as Mlmodel
}
const columns = (extra: unknown[] = []) =>
  modelOf(parseSchema(parseJson(JSON.stringify([...expected.columns, ...extra])).value, {}))
const tensors = modelOf({
  kind: 'tensors',
  tensors: expected.tensors.map((name) => ({ kind: 'tensor', name, dtype: name, numpyDtype: dtypes[name].numpy, shape: [-1] })),
})

describe('signature', () => {
  test('Spark has the types that spark_udf gives', async () => {
    const ddl = sparkSchema(await outputColumns(columns([{ type: 'any', name: 'anything', required: false }])))
    const wanted = Object.entries(expected.spark).map(([name, type]) => `${name} ${type}`)
    assert.equal(ddl.toLowerCase().replaceAll(/([,:]) /g, '$1'), wanted.join(','))
  })

  test('Arrow has the schema that pyarrow has', async () => {
    assert.deepEqual(JSON.parse(writeJsonValue(arrowSchema(await outputColumns(columns())))), expected.arrow)
    assert.deepEqual(JSON.parse(writeJsonValue(arrowSchema(await outputColumns(tensors)))), expected.arrow_tensors)
  })

  test('names that are no words are quoted, outputs are chosen by name', async () => {
    const all = await outputColumns(
      columns([
        { type: 'double', name: 'a`b c', required: true },
        { type: 'double', name: 'order', required: true },
      ]),
      ['order', 'a`b c', 'count'],
    )
    assert.equal(sparkSchema(all), '`order` DOUBLE, `a``b c` DOUBLE, count INT')
    await assert.rejects(
      outputColumns(tensors, ['nothing']),
      (error) => error instanceof MlmodelError && error.code === 'ONNX_OUTPUT_UNKNOWN',
    )
  })

  test('what has no type is an error that names it', async () => {
    const any = await outputColumns(columns([{ type: 'any', name: 'anything', required: true }]))
    assert.throws(() => arrowSchema(any), { code: 'OUTPUT_SCHEMA_TYPE' })
    await assert.rejects(outputColumns({ flavors: new Map() } as unknown as Mlmodel), { code: 'OUTPUT_SCHEMA_UNKNOWN' })
  })
})

describe('what is written fits its JSON Schema', () => {
  const cases: [string, string][] = [
    ['onnx_linreg_columns_double', 'input.csv'],
    ['onnx_rf_zipmap_off_columns', 'input.csv'],
    ['onnx_rf_zipmap_off_tensor', 'input.json'],
    ['onnx_logreg_zipmap_on', 'input.csv'],
    ['onnx_logreg_zipmap_on_tensor', 'input.json'],
    ['onnx_nosig', 'input.json'],
    ['onnx_transformer', 'input.npz'],
    ['onnx_uint8_image', 'input.npy'],
    ['onnx_strings', 'input.json'],
  ]
  for (const [name, input] of cases) {
    test(name, async () => {
      const path = join(models, name, 'model')
      const schema = outputRowSchema(await outputColumns(await loadMlmodel(await locate(path))))
      const validate = new Ajv2020({ strict: false }).compile(JSON.parse(writeJsonValue(schema)) as object)
      const model = await openModel(path)
      const lines: Uint8Array[] = []
      await scoreInputs(model, {
        inputs: [join(models, name, input)],
        stdin: () => process.stdin,
        probabilities: false,
        outputFormat: 'jsonl',
        writer: await openPredictionWriter('jsonl', { wrap: false }),
        write: async (chunk) => {
          lines.push(chunk)
        },
        onRows: () => {},
        finished: () => false,
      })
      await model.close()
      const rows = Buffer.concat(lines).toString().trimEnd().split('\n')
      assert.ok(rows.length > 0)
      for (const row of rows)
        assert.ok(validate(JSON.parse(row)), `${row}: ${JSON.stringify(validate.errors)} in ${writeJsonValue(schema)}`)
    })
  }
})
