import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column } from '../../src/batch.ts'
import { interleave } from '../../src/onnx/matrix.ts'

/** Values that are no floats, so that rounding shows; unlike in every cell. */
const valueAt = (row: number, position: number) => (row + 1) / (position + 3) - 1e-9 * row

test('columns of doubles become a matrix of floats, whatever their number and that of the rows', () => {
  for (const width of [1, 3, 4, 5, 8, 11]) {
    for (const rows of [0, 1, 511, 512, 513, 1300]) {
      const columns = Array.from(
        { length: width },
        (_, position): Column => ({
          name: position,
          dtype: 'float64',
          values: Float64Array.from({ length: rows }, (_, row) => valueAt(row, position)),
        }),
      )
      const found = interleave(columns, rows, 'float32')
      const wanted = Float32Array.from({ length: rows * width }, (_, at) => valueAt(Math.floor(at / width), at % width))
      assert.deepEqual(found, wanted, `${rows} rows of ${width}`)
    }
  }
})

test('a missing value is NaN, and a column of another type takes the place of its own', () => {
  const doubles = (name: number): Column => ({ name, dtype: 'float64', values: Float64Array.of(name + 0.1, name + 0.2) })
  const columns: Column[] = [
    doubles(0),
    { name: 1, dtype: 'float64', values: Float64Array.of(1, 2), validity: Uint8Array.of(0b10) },
    doubles(2),
    { name: 3, dtype: 'int64', values: BigInt64Array.of(3n, -4n) },
    doubles(4),
  ]
  const wanted = [0.1, Number.NaN, 2.1, 3, 4.1, 0.2, 2, 2.2, -4, 4.2]
  assert.deepEqual(interleave(columns, 2, 'float32'), Float32Array.from(wanted))
  const without = columns.filter(({ name }) => name !== 3)
  const narrow = Float32Array.from(wanted.filter((_, at) => at % 5 !== 3))
  assert.deepEqual(interleave(without, 2, 'float32'), narrow)
})
