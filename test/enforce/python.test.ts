/** Python's and NumPy's reading of single values; expected values from CPython 3.11 and NumPy 2.4. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64 } from '../../src/enforce/base64.ts'
import { makeArray } from '../../src/enforce/numpy.ts'
import { parseNumpyDatetime } from '../../src/enforce/numpy-datetime.ts'
import { inferSeries } from '../../src/enforce/pandas-infer.ts'
import { floatOfText, integerOfText, representationOf } from '../../src/enforce/python.ts'
import { raising } from '../../src/enforce/sink.ts'

test('int() of a text', () => {
  const cases: readonly (readonly [string, bigint | undefined])[] = [
    [' 7 ', 7n],
    ['1_000', 1000n],
    ['-00012', -12n],
    ['٣', 3n],
    ['\u00a05', 5n],
    ['1__0', undefined],
    ['1_', undefined],
    ['1.0', undefined],
    ['0x10', undefined],
    ['', undefined],
  ]
  for (const [text, value] of cases) assert.equal(integerOfText(text), value, JSON.stringify(text))
})

test('float() of a text', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    [' 1.5 ', 1.5],
    ['1_0', 10],
    ['.5', 0.5],
    ['5.', 5],
    ['1e5_0', 1e50],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-inf', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['1e400', Number.POSITIVE_INFINITY],
    ['', undefined],
    ['1,5', undefined],
    ['1 0', undefined],
    ['infinit', undefined],
  ]
  for (const [text, value] of cases) assert.equal(floatOfText(text), value, JSON.stringify(text))
})

test('repr() of nested values', () => {
  const value = new Map([['k', [1n, 1, 1e16, null, true, "it's", '\u200b\n']]])
  assert.equal(representationOf(value), `{'k': [1, 1.0, 1e+16, None, True, "it's", '\\u200b\\n']}`)
})

test('base64 as decodebytes reads it', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['YQ==', 'a'],
    ['Y Q = =', 'a'],
    ['YWJj$$', 'abc'],
    ['YQ==YQ==', 'a'],
    ['====', ''],
    ['YQ', undefined],
    ['A', undefined],
  ]
  for (const [text, decoded] of cases) {
    const bytes = decodeBase64(text)
    assert.equal(typeof bytes === 'string' ? undefined : Buffer.from(bytes).toString(), decoded, text)
  }
  const watchdog = { numRuns: 300, interruptAfterTimeLimit: 5_000 }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.deepEqual(decodeBase64(Buffer.from(bytes).toString('base64')), bytes)
    }),
    watchdog,
  )
})

test('dates as NumPy parses them', () => {
  const cases: readonly (readonly [string, bigint | undefined])[] = [
    ['2021-03-04', 1614816000000000000n],
    ['2021-03-04T05:06:07+0530', 1614814567000000000n],
    ['2021-03-04 05:06:07.123456789', 1614834367123456789n],
    ['2021', 1609459200000000000n],
    ['', -(2n ** 63n)],
    ['NaT', -(2n ** 63n)],
    ['2021/03/04', undefined],
    ['2021-02-29', undefined],
    ['2021-03-04 ', undefined],
    ['2021-03-04T24:00', undefined],
  ]
  for (const [text, value] of cases) {
    const parsed = parseNumpyDatetime(text)
    assert.equal(typeof parsed === 'string' ? undefined : parsed.nanoseconds, value, text)
  }
  // A year outside wraps: np.array(['1600-01-01'], 'datetime64[ns]') is 2184-07-20T23:34:33.709551616.
  const wrapped = makeArray(['1600-01-01'], 'datetime64', raising).values[0]
  assert.equal(wrapped, 6770648073709551616n)
})

test('the dtype NumPy and pandas find', () => {
  const arrays: readonly (readonly [Parameters<typeof makeArray>[0], string])[] = [
    [[1n, 2n ** 63n], 'float64'],
    [[2n ** 63n, 2n ** 63n + 5n, true], 'uint64'],
    [[2n ** 64n, 1n], 'object'],
    [[1.5, 'a', true], 'string'],
    [[null, 1n], 'object'],
    [[], 'float64'],
  ]
  for (const [value, dtype] of arrays) assert.equal(makeArray(value, undefined, raising).dtype, dtype)
  const columns: readonly (readonly [Parameters<typeof inferSeries>[0], string])[] = [
    [[1n, null], 'float64'],
    [[true, null], 'object'],
    [['a', null, Number.NaN], 'str'],
    [['a', 2n], 'object'],
    [[null, null], 'object'],
    [[2n ** 63n, 1n], 'uint64'],
    [[2n ** 63n, -1n], 'object'],
    [[1.5, 2n ** 70n], 'object'],
  ]
  for (const [cells, dtype] of columns) assert.equal(inferSeries(cells).dtype, dtype)
})
