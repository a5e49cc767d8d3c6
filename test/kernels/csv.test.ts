import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { integerResult, realResult, scanInteger, scanReal } from '../../src/decimal.ts'
import { openCsvKernel } from '../../src/kernels/csv.ts'

const kernel = openCsvKernel()!

/** Each text as the only field of a line, or the first or last of three. */
function block(texts: readonly string[], shape: (text: string) => string): Buffer {
  return Buffer.from(texts.map(shape).join(''))
}

const shapes = [
  { columns: 1, column: 0, shape: (text: string) => `${text}\n` },
  { columns: 3, column: 0, shape: (text: string) => `${text},,x\n` },
  { columns: 3, column: 2, shape: (text: string) => `9,1.5,${text}\r\n` },
]

const bits = new BigInt64Array(kernel.values.buffer, kernel.values.byteOffset, kernel.values.length)

/** Checks that each text is read as scanReal reads it, or is rejected; gives how many were read. */
function compareReals(texts: readonly string[]): number {
  let read = 0
  for (const { columns, column, shape } of shapes) {
    const rows = kernel.take(block(texts, shape), columns)
    assert.equal(rows, texts.length)
    const count = kernel.readReals(column, rows)
    const rejected = new Set(kernel.rejects.subarray(0, count))
    texts.forEach((text, row) => {
      if (rejected.has(row)) return
      read++
      assert.equal(scanReal(Buffer.from(`${text}\n`), 0), text.length, text)
      const expected = new BigInt64Array(realResult.buffer)[0]!
      assert.equal(bits[row], expected, `${text}: ${kernel.values[row]} for ${realResult[0]}`)
      assert.ok(Object.is(realResult[0], Number(text)), text)
    })
  }
  return read
}

