import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Canonical, canonicalOfBatch, canonicalOfOracle } from './canonical.ts'
import { difference } from './compare.ts'

const column = (dtype: string, values: unknown[]) =>
  canonicalOfOracle({ kind: 'dataframe', rows: values.length, index: 'range', columns: [{ name: 'a', dtype, values }] })

test('a batch of the product and what the oracle recorded meet in one form', () => {
  const ours: Canonical = canonicalOfBatch({
    kind: 'frame',
    rows: 2,
    columns: [
      { name: 'i', dtype: 'int64', values: BigInt64Array.of(9007199254740993n, -1n) },
      { name: 'h', dtype: 'float16', values: Uint16Array.of(0x3c00, 0x8000) },
      { name: 's', dtype: 'string', values: ['x', null], pandas: 'str' },
      { name: 'b', dtype: 'bytes', values: [Uint8Array.of(97), null] },
      { name: 't', dtype: 'datetime64', values: BigInt64Array.of(1577836800000000000n, -(2n ** 63n)) },
      { name: 'k', dtype: 'bool', values: Uint8Array.of(1, 0), validity: Uint8Array.of(1) },
      {
        name: 'o',
        dtype: 'object',
        values: [[1n, 2.5], new Map([['k', { dtype: 'int64', shape: [1], values: BigInt64Array.of(3n) }]])],
      },
    ],
  })
  const theirs = canonicalOfOracle({
    kind: 'dataframe',
    rows: 2,
    index: 'range',
    columns: [
      { name: 'i', dtype: 'int64', values: ['9007199254740993', -1] },
      { name: 'h', dtype: 'float16', values: [1, -0] },
      { name: 's', dtype: 'str', values: ['x', null] },
      { name: 'b', dtype: 'object', values: [{ $bytes: 'YQ==' }, { $float: 'NaN' }] },
      { name: 't', dtype: 'datetime64[ns]', values: ['2020-01-01T00:00:00.000000000', 'NaT'] },
      { name: 'k', dtype: 'object', values: [true, null] },
      {
        name: 'o',
        dtype: 'object',
        values: [
          [{ $int: '1' }, { $float: 2.5 }],
          { $object: [['k', { $ndarray: { dtype: 'int64', shape: [1], values: [3] } }]] },
        ],
      },
    ],
  })
  assert.equal(difference(theirs, ours), undefined)
})

test('exactness: the sign of zero, integers beside floats, dtypes and missing text', () => {
  assert.notEqual(difference(column('float64', [0]), column('float64', [-0])), undefined)
  assert.notEqual(difference(column('object', [{ $int: '1' }, 'x']), column('object', [{ $float: 1 }, 'x'])), undefined)
  assert.notEqual(difference(column('int32', [1]), column('int64', [1])), undefined)
  assert.equal(difference(column('object', ['a', { $float: 'NaN' }]), column('str', ['a', null])), undefined)
  assert.notEqual(difference(column('object', ['a', { $float: 'NaN' }]), column('str', ['a', null]), { pandas: true }), undefined)
  assert.equal(
    difference(column('float32', ['NaN', 1]), column('float32', ['NaN', 1.0000001]), { tolerance: { rtol: 1e-5, atol: 0 } }),
    undefined,
  )
  assert.notEqual(
    difference(column('float32', [1]), column('float32', [1.001]), { tolerance: { rtol: 1e-5, atol: 0 } }),
    undefined,
  )
})
