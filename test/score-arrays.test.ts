/** NPY files of several blocks, scored: the answers and errors of the whole array. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { writeNpy } from '../src/data/npy.ts'
import { openModel } from '../src/library.ts'

const fixtures = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/test/fixtures/`))
const sum = join(fixtures, 'append/sum')
const tensors = join(fixtures, 'models/onnx_rf_zipmap_off_tensor/model')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-arrays-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const rows = 40_000
/** Column 0 counts, the others are halves; every value is exact in float32. */
const value = (row: number, column: number): number => (column === 0 ? row : row / 2 + column)

function file(name: string, shape: readonly number[], values: Float64Array | Float32Array, fortran = false): string {
  const bytes = Buffer.from(
    writeNpy({ dtype: values instanceof Float64Array ? 'float64' : 'float32', shape, values } as Parameters<typeof writeNpy>[0]),
  )
  const path = join(folder, name)
  writeFileSync(path, fortran ? Buffer.from(bytes.toString('latin1').replace('False', 'True '), 'latin1') : bytes)
  return path
}

const inC = file(
  'c.npy',
  [rows, 2],
  Float64Array.from({ length: rows * 2 }, (_, at) => value(at >> 1, at & 1)),
)
const inFortran = file(
  'f.npy',
  [rows, 2],
  Float64Array.from({ length: rows * 2 }, (_, at) => value(at % rows, Math.floor(at / rows))),
  true,
)

describe('an array of several blocks', () => {
  for (const [order, path] of [
    ['C', inC],
    ['Fortran', inFortran],
  ] as const) {
    for (const mode of ['strict', 'compat'] as const) {
      test(`${order} order, ${mode}`, async () => {
        await using model = await openModel(sum, { mode })
        // MLflow takes no bare array for named columns (rule X4).
        if (mode === 'compat') return assert.rejects(model.predict(path), { code: 'DATA_MISMATCH' })
        const answers = (await model.predict(path)).output().data as Float32Array
        assert.equal(answers.length, rows)
        assert.ok(answers.every((answer, row) => answer === value(row, 0) + value(row, 1)))
      })
    }
  }

  test('an error names the shape of the array, not of a block', async () => {
    await using model = await openModel(tensors)
    const path = file('wide.npy', [rows, 7], new Float32Array(rows * 7))
    await assert.rejects(model.predict(path), ({ message }: Error) => message.includes(`(${rows}, 7)`))
  })

  test('a value that does not fit is found in a later block', async () => {
    await using model = await openModel(join(fixtures, 'models/onnx_linreg_columns_float/model'))
    const inputs = model.signature!.inputs!
    assert.ok(inputs.kind === 'columns')
    const width = inputs.columns.length
    const values = Float64Array.from({ length: rows * width }, (_, at) => at % 100)
    assert.equal((await model.predict(file('fits.npy', [rows, width], values))).length, rows)
    // No float32 (rule X1).
    values[rows * width - 1] = 0.1
    await assert.rejects(model.predict(file('late.npy', [rows, width], values)), { code: 'DATA_MISMATCH' })
  })
})
