import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Batch, Cell, Column, Frame, Tensor } from '../../src/batch.ts'
import { openRecords, writePredictions } from '../../src/data/reply.ts'
import { arrayOfDtype, type NumericArray, type NumericDtype } from '../../src/dtype.ts'

/** Predictions as test/fixtures/json/make.py describes them. */
type Described = null | boolean | number | string | Described[] | { readonly [key: string]: Described }
type Fields = { readonly [key: string]: Described }
interface Case {
  readonly name: string
  readonly batch: Fields
  readonly wrapped: string
  readonly bare: string
}

const cases = JSON.parse(readFileSync(join(process.cwd(), 'test/fixtures/json/replies.json'), 'utf8')) as readonly Case[]

function cellOf(value: Described): Cell {
  if (Array.isArray(value)) return value.map(cellOf)
  if (value === null || typeof value !== 'object') return value
  if ('int' in value) return BigInt(value['int'] as string)
  if ('float' in value) return Number(value['float'])
  if ('bytes' in value) return Buffer.from(value['bytes'] as string, 'base64')
  if ('nanoseconds' in value) return { kind: 'datetime', nanoseconds: BigInt(value['nanoseconds'] as string) }
  if ('tensor' in value) return tensorOf(value['tensor'] as Fields)
  return new Map((value['map'] as [string, Described][]).map(([key, item]) => [key, cellOf(item)]))
}

function tensorOf(described: Fields): Tensor {
  const shape = described['shape'] as number[]
  const dtype = described['dtype'] as NumericDtype
  if (!('base64' in described))
    return { dtype, shape, values: (described['values'] as Described[]).map(cellOf) } as unknown as Tensor
  const bytes = Uint8Array.from(Buffer.from(described['base64'] as string, 'base64'))
  return { dtype, shape, values: new arrayOfDtype[dtype](bytes.buffer) as NumericArray }
}

function columnOf(described: Fields): Column {
  const name = described['name'] as string | number
  if (described['dtype'] === 'object') return { name, dtype: 'object', values: (described['values'] as Described[]).map(cellOf) }
  if (described['dtype'] === 'string')
    return { name, dtype: 'string', pandas: 'str', values: described['values'] as (string | null)[] }
  const column = { ...tensorOf(described), name }
  if (!('validity' in described)) return column as Column
  const validity = new Uint8Array(8)
  for (const [row, valid] of (described['validity'] as boolean[]).entries()) if (valid) validity[row >> 3]! |= 1 << (row & 7)
  return { ...column, validity } as Column
}

function batchOf(described: Fields): Batch {
  switch (described['kind']) {
    case 'frame':
      return { kind: 'frame', rows: described['rows'] as number, columns: (described['columns'] as Fields[]).map(columnOf) }
    case 'array':
      return { kind: 'array', tensor: tensorOf(described['tensor'] as Fields) }
    case 'named':
      return {
        kind: 'named',
        items: new Map((described['items'] as [string, Described][]).map(([key, item]) => [key, cellOf(item)])),
      }
    default:
      return { kind: 'value', value: cellOf(described['value']!) }
  }
}

for (const { name, batch, wrapped, bare } of cases) {
  test(`writes what MLflow writes: ${name}`, () => {
    assert.equal(writePredictions(batchOf(batch), { wrap: true }).toString(), wrapped)
    assert.equal(writePredictions(batchOf(batch), { wrap: false }).toString(), bare)
  })
}

test('a table written block by block is the same text', () => {
  const frame: Frame = {
    kind: 'frame',
    rows: 5,
    columns: [
      { name: 'x', dtype: 'float32', values: Float32Array.of(0.1, 1, 2, 3, 4) },
      { name: 's', dtype: 'string', pandas: 'object', values: ['a', null, 'b', 'c', 'd'] },
    ],
  }
  const block = (start: number, end: number): Frame => ({
    kind: 'frame',
    rows: end - start,
    columns: frame.columns.map((column) => ({ ...column, values: column.values.slice(start, end) }) as Column),
  })
  for (const wrap of [true, false]) {
    const whole = writePredictions(frame, { wrap }).toString()
    for (const cuts of [
      [0, 5],
      [0, 0, 2, 2, 5],
      [0, 1, 2, 3, 4, 5, 5],
    ]) {
      const writer = openRecords({ wrap })
      const parts = cuts.slice(1).map((end, at) => writer.write(block(cuts[at]!, end)))
      assert.equal(Buffer.concat([...parts, writer.end()]).toString(), whole)
    }
  }
  assert.equal(openRecords({ wrap: true }).end().toString(), '{"predictions": []}')
})

test('a reply longer than one piece of text is whole', () => {
  const values = Int32Array.from({ length: 400_000 }, (_, index) => index)
  const rows = Array.from(values)
  const flat = writePredictions({ kind: 'array', tensor: { dtype: 'int32', shape: [400_000], values } }, { wrap: true })
  assert.equal(flat.toString(), `{"predictions": [${rows.join(', ')}]}`)
  const column = writePredictions({ kind: 'array', tensor: { dtype: 'int32', shape: [400_000, 1], values } }, { wrap: true })
  assert.equal(column.toString(), `{"predictions": [[${rows.join('], [')}]]}`)
})

test('complex numbers have no reply, as in MLflow', () => {
  const tensor: Tensor = { dtype: 'complex64', shape: [1], values: Float32Array.of(1, 2) }
  assert.throws(() => writePredictions({ kind: 'array', tensor }, { wrap: true }), { code: 'JSON_NOT_WRITABLE' })
})
