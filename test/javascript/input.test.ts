import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type Batch, type Cell, isCellMap, isMoment, isTensor } from '../../src/batch.ts'
import { arrayOfDtype, type NumericArray, type NumericDtype, notATime } from '../../src/dtype.ts'
import type { Mode } from '../../src/enforce/index.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { elementReader } from '../../src/javascript/cell.ts'
import { readInput } from '../../src/javascript/input.ts'
import { parseJson } from '../../src/json.ts'
import { parseSchema, type Signature } from '../../src/signature.ts'

const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`)

// biome-ignore lint/suspicious/noExplicitAny: JSON of fixtures
type Json = any

const answers: Json = JSON.parse(readFileSync(new URL('test/fixtures/library/answers.json', root), 'utf8'))

function signatureOf(schema: Json): Signature {
  return { inputs: parseSchema(parseJson(JSON.stringify(schema)).value, {}) }
}

/** The values of make.py as a caller in JavaScript has them. */
function untag(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(untag)
  if ('$date' in value) return new Date(`${value.$date}Z`)
  if ('$bytes' in value) return new Uint8Array(Buffer.from(value.$bytes, 'base64'))
  if ('$int' in value) return BigInt(value.$int)
  if ('$float' in value) return Number(value.$float.replace('inf', 'Infinity').replace('nan', 'NaN'))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, untag(item)]))
}

/** A value as make.py writes what MLflow holds; None, NaN and NaT of texts and objects are one. */
function plain(cell: Cell): unknown {
  if (cell === null) return null
  if (typeof cell === 'bigint') return { int: String(cell) }
  if (typeof cell === 'number' && !Number.isFinite(cell)) {
    return { float: Number.isNaN(cell) ? 'nan' : cell > 0 ? 'inf' : '-inf' }
  }
  if (cell instanceof Uint8Array) return { bytes: Buffer.from(cell).toString('base64') }
  if (isMoment(cell)) return cell.nanoseconds === notATime ? null : { ns: String(cell.nanoseconds) }
  if (Array.isArray(cell)) return cell.map(plain)
  if (isCellMap(cell)) return { map: [...cell].map(([key, item]) => [key, plain(item)]) }
  if (isTensor(cell)) return Array.from(cell.values as ArrayLike<Cell>, (value) => plain(asCell(cell.dtype, value)))
  return cell
}

function asCell(dtype: string, value: Cell): Cell {
  if (dtype === 'bool') return value === 1
  if (dtype === 'datetime64') return { kind: 'datetime', nanoseconds: value as bigint }
  return /^u?int/.test(dtype) ? BigInt(value as number) : value
}

function columnsOf(batch: Batch): unknown {
  assert.equal(batch.kind, 'frame')
  if (batch.kind !== 'frame') return undefined
  return batch.columns.map(({ name, dtype, values }) => {
    const cells = Array.from(values as ArrayLike<Cell>, (value) => plain(asCell(dtype, value)))
    const text = dtype === 'string' || dtype === 'bytes' || dtype === 'object'
    return { name, dtype: text ? 'text' : dtype, values: text ? cells.map(missing) : cells }
  })
}

function missing(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'float' in value && value.float === 'nan' ? null : value
}

function wantedColumns(expect: Json): unknown {
  return expect.columns.map(({ name, dtype, values }: Json) => {
    const text = dtype === 'object' || dtype === 'str'
    return {
      name,
      dtype: text ? 'text' : dtype.replace(/\[.*/, '').replace('datetime64', 'datetime64'),
      values: text ? values.map(missing) : values,
    }
  })
}

function read(
  input: unknown,
  signature: Signature,
  mode: Mode,
): { readonly columns: unknown } | { readonly error: MlmodelError } {
  try {
    return { columns: columnsOf(readInput(input, undefined, signature, { mode }).data) }
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String((error as Error).stack))
    return { error }
  }
}

describe('rows mean what they mean in a request to MLflow', () => {
  for (const mode of ['compat', 'strict'] as const) {
    test(`${answers.rows.length} tables, ${mode}`, () => {
      let equal = 0
      for (const { name, schema, rows, expect } of answers.rows) {
        const values = (untag(rows) as Json[]).map((row) => {
          const { x, ...rest } = row
          return x !== null && typeof x === 'object' && '$absent' in x ? rest : row
        })
        const got = read(values, signatureOf(schema), mode)
        if ('error' in got) {
          if (expect.error !== undefined) {
            equal += 1
            continue
          }
          // A Date or bytes where another type is wanted is a slip, of which a request's text would make a value.
          if (got.error.code === 'VALUE_NO_DATA') assert.match(name, /^(dates?|bytes)\b.* for (?!datetime)/, name)
          else {
            assert.equal(mode, 'strict', `${name}: ${got.error.message}`)
            assert.ok(
              got.error.problems.some(({ code }) => code === 'VALUE_CHANGED'),
              `${name}: ${got.error.message}`,
            )
          }
          continue
        }
        if (expect.error !== undefined) {
          // Rules X1 and X3 for nested values; L4 for a null among bytes or texts.
          assert.ok(mode === 'strict' && /nested|null/.test(name), `${name}: MLflow refuses, ${expect.error}`)
          continue
        }
        if (mode === 'compat' || !/(with null|missing key|and null|nan|whole|zero|big|beyond).* for (string|binary)/.test(name)) {
          assert.deepEqual(got.columns, wantedColumns(expect), name)
        }
        equal += 1
      }
      assert.ok(equal > (mode === 'compat' ? 300 : 200), `${equal}`)
    })
  }
})

describe('columns that are typed arrays mean what columns of NumPy mean to MLflow in process', () => {
  test(`${answers.columns.length} columns`, () => {
    for (const { dtype, values, type, expect } of answers.columns) {
      const array = typedArray(dtype, values)
      const signature = signatureOf([{ type, name: 'x', required: true }])
      const title = `${dtype} ${JSON.stringify(values)} for ${type}`
      const compat = read({ x: array }, signature, 'compat')
      assert.equal('error' in compat, expect.error !== undefined, title)
      if ('columns' in compat) assert.deepEqual(compat.columns, wantedColumns(expect), title)
      const strict = read({ x: array }, signature, 'strict')
      if (expect.error === undefined) assert.deepEqual(strict, compat, title)
    }
  })
})

function typedArray(dtype: NumericDtype, values: Json[]): NumericArray {
  const Held = arrayOfDtype[dtype]
  const numbers = values.map((value) => (typeof value === 'number' ? value : 'int' in value ? BigInt(value.int) : Number.NaN))
  const long = dtype === 'int64' || dtype === 'uint64'
  return new Held(numbers.map((number) => (long ? number : Number(number))) as never) as NumericArray
}

describe('rows and columns of every body in records are read as the body', () => {
  for (const file of ['test/fixtures/conformance/enforce.jsonl', '../shared/oracle/enforce.jsonl']) {
    const url = new URL(file, root)
    test(file, { skip: !existsSync(url) && 'not there' }, () => {
      let compared = 0
      for (const line of readFileSync(url, 'utf8').trimEnd().split('\n')) {
        const { id, schema, content_type, body, params_schema } = JSON.parse(line)
        if (schema === null || params_schema !== undefined || !/json/.test(content_type) || /e4\d\d|E4/.test(body)) continue
        let document: ReturnType<typeof parseJson>
        try {
          document = parseJson(body)
        } catch {
          continue
        }
        const { value, duplicates } = document
        if (!isCellMap(value) || value.size !== 1 || duplicates.length > 0) continue
        const records = value.get('dataframe_records')
        const rows = Array.isArray(records) && records.length > 0 && records.every(isCellMap) ? records : undefined
        if (rows === undefined || !rows.every(sayable)) continue
        const signature = signatureOf(schema)
        for (const mode of ['strict', 'compat'] as const) {
          const outcome = (make: () => Batch): unknown => {
            try {
              return make()
            } catch (error) {
              assert.ok(error instanceof MlmodelError, String(error))
              return { code: error.code, problems: error.problems }
            }
          }
          const wanted = outcome(() => readRequest(Buffer.from(body), content_type, signature, { mode }).data)
          const got = outcome(() => readInput(rows.map(saying), undefined, signature, { mode }).data)
          assert.deepEqual(got, wanted, `${id} ${mode}`)
          compared += 1
        }
      }
      assert.ok(compared > 0)
    })
  }
})

/** Whether JavaScript has another value for a cell: `2.0` and `2` are one number there. */
function sayable(cell: Cell): boolean {
  if (typeof cell === 'number') return !Number.isInteger(cell) || Object.is(cell, -0) || !Number.isSafeInteger(cell)
  if (Array.isArray(cell)) return cell.every(sayable)
  return isCellMap(cell) ? [...cell.values()].every(sayable) : true
}

function saying(cell: Cell): unknown {
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? Number(cell) : cell
  if (Array.isArray(cell)) return cell.map(saying)
  return isCellMap(cell) ? new Map([...cell].map(([key, item]) => [key, saying(item)])) : cell
}

describe('forms', () => {
  const signature = signatureOf([
    { type: 'long', name: 'a', required: true },
    { type: 'double', name: 'b', required: true },
    { type: 'string', name: 'c', required: false },
  ])
  const strict = { mode: 'strict' } as const
  const refused = (input: unknown, code: string, where?: object, given: Signature | undefined = signature): void => {
    assert.throws(
      () => readInput(input, undefined, given, strict),
      (error) => {
        assert.ok(error instanceof MlmodelError, String((error as Error).stack))
        assert.equal(error.code, code, error.message)
        if (where !== undefined) assert.deepEqual(error.where, where)
        return true
      },
    )
  }

  test('rows, lists by column and typed arrays by column are one table', () => {
    const wanted = readInput(
      [
        { a: 1, b: 2.5, c: 'x' },
        { a: 2, b: 3, c: null },
      ],
      undefined,
      signature,
      strict,
    ).data
    const given: unknown[] = [
      { a: [1, 2], b: [2.5, 3], c: ['x', null] },
      { c: ['x', undefined], a: BigInt64Array.of(1n, 2n), b: Float64Array.of(2.5, 3) },
      { a: Int8Array.of(1, 2), b: [2.5, 3], c: ['x', null] },
      [
        new Map<string, unknown>([
          ['a', 1],
          ['b', 2.5],
          ['c', 'x'],
        ]),
        new (class Row {
          a = 2n
          b = 3
          c = null
        })(),
      ],
    ]
    for (const input of given) assert.deepEqual(readInput(input, undefined, signature, strict).data, wanted)
  })

  test('what fits nowhere is refused with its place', () => {
    refused([{ a: 1, b: () => 1 }], 'VALUE_NO_DATA', { path: '$.dataframe_records[0].b', row: 1, column: 'b' })
    refused([{ a: new Date(), b: 1 }], 'VALUE_NO_DATA')
    refused([{ a: new Date(Number.NaN), b: 1 }], 'VALUE_NO_DATA')
    refused([{ a: 1, b: 2, c: Buffer.from('x') }], 'VALUE_NO_DATA')
    refused([{ a: 1, b: Promise.resolve(1) }], 'VALUE_NO_DATA')
    refused([{ a: 1, b: 2 }, 5], 'VALUE_NO_DATA', { row: 2 })
    refused({ a: [1], b: [1, 2] }, 'COLUMNS_UNEVEN', { column: 'b' })
    refused({ a: [1], b: 'x' }, 'INPUT_NO_FORM', { column: 'b' })
    for (const input of [5, null, undefined, {}, new Date(), true]) refused(input, 'INPUT_NO_FORM')
    refused({ a: Float64Array.of(1), b: [1] }, 'DATA_MISMATCH')
    refused({ a: Float64Array.of(1) }, 'DATA_MISMATCH')
    refused({ a: Float64Array.of(1), c: ['x'] }, 'DATA_MISMATCH')
    const loop: Record<string, unknown> = { a: 1 }
    loop['b'] = loop
    refused([loop], 'VALUE_NO_DATA')
  })

  test('a date beyond the range is an error, not another date', () => {
    const dates = signatureOf([{ type: 'datetime', name: 't', required: true }])
    refused([{ t: new Date('9999-01-01') }], 'VALUE_NO_DATA', undefined, dates)
  })

  test('problems of lists and of arrays come together', () => {
    assert.throws(
      () => readInput({ a: Float64Array.of(1), b: ['x'], z: [1] }, undefined, signature, strict),
      (error) => error instanceof MlmodelError && error.problems.length === 2,
    )
  })

  test('columns that the signature lacks are ignored, with a warning', () => {
    const { data, warnings } = readInput({ a: Int32Array.of(1), b: Float64Array.of(1), z: [1] }, undefined, signature, strict)
    assert.deepEqual(data.kind === 'frame' && data.columns.map(({ name }) => name), ['a', 'b'])
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['COLUMNS_IGNORED'],
    )
  })

  test('tensors have their type; lists take that of the signature', () => {
    const tensors = signatureOf([
      { name: 'ids', type: 'tensor', 'tensor-spec': { dtype: 'int64', shape: [-1, 2] } },
      { name: 'mask', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1] } },
    ])
    const wanted = new Map<string, unknown>([
      ['ids', { dtype: 'int64', shape: [1, 2], values: BigInt64Array.of(1n, 2n) }],
      ['mask', { dtype: 'float32', shape: [1], values: Float32Array.of(0.5) }],
    ])
    const ids = { dtype: 'int64', shape: [1, 2], data: [1, 2n] }
    for (const input of [
      { ids: [[1, 2]], mask: [0.5] },
      { ids, mask: Float32Array.of(0.5) },
      { mask: [0.5], ids },
    ]) {
      const { data } = readInput(input, undefined, tensors, strict)
      assert.deepEqual(data, { kind: 'named', items: wanted })
    }
    refused({ ids: { dtype: 'int64', shape: [1, 2], data: [1, 2.5] }, mask: [1] }, 'TENSOR_DATA', { column: 'ids' }, tensors)
    refused({ dtype: 'int8', shape: [1], data: [128] }, 'TENSOR_DATA', {}, tensors)
    refused({ dtype: 'int64', shape: [2], data: Float64Array.of(1, 2) }, 'TENSOR_DATA', {}, tensors)
    refused({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2) }, 'TENSOR_DATA', {}, tensors)
    refused({ dtype: 'complex64', shape: [1], data: [1] }, 'TENSOR_DATA', {}, tensors)
  })

  test('params take JavaScript values', () => {
    const inputs = signature.inputs!
    const type = (dataType: 'double' | 'long' | 'datetime') => ({ kind: 'scalar', dataType }) as const
    const withParams: Signature = {
      inputs,
      params: [
        { name: 't', type: type('double'), shape: null, default: 0.5 },
        { name: 'n', type: type('long'), shape: [-1], default: [1n] },
        { name: 'd', type: type('datetime'), shape: null, default: null },
      ],
    }
    const given = { t: 1, n: [1, 2], d: new Date('2024-01-02T03:04:05.678Z') }
    const { params } = readInput([{ a: 1, b: 1 }], given, withParams, strict)
    assert.deepEqual(
      params,
      new Map<string, unknown>([
        ['t', 1],
        ['n', [1n, 2n]],
        ['d', { kind: 'datetime', nanoseconds: 1704164645678000000n }],
      ]),
    )
    assert.throws(() => readInput([{ a: 1, b: 1 }], { n: ['x'] }, withParams, strict), { kind: 'params' })
  })
})

test('an int64 is a number where that is exact, or always a bigint', () => {
  const values = BigInt64Array.of(1n, -(2n ** 53n) + 1n, 2n ** 53n)
  const read = (int64: 'number' | 'bigint') => Array.from(values, (_, index) => elementReader('int64', values, int64)(index))
  assert.deepEqual(read('number'), [1, -Number.MAX_SAFE_INTEGER, 2n ** 53n])
  assert.deepEqual(read('bigint'), [...values])
})
