import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Column, Frame, NumericColumn, Tensor } from '../../src/batch.ts'
import { type DataType, dtypeOfDataType, type NumericArray, notATime } from '../../src/dtype.ts'
import { csvPlan, finishCsv, tensorOfColumns } from '../../src/enforce/csv.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { cellAt } from '../../src/enforce/values.ts'
import type { MlmodelError } from '../../src/errors/index.ts'
import { parseSignature } from '../../src/signature.ts'

const values = {
  boolean: Uint8Array.of(0, 1, 1),
  integer: Int32Array.of(-1, 0, 2147483647),
  long: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 53n + 1n),
  float: Float32Array.of(Number.NaN, -0, 3.4e38),
  double: Float64Array.of(Number.NaN, -0, 5e-324),
  datetime: BigInt64Array.of(0n, notATime, 1n),
} as const
type Fixed = keyof typeof values
const types = Object.keys(values) as Fixed[]

const columnOf = (name: string, type: Fixed): NumericColumn => ({
  name,
  dtype: dtypeOfDataType[type] as NumericColumn['dtype'],
  values: values[type] as NumericArray,
})
const frameOf = (columns: readonly Column[]): Frame => ({ kind: 'frame', rows: 3, columns })

function signatureOf(columns: readonly { readonly name?: string; readonly type: DataType }[]) {
  const inputs = JSON.stringify(columns.map((column) => ({ ...column, required: true })))
  return parseSignature(new Map([['inputs', inputs]]), { file: 'MLmodel' })!
}

describe('a CSV that has the types of the signature already', () => {
  const signature = signatureOf(types.map((type) => ({ name: type, type })))
  const columns = types.map((type) => columnOf(type, type))
  const extra = columnOf('extra', 'double')

  for (const mode of ['strict', 'compat'] as const) {
    test(`keeps its columns, and they are those of the long way, ${mode}`, () => {
      const plan = csvPlan(signature, 'server', mode)
      const short = finishCsv(frameOf(columns), signature, plan, mode)
      // One column more, and each is converted by itself; the column is then dropped.
      const long = finishCsv(frameOf([...columns, extra]), signature, plan, mode)
      assert.deepEqual(short.data, long.data)
      assert.deepEqual([short.warnings.length, long.warnings.length], [0, 1])
      assert.equal((short.data as Frame).columns[0], columns[0])
    })
  }

  test('comes in the order of the signature', () => {
    const plan = csvPlan(signature, 'server', 'strict')
    const { data } = finishCsv(frameOf([...columns].reverse()), signature, plan, 'strict')
    assert.deepEqual(data, frameOf(columns))
  })

  test('is still refused where a name is missing or there twice', () => {
    const plan = csvPlan(signature, 'server', 'strict')
    const renamed = columns.map((column, at) => (at === 0 ? { ...column, name: 'other' } : column))
    assert.throws(() => finishCsv(frameOf(renamed), signature, plan, 'strict'), { code: 'DATA_MISMATCH' })
    const twice = [columns[1]!, ...columns.slice(1)]
    assert.throws(() => finishCsv(frameOf(twice), signature, plan, 'strict'), { code: 'DATA_MISMATCH' })
    assert.throws(() => finishCsv(frameOf(columns.slice(1)), signature, plan, 'strict'), { code: 'DATA_MISMATCH' })
  })

  test('is converted where a type is another', () => {
    const narrow = signatureOf([{ name: 'double', type: 'double' }])
    const plan = csvPlan(narrow, 'untyped', 'compat')
    const given = frameOf([{ name: 'double', dtype: 'int32', values: Int32Array.of(1, 2, 3) }])
    const { data } = finishCsv(given, narrow, plan, 'compat')
    assert.deepEqual(data, frameOf([{ name: 'double', dtype: 'float64', values: Float64Array.of(1, 2, 3) }]))
  })
})

test('columns of the type of a tensor are laid side by side, as cell by cell', () => {
  for (const type of types) {
    const { dtype } = columnOf('x', type)
    const shared = { name: undefined, dtype, numpyDtype: dtype, shape: [-1, 2] }
    const spec = shared as unknown as Parameters<typeof tensorOfColumns>[2]
    const column = columnOf('x', type)
    const reversed = { ...column, values: values[type].slice().reverse() as NumericArray }
    const short = tensorOfColumns(3, [column, reversed], spec)
    // Cells of no fixed type are cast one by one.
    const cells = Array.from({ length: 3 }, (_, row) => cellAt(column.dtype, column.values, row))
    const long = tensorOfColumns(3, [{ name: 'x', dtype: 'object', values: cells }, reversed], spec)
    assert.deepEqual(short, long, type)
    assert.deepEqual([(short as Tensor).shape, short.values[1]], [[3, 2], values[type][2]])
  }
})

test('one tensor (rule X4): a cell that is not exact is named with the column of the file', () => {
  const spec = [{ type: 'tensor', name: 'x', 'tensor-spec': { dtype: 'float16', shape: [-1, 2] } }]
  const signature = parseSignature(new Map([['inputs', JSON.stringify(spec)]]), { file: 'MLmodel' })!
  const read = () =>
    readRequest(Buffer.from('c0,c1\n0.5,0.1\n1e6,2\n'), 'text/csv', signature, { mode: 'strict', name: 'halves.csv' })
  assert.throws(read, (error: MlmodelError) => {
    assert.deepEqual([error.code, error.kind], ['DATA_MISMATCH', 'signature'])
    assert.deepEqual(
      error.problems.map(({ where }) => where),
      [
        { file: 'halves.csv', row: 1, column: 'c1' },
        { file: 'halves.csv', row: 2, column: 'c0' },
      ],
    )
    // numpy.float16(0.1)
    assert.match(error.message, /0\.0999755859375/)
    return true
  })
})

test('what cannot be read wins over missing columns, as in MLflow', () => {
  const signature = signatureOf([
    { name: 'a', type: 'long' },
    { name: 'b', type: 'long' },
  ])
  for (const mode of ['strict', 'compat'] as const) {
    const read = (body: string) => () => readRequest(Buffer.from(body), 'text/csv', signature, { mode })
    assert.throws(read('a\n1\n'), { code: 'DATA_MISMATCH', kind: 'signature' })
    assert.throws(read('a\nx\n'), { code: 'DATA_UNREADABLE', kind: 'body' })
  }
})