const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{0,${most}}$`))

/** Texts of every length, most of them numbers. */
const decimal = fc
  .tuple(fc.constantFrom('', '-', '-', '+', '--', ' '), digits(20), fc.constantFrom('', '.', '.', '..', 'e'), digits(20))
  .map((parts) => parts.join(''))

describe('the CSV kernels', () => {
  test('reals are those of scanReal and of Number, or rejected', () => {
    fc.assert(
      fc.property(fc.array(decimal, { minLength: 1, maxLength: 60 }), (texts) => {
        compareReals(texts)
      }),
      { numRuns: 300, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    )
  })

  test('shortest forms of doubles are read, none rejected', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.maxSafeInteger(), fc.nat(20)), { minLength: 1, maxLength: 60 }), (pairs) => {
        const texts = pairs.map(([whole, power]) => String(Number(`${whole}e-${power}`))).filter((text) => !text.includes('e'))
        if (texts.length > 0) assert.equal(compareReals(texts), texts.length * shapes.length)
      }),
      { numRuns: 200, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    )
  })

  test('half way between two doubles, and beside it', () => {
    const texts: string[] = []
    for (let power = 53; power <= 62; power++) {
      for (const odd of [1n, 3n, 5n, 123_457n]) {
        // Between a double and the next.
        const half = 2n ** BigInt(power) + odd * 2n ** BigInt(power - 53)
        for (const near of [half - 1n, half, half + 1n]) {
          const text = String(near)
          texts.push(text, `-${text}`)
          for (let dot = 1; dot <= 8; dot++) texts.push(`${text.slice(0, -dot)}.${text.slice(-dot)}`, `${text}.0`.slice(0, 20))
        }
      }
    }
    assert.ok(compareReals(texts) > texts.length)
    // Exact in few decimals, with a bit more than fits: ties at small negative powers of ten.
    const ties = Array.from(
      { length: 400 },
      (_, at) => `${(2n ** 52n + BigInt(at) * 3n + 1n) / 4n}.${['125', '375', '625', '875'][at % 4]}`,
    )
    assert.equal(compareReals(ties), ties.length * shapes.length)
  })

  test('integers are those of scanInteger, or rejected', () => {
    const integer = fc.oneof(
      fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
      fc.integer().map(String),
      fc.tuple(fc.constantFrom('', '-', '+', '0000', ' '), digits(24)).map((parts) => parts.join('')),
    )
    const bounds: readonly (readonly [number, number])[] = [
      [-(2 ** 63), 2 ** 63 - 1024],
      [0, 2 ** 64 - 2048],
      [-128, 127],
      [-(2 ** 31), 2 ** 31 - 1],
    ]
    fc.assert(
      fc.property(fc.array(integer, { minLength: 1, maxLength: 60 }), fc.constantFrom(...bounds), (texts, [minimum, maximum]) => {
        for (const { columns, column, shape } of shapes) {
          const rows = kernel.take(block(texts, shape), columns)
          const count = kernel.readIntegers(column, rows, minimum, maximum)
          const rejected = new Set(kernel.rejects.subarray(0, count))
          texts.forEach((text, row) => {
            const range = scanInteger(Buffer.from(`${text}\n`), 0, text.length)
            const value = range === 'int64' ? new BigInt64Array(integerResult.buffer)[0]! : undefined
            if (!rejected.has(row)) {
              assert.equal(bits[row], value, text)
              assert.ok(value !== undefined && Number(value) >= minimum && Number(value) <= maximum, text)
              return
            }
            assert.equal(bits[row], 0n)
            // The sign of -0 would be lost.
            if (/^-?\d{1,18}$/.test(text) && !/^-0+$/.test(text))
              assert.ok(Number(value) < minimum || Number(value) > maximum, text)
          })
        }
      }),
      { numRuns: 300, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    )
  })

  test('booleans are the two words in any case', () => {
    const texts = [
      'true',
      'True',
      'TRUE',
      'tRuE',
      'false',
      'False',
      'FALSE',
      '',
      'tru',
      'truex',
      'falsey',
      'fals',
      '1',
      '"true"',
      ' true',
    ]
    for (const { columns, column, shape } of shapes) {
      kernel.take(block(texts, shape), columns)
      const rejected = [...kernel.rejects.subarray(0, kernel.readBooleans(column, texts.length))]
      assert.deepEqual(rejected, [7, 8, 9, 10, 11, 12, 13, 14])
      assert.deepEqual([...bits.subarray(0, texts.length)].map(Number), [1, 1, 1, 1, ...Array.from({ length: 11 }, () => 0)])
    }
  })

  test('only regular blocks are taken', () => {
    const taken = (text: string, columns: number) => kernel.take(Buffer.from(text), columns)
    assert.equal(taken('1,2\n3,4\n', 2), 2)
    assert.equal(taken('1,2\r\n3,4\r\n', 2), 2)
    for (const text of [
      '1,2\n\n3,4\n',
      '1\n2,3,4\n',
      '1,2\r\n3,4\n',
      '1,2\n3,4\r\n',
      '1,2"3"\n',
      '1,"2\n3"\n',
      '1,"2\n',
      '1\r,2\n',
      '1,2\r3,4\n',
      '1,2,3\n',
      '1\n',
    ]) {
      assert.equal(taken(text, 2), 0, JSON.stringify(text))
    }
    // Around the steps of 64 bytes.
    for (let length = 1; length < 200; length++) {
      const line = `${'1'.repeat(length)},2\n`
      assert.equal(taken(line.repeat(5), 2), 5)
      assert.equal(kernel.start(1, 4), line.length * 5 - 2)
      assert.equal(kernel.end(0, 4), line.length * 5 - 3)
      assert.equal(taken(`${'"'.padStart(length, 'x')},2\n`, 2), 0)
      const quoted = `"${',""'.repeat(length)},",2\n`
      assert.equal(taken(quoted.repeat(3), 2), 3)
      assert.equal(kernel.start(1, 2), quoted.length * 3 - 2)
    }
    // The largest block.
    assert.equal(taken(',\n'.repeat(kernel.blockBytes / 2), 2), kernel.blockBytes / 2)
  })
})
