/** Predictions beside one another; the steps are NumPy's (difference of the bit patterns as ordered integers). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../../src/batch.ts'
import { diffPredictions, type Tolerance } from '../../src/diff/values.ts'

const exact: Tolerance = { kind: 'ratio', most: 0 }
const floats = (...values: readonly number[]): Batch => ({
  kind: 'array',
  tensor: { dtype: 'float32', shape: [values.length], values: Float32Array.from(values) },
})
const doubles = (...values: readonly number[]): Batch => ({
  kind: 'array',
  tensor: { dtype: 'float64', shape: [values.length], values: Float64Array.from(values) },
})
const texts = (...values: readonly (string | null)[]): Batch => ({
  kind: 'frame',
  rows: values.length,
  columns: [{ name: 'label', dtype: 'string', values, pandas: 'object' }],
})

test('the largest difference, absolute, relative and in steps', () => {
  const { outputs, changed, beyond } = diffPredictions(doubles(1, 10, 100), doubles(1, 10.5, 101), exact)
  assert.deepEqual({ changed, beyond }, { changed: 2, beyond: 2 })
  assert.deepEqual(outputs[0], { name: '', changed: 2, beyond: 2, first: 1, absolute: 1, relative: 0.05, ulp: outputs[0]!.ulp })
})

test('steps between numbers of a type', () => {
  const cases: readonly (readonly [Batch, Batch, number])[] = [
    [floats(1), floats(1.0000001192092896), 1],
    [floats(-1.401298464324817e-45), floats(1.401298464324817e-45), 2],
    [floats(-0), floats(1.401298464324817e-45), 1],
    [doubles(1), doubles(2), 4503599627370496],
    [doubles(1), doubles(0.9999999999999999), 1],
    [doubles(-5e-324), doubles(5e-324), 2],
    [doubles(Number.POSITIVE_INFINITY), doubles(Number.MAX_VALUE), 1],
    [doubles(Number.NaN), doubles(1), Number.POSITIVE_INFINITY],
  ]
  for (const [old, now, ulp] of cases) assert.equal(diffPredictions(old, now, exact).outputs[0]?.ulp, ulp)
})

test('equal are NaN and NaN, 0 and -0, and a whole number in another type', () => {
  assert.equal(diffPredictions(doubles(Number.NaN, 0), doubles(Number.NaN, -0), exact).changed, 0)
  const { outputs, changed } = diffPredictions(floats(1, 2), doubles(1, 2.5), exact)
  assert.equal(changed, 1)
  assert.deepEqual(outputs[0]?.types, { old: 'float32', new: 'float64' })
  assert.equal(outputs[0]?.ulp, undefined)
})

test('a tolerance is a share of the old number, of 1 at the least, or steps', () => {
  const beyond = (old: number, now: number, tolerance: Tolerance) => diffPredictions(doubles(old), doubles(now), tolerance).beyond
  assert.equal(beyond(1000, 1000.9, { kind: 'ratio', most: 1e-3 }), 0)
  assert.equal(beyond(1000, 1001.1, { kind: 'ratio', most: 1e-3 }), 1)
  assert.equal(beyond(0, 0.0009, { kind: 'ratio', most: 1e-3 }), 0)
  assert.equal(beyond(1, 1 + 2 ** -52, { kind: 'ulp', most: 1 }), 0)
  assert.equal(beyond(1, 1 + 2 ** -51, { kind: 'ulp', most: 1 }), 1)
  assert.equal(beyond(1, Number.NaN, { kind: 'ratio', most: 1e9 }), 1)
  assert.equal(diffPredictions(texts('a'), texts('b'), { kind: 'ratio', most: 1e9 }).beyond, 1)
})

test('classes that changed are a table', () => {
  const { outputs } = diffPredictions(texts('a', 'a', 'b', 'a', null), texts('b', 'b', 'a', 'a', 'a'), exact)
  assert.deepEqual(outputs[0]?.classes, [
    { old: 'a', new: 'b', rows: 2 },
    { old: 'b', new: 'a', rows: 1 },
    { old: 'null', new: 'a', rows: 1 },
  ])
  assert.equal(diffPredictions(doubles(1), doubles(2), exact).outputs[0]?.classes, undefined)
})

test('rows and outputs that one side lacks', () => {
  const { rows, changed, beyond } = diffPredictions(doubles(1, 2, 3), doubles(1, 5), exact)
  assert.deepEqual({ rows, changed, beyond }, { rows: { old: 3, new: 2 }, changed: 2, beyond: 2 })
  const named = (...names: readonly string[]): Batch => ({
    kind: 'named',
    items: new Map(names.map((name) => [name, { dtype: 'float64', shape: [1], values: Float64Array.of(1) }])),
  })
  const { removed, added, changed: none } = diffPredictions(named('a', 'b'), named('b', 'c'), exact)
  assert.deepEqual({ removed, added, none }, { removed: ['a'], added: ['c'], none: 0 })
})

test('values of a row stand together, and another width is a change', () => {
  const matrix = (columns: number, ...values: readonly number[]): Batch => ({
    kind: 'array',
    tensor: { dtype: 'float64', shape: [values.length / columns, columns], values: Float64Array.from(values) },
  })
  const { changed, outputs } = diffPredictions(matrix(2, 1, 2, 3, 4), matrix(2, 1, 9, 3, 4), exact)
  assert.equal(changed, 1)
  assert.equal(outputs[0]?.first, 0)
  assert.equal(diffPredictions(matrix(2, 1, 2, 3, 4), matrix(1, 1, 2), exact).beyond, 2)
})

test('cells are compared as a reply would write them', () => {
  const cells = (...values: readonly Map<string, number>[]): Batch => ({ kind: 'value', value: values })
  const map = (a: number) => new Map([['a', a]])
  assert.equal(diffPredictions(cells(map(1), map(2)), cells(map(1), map(3)), exact).changed, 1)
})
