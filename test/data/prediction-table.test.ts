import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch, Cell, Frame, Tensor } from '../../src/batch.ts'
import { joinBatches, toArray, toRows, toTable } from '../../src/data/prediction-table.ts'
import { pickProbabilities } from '../../src/data/probabilities.ts'

const label: Tensor = { dtype: 'int64', shape: [2], values: BigInt64Array.of(1n, 0n) }
const probabilities: Tensor = { dtype: 'float32', shape: [2, 2], values: Float32Array.of(0.25, 0.75, 0.5, 0.5) }
const classifier: Batch = {
  kind: 'named',
  items: new Map<string, Tensor>([
    ['label', label],
    ['probabilities', probabilities],
  ]),
}

function columnsOf(frame: Frame): Record<string, unknown[]> {
  return Object.fromEntries(frame.columns.map((column) => [column.name, Array.from(column.values as ArrayLike<unknown>)]))
}

test('a matrix becomes a column for each of its columns', () => {
  assert.deepEqual(columnsOf(toTable(classifier)), {
    label: [1n, 0n],
    probabilities_0: [0.25, 0.5],
    probabilities_1: [0.75, 0.5],
  })
})

test('rows of a matrix stay together in JSON Lines', () => {
  const rows = toRows(classifier)!
  assert.deepEqual((rows.columns[1]!.values[1] as Tensor).shape, [2])
  assert.deepEqual((rows.columns[1]!.values[1] as Tensor).values, Float32Array.of(0.5, 0.5))
})

test('probabilities are found in both forms that converters write', () => {
  assert.deepEqual(columnsOf(pickProbabilities(classifier) as Frame), { 0: [0.25, 0.5], 1: [0.75, 0.5] })
  const maps: Cell[] = [
    new Map([
      ['no', 0.25],
      ['yes', 0.75],
    ]),
    new Map([
      ['no', 0.5],
      ['yes', 0.5],
    ]),
  ]
  const zipped: Batch = {
    kind: 'frame',
    rows: 2,
    columns: [
      { name: 'output_label', dtype: 'int64', values: BigInt64Array.of(1n, 0n) },
      { name: 'output_probability', dtype: 'object', values: maps },
    ],
  }
  assert.deepEqual(columnsOf(pickProbabilities(zipped) as Frame), { no: [0.25, 0.5], yes: [0.75, 0.5] })
  const regressor: Batch = { kind: 'named', items: new Map([['variable', probabilities]]) }
  assert.throws(() => pickProbabilities(regressor), { code: 'PROBABILITIES_ABSENT' })
})

test('blocks join to what the whole would be', () => {
  const joined = joinBatches([classifier, classifier]) as Extract<Batch, { kind: 'named' }>
  assert.deepEqual((joined.items.get('probabilities') as Tensor).shape, [4, 2])
  assert.deepEqual((joined.items.get('label') as Tensor).values, BigInt64Array.of(1n, 0n, 1n, 0n))
  const scalar: Batch = {
    kind: 'named',
    items: new Map([['mean', { dtype: 'float32', shape: [], values: Float32Array.of(1) } as Tensor]]),
  }
  assert.throws(() => joinBatches([scalar, scalar]), { code: 'PREDICTIONS_NO_TABLE' })
})

test('one array is made of equal columns, and of nothing else', () => {
  const frame: Frame = {
    kind: 'frame',
    rows: 2,
    columns: [
      { name: 'a', dtype: 'float32', values: Float32Array.of(1, 2) },
      { name: 'b', dtype: 'float32', values: Float32Array.of(3, 4) },
    ],
  }
  assert.deepEqual(toArray(frame), { dtype: 'float32', shape: [2, 2], values: Float32Array.of(1, 3, 2, 4) })
  assert.throws(() => toArray(classifier), { code: 'NPY_NOT_WRITABLE' })
})
