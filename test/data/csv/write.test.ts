import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Cell, Column, NumericColumn } from '../../../src/batch.ts'
import { readCsvBytes } from '../../../src/data/csv/read.ts'
import { openCsvWriter } from '../../../src/data/csv/write.ts'
import { arrayOfDtype, type NumericArray, type NumericDtype } from '../../../src/dtype.ts'
import { folder } from './pandas.ts'

interface Fixture {
  readonly numbers: readonly { dtype: NumericDtype; bytes: string; text: string }[]
  readonly texts: readonly { columns: Record<string, (string | boolean | null)[]>; text: string }[]
  readonly cells: { values: unknown[]; text: string }
}

const fixture = JSON.parse(readFileSync(join(folder, 'writing.json'), 'utf8')) as Fixture

function write(columns: readonly Column[], rows = columns[0]?.values.length ?? 0): string {
  return openCsvWriter().write({ kind: 'frame', rows, columns }).toString()
}

function numeric(dtype: NumericDtype, bytes: Uint8Array): NumericColumn {
  return { name: 'x', dtype, values: new arrayOfDtype[dtype](Uint8Array.from(bytes).buffer) as NumericArray }
}

/** A cell from make.py's form. */
function cellOf(plain: unknown): Cell {
  if (Array.isArray(plain)) return plain.map(cellOf)
  if (plain === null || typeof plain !== 'object') return plain as Cell
  if ('bytes' in plain) return Buffer.from(plain.bytes as string, 'hex')
  if ('i' in plain) return BigInt(plain.i as string)
  if ('f' in plain) return plain.f === 'nan' ? Number.NaN : Buffer.from(plain.f as string, 'hex').readDoubleBE()
  return new Map((plain as { map: [string, unknown][] }).map.map(([key, value]) => [key, cellOf(value)]))
}

describe('CSV as pandas prints it', () => {
  for (const { dtype, bytes, text } of fixture.numbers) {
    test(`${dtype}, ${text.split('\n').length - 2} values`, () => {
      assert.deepEqual(write([numeric(dtype, Buffer.from(bytes, 'hex'))]).split('\n'), text.split('\n'))
    })
  }

  test('texts, quotes, names and empty cells', () => {
    for (const { columns, text } of fixture.texts) {
      const ours = Object.entries(columns).map(
        ([name, values]): Column =>
          typeof values[0] === 'boolean'
            ? { name, dtype: 'bool', values: Uint8Array.from(values as boolean[], Number) }
            : { name, dtype: 'string', values: values as (string | null)[], pandas: 'str' },
      )
      assert.equal(write(ours), text)
    }
  })

  test('objects', () => {
    const { values, text } = fixture.cells
    assert.equal(write([{ name: 'x', dtype: 'object', values: values.map(cellOf) }]), text)
  })

  test('a lone carriage return is quoted, which Python before 3.13 forgets', () => {
    assert.equal(write([{ name: 'x', dtype: 'string', values: ['a\rb'], pandas: 'str' }]), 'x\n"a\rb"\n')
  })

  test('the header comes once, and a missing number is an empty cell', () => {
    const writer = openCsvWriter()
    const frame = (values: number[], validity: number) =>
      ({
        kind: 'frame',
        rows: values.length,
        columns: [
          { name: 'x', dtype: 'int32', values: Int32Array.from(values), validity: Uint8Array.of(validity) },
          { name: 1, dtype: 'float32', values: Float32Array.from(values) },
        ],
      }) as const
    assert.equal(writer.write(frame([1, 2], 0b01)).toString(), 'x,1\n1,1.0\n,2.0\n')
    assert.equal(writer.write(frame([3], 0b1)).toString(), '3,3.0\n')
    assert.equal(writer.end().toString(), '')
  })
})

describe('what is written is read back', () => {
  const back = (column: Column, type: 'float32' | 'float64' | 'long' | 'string') => {
    const text = openCsvWriter().write({ kind: 'frame', rows: column.values.length, columns: [column] })
    return readCsvBytes(text, 'test.csv', { typeOf: () => type }).columns[0]!.values
  }
  const options = { numRuns: 500, interruptAfterTimeLimit: 20_000 }

  test('doubles', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (values) => {
        assert.deepEqual(
          back({ name: 'x', dtype: 'float64', values: Float64Array.from(values) }, 'float64'),
          Float64Array.from(values),
        )
      }),
      options,
    )
  })

  test('singles', () => {
    fc.assert(
      fc.property(fc.array(fc.float()), (values) => {
        assert.deepEqual(
          back({ name: 'x', dtype: 'float32', values: Float32Array.from(values) }, 'float32'),
          Float32Array.from(values),
        )
      }),
      options,
    )
  })

  test('integers', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (values) => {
        assert.deepEqual(
          back({ name: 'x', dtype: 'int64', values: BigInt64Array.from(values) }, 'long'),
          BigInt64Array.from(values),
        )
      }),
      options,
    )
  })

  test('texts', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é', '😀'), minLength: 1 })
    fc.assert(
      fc.property(fc.array(text), (values) => {
        // A line of blanks only is no row.
        const seen = values.filter((value) => !/^[ ]+$/.test(value))
        assert.deepEqual(back({ name: 'x', dtype: 'string', values: seen, pandas: 'str' }, 'string'), seen)
      }),
      options,
    )
  })
})
