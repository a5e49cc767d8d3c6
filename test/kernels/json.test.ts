import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatPythonFloat } from '../../src/json/python-number.ts'
import { openJsonKernel } from '../../src/kernels/json.ts'
import { listDone, listMore, listValue, listWrong, printedAtOnce } from '../../src/kernels/json-terms.ts'

const kernel = openJsonKernel()!
const bits = new DataView(new ArrayBuffer(8))

/** Doubles of every kind of bits. */
const anyBits = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)).map(([high, low]) => {
  bits.setUint32(0, high)
  bits.setUint32(4, low)
  return bits.getFloat64(0)
})
const short = fc
  .tuple(fc.maxSafeInteger(), fc.integer({ min: -330, max: 300 }))
  .map(([digits, power]) => Number(`${digits % 100_000}e${power}`))
const double = fc.oneof(
  anyBits,
  short,
  fc.double(),
  fc.float(),
  fc.integer(),
  fc.constantFrom(
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    5e-324,
    2 ** -1022,
    1.7976931348623157e308,
  ),
)

function print(numbers: Float64Array | Float32Array, width = 0): string {
  return Buffer.from(kernel.print(numbers, width)).toString('latin1')
}

describe('printing', () => {
  test('doubles are printed as the plain writer prints them', () => {
    fc.assert(
      fc.property(fc.array(double, { minLength: 1, maxLength: 100 }), (numbers) => {
        assert.equal(print(Float64Array.from(numbers)), numbers.map(formatPythonFloat).join(', '))
        const singles = Float32Array.from(numbers)
        assert.equal(print(singles), Array.from(singles, formatPythonFloat).join(', '))
      }),
      { numRuns: 500, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    )
  })

  test("and as Python's json.dumps", () => {
    const lines = readFileSync(join(process.cwd(), 'test/fixtures/json/floats.txt'), 'utf8').trimEnd().split('\n')
    const pairs = lines.map((line) => line.split(' ') as [string, string])
    for (let from = 0; from < pairs.length; from += printedAtOnce) {
      const some = pairs.slice(from, from + printedAtOnce)
      const numbers = Float64Array.from(some, ([hex]) => Buffer.from(hex, 'hex').readDoubleBE(0))
      assert.equal(print(numbers), some.map(([, text]) => text).join(', '))
    }
  })

  test('every exponent, at its ends and in between', () => {
    const numbers: number[] = []
    for (let exponent = 0; exponent < 2047; exponent++) {
      for (const [high, low] of [
        [0, 0],
        [0, 1],
        [0xfffff, 0xffffffff],
        [0x9249, exponent],
      ] as const) {
        bits.setUint32(0, exponent * 0x100000 + high)
        bits.setUint32(4, low)
        numbers.push(bits.getFloat64(0))
      }
    }
    assert.equal(print(Float64Array.from(numbers)), numbers.map(formatPythonFloat).join(', '))
  })

  test('rows', () => {
    assert.equal(print(Float64Array.of(1, 2, 3, 4), 2), '1.0, 2.0], [3.0, 4.0')
    assert.equal(print(Float32Array.of(1, 2, 3), 1), '1.0], [2.0], [3.0')
    const longest = new Float64Array(printedAtOnce).fill(-1.2345678901234567e-308)
    assert.equal(print(longest, 1), Array.from(longest, formatPythonFloat).join('], ['))
  })
})

/** Reads one piece; what is left for the caller is read by `Number`. */
function read(text: string, shape: number[], open = 0): { status: number; values: number[]; left: string[]; position: number } {
  const piece = Buffer.from(text)
  const left: string[] = []
  kernel.begin(shape, open)
  kernel.take(piece)
  let status = kernel.read(shape, false)
  while (status === listValue) {
    const at = kernel.position()
    const token = /^[^\s,\]]*/.exec(text.slice(at))![0]
    left.push(token)
    if (token === '') break
    kernel.put(token === 'null' ? Number.NaN : Number(token), at + token.length)
    status = kernel.read(shape, false)
  }
  return { status, values: [...kernel.values.subarray(0, kernel.count())], left, position: kernel.position() }
}

describe('reading lists', () => {
  const blank = fc.constantFrom('', '', ' ', '\n', ' \t\r ')
  const token = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.tuple(fc.maxSafeInteger(), fc.nat(20)).map(([digits, power]) => String(Number(`${digits}e-${power}`))),
    fc.integer().map(String),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,24})?([eE][+-]?\d{1,3})?$/),
    fc.constantFrom('-0', '-0.0', '0e0', '-0e5', '0.0000000000000000000000000000', '1e-31', '1e22', '1e23', '9007199254740993.0'),
  )

  test('numbers are those of Number, or left to the caller', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(token, blank, blank), { minLength: 1, maxLength: 60 }), (items) => {
        const text = `[${items.map(([number, before, behind]) => before + number + behind).join(',')}]`
        const { status, values, position } = read(text, [0])
        assert.equal(status, listDone)
        assert.equal(position, text.length)
        const wanted = items.map(([number]) => (/^-0+$/.test(number) ? 0 : Number(number)))
        assert.deepEqual(values, wanted)
      }),
      { numRuns: 500, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    )
  })

  test('ordinary numbers are not left to the caller', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 1, max: 20 })), { minLength: 1 }), (pairs) => {
        const texts = pairs.map(([digits, power]) => String(Number(`${digits}e-${power}`)))
        assert.deepEqual(read(`[${texts.join(', ')}]`, [0]).left, [])
      }),
    )
  })

  test('half way between two doubles', () => {
    const texts: string[] = []
    for (let power = 53; power <= 62; power++) {
      for (const odd of [1n, 3n, 123_457n]) {
        const half = 2n ** BigInt(power) + odd * 2n ** BigInt(power - 53)
        for (const near of [half - 1n, half, half + 1n]) {
          const digits = String(near)
          for (let dot = 1; dot <= 8; dot++)
            texts.push(`-${digits.slice(0, -dot)}.${digits.slice(-dot)}`, `${digits.slice(0, -dot)}.${digits.slice(-dot)}e-3`)
        }
      }
    }
    assert.deepEqual(read(`[${texts.join(',')}]`, [0]).values, texts.map(Number))
  })

  test('shapes', () => {
    assert.equal(read('[[1,2],[3,4],[5,6]]', [0, 2]).status, listDone)
    assert.equal(kernel.size(0), 3)
    assert.equal(read('[1,2],[3,4]]', [0, 0], 1).status, listDone)
    assert.deepEqual([kernel.size(0), kernel.size(1)], [2, 2])
    assert.equal(read('[[[1],[2]],[[3],[4]]]', [0, 0, 0]).status, listDone)
    for (const text of [
      '[[1,2],[3]]',
      '[[1],[2,3]]',
      '[[1,2],3]',
      '[1]',
      '{}',
      '[[1 2]]',
      '[[1,2]',
      '[[1,2]}',
      '[]',
      '[[1,2],]x',
      '"',
    ])
      assert.equal(read(text, [0, 0]).status, listWrong, text)
    // The caller finds what is wrong with a value.
    for (const text of [
      '[[]]',
      '[[1,]]',
      '[[01]]',
      '[[.5]]',
      '[["a"]]',
      '[[-]]',
      '[[1.]]',
      '[[1e]]',
      '[[[1]]]',
      '[[+1]]',
      '[[-.5]]',
    ])
      assert.ok(read(text, [0, 0]).left.length > 0, text)
  })

  test('a piece ends behind a comma', () => {
    for (const text of ['[[1,', '[[1, 2], ', '[[1],']) assert.equal(read(text, [0, 0]).status, listMore, text)
  })
})
