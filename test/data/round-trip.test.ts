/** What is written is what is read back: every kind of column through the table formats, signed zeros and odd numbers included. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Column, Frame } from '../../src/batch.ts'
import { readArrowBytes } from '../../src/data/arrow/read.ts'
import { readParquet } from '../../src/data/parquet/read.ts'
import { openPredictionWriter } from '../../src/data/predictions.ts'

const forms = ['parquet', 'arrow', 'arrows'] as const

/** As many rows as the booleans say, of one column for each kind. */
const frames = fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }).chain((missing) => {
  const size = { minLength: missing.length, maxLength: missing.length }
  return fc.record({
    missing: fc.constant(missing),
    reals: fc.array(fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY)), size),
    integers: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), size),
    texts: fc.array(fc.string({ unit: 'grapheme' }), size),
  })
})

function columnsOf({
  missing,
  reals,
  integers,
  texts,
}: typeof frames extends fc.Arbitrary<infer Value> ? Value : never): readonly Column[] {
  const unless = <Value>(values: readonly Value[]) => values.map((value, row) => (missing[row] ? null : value))
  return [
    { name: 'double', dtype: 'float64', values: Float64Array.from(reals) },
    { name: 'float', dtype: 'float32', values: Float32Array.from(reals) },
    { name: 'long', dtype: 'int64', values: BigInt64Array.from(integers) },
    { name: 'unsigned', dtype: 'uint64', values: BigUint64Array.from(integers, (value) => BigInt.asUintN(64, value)) },
    { name: 'flag', dtype: 'bool', values: Uint8Array.from(integers, (value) => Number(value & 1n)) },
    { name: 'téxt', dtype: 'string', values: unless(texts), pandas: 'str' },
    { name: 'bytes', dtype: 'bytes', values: unless(texts.map((text) => new Uint8Array(Buffer.from(text)))) },
  ]
}

/** Values by which two columns can be told apart: numbers by their sign of zero too. */
function plain(column: Column): unknown[] {
  return Array.from(column.values as ArrayLike<unknown>, (value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
}

for (const form of forms) {
  test(`${form}: written and read back`, async () => {
    await fc.assert(
      fc.asyncProperty(frames, async (drawn) => {
        const columns = columnsOf(drawn)
        const rows = drawn.missing.length
        const writer = await openPredictionWriter(form, { wrap: true })
        const frame: Frame = { kind: 'frame', rows, columns }
        const bytes = Buffer.concat([writer.write(frame) ?? Buffer.alloc(0), writer.end()])
        const back = form === 'parquet' ? readParquet(bytes, {}) : readArrowBytes(bytes, {})
        assert.equal(back.rows, rows)
        for (const column of columns) {
          const found = back.columns.find(({ name }) => name === column.name)!
          // deepStrictEqual tells -0 from 0.
          assert.deepEqual(plain(found), plain(column), String(column.name))
        }
      }),
      { numRuns: 150 },
    )
  })
}
