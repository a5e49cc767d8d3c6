import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Batch, Column, Frame, Tensor } from '../../src/batch.ts'
import { arrayOfDtype, type Dtype, type NumericDtype } from '../../src/dtype.ts'
import { commonDtype, type FeedInput, feedTensors } from '../../src/onnx/feed.ts'
import { pythonText } from '../../src/onnx/python-text.ts'

// What pandas and Python say; test/fixtures/onnx/make_values.py says how it was made.
const values = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../test/fixtures/onnx/values.json'), 'utf8')) as {
  readonly common: readonly (readonly [readonly string[], string])[]
  readonly texts: {
    readonly float64: readonly (readonly [string, string])[]
    readonly table: readonly (readonly string[])[]
    readonly bytes: readonly (readonly [readonly number[], string])[]
    readonly lists: readonly (readonly [readonly (string | boolean | null)[], string])[]
  }
}

function columnOf(dtype: string): Column {
  const name = dtype
  if (dtype === 'str') return { name, dtype: 'string', values: ['a'], pandas: 'str' }
  if (dtype === 'object') return { name, dtype: 'object', values: [null] }
  const plain = dtype.replace('[ns]', '') as NumericDtype
  return { name, dtype: plain, values: new arrayOfDtype[plain](1) }
}

test('a table has the element type that pandas gives it', () => {
  for (const [names, wanted] of values.common) {
    const found = commonDtype(names.map(columnOf))
    // A text column alone is an object array there; a string here.
    const ours: Dtype = found === 'string' ? 'object' : found
    assert.equal(ours === 'datetime64' ? 'datetime64[ns]' : ours, wanted, names.join(', '))
  }
})

test('what is no text becomes the text that Python makes of it', () => {
  const double = (bits: string) => Buffer.from(bits, 'hex').readDoubleBE(0)
  for (const [bits, text] of values.texts.float64) assert.equal(pythonText(double(bits)), text)
  for (const [bytes, text] of values.texts.bytes) assert.equal(pythonText(Uint8Array.from(bytes)), text)
  for (const [list, text] of values.texts.lists) assert.equal(pythonText(list), text)
  assert.equal(pythonText(2n ** 70n), '1180591620717411303424')
})

test('a table of numbers and text is all text for an input of text', () => {
  const data = frame([
    { name: 'a', dtype: 'float32', values: Float32Array.of(0.1) },
    { name: 'b', dtype: 'float16', values: Uint16Array.of(0x2e66) },
    { name: 'c', dtype: 'string', values: ['x'], pandas: 'str' },
    { name: 'd', dtype: 'int32', values: Int32Array.of(7) },
    { name: 'e', dtype: 'bool', values: Uint8Array.of(1) },
    { name: 'f', dtype: 'int64', values: BigInt64Array.of(2n ** 60n + 1n) },
    { name: 'g', dtype: 'float64', values: Float64Array.of(0.1) },
    { name: 'h', dtype: 'object', values: [null] },
    { name: 'i', dtype: 'float64', values: Float64Array.of(Number.NaN) },
  ])
  assert.deepEqual(only(data, { name: 's', dtype: 'string', shape: [-1, 9] }).values, values.texts.table[0])
})

const matrixInput: FeedInput = { name: 'x', dtype: 'float32', shape: [-1, 2] }
const frame = (columns: readonly Column[]): Frame => ({ kind: 'frame', rows: columns[0]!.values.length, columns })
const only = (data: Batch, input: FeedInput, strict = true): Tensor => feedTensors(data, [input], strict).get(input.name)!

test('one input takes all columns in their order, whatever their names', () => {
  const data = frame([
    { name: 'b', dtype: 'int64', values: BigInt64Array.of(1n, 2n ** 53n + 1n) },
    { name: 'x', dtype: 'float64', values: Float64Array.of(0.1, Number.NaN) },
  ])
  // numpy.array([[1, .1], [2**53+1, nan]]).astype("float32")
  assert.deepEqual(only(data, matrixInput), {
    dtype: 'float32',
    shape: [2, 2],
    values: Float32Array.of(1, 0.1, 2 ** 53, Number.NaN),
  })
})

