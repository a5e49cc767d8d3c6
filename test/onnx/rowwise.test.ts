import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isTensor, type Tensor } from '../../src/batch.ts'
import { arrayOfDtype, type Dtype, type NumericDtype } from '../../src/dtype.ts'
import { type OnnxPredictor, openOnnx, readOnnx } from '../../src/onnx/index.ts'
import { type Chunks, joined, writeBytes, writeInteger } from '../../src/onnx/protobuf.ts'
import { type AttributeValue, writeGraph, writeNode, writeTensor, writeTensorValue } from '../../src/onnx/rewrite.ts'
import { isRowwise } from '../../src/onnx/rowwise.ts'
import { dtypeOfType } from '../../src/onnx/value-type.ts'

const repository = join(import.meta.dirname, '../../../..')

const float = 1
const int64 = 7
const axis = (value: number): Readonly<Record<string, AttributeValue>> => ({ axis: { kind: 'integer', value } })

interface Parts {
  readonly nodes: readonly Chunks[]
  /** Rank of the input `x`; its first size is free. */
  readonly rank?: number
  readonly initializers?: readonly Chunks[]
  readonly opset?: number
}

function rowwise({ nodes, rank = 2, initializers = [], opset = 15 }: Parts): boolean {
  const graph = writeGraph('g', { nodes, inputs: [writeTensorValue('x', float, rank)], outputs: [writeTensorValue('y', float)] })
  const bytes = joined([
    ...writeInteger(1, 8),
    ...writeBytes(7, [...graph, ...initializers.flatMap((tensor) => writeBytes(5, tensor))]),
    ...writeBytes(8, writeInteger(2, opset)),
  ])
  return isRowwise(readOnnx(bytes))
}

const floats = (name: string, ...dims: number[]) =>
  writeTensor(name, float, dims, new Uint8Array(dims.reduce((all, size) => all * size, 4)))
const integers = (name: string, ...values: number[]) =>
  writeTensor(name, int64, [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer))

test('what mixes rows is seen to mix them', () => {
  const one = (operator: string, attributes?: Readonly<Record<string, AttributeValue>>, more: readonly string[] = []) => [
    writeNode(operator, ['x', ...more], ['y'], attributes),
  ]
  assert.equal(rowwise({ nodes: one('Relu') }), true)
  assert.equal(rowwise({ nodes: one('Softmax', axis(1)) }), true)
  assert.equal(rowwise({ nodes: one('Softmax', axis(0)) }), false)
  assert.equal(rowwise({ nodes: one('Softmax', axis(-2)) }), false)
  assert.equal(rowwise({ nodes: one('Softmax'), rank: 1 }), false)
  assert.equal(rowwise({ nodes: one('ReduceSum') }), false)
  assert.equal(rowwise({ nodes: one('ReduceSum', {}, ['a']), initializers: [integers('a', 1)] }), true)
  assert.equal(rowwise({ nodes: one('ReduceSum', {}, ['a']), initializers: [integers('a', -2)] }), false)
  assert.equal(rowwise({ nodes: one('ArgMax') }), false)
  assert.equal(rowwise({ nodes: one('ArgMax', axis(1)) }), true)
  assert.equal(rowwise({ nodes: one('Transpose') }), false)
  assert.equal(rowwise({ nodes: one('CumSum', {}, ['a']), initializers: [integers('a', 1)] }), false)
  assert.equal(rowwise({ nodes: one('Shape') }), false)
  assert.equal(rowwise({ nodes: one('NoSuchOperator') }), false)
  assert.equal(rowwise({ nodes: one('Relu'), rank: 0 }), false)
})

test('broadcasting: rows against rows of another rank, or against as many numbers as there are rows', () => {
  const add = (dims: readonly number[], rank = 2) =>
    rowwise({ nodes: [writeNode('Add', ['x', 'c'], ['y'])], rank, initializers: [floats('c', ...dims)] })
  assert.equal(add([3]), true)
  assert.equal(add([1, 3]), true)
  assert.equal(add([]), true)
  assert.equal(add([3, 1]), false)
  assert.equal(add([1, 1, 3]), false)
  assert.equal(add([3], 1), false)
  assert.equal(add([1], 1), true)
  const sum = [
    writeNode('ReduceSum', ['x', 'a'], ['s'], { keepdims: { kind: 'integer', value: 0 } }),
    writeNode('Add', ['x', 's'], ['y']),
  ]
  assert.equal(rowwise({ nodes: sum, initializers: [integers('a', 1)] }), false)
  assert.equal(
    rowwise({
      nodes: [writeNode('ReduceSum', ['x', 'a'], ['s']), writeNode('Add', ['x', 's'], ['y'])],
      initializers: [integers('a', 1)],
    }),
    true,
  )
})

