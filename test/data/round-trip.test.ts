/** What is written is what is read back: columns and nested values through the table formats, arrays of every type through NPY and NPZ. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cell, type CellMap, type Column, type Frame, isTensor, isValid, type Tensor } from '../../src/batch.ts'
import { readArrowBytes } from '../../src/data/arrow/read.ts'
import { readNpy, writeNpy } from '../../src/data/npy.ts'
import { readNpz, writeNpz } from '../../src/data/npz.ts'
import { readParquet } from '../../src/data/parquet/read.ts'
import { openPredictionWriter } from '../../src/data/predictions.ts'
import { arrayOfDtype, type NumericDtype } from '../../src/dtype.ts'

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
  const validity = Uint8Array.from({ length: Math.ceil(missing.length / 8) }, (_, byte) =>
    missing.slice(byte * 8, byte * 8 + 8).reduce((bits, isMissing, bit) => bits | (isMissing ? 0 : 1 << bit), 0),
  )
  const holes = (name: string, dtype: NumericDtype): Column =>
    ({ name, dtype, values: new arrayOfDtype[dtype](integers.map((value) => held(value, dtype)) as never), validity }) as Column
  return [
    ...(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'bool'] as const).map((dtype) =>
      holes(`${dtype} or none`, dtype),
    ),
    // What has no fraction of a microsecond: a Parquet file's time before nanoseconds could be written.
    { name: 'time', dtype: 'datetime64', values: BigInt64Array.from(integers) },
    { name: 'half', dtype: 'float16', values: Uint16Array.from(integers, (value) => Number(value & 0x7bffn)) },
    { name: 'double', dtype: 'float64', values: Float64Array.from(reals) },
    { name: 'float', dtype: 'float32', values: Float32Array.from(reals) },
    { name: 'long', dtype: 'int64', values: BigInt64Array.from(integers) },
    { name: 'unsigned', dtype: 'uint64', values: BigUint64Array.from(integers, (value) => BigInt.asUintN(64, value)) },
    { name: 'flag', dtype: 'bool', values: Uint8Array.from(integers, (value) => Number(value & 1n)) },
    { name: 'téxt', dtype: 'string', values: unless(texts), pandas: 'str' },
    { name: 'bytes', dtype: 'bytes', values: unless(texts.map((text) => new Uint8Array(Buffer.from(text)))) },
  ]
}

function held(value: bigint, dtype: NumericDtype): number | bigint {
  if (dtype === 'bool') return Number(value & 1n)
  const bits = Number(dtype.replace(/\D/g, ''))
  const part = dtype.startsWith('u') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)
  return bits === 64 ? part : Number(part)
}

/**
 * Values by which two columns can be told apart: numbers by their sign of zero too. Of integers and booleans of which one is
 * missing pandas makes floats and objects, and so does the reader.
 */
function plain(column: Column): unknown[] {
  const validity = 'validity' in column ? column.validity : undefined
  const values = Array.from(column.values as ArrayLike<unknown>)
  if (validity === undefined || values.every((_, row) => isValid(validity, row)))
    return values.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))
  if (column.dtype === 'bool') return values.map((value, row) => (isValid(validity, row) ? value === 1 : null))
  return values.map((value, row) => (isValid(validity, row) ? Number(value) : Number.NaN))
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

interface Nested {
  readonly value: fc.Arbitrary<Cell>
}

/** Values that all have one type, as a column of Parquet or Arrow must; `orNot` makes some of them missing. */
const nestedOf = (orNot: (value: fc.Arbitrary<Cell>) => fc.Arbitrary<Cell>) =>
  fc.letrec<{ any: Nested }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<Nested>(
        { value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
        { value: fc.double() },
        { value: fc.boolean() },
        { value: fc.string({ unit: 'grapheme' }) },
        { value: fc.uint8Array({ maxLength: 4 }) },
      ),
      tie('any').map(({ value }): Nested => ({ value: fc.array(orNot(value), { maxLength: 3 }) as fc.Arbitrary<Cell> })),
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }).chain((names) =>
        fc.tuple(...names.map(() => tie('any'))).map(
          (items): Nested => ({
            value: fc
              .tuple(...items.map(({ value }) => orNot(value)))
              .map((values): Cell => new Map(names.map((name, at) => [name, values[at]!]))),
          }),
        ),
      ),
    ),
  })).any

/** Arrays and lists alike as lists, maps by their names, bytes as text. */
function bare(cell: Cell | undefined): unknown {
  if (cell === undefined || cell === null || typeof cell !== 'object') return cell
  if (cell instanceof Uint8Array) return { bytes: Buffer.from(cell).toString('hex') }
  if (isTensor(cell))
    return Array.from(cell.values as ArrayLike<Cell>, (value) => bare(cell.dtype === 'bool' ? value === 1 : value))
  if (Array.isArray(cell)) return cell.map(bare)
  return Object.fromEntries([...(cell as CellMap)].map(([key, value]) => [key, bare(value)]))
}