test('only float64 for float32 is cast', () => {
  const of = (dtype: NumericDtype): Batch => ({
    kind: 'array',
    tensor: { dtype, shape: [1, 2], values: new arrayOfDtype[dtype](2) },
  })
  assert.equal(only(of('float64'), matrixInput).dtype, 'float32')
  for (const dtype of ['int64', 'int32', 'float16', 'bool', 'uint8'] as const) {
    for (const strict of [true, false]) assert.throws(() => only(of(dtype), matrixInput, strict), { code: 'ONNX_INPUT_DTYPE' })
  }
  assert.throws(() => only(of('float32'), { ...matrixInput, dtype: 'float64' }), { code: 'ONNX_INPUT_DTYPE' })
  const integers = frame([columnOf('int64'), columnOf('int32')])
  assert.throws(() => only(integers, matrixInput), { code: 'ONNX_INPUT_DTYPE' })
})

test('a missing number is NaN, as in pandas', () => {
  const data = frame([
    { name: 'a', dtype: 'int32', values: Int32Array.of(7, 0), validity: Uint8Array.of(1) },
    { name: 'b', dtype: 'float32', values: Float32Array.of(1, 2), validity: Uint8Array.of(2) },
  ])
  assert.deepEqual(only(data, matrixInput).values, Float32Array.of(7, Number.NaN, Number.NaN, 2))
})

test('arrays by name: none missing, none unknown', () => {
  const tensor: Tensor = { dtype: 'float32', shape: [1], values: new Float32Array(1) }
  const inputs: readonly FeedInput[] = [
    { name: 'a', dtype: 'float32', shape: undefined },
    { name: 'b', dtype: 'float32', shape: [1] },
  ]
  const named = (...names: string[]): Batch => ({ kind: 'named', items: new Map(names.map((name) => [name, tensor])) })
  assert.equal(feedTensors(named('b', 'a'), inputs, true).size, 2)
  assert.throws(() => feedTensors(named('a'), inputs, true), { code: 'ONNX_INPUT_MISSING' })
  assert.throws(() => feedTensors(named('a', 'b', 'c'), inputs, true), { code: 'ONNX_INPUT_UNKNOWN' })
  assert.throws(() => feedTensors({ kind: 'array', tensor }, inputs, true), { code: 'ONNX_INPUT_FORM' })
  assert.throws(() => feedTensors({ kind: 'value', value: 1n }, inputs, true), { code: 'ONNX_INPUT_FORM' })
  assert.throws(() => feedTensors(frame([columnOf('float32')]), inputs, true), { code: 'ONNX_INPUT_MISSING' })
})

test('text: a missing one is "nan", and what the runtime would change in silence is refused', () => {
  const input: FeedInput = { name: 's', dtype: 'string', shape: [-1, 1] }
  const text = (...texts: (string | null)[]) => frame([{ name: 's', dtype: 'string', values: texts, pandas: 'object' }])
  assert.deepEqual(only(text('a', null), input).values, ['a', 'nan'])
  const array: Batch = { kind: 'array', tensor: { dtype: 'string', shape: [1, 1], values: [null] } }
  assert.deepEqual(only(array, input).values, ['None'])
  assert.throws(() => only(text('a\0b'), input), { code: 'ONNX_INPUT_STRING' })
  assert.throws(() => only(text('\ud800'), input), { code: 'ONNX_INPUT_STRING' })
  assert.deepEqual(only(text('😀'), input).values, ['😀'])
})

test('text columns for several inputs are refused only where MLflow refuses them', () => {
  const inputs: readonly FeedInput[] = [
    { name: 'a', dtype: 'string', shape: [-1] },
    { name: 'b', dtype: 'string', shape: [-1] },
  ]
  const data = (pandas: 'str' | 'object') =>
    frame(['a', 'b'].map((name): Column => ({ name, dtype: 'string', values: ['t'], pandas })))
  assert.equal(feedTensors(data('object'), inputs, false).size, 2)
  assert.throws(() => feedTensors(data('str'), inputs, false), { code: 'ONNX_INPUT_PANDAS_TEXT' })
  assert.equal(feedTensors(data('str'), inputs, true).size, 2)
})

test('an input of rank 1 takes one column in strict mode', () => {
  const input: FeedInput = { name: 's', dtype: 'float32', shape: [-1] }
  assert.deepEqual(only(frame([columnOf('float32')]), input).shape, [1])
  assert.throws(() => only(frame([columnOf('float32')]), input, false), { code: 'ONNX_INPUT_SHAPE' })
})
