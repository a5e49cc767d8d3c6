/** Large inputs with the SIMD kernels and without: the same frames, to the bit, and the same errors. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Frame } from '../../../src/batch.ts'
import type { CsvOptions, CsvPlan, CsvType } from '../../../src/data/csv/plan.ts'
import { readCsv, readCsvBytes } from '../../../src/data/csv/read.ts'
import { bytesSource } from '../../../src/data/source.ts'
import { MlmodelError } from '../../../src/errors/index.ts'
import { loadKernels } from '../../../src/kernels/ready.ts'

const types = [
  'double',
  'float',
  'long',
  'integer',
  'uint8',
  'uint64',
  'skip',
  'infer',
  'string',
  'float16',
  'boolean',
  'datetime',
] as const

async function outcome(body: Buffer, plan: CsvPlan, options: CsvOptions): Promise<unknown> {
  const frames: Frame[] = []
  try {
    for await (const frame of readCsv(bytesSource(body, 'test.csv'), plan, options)) frames.push(frame)
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return [...frames.map(bytesOf), error.code, error.message, error.where, error.problems]
  }
  return frames.map(bytesOf)
}

/** Of `readCsvBytes`, in the form of {@link outcome}. */
function outcomeOfBytes(body: Buffer, plan: CsvPlan): unknown {
  try {
    return [bytesOf(readCsvBytes(body, 'test.csv', plan))]
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return [error.code, error.message, error.where, error.problems]
  }
}

/** A frame whose arrays are compared by their bytes: NaN and -0 are told apart. */
function bytesOf(frame: Frame): unknown {
  return {
    rows: frame.rows,
    index: frame.index,
    columns: frame.columns.map(({ values, ...rest }) => ({
      ...rest,
      values: ArrayBuffer.isView(values)
        ? Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
        : values,
    })),
  }
}

/** A table that is all numbers, of at least 70 kB. */
function table(seed: number, wanted: readonly CsvType[], lineEnd: string): string {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
  const cell = (type: CsvType): string => {
    if (type === 'uint8') return String(Math.floor(next() * 256))
    if (type === 'infer') return inferred[Math.floor(next() * inferred.length)]!
    if (type === 'integer') return String(Math.floor((next() - 0.5) * 2 ** 32))
    if (type === 'long') return String(BigInt(Math.floor((next() - 0.5) * 2 ** 53)) * BigInt(1 + Math.floor(next() * 1024)))
    if (type === 'boolean') return next() < 0.5 ? 'True' : 'false'
    if (type === 'datetime') return next() < 0.1 ? '' : `2024-01-0${1 + Math.floor(next() * 9)}`
    if (type === 'string')
      return ['a', 'NA', '', '"b,c"', '"d""e"', '5 feet', 'f', '\u00e9t\u00e9', '"" x'][Math.floor(next() * 9)]!
    if (type === 'uint64') return String(Math.floor(next() * 1e6))
    const value = (next() - 0.5) * 10 ** Math.floor(next() * 5)
    return next() < 0.5 ? String(value) : value.toFixed(Math.floor(next() * 6))
  }
  // One kind of cell in most columns that are inferred, and words of each kind.
  const inferred = kinds[Math.abs(seed) % kinds.length]!
  let text = `${wanted.map((_, at) => `c${at}`).join(',')}${lineEnd}`
  while (text.length < 70_000) text += wanted.map(cell).join(',') + lineEnd
  return text
}

/** Cells of one column; a change of the text brings in others. */
const kinds: readonly (readonly string[])[] = [
  ['1', '-2', '300000000000'],
  ['0', '1', '9223372036854775807', '17'],
  ['5', '9223372036854775808', '7'],
  ['5', '', 'NA', '7'],
  ['1', '1.5', '-2e3', '0.1234567890123456'],
  ['True', 'false'],
  ['True', 'FALSE', ''],
  ['-0', '4'],
  ['1', '18446744073709551616'],
  ['a', 'b', ''],
  ['1', ' 2', '+3', '"4"'],
]

const changes = [
  '-0',
  '-nan',
  '-1',
  '9223372036854775808',
  '18446744073709551616',
  '1_0',
  'True',
  'false',
  '',
  ',',
  '\n',
  '\r',
  '"',
  ' ',
  'NA',
  '-',
  '.',
  '1e5',
  '1e-400',
  '1e999',
  'inf',
  'True',
  'x',
  '\0',
  '\u00e9',
  '"1"',
  '007',
  '\n\n',
  '"a\nb"',
  '99999999999999999999',
  '0.1234567890123456789012345678901234567890',
]

