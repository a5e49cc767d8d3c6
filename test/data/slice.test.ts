import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type Batch, type Frame, isValid } from '../../src/batch.ts'
import { joinBatches } from '../../src/data/prediction-table.ts'
import { rowsOf, sliceBatch } from '../../src/data/slice.ts'

const frame: Frame = {
  kind: 'frame',
  rows: 20,
  columns: [
    {
      name: 'a',
      dtype: 'int64',
      values: BigInt64Array.from({ length: 20 }, (_, row) => BigInt(row)),
      validity: Uint8Array.of(0b10110101, 0b01011010, 0b1001),
    },
    { name: 'b', dtype: 'string', values: Array.from({ length: 20 }, (_, row) => `t${row}`), pandas: 'str' },
  ],
  index: Array.from({ length: 20 }, (_, row) => BigInt(row)),
}

test('rows of a table, with what is missing and their labels', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), (one, other) => {
      const [start, end] = [Math.min(one, other), Math.max(one, other)]
      const part = sliceBatch(frame, start, end) as Frame
      assert.equal(part.rows, end - start)
      const [numbers, texts] = part.columns as [Frame['columns'][number], Frame['columns'][number]]
      for (let row = 0; row < part.rows; row++) {
        assert.equal(numbers.values[row], BigInt(start + row))
        assert.equal(texts.values[row], `t${start + row}`)
        assert.equal(part.index?.[row], BigInt(start + row))
        const whole = frame.columns[0] as { validity: Uint8Array }
        const validity = 'validity' in numbers ? numbers.validity : undefined
        assert.equal(isValid(validity, row), isValid(whole.validity, start + row))
      }
    }),
  )
})

test('arrays are cut along the first dimension, and joined again', () => {
  const values = Float32Array.from({ length: 24 }, (_, at) => at)
  const named: Batch = {
    kind: 'named',
    items: new Map([
      ['x', { dtype: 'float32', shape: [4, 3, 2], values }],
      ['y', { dtype: 'string', shape: [4], values: ['a', 'b', 'c', 'd'] }],
    ]),
  }
  assert.equal(rowsOf(named), 4)
  assert.deepEqual(joinBatches([sliceBatch(named, 0, 1), sliceBatch(named, 1, 4)]), named)
  const complex: Batch = { kind: 'array', tensor: { dtype: 'complex64', shape: [2, 2], values: values.slice(0, 8) } }
  assert.deepEqual(sliceBatch(complex, 1, 2), {
    kind: 'array',
    tensor: { dtype: 'complex64', shape: [1, 2], values: values.slice(4, 8) },
  })
})

test('what has no rows has none', () => {
  const scalar: Batch = { kind: 'array', tensor: { dtype: 'float32', shape: [], values: Float32Array.of(1) } }
  assert.equal(rowsOf(scalar), undefined)
  const uneven: Batch = {
    kind: 'named',
    items: new Map([
      ['x', { dtype: 'float32', shape: [1], values: Float32Array.of(1) }],
      ['y', { dtype: 'float32', shape: [2], values: Float32Array.of(1, 2) }],
    ]),
  }
  assert.equal(rowsOf(uneven), undefined)
})
