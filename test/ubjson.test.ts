import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MlmodelError } from '../src/errors/index.ts'
import { parseUbjson } from '../src/ubjson.ts'

/** Pieces as bytes: text is Latin-1, numbers are bytes. */
const bytes = (...pieces: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : Buffer.from([piece]))))

describe('UBJSON of the draft’s own examples', () => {
  test('scalars', () => {
    assert.equal(parseUbjson(bytes('Z')), null)
    assert.equal(parseUbjson(bytes('T')), true)
    assert.equal(parseUbjson(bytes('F')), false)
    assert.equal(parseUbjson(bytes('i', 0xff)), -1)
    assert.equal(parseUbjson(bytes('U', 0xff)), 255)
    assert.equal(parseUbjson(bytes('I', 0x7d, 0x00)), 32000)
    assert.equal(parseUbjson(bytes('l', 0x00, 0x01, 0x00, 0x00)), 65536)
    assert.equal(parseUbjson(bytes('L', 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)), 2n ** 63n - 1n)
    assert.equal(parseUbjson(bytes('d', 0x3f, 0x80, 0x00, 0x00)), 1)
    assert.equal(parseUbjson(bytes('D', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0)), 1.5)
    assert.equal(parseUbjson(bytes('C', 'a')), 'a')
    assert.equal(parseUbjson(bytes('S', 'i', 3, 'abc')), 'abc')
    assert.equal(parseUbjson(bytes('H', 'i', 5, '-1e-3')), -0.001)
  })
  test('containers, with counts and types and without; no-ops between values', () => {
    assert.deepEqual(parseUbjson(bytes('[', 'i', 1, 'N', 'T', ']')), [1, true])
    assert.deepEqual(parseUbjson(bytes('[', '#', 'i', 2, 'i', 1, 'Z')), [1, null])
    assert.deepEqual(parseUbjson(bytes('[', '$', 'U', '#', 'i', 3, 1, 2, 3)), Uint8Array.of(1, 2, 3))
    assert.deepEqual(parseUbjson(bytes('[$I#', 'i', 2, 0, 1, 0xff, 0xfe)), Int16Array.of(1, -2))
    assert.deepEqual(parseUbjson(bytes('[$S#', 'i', 2, 'i', 1, 'a', 'i', 1, 'b')), ['a', 'b'])
    assert.deepEqual(parseUbjson(bytes('{', 'i', 1, 'a', 'i', 7, '}')), new Map([['a', 7]]))
    assert.deepEqual(parseUbjson(bytes('{$U#', 'i', 1, 'i', 1, 'a', 7)), new Map([['a', 7]]))
    assert.deepEqual(parseUbjson(bytes('[[][]]')), [[], []])
    assert.deepEqual(parseUbjson(bytes('{#', 'i', 0)), new Map())
  })
})

describe('hostile UBJSON', () => {
  const refused: Readonly<Record<string, Uint8Array>> = {
    empty: bytes(),
    'cut off': bytes('{', 'i', 1, 'a'),
    'a key longer than the file': bytes('{', 'L', 0x40, 0, 0, 0, 0, 0, 0, 0, 'ab}'),
    'a negative length': bytes('S', 'i', 0xff, 'a'),
    'a count without values': bytes('[$d#', 'L', 0x10, 0, 0, 0, 0, 0, 0, 0),
    'a count of values that take no bytes': bytes('[$Z#', 'L', 0, 0, 1, 0, 0, 0, 0, 0),
    'a count of no-ops': bytes('[$N#', 'l', 0x7f, 0, 0, 0),
    'a count of truths': bytes('{$T#', 'l', 0x7f, 0, 0, 0),
    'an untyped count that lies': bytes('[#', 'l', 0x7f, 0, 0, 0, 'Z'),
    'a type without count': bytes('[$U', 'i', 1),
    'an unknown marker': bytes('{', 'i', 1, 'a', '?'),
    'a length that is a float': bytes('S', 'd', 0, 0, 0, 0),
    'a high-precision number that is none': bytes('H', 'i', 5, '1e9e9'),
    'text that is not UTF-8': bytes('S', 'i', 1, 0xff),
    'a key that stands twice': bytes('{', 'i', 1, 'a', 'Z', 'i', 1, 'a', 'Z', '}'),
    'something behind the document': bytes('Z', 'Z'),
  }
  for (const [name, document] of Object.entries(refused)) {
    test(name, () => {
      assert.throws(
        () => parseUbjson(document),
        (error) => error instanceof MlmodelError && error.code === 'UBJSON_BROKEN',
      )
    })
  }
  test('deep nesting is a limit, in few steps', () => {
    for (const opening of ['[', '[$[#i\x01'])
      assert.throws(
        () => parseUbjson(bytes(opening.repeat(100_000))),
        (error) => error instanceof MlmodelError && error.code === 'UBJSON_LIMIT',
      )
  })
  test('names mean nothing to JavaScript', () => {
    const value = parseUbjson(bytes('{', 'i', 9, '__proto__', '{', 'i', 1, 'x', 'T', '}}'))
    assert.deepEqual(value, new Map([['__proto__', new Map([['x', true]])]]))
    assert.equal('x' in {}, false)
  })
})