await loadKernels()

describe('blocks by the SIMD kernels', () => {
  test('the same frames and errors as the row loop', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer(),
          wanted: fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 6 }),
          lineEnd: fc.constantFrom('\n', '\n', '\r\n'),
          edits: fc.array(
            fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), text: fc.constantFrom(...changes), whole: fc.boolean() }),
            {
              maxLength: 4,
            },
          ),
          asPandas: fc.boolean(),
          blockBytes: fc.constantFrom(66_000, 70_000, 100_000, 1 << 18, 1 << 20),
          batchRows: fc.constantFrom(1, 17, 1000, 16_384),
          finalLineEnd: fc.boolean(),
        }),
        async ({ seed, wanted, lineEnd, edits, asPandas, blockBytes, batchRows, finalLineEnd }) => {
          let text = table(seed, wanted, lineEnd)
          if (!finalLineEnd) text = text.trimEnd()
          for (const { at, text: change, whole } of edits) {
            const place = Math.floor(at * text.length)
            // A whole cell, or a piece of one.
            const start = whole ? text.lastIndexOf(',', place) + 1 : place
            const end = whole ? text.slice(start).search(/[,\r\n]|$/) + start : place
            text = text.slice(0, start) + change + text.slice(end)
          }
          const plan: CsvPlan = {
            typeOf: (name) => wanted[Number(name.slice(1))],
            datetime: (value) => (/^2024-01-0\d$/.test(value) ? BigInt(value.slice(-1)) * 86_400_000_000_000n : undefined),
            ...(asPandas ? { overflow: 'infinity', nul: 'keep', implicitIndex: 'index' } : {}),
          }
          const options = { blockBytes, batchRows }
          const body = Buffer.from(text)
          const wantedOutcome = await outcome(body, plan, { ...options, kernels: false })
          assert.deepEqual(await outcome(body, plan, options), wantedOutcome)
          assert.deepEqual(outcomeOfBytes(body, plan), await outcome(body, plan, { kernels: false, batchRows: Infinity }))
        },
      ),
      { numRuns: 60, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    )
  })

  test('missing cells, exponents and many digits do not leave the kernels', async () => {
    const line = '1.5,,NA,1e-3\n-0,nan,0.1234567890123456789012345678901234567890,1E5\n'
    const body = Buffer.from(`a,b,c,d\n${line.repeat(3000)}`)
    const plan: CsvPlan = { typeOf: () => 'double' }
    assert.deepEqual(await outcome(body, plan, {}), await outcome(body, plan, { kernels: false }))
  })

  test('a cell that is no number has no value of its own', async () => {
    const lines = Array.from(
      { length: 8000 },
      (_, row) => `-67990447047311${1000 + row},${row === 5000 || row === 5002 ? 'x' : row / 8}\n`,
    )
    const body = Buffer.from(`a,b\n${lines.join('')}`)
    const plan: CsvPlan = { typeOf: (name) => (name === 'a' ? 'long' : 'float16') }
    await assert.rejects(
      async () => {
        for await (const frame of readCsv(bytesSource(body, 'test.csv'), plan)) assert.ok(frame.rows > 0)
      },
      (error: MlmodelError) => {
        assert.deepEqual(
          error.problems.map(({ code, where }) => ({ code, where })),
          [5000, 5002].map((row) => ({
            code: 'CSV_VALUE',
            where: { file: 'test.csv', line: row + 2, row: row + 1, column: 'b' },
          })),
        )
        return true
      },
    )
  })

  test('rows of an error are counted through blocks', async () => {
    const body = Buffer.from(`a,b\n${'1,2\n'.repeat(40_000)}1,x\n`)
    await assert.rejects(
      async () => {
        for await (const frame of readCsv(bytesSource(body, 'test.csv'), { typeOf: () => 'double' })) assert.ok(frame.rows > 0)
      },
      (error: MlmodelError) => {
        assert.deepEqual(
          error.problems.map(({ code, where }) => ({ code, where })),
          [{ code: 'CSV_VALUE', where: { file: 'test.csv', line: 40_002, row: 40_001, column: 'b' } }],
        )
        return true
      },
    )
  })
})
