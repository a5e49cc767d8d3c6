/**
 * What is written as text is what is read back by a signature of the same types: JSON, JSON Lines and CSV, with missing
 * values, NaN, signed zeros, integers of 64 bits, any text and nested values. What a format cannot say is named below.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cell, type CellMap, type Column, type Frame, isMoment, isTensor } from '../../src/batch.ts'
import { readCsvBytes } from '../../src/data/csv/read.ts'
import { readJsonLines } from '../../src/data/json-lines.ts'
import { readTyped } from '../../src/data/json-typed.ts'
import { openPredictionWriter } from '../../src/data/predictions.ts'
import { bytesSource } from '../../src/data/source.ts'
import { csvPlan, finishCsv } from '../../src/enforce/index.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { parseJson } from '../../src/json.ts'
import { parseSchema, type Signature } from '../../src/signature.ts'

const types = ['double', 'float', 'long', 'integer', 'boolean', 'string', 'datetime', 'binary'] as const
const signatureOf = (names: readonly string[]): Signature => ({
  inputs: parseSchema(parseJson(JSON.stringify(names.map((name) => ({ name, type: name, required: false })))).value, {}),
})

const reals = fc.oneof(fc.double(), fc.constantFrom(0, -0, 5e-324, 1.7976931348623157e308, 0.1, 1e21, 1e-7))
const missing = fc.constantFrom(Number.NaN)
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '"', '\\', '\u2028', '😀', 'a,b', 'a\nb', "'", ' x ', '007', '1.50'),
)

interface Drawn {
  readonly columns: readonly Column[]
  readonly rows: number
}

/** Frames of all types. Dates have all six digits behind the second: pandas takes one format in a column, that of its first date. */
const frames = (real: fc.Arbitrary<number>, texts: fc.Arbitrary<string | null>): fc.Arbitrary<Drawn> =>
  fc.integer({ min: 1, max: 9 }).chain((rows) => {
    const size = { minLength: rows, maxLength: rows }
    return fc
      .record({
        double: fc.array(real, size),
        float: fc.array(real, size),
        long: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), size),
        integer: fc.array(fc.integer(), size),
        boolean: fc.array(fc.boolean(), size),
        string: fc.array(texts, size),
        datetime: fc.array(fc.bigInt({ min: -(2n ** 62n) / 1_000_000n, max: 2n ** 62n / 1_000_000n }), size),
        binary: fc.array(fc.uint8Array({ maxLength: 5 }), size),
      })
      .map(
        (drawn): Drawn => ({
          rows,
          columns: [
            { name: 'double', dtype: 'float64', values: Float64Array.from(drawn.double) },
            { name: 'float', dtype: 'float32', values: Float32Array.from(drawn.float) },
            { name: 'long', dtype: 'int64', values: BigInt64Array.from(drawn.long) },
            { name: 'integer', dtype: 'int32', values: Int32Array.from(drawn.integer) },
            { name: 'boolean', dtype: 'bool', values: Uint8Array.from(drawn.boolean, Number) },
            { name: 'string', dtype: 'string', values: drawn.string, pandas: 'str' },
            {
              name: 'datetime',
              dtype: 'datetime64',
              values: BigInt64Array.from(drawn.datetime, (value) => value * 1_000_000n + 1000n),
            },
            { name: 'binary', dtype: 'bytes', values: drawn.binary },
          ],
        }),
      )
  })

async function written(format: 'json' | 'jsonl' | 'csv', { rows, columns }: Drawn): Promise<Buffer> {
  const writer = await openPredictionWriter(format, { wrap: true })
  const frame: Frame = { kind: 'frame', rows, columns }
  return Buffer.concat([writer.write(frame) ?? Buffer.alloc(0), writer.end()])
}

