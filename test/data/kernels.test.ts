/** Requests and replies by the SIMD kernels and without: the same batches, to the bit, the same bodies given up, the same bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Tensor } from '../../src/batch.ts'
import { readTyped } from '../../src/data/json-typed.ts'
import { writePredictions } from '../../src/data/reply.ts'
import type { NumericDtype } from '../../src/dtype.ts'
import { loadKernels, readyKernels } from '../../src/kernels/ready.ts'
import type { Signature } from '../../src/signature.ts'

interface Case {
  readonly signature: Signature
  readonly body: Buffer
}

const number = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -1000, max: 1000, noNaN: true }).map((value) => value.toFixed(5)) },
  { weight: 3, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 3, arbitrary: fc.integer({ min: -300, max: 300 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'null',
      'NaN',
      '-Infinity',
      '1e400',
      '1e39',
      '-0',
      '-0.0',
      '9007199254740993',
      '18446744073709551615',
      '-9223372036854775808',
      '5e-324',
      '0.1234567890123456789012345',
      '01',
      '1.',
      '[1]',
      '"1"',
      'true',
      '',
    ),
  },
)
const integer = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 127 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '-0',
      '-1',
      '255',
      '300',
      '1.0',
      '1e2',
      '9223372036854775807',
      '18446744073709551615',
      '123456789012345678',
    ),
  },
)

/** The cell, or one that fits where it is none of these. */
function tamed(cell: string, kept: RegExp): string {
  return kept.test(cell) ? cell : '7'
}

const columnCase = fc
  .record({
    width: fc.integer({ min: 1, max: 6 }),
    rows: fc.integer({ min: 10, max: 60 }),
    separator: fc.constantFrom(', ', ',', ' ,\n'),
    types: fc.array(fc.constantFrom('float', 'double'), { minLength: 6, maxLength: 6 }),
    cells: fc.array(number, { minLength: 360, maxLength: 360 }),
    swap: fc.boolean(),
    tail: fc.constantFrom('', '', '', ', "index": [0, 1]', ', "x": 1', ']'),
    short: fc.nat(5).map((one) => one === 0),
    odd: fc.nat(3).map((one) => one === 0),
  })
  .map(({ width, rows, separator, types, cells, swap, tail, short, odd }): Case => {
    const names = Array.from({ length: width }, (_, at) => `c${at}`)
    const data = Array.from({ length: rows }, (_, row) => {
      const mine = cells
        .slice(row * width, (row + 1) * width)
        .map((cell) => (odd ? cell : tamed(cell, /^-?\d{1,3}(\.\d+)?$|^null$/)))
      if (short && row === rows - 2) mine.pop()
      return `[${mine.join(separator)}]`
    })
    const order = swap ? [...names].reverse() : names
    return {
      signature: {
        inputs: {
          kind: 'columns',
          columns: names.map((name, at) => ({
            kind: 'column',
            name,
            type: { kind: 'scalar', dataType: types[at]! },
            required: true,
          })),
        },
      },
      body: Buffer.from(`{"dataframe_split": {"columns": ${JSON.stringify(order)}, "data": [${data.join(separator)}]${tail}}}`),
    }
  })

const dtypes: readonly NumericDtype[] = ['float32', 'float64', 'float16', 'uint8', 'int8', 'int32', 'int64', 'uint64']

const tensorCase = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    first: fc.integer({ min: 8, max: 40 }),
    open: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    reals: fc.array(number, { minLength: 200, maxLength: 200 }),
    wholes: fc.array(integer, { minLength: 200, maxLength: 200 }),
    wrong: fc.nat(5).map((one) => one === 0),
    odd: fc.nat(3).map((one) => one === 0),
  })
  .map(({ dtype, shape, first, open, reals, wholes, wrong, odd }): Case => {
    const sizes = [first, ...shape]
    const isReal = dtype.startsWith('float')
    const cells = (isReal ? reals : wholes).map((cell) =>
      odd ? cell : tamed(cell, isReal ? /^-?\d{1,3}(\.\d+)?$/ : /^\d{1,2}$/),
    )
    let next = 0
    const nest = (depth: number): string => {
      if (depth === sizes.length) return cells[next++ % cells.length]!
      const size = sizes[depth]! + (wrong && depth > 0 && next === 7 ? 1 : 0)
      return `[${Array.from({ length: size }, () => nest(depth + 1)).join(', ')}]`
    }
    const tensor = { kind: 'tensor', dtype, numpyDtype: dtype, shape: sizes.map((size, at) => (open[at] ? -1 : size)) } as const
    return { signature: { inputs: { kind: 'tensors', tensors: [tensor] } }, body: Buffer.from(`{"inputs": ${nest(0)}}`) }
  })

/** More than one block of the kernels. */
const longBody = (cell: (at: number) => string): Case => ({
  signature: {
    inputs: { kind: 'tensors', tensors: [{ kind: 'tensor', dtype: 'float64', numpyDtype: 'float64', shape: [-1, 10] }] },
  },
  body: Buffer.from(
    `{"inputs": [${Array.from({ length: 9000 }, (_, row) => `[${Array.from({ length: 10 }, (_, at) => cell(row * 10 + at)).join(', ')}]`).join(', ')}]}`,
  ),
})

const cases: readonly Case[] = [
  ...fc.sample(columnCase, 400),
  ...fc.sample(tensorCase, 400),
  longBody((at) => String(Math.sin(at))),
  longBody((at) => (at % 1000 === 0 ? 'null' : String(at))),
  longBody((at) => (at === 89_998 ? '{}' : '1')),
]
const replies: readonly Tensor[] = fc
  .sample(
    fc.record({
      shape: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 0, maxLength: 4 }),
      values: fc.array(fc.double(), { minLength: 50, maxLength: 50 }),
      single: fc.boolean(),
    }),
    200,
  )
  .map(({ shape, values, single }) => {
    const size = shape.reduce((all, one) => all * one, 1)
    const all = Array.from({ length: size }, (_, at) => values[at % values.length]!)
    return { dtype: single ? 'float32' : 'float64', shape, values: single ? Float32Array.from(all) : Float64Array.from(all) }
  })
const large: Tensor = {
  dtype: 'float64',
  shape: [5000, 7],
  values: Float64Array.from({ length: 35_000 }, (_, at) => Math.sin(at) * 10 ** (at % 40)),
}
const wide: Tensor = { dtype: 'float32', shape: [3, 20_000], values: Float32Array.from({ length: 60_000 }, (_, at) => at / 7) }

const read = () => cases.map(({ signature, body }) => readTyped(body, signature))
const written = () =>
  [...replies, large, wide].map((tensor) => writePredictions({ kind: 'array', tensor }, { wrap: true }).toString('latin1'))

test('bodies and replies are the same with the kernels and without', async () => {
  assert.equal(readyKernels(), undefined)
  const plain = read()
  const texts = written()
  await loadKernels()
  assert.notEqual(readyKernels(), undefined)
  const accepted = plain.filter((batch) => batch !== undefined).length
  assert.ok(accepted > 100 && accepted < cases.length - 50, `${accepted}`)
  read().forEach((batch, at) => {
    assert.deepStrictEqual(batch, plain[at], cases[at]!.body.toString('latin1', 0, 2000))
  })
  assert.deepEqual(written(), texts)
})
