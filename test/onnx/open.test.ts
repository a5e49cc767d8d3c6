import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Batch, type Cell, isCellMap, isTensor, type Tensor } from '../../src/batch.ts'
import { arrayOfDtype, type Dtype, type NumericDtype } from '../../src/dtype.ts'
import { defaultLimits } from '../../src/limits.ts'
import { openOnnx } from '../../src/onnx/index.ts'

// What ONNX Runtime's Python binding answers; test/fixtures/onnx/make.py says how it was made.
const folder = join(import.meta.dirname, '../../../../test/fixtures/onnx')

interface WrittenTensor {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly values: readonly (string | number | boolean)[]
}
type Written = WrittenTensor | readonly Written[] | { readonly map: readonly (readonly [string, number])[] }
interface Run {
  readonly inputs: Readonly<Record<string, WrittenTensor>>
  readonly outputs: Readonly<Record<string, Written>>
}
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Readonly<Record<string, readonly Run[]>>

function tensorOf({ dtype, shape, values }: WrittenTensor): Tensor {
  if (dtype === 'string') return { dtype, shape, values: values as readonly string[] }
  const big = dtype === 'int64' || dtype === 'uint64'
  const numbers = values.map((value) => (big ? BigInt(value as string) : Number(value)))
  const array = arrayOfDtype[dtype as NumericDtype] as unknown as { from(values: readonly unknown[]): Float64Array }
  return { dtype: dtype as NumericDtype, shape, values: array.from(numbers) }
}

function written(answer: Cell | Tensor): Written {
  if (isTensor(answer)) {
    const values = [...(answer.values as Iterable<unknown>)].map((value) => {
      if (answer.dtype === 'bool') return value === 1
      return answer.dtype === 'string' || answer.dtype.startsWith('float3') || answer.dtype === 'float64' ? value : String(value)
    })
    return { dtype: answer.dtype, shape: answer.shape, values: values as string[] }
  }
  if (isCellMap(answer)) return { map: [...answer] as [string, number][] }
  assert.ok(Array.isArray(answer))
  return answer.map((item) => written(item as Cell))
}

for (const [name, runs] of Object.entries(expected)) {
  test(`${name} answers as in Python`, async () => {
    const opened = await openOnnx(folder, `${name}.onnx`, { threads: 1 })
    try {
      for (const { inputs, outputs } of runs) {
        const data: Batch = {
          kind: 'named',
          items: new Map(Object.entries(inputs).map(([key, value]) => [key, tensorOf(value)])),
        }
        const answer = opened.predict(data, { strict: true })
        assert.ok(answer.kind === 'named')
        assert.deepEqual(Object.fromEntries([...answer.items].map(([key, value]) => [key, written(value)])), outputs)
      }
    } finally {
      opened.close()
    }
  })
}

test('large models go through a private copy and answer the same', async () => {
  for (const name of ['zipmap_int', 'normalizer_lower', 'two_columns']) {
    const opened = await openOnnx(folder, `${name}.onnx`, { threads: 1 }, { ...defaultLimits, onnxBytesInMemory: 10 })
    const { inputs, outputs } = expected[name]![0]!
    const answer = opened.predict(
      { kind: 'named', items: new Map(Object.entries(inputs).map(([key, value]) => [key, tensorOf(value)])) },
      { strict: true },
    )
    assert.ok(answer.kind === 'named')
    assert.deepEqual(Object.fromEntries([...answer.items].map(([key, value]) => [key, written(value)])), outputs)
    opened.close()
  }
})

test('outputs are chosen by name, in the order asked for', async () => {
  const opened = await openOnnx(folder, 'zipmap_int.onnx', { threads: 1 })
  const data: Batch = { kind: 'array', tensor: { dtype: 'float64', shape: [1, 2], values: Float64Array.of(1, 2) } }
  const answer = opened.predict(data, { strict: true, outputs: ['m', 'label'] })
  assert.deepEqual(answer.kind === 'named' && [...answer.items.keys()], ['m', 'label'])
  assert.throws(() => opened.predict(data, { strict: true, outputs: ['p'] }), { code: 'ONNX_OUTPUT_UNKNOWN' })
  opened.close()
})

test('a table for several inputs of shape [N,1] is taken in strict mode only', async () => {
  const opened = await openOnnx(folder, 'two_columns.onnx', { threads: 1 })
  const data: Batch = {
    kind: 'frame',
    rows: 2,
    columns: [
      { name: 'b', dtype: 'float64', values: Float64Array.of(0.5, 0.25) },
      { name: 'a', dtype: 'float32', values: Float32Array.of(1, 2) },
      { name: 'more', dtype: 'int64', values: BigInt64Array.of(1n, 2n) },
    ],
  }
  const answer = opened.predict(data, { strict: true })
  assert.deepEqual(answer, {
    kind: 'frame',
    rows: 2,
    columns: [
      {
        name: 'c',
        dtype: 'object',
        values: [
          { dtype: 'float32', shape: [2], values: Float32Array.of(1, 0.5) },
          { dtype: 'float32', shape: [2], values: Float32Array.of(2, 0.25) },
        ],
      },
      { name: 's', dtype: 'float32', values: Float32Array.of(1.5, 2.25) },
    ],
  })
  // MLflow: "Invalid rank for input: a Got: 1 Expected: 2".
  assert.throws(() => opened.predict(data, { strict: false }), { code: 'ONNX_INPUT_SHAPE' })
  opened.close()
})