/** Values by which two columns can be told apart: numbers by their sign of zero too. */
function plain(column: Column): unknown[] {
  return Array.from(column.values as ArrayLike<unknown>, (value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
}

function assertSame(found: Frame, { rows, columns }: Drawn): void {
  assert.equal(found.rows, rows)
  for (const column of columns) {
    const back = found.columns.find(({ name }) => name === column.name)!
    assert.deepEqual(plain(back), plain(column), String(column.name))
  }
}

function readBody(body: Uint8Array, signature: Signature): Frame {
  const exact = readRequest(body, 'application/json', signature, { mode: 'strict' }).data
  const fast = readRequest(body, 'application/json', signature, { mode: 'strict', fast: readTyped }).data
  assert.ok(exact.kind === 'frame' && fast.kind === 'frame')
  for (const [at, column] of exact.columns.entries()) assert.deepEqual(plain(fast.columns[at]!), plain(column))
  return exact
}

/** `{"predictions": …}` as the rows of a request. */
const asRequest = (reply: Buffer) =>
  Buffer.from(reply.toString('latin1').replace('{"predictions":', '{"dataframe_records":'), 'latin1')

// A request's list of nothing but null is no text to pandas, and an infinity is no JSON.
const jsonFrames = frames(
  fc.oneof(
    reals.filter((value) => Number.isFinite(value) && Number.isFinite(Math.fround(value))),
    missing,
  ),
  text,
)

test('JSON: written and read back', async () => {
  await fc.assert(
    fc.asyncProperty(jsonFrames, async (drawn) => {
      assertSame(readBody(asRequest(await written('json', drawn)), signatureOf(types)), drawn)
    }),
    { numRuns: 150 },
  )
})

test('JSON Lines: written and read back, in blocks', async () => {
  const signature = signatureOf(types)
  await fc.assert(
    fc.asyncProperty(jsonFrames, fc.integer({ min: 1, max: 4 }), async (drawn, batchRows) => {
      const lines = await written('jsonl', drawn)
      let row = 0
      for await (const block of readJsonLines(bytesSource(lines, 'x.jsonl'), { batchRows })) {
        const part = drawn.columns.map((column) => ({ ...column, values: column.values.slice(row, row + block.rows) }) as Column)
        assertSame(readBody(block.body, signature), { rows: block.rows, columns: part })
        row += block.rows
      }
      assert.equal(row, drawn.rows)
    }),
    { numRuns: 150 },
  )
})

// CSV has one spelling for a text that is missing, one that is empty and those pandas takes for NA; and no bytes.
const csvText = text.filter(
  (value) =>
    !/^(|#N\/A.*|#NA|-1\.#IND|-1\.#QNAN|-NaN|-nan|1\.#IND|1\.#QNAN|<NA>|N\/A|NA|NULL|NaN|None|n\/a|nan|null)$/.test(value) &&
    !value.includes('\0'),
)
const csvTypes = types.filter((type) => type !== 'binary')

test('CSV: written and read back', async () => {
  const signature = signatureOf(csvTypes)
  const plan = csvPlan(signature, 'server', 'strict')
  await fc.assert(
    fc.asyncProperty(
      frames(
        fc.oneof(reals, missing).filter((value) => !Number.isFinite(value) || Number.isFinite(Math.fround(value))),
        fc.option(csvText),
      ),
      async (drawn) => {
        const columns = drawn.columns.filter(({ name }) => name !== 'binary')
        const bytes = await written('csv', { ...drawn, columns })
        const { data } = finishCsv(readCsvBytes(bytes, 'x.csv', plan), signature, plan, 'strict')
        assert.ok(data.kind === 'frame')
        assertSame(data, { ...drawn, columns })
      },
    ),
    { numRuns: 300 },
  )
})

/** Lists, objects and maps as a signature knows them, with their type in its JSON. */
type Nested = { readonly type: object; readonly value: fc.Arbitrary<Cell> }
const scalars: readonly Nested[] = [
  { type: { type: 'long' }, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: { type: 'double' }, value: fc.double({ noDefaultInfinity: true, noNaN: true }) },
  { type: { type: 'string' }, value: text },
  { type: { type: 'boolean' }, value: fc.boolean() },
]
const nested: fc.Arbitrary<Nested> = fc.letrec<{ any: Nested }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...scalars),
    tie('any').map(({ type, value }) => ({
      type: { type: 'array', items: type },
      value: fc.array(value, { minLength: 1, maxLength: 3 }) as fc.Arbitrary<Cell>,
    })),
    fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }).chain((names) =>
      fc.tuple(...names.map(() => tie('any'))).map((items) => ({
        type: {
          type: 'object',
          properties: Object.fromEntries(names.map((name, at) => [name, { ...items[at]!.type, required: true }])),
        },
        value: fc
          .tuple(...items.map(({ value }) => value))
          .map((values): Cell => new Map(names.map((name, at) => [name, values[at]!]))),
      })),
    ),
  ),
})).any

/** Arrays of NumPy, which enforcement makes of lists, as lists; maps by their names. */
function bare(cell: Cell | undefined): unknown {
  if (cell === undefined || cell === null || typeof cell !== 'object') return cell
  if (isTensor(cell))
    return Array.from(cell.values as ArrayLike<Cell>, (value) => bare(cell.dtype === 'bool' ? value === 1 : value))
  if (Array.isArray(cell)) return cell.map(bare)
  if (isMoment(cell) || cell instanceof Uint8Array) return cell
  return Object.fromEntries([...(cell as CellMap)].map(([key, value]) => [key, bare(value)]).sort())
}

test('nested values: JSON and JSON Lines, written and read back', async () => {
  const rowsOf = nested
    .filter(({ type }) => 'items' in type || 'properties' in type)
    .chain(({ type, value }) =>
      fc.tuple(fc.constant(type), fc.array(value as fc.Arbitrary<Cell>, { minLength: 1, maxLength: 4 })),
    )
  await fc.assert(
    fc.asyncProperty(rowsOf, async ([type, values]) => {
      const inputs = parseSchema(parseJson(JSON.stringify([{ ...type, name: 'x', required: true }])).value, {})
      const drawn: Drawn = { rows: values.length, columns: [{ name: 'x', dtype: 'object', values }] }
      const bodies = [asRequest(await written('json', drawn))]
      for await (const { body } of readJsonLines(bytesSource(await written('jsonl', drawn), 'x.jsonl')))
        bodies.push(Buffer.from(body))
      for (const body of bodies) {
        const { data } = readRequest(body, 'application/json', { inputs }, { mode: 'strict' })
        assert.ok(data.kind === 'frame')
        assert.deepEqual(Array.from(data.columns[0]!.values as ArrayLike<Cell>, bare), values.map(bare))
      }
    }),
    { numRuns: 200 },
  )
})