test('shapes: only a reshape that keeps a row’s values', () => {
  const reshape = (...shape: number[]) =>
    rowwise({
      nodes: [writeNode('MatMul', ['x', 'w'], ['h']), writeNode('Reshape', ['h', 's'], ['y'])],
      initializers: [floats('w', 5, 6), integers('s', ...shape)],
    })
  assert.equal(reshape(0, 6), true)
  assert.equal(reshape(-1, 6), true)
  assert.equal(reshape(-1, 2, 3), true)
  assert.equal(reshape(0, -1), true)
  assert.equal(reshape(-1, 3), false)
  assert.equal(reshape(-1), false)
  assert.equal(reshape(6, -1), false)
  assert.equal(rowwise({ nodes: [writeNode('Gather', ['x', 'i'], ['y'])], initializers: [integers('i', 0)] }), false)
  assert.equal(rowwise({ nodes: [writeNode('Gather', ['x', 'i'], ['y'], axis(1))], initializers: [integers('i', 0)] }), true)
  assert.equal(rowwise({ nodes: [writeNode('MatMul', ['w', 'x'], ['y'])], initializers: [floats('w', 5, 6)] }), false)
  assert.equal(rowwise({ nodes: [writeNode('Concat', ['x', 'x'], ['y'], axis(0))] }), false)
  assert.equal(rowwise({ nodes: [writeNode('Concat', ['x', 'x'], ['y'], axis(-1))] }), true)
})

const rows = 5
const folders = [
  join(repository, 'test/fixtures/models'),
  join(repository, '../shared/fixtures/models'),
  join(repository, '../shared/fixtures-old/models'),
]

/** Numbers that an embedding of few entries takes, and texts that encoders know. */
function randomInput(dtype: Dtype, shape: readonly number[]): Tensor {
  const size = shape.reduce((all, one) => all * one, 1)
  const numbers = Array.from({ length: size }, (_, at) => ((at * 7919 + 13) % 5) + (dtype.startsWith('float') ? 0.25 : 0))
  if (dtype === 'string') return { dtype, shape, values: numbers.map((value) => ['a', 'b', 'male', '', 'x'][value]!) }
  if (dtype === 'float16') return { dtype, shape, values: Uint16Array.from(numbers, (value) => 0x3c00 + value) }
  const big = dtype === 'int64' || dtype === 'uint64'
  const array = arrayOfDtype[dtype as NumericDtype] as unknown as { from(values: readonly unknown[]): Float64Array }
  return {
    dtype: dtype as NumericDtype,
    shape,
    values: array.from(numbers.map((value) => (big ? BigInt(value) : dtype === 'bool' ? value % 2 : value))),
  }
}

const part = (tensor: Tensor, at: number): Tensor => {
  const size = tensor.values.length / tensor.shape[0]!
  return { ...tensor, shape: [1, ...tensor.shape.slice(1)], values: tensor.values.slice(at * size, (at + 1) * size) } as Tensor
}

function answered(opened: OnnxPredictor, items: ReadonlyMap<string, Tensor>): ReadonlyMap<string, readonly unknown[]> {
  const answer = opened.predict({ kind: 'named', items }, { strict: true })
  assert.ok(answer.kind === 'named')
  return new Map(
    [...answer.items].map(([name, value]) => [
      name,
      isTensor(value) ? [...(value.values as Iterable<unknown>)] : (value as readonly unknown[]),
    ]),
  )
}

test('models that are said to keep rows apart answer row by row as in one piece', async () => {
  let checked = 0
  for (const folder of folders.filter((one) => existsSync(one))) {
    for (const name of readdirSync(folder).filter((one) => one.includes('onnx'))) {
      const directory = join(folder, name, 'model')
      const file = ['model.onnx', 'data/model.onnx'].find((one) => existsSync(join(directory, one)))
      if (file === undefined || !isRowwise(readOnnx(new Uint8Array(readFileSync(join(directory, file)))))) continue
      const opened = await openOnnx(directory, file, { threads: 1 })
      const items = new Map(
        opened.inputs.map(({ name: input, type }) => {
          const shape = type.kind === 'tensor' ? type.shape! : []
          return [
            input,
            randomInput(dtypeOfType(type)!, [rows, ...shape.slice(1).map((size) => (typeof size === 'number' ? size : 6))]),
          ]
        }),
      )
      const whole = answered(opened, items)
      const single = Array.from({ length: rows }, (_, at) =>
        answered(opened, new Map([...items].map(([key, tensor]) => [key, part(tensor, at)]))),
      )
      for (const [output, values] of whole) {
        const parts = single.flatMap((one) => one.get(output)!)
        assert.equal(parts.length, values.length, `${name} ${output}`)
        for (const [at, value] of values.entries()) {
          const found = parts[at]
          // The order of a sum may depend on how many rows are computed together.
          const same =
            typeof value === 'number' && typeof found === 'number'
              ? Object.is(value, found) || Math.abs(value - found) <= 1e-5 * Math.max(1, Math.abs(value))
              : true
          if (typeof value === 'number') assert.ok(same, `${name} ${output}[${at}]: ${value} and ${found}`)
          else if (!(value instanceof Map)) assert.equal(found, value, `${name} ${output}[${at}]`)
        }
      }
      opened.close()
      checked++
    }
  }
  assert.ok(checked > 5)
})
