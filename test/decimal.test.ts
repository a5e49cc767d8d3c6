import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { integerResult, realResult, scanInteger, scanReal } from '../src/decimal.ts'

/** The double that `text` says; undefined where it is no number from its first to its last byte. */
function real(text: string): number | undefined {
  const bytes = Buffer.from(`${text},`)
  return scanReal(bytes, 0) === text.length ? realResult[0] : undefined
}

describe('decimal text to doubles', () => {
  test('every fixture, to the bit, as Python', () => {
    const view = new DataView(new ArrayBuffer(8))
    for (const line of readFileSync(join(process.cwd(), 'test/fixtures/csv/decimals.txt'), 'utf8').trimEnd().split('\n')) {
      const [text, bits] = line.split(' ') as [string, string]
      view.setFloat64(0, real(text) ?? Number.NaN)
      assert.equal(view.getBigUint64(0).toString(16).padStart(16, '0'), bits, text)
    }
  })

  test('any double printed in any way', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 40 }), (value, digits) => {
        for (const text of [
          String(value),
          value.toExponential(digits),
          ...(Math.abs(value) < 1e21 ? [value.toFixed(digits)] : []),
        ]) {
          assert.ok(Object.is(real(text), Number(text)), text)
        }
      }),
      { numRuns: 3000, interruptAfterTimeLimit: 20_000 },
    )
  })

  test('any digits, dots and exponents', () => {
    const shape = /^[+-]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,4})?$/
    fc.assert(
      fc.property(fc.stringMatching(shape), (text) => {
        assert.ok(Object.is(real(text), Number(text)), text)
      }),
      { numRuns: 3000, interruptAfterTimeLimit: 20_000 },
    )
  })

  test('what is no number', () => {
    for (const text of [
      '',
      '-',
      '+',
      '.',
      '-.',
      '1e',
      '1e+',
      'e5',
      '.e5',
      '--1',
      '+-1',
      '1.5.5',
      '1_0',
      '0x10',
      ' 1',
      '1 ',
      'inf',
      'nan',
    ]) {
      assert.equal(real(text), undefined, text)
    }
  })
})

test('integers of 64 bits and what is beyond', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }),
      fc.integer({ min: 0, max: 70 }),
      fc.constantFrom('', '000'),
      (wide, shift, zeros) => {
        const value = wide >> BigInt(shift)
        const text = value < 0n ? `-${zeros}${-value}` : `${zeros}${value}`
        const range = scanInteger(Buffer.from(text), 0, text.length)
        const expected =
          value >= -(2n ** 63n) && value < 2n ** 63n ? 'int64' : value >= 0n && value < 2n ** 64n ? 'uint64' : 'beyond'
        assert.equal(range, expected, text)
        if (range === 'beyond') return
        const words = (BigInt(integerResult[1]!) << 32n) | BigInt(integerResult[0]! >>> 0)
        assert.equal(BigInt.asUintN(64, words), BigInt.asUintN(64, value), text)
      },
    ),
    { numRuns: 3000, interruptAfterTimeLimit: 20_000 },
  )
  for (const text of ['', '-', '+', '1.0', '1e5', ' 1', '1_0'])
    assert.equal(scanInteger(Buffer.from(text), 0, text.length), 'none', text)
})