/** With missing values in them lists of integers are, as in pandas, lists of floats, and NaN is a missing float. */
function rounded(value: unknown): unknown {
  if (Number.isNaN(value)) return null
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(rounded)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item)]))
}

for (const form of forms) {
  for (const [name, orNot, same] of [
    ['whole', (value: fc.Arbitrary<Cell>) => value, (value: unknown) => value],
    ['some of them missing', (value: fc.Arbitrary<Cell>) => fc.option(value) as fc.Arbitrary<Cell>, rounded],
  ] as const) {
    test(`${form}: nested values, ${name}, written and read back`, async () => {
      const columns = nestedOf(orNot).chain(({ value }) =>
        fc.array(orNot(fc.array(orNot(value), { maxLength: 3 }) as fc.Arbitrary<Cell>), { minLength: 1, maxLength: 5 }),
      )
      await fc.assert(
        fc.asyncProperty(columns, async (values) => {
          const writer = await openPredictionWriter(form, { wrap: true })
          const frame: Frame = { kind: 'frame', rows: values.length, columns: [{ name: 'x', dtype: 'object', values }] }
          const bytes = Buffer.concat([writer.write(frame) ?? Buffer.alloc(0), writer.end()])
          const back = form === 'parquet' ? readParquet(bytes, {}) : readArrowBytes(bytes, {})
          const found = Array.from(back.columns[0]!.values as ArrayLike<Cell>, bare)
          assert.deepEqual(found.map(same), values.map(bare).map(same))
        }),
        { numRuns: 300 },
      )
    })
  }
}

const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })
const tensors: fc.Arbitrary<Tensor> = shapes.chain((shape) => {
  const count = shape.reduce((product, size) => product * size, 1)
  const bytesOf = (size: number) => fc.uint8Array({ minLength: count * size, maxLength: count * size })
  const numeric = (Object.keys(arrayOfDtype) as (keyof typeof arrayOfDtype)[]).map((dtype) => {
    const Values = arrayOfDtype[dtype]
    // Any bits: NaN with a payload, signed zeros, the smallest and largest numbers.
    return bytesOf(Values.BYTES_PER_ELEMENT).map((bytes) => {
      const given = dtype === 'bool' ? bytes.map((byte) => byte & 1) : bytes
      return { dtype, shape, values: new Values(new Uint8Array(given).buffer) } as Tensor
    })
  })
  const complex = [
    bytesOf(8).map((bytes) => ({ dtype: 'complex64', shape, values: new Float32Array(new Uint8Array(bytes).buffer) }) as Tensor),
    bytesOf(16).map(
      (bytes) => ({ dtype: 'complex128', shape, values: new Float64Array(new Uint8Array(bytes).buffer) }) as Tensor,
    ),
  ]
  const size = { minLength: count, maxLength: count }
  // NumPy pads both with NUL, and cannot tell it from a NUL at the end.
  const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.endsWith('\0'))
  const bytes = fc.uint8Array({ maxLength: 5 }).filter((value) => value.at(-1) !== 0)
  return fc.oneof(
    ...numeric,
    ...complex,
    fc.array(text, size).map((values) => ({ dtype: 'string', shape, values }) as Tensor),
    fc.array(bytes, size).map((values) => ({ dtype: 'bytes', shape, values }) as Tensor),
  )
})

/** To the bit. */
function bits({ dtype, shape, values }: Tensor): unknown {
  if (Array.isArray(values))
    return {
      dtype,
      shape,
      values: values.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)),
    }
  const { buffer, byteOffset, byteLength } = values as Uint8Array
  return { dtype, shape, bits: Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('hex') }
}

test('NPY: arrays of every type and shape, to the bit', () => {
  fc.assert(
    fc.property(tensors, (tensor) => assert.deepEqual(bits(readNpy(writeNpy(tensor))), bits(tensor))),
    { numRuns: 500 },
  )
})

test('NPZ: arrays by any name, in order, to the bit', () => {
  const arrays = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), tensors), {
    selector: ([name]) => name,
    maxLength: 4,
  })
  fc.assert(
    fc.property(arrays, (drawn) => {
      // A name that would climb out of a folder is refused when it is read, and so may not be drawn.
      fc.pre(drawn.every(([name]) => !name.split(/[\\/]/).includes('..') && !name.includes('\0')))
      const named = new Map(drawn)
      const back = readNpz(writeNpz(named))
      assert.deepEqual([...back.keys()], [...named.keys()])
      for (const [name, tensor] of named) assert.deepEqual(bits(back.get(name)!), bits(tensor))
    }),
    { numRuns: 200 },
  )
})
