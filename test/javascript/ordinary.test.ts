/** The quick reading of rows and columns gives what the exact one gives, or leaves the input to it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MlmodelError } from '../../src/errors/index.ts'
import { readInput } from '../../src/javascript/input.ts'
import { readOrdinaryLists, readOrdinaryRows } from '../../src/javascript/ordinary.ts'
import type { Schema, Signature } from '../../src/signature.ts'

const types = ['boolean', 'integer', 'long', 'float', 'double', 'string'] as const
const inputs: Schema = {
  kind: 'columns',
  columns: types.map((dataType) => ({ kind: 'column', name: dataType, type: { kind: 'scalar', dataType }, required: true })),
}
const signature: Signature = { inputs }

const odd = fc.constantFrom<unknown>(
  null,
  undefined,
  Number.NaN,
  Infinity,
  -0,
  2 ** 53,
  2 ** 31,
  1e39,
  1.5,
  2n ** 63n,
  5n,
  '5',
  true,
  [1],
  {},
  new Date(0),
)
const ordinary = {
  boolean: fc.boolean(),
  integer: fc.integer(),
  long: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  float: fc.oneof(fc.double({ min: -1e38, max: 1e38, noNaN: true }), fc.integer()),
  double: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
  string: fc.string(),
}
const plainRow = fc.record(ordinary)
const oddRow = fc.record(
  Object.fromEntries(types.map((type) => [type, fc.oneof({ weight: 30, arbitrary: ordinary[type] }, odd)])),
)

function outcome(input: unknown, mode: 'strict' | 'compat'): unknown {
  try {
    const { data, params, warnings } = readInput(input, undefined, signature, { mode })
    return { data, params, warnings }
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String((error as Error).stack))
    return { code: error.code, problems: error.problems.map(({ code, arguments: args }) => ({ code, args })) }
  }
}

const options = { numRuns: 200, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false }

for (const mode of ['strict', 'compat'] as const) {
  test(`random rows and columns, ${mode}`, () => {
    const tables = fc.oneof(fc.array(plainRow, { minLength: 1, maxLength: 5 }), fc.array(oddRow, { minLength: 1, maxLength: 5 }))
    fc.assert(
      fc.property(tables, (rows) => {
        // Rows as Maps take the exact way.
        const exact = outcome(
          rows.map((row) => new Map(Object.entries(row))),
          mode,
        )
        assert.deepEqual(outcome(rows, mode), exact)
        const lists = Object.fromEntries(types.map((type) => [type, rows.map((row) => row[type])]))
        if (readOrdinaryLists(Object.entries(lists), rows.length, inputs) !== undefined)
          assert.deepEqual(outcome(lists, mode), exact)
      }),
      options,
    )
  })
}

test('ordinary rows are read quickly, in any order of columns; others are left', () => {
  const row = { boolean: true, integer: 1, long: 2n, float: 0.5, double: 1, string: 'a' }
  assert.equal(readOrdinaryRows([row, row], inputs)?.rows, 2)
  assert.deepEqual(readOrdinaryRows([Object.fromEntries(Object.entries(row).reverse())], inputs), readOrdinaryRows([row], inputs))
  const { string: _, ...less } = row
  const inherited = Object.assign(Object.create({ string: 'a' }), less, { other: 1 })
  for (const rows of [[], [5], [row, less], [{ ...row, more: 1 }], [row, null], [inherited], [{ ...row, string: null }]]) {
    assert.equal(readOrdinaryRows(rows, inputs), undefined)
  }
  assert.equal(readOrdinaryRows([{ a: 1 }], { kind: 'tensors', tensors: [] }), undefined)
  assert.equal(readOrdinaryRows([{ a: 1 }], undefined), undefined)
})
