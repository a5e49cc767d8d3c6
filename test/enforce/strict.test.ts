/** Strict mode: the closed list of differences (docs/differences.md), and how problems are told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from '../../src/batch.ts'
import { enforceParams, enforceTyped, type Mode } from '../../src/enforce/index.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { parseJson } from '../../src/json.ts'
import { parseParams } from '../../src/signature/param.ts'
import { parseSchema } from '../../src/signature/schema.ts'
import type { Signature } from '../../src/signature.ts'

function signature(specs: readonly unknown[], params?: readonly unknown[]): Signature {
  return {
    inputs: parseSchema(parseJson(JSON.stringify(specs)).value, {}),
    ...(params && { params: parseParams(parseJson(JSON.stringify(params)).value, {}) }),
  }
}

const column = (name: string, type: string | object, required = true) => ({
  ...(typeof type === 'string' ? { type } : type),
  name,
  required,
})

function read(specs: readonly unknown[], body: string, mode: Mode = 'strict', contentType = 'application/json') {
  return readRequest(Buffer.from(body), contentType, signature(specs), { mode })
}

function values(specs: readonly unknown[], body: string, mode: Mode = 'strict'): unknown[] {
  const { data } = read(specs, body, mode)
  return (data as Frame).columns.map((one) => Array.from(one.values as ArrayLike<unknown>))
}

function refusal(specs: readonly unknown[], body: string): MlmodelError {
  try {
    read(specs, body)
  } catch (error) {
    if (error instanceof MlmodelError) return error
    throw error
  }
  return assert.fail(`accepted: ${body}`)
}

function rules(specs: readonly unknown[], body: string): string[] {
  return refusal(specs, body).problems.map((problem) => {
    const given: unknown = problem.arguments
    return typeof given === 'object' && given !== null && 'rule' in given ? String(given.rule) : problem.code
  })
}

test('a loss is an error of its rule', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['L1', 'integer', 'dataframe_records', '2147483648'],
    ['L1', 'long', 'dataframe_records', '9223372036854775808'],
    ['L2', 'integer', 'inputs', '1.5'],
    ['L2', 'datetime', 'dataframe_records', '1.5'],
    ['L3', 'boolean', 'inputs', '"false"'],
    ['L3', 'boolean', 'dataframe_records', '2'],
    ['L4', 'boolean', 'inputs', 'null'],
    ['L5', 'datetime', 'inputs', '"1600-01-01"'],
    ['L5', 'datetime', 'inputs', 'true'],
    ['L6', 'float', 'inputs', '1e39'],
    ['L6', 'double', 'inputs', '1e400'],
    ['L10', 'string', 'dataframe_records', '1.5'],
    ['L10', 'string', 'inputs', 'true'],
    ['L10', 'binary', 'inputs', '5'],
    ['L11', 'binary', 'dataframe_records', '"Y Q=="'],
  ]
  for (const [rule, type, form, value] of cases) {
    const specs = [column('x', type)]
    const body = `{"${form}": [{"x": ${value}}]}`
    assert.deepEqual(rules(specs, body), [rule], body)
    assert.equal(refusal(specs, body).info.mlflowCode, 'INVALID_PARAMETER_VALUE')
    // MLflow goes on, and compat mode with it, saying so once for the column.
    const { warnings } = read(specs, body, 'compat')
    assert.equal(warnings.filter(({ code }) => code === 'VALUES_CHANGED').length, 1, body)
  }
})

test('what is no loss passes as it does with MLflow', () => {
  const specs = [column('b', 'boolean'), column('i', 'integer'), column('d', 'double'), column('s', 'string')]
  const body =
    '{"dataframe_records": [{"b": 1, "i": 2.0, "d": "1.5", "s": "x", "extra": 1}, {"b": false, "i": "12", "d": Infinity, "s": null}]}'
  assert.deepEqual(values(specs, body), [
    [1, 0],
    [2, 12],
    [1.5, Number.POSITIVE_INFINITY],
    ['x', null],
  ])
  assert.deepEqual(values(specs, body), values(specs, body, 'compat'))
})

test('missing text stays missing, whole numbers are their digits, arrays of text stay whole', () => {
  assert.deepEqual(values([column('s', 'string')], '{"inputs": {"s": ["a", null, NaN, 7]}}'), [['a', null, null, '7']])
  assert.deepEqual(values([column('s', 'string')], '{"inputs": {"s": ["a", null, NaN, 7]}}', 'compat'), [
    ['a', 'None', 'nan', '7'],
  ])
  const texts = [column('t', { type: 'array', items: { type: 'string' } })]
  const body = '{"dataframe_records": [{"t": ["hello", null]}]}'
  assert.deepEqual(values(texts, body), [[['hello', null]]])
  assert.deepEqual(values(texts, body, 'compat'), [[['h', 'n']]])
})

test('arrays and objects are taken however they are sent, when they fit exactly', () => {
  const specs = [column('a', { type: 'array', items: { type: 'integer' } })]
  for (const body of [
    '{"instances": [{"a": [1, 2]}]}',
    '{"inputs": {"a": [[1, 2]]}}',
    '{"dataframe_records": [{"a": [1, 2]}]}',
  ]) {
    assert.deepEqual(values(specs, body), [[[1n, 2n]]], body)
    assert.throws(() => read(specs, body, 'compat'), MlmodelError)
  }
  assert.equal(refusal(specs, '{"instances": [{"a": [1.5]}]}').info.httpStatus, 400)
  const dates = [column('a', { type: 'array', items: { type: 'datetime' } })]
  assert.deepEqual(values(dates, '{"dataframe_records": [{"a": ["1970-01-01T00:00:01+01:00"]}]}'), [
    [[{ kind: 'datetime', nanoseconds: -3599000000000n }]],
  ])
})

test('keys given twice and rows with other keys', () => {
  assert.deepEqual(rules([column('x', 'double')], '{"inputs": {"x": [1], "x": [2]}}'), ['KEY_REPEATED'])
  const rows = '{"instances": [{"x": 1, "y": 2}, {"x": 1}]}'
  assert.ok(rules([column('x', 'double'), column('y', 'double', false)], rows).includes('ROWS_UNEVEN'))
  const unsigned = '{"instances": [{"a": 1}, {"b": 2}]}'
  assert.throws(() => readRequest(Buffer.from(unsigned), 'application/json', undefined, { mode: 'strict' }), /has other keys/)
})

test('all problems of a body are told at once, each with its place', () => {
  const specs = [column('age', 'long'), column('income', 'double'), column('city', 'string'), column('member', 'boolean')]
  const error = refusal(
    specs,
    '{"dataframe_split": {"columns": ["age", "income", "member"], "data": [[1, "x", true], [1.5, 2, "no"], [1, "y", true]]}}',
  )
  assert.equal(error.code, 'DATA_UNREADABLE')
  assert.equal(error.info.mlflowCode, 'BAD_REQUEST')
  assert.deepEqual(
    error.problems.map(({ code, where }) => [code, where.column, where.row, where.path]),
    [
      ['COLUMNS_MISSING', undefined, undefined, undefined],
      ['VALUE_UNREADABLE', 'income', 1, '$.dataframe_split.data[0][1]'],
      ['VALUE_UNREADABLE', 'income', 3, '$.dataframe_split.data[2][1]'],
    ],
  )
  assert.match(error.message, /"x" is not a double/)
  const lossy = refusal(specs.slice(0, 1), '{"inputs": [{"age": 1}, {"age": 1.5}, {"age": 2.5}]}')
  assert.deepEqual(
    lossy.problems.map(({ where }) => where.path),
    ['$.inputs[1].age', '$.inputs[2].age'],
  )
})

test('content types: strict mode forgives what rule X7 names, compat mode nothing', () => {
  const body = '{"inputs": {"x": [1.5]}}'
  const specs = [column('x', 'double')]
  for (const type of ['Application/JSON', 'application/json;', 'application/json; charset="utf-8"']) {
    assert.equal(read(specs, body, 'strict', type).llm, false, type)
    assert.throws(
      () => read(specs, body, 'compat', type),
      (error: MlmodelError) => error.info.httpStatus === 415,
      type,
    )
  }
  for (const type of [
    'text/plain',
    'application/json; charset=latin-1',
    'application/json; Charset=utf-8',
    'application/json; format=pandas-split',
    '',
  ]) {
    assert.throws(
      () => read(specs, body, 'strict', type),
      (error: MlmodelError) => error.info.httpStatus === 415,
      type,
    )
  }
  assert.throws(
    () => readRequest(Buffer.from(body), undefined, undefined, { mode: 'strict' }),
    (error: MlmodelError) => error.kind === 'content-type',
  )
})

test('LLM bodies are one row, and their reply is not wrapped', () => {
  const { data, llm, params } = readRequest(
    Buffer.from('{"prompt": "hi", "x": 2, "temperature": 1}'),
    'application/json',
    signature(
      [column('prompt', 'string'), column('x', 'double')],
      [{ name: 'temperature', type: 'float', default: 0.5, shape: null }],
    ),
    { mode: 'strict' },
  )
  assert.equal(llm, true)
  assert.equal(params.get('temperature'), 1)
  assert.deepEqual(
    (data as Frame).columns.map(({ name, values: held }) => [name, Array.from(held as ArrayLike<unknown>)]),
    [
      ['prompt', ['hi']],
      ['x', [2]],
    ],
  )
})

test('typed data: exact narrowing, and a matrix for named columns', () => {
  const floats = signature([column('a', 'float'), column('b', 'double')])
  const matrix = {
    kind: 'array',
    tensor: { dtype: 'int64', shape: [2, 2], values: BigInt64Array.from([1n, 2n, 3n, 4n]) },
  } as const
  const { data } = enforceTyped(matrix, floats, 'strict')
  assert.deepEqual(
    (data as Frame).columns.map(({ name, dtype, values: held }) => [name, dtype, Array.from(held as ArrayLike<number>)]),
    [
      ['a', 'float32', [1, 3]],
      ['b', 'float64', [2, 4]],
    ],
  )
  assert.throws(() => enforceTyped(matrix, floats, 'compat'), MlmodelError)
  const inexact = { kind: 'array', tensor: { dtype: 'float64', shape: [1, 2], values: Float64Array.from([0.1, 1]) } } as const
  assert.throws(
    () => enforceTyped(inexact, floats, 'strict'),
    (error: MlmodelError) => error.problems[0]!.where.column === 'a',
  )
})

test('CSV: dates and tensors by the signature', () => {
  const dates = read([column('t', 'datetime')], 't\n1970-01-01T00:00:01Z\nNA\n', 'strict', 'text/csv').data as Frame
  assert.deepEqual(Array.from(dates.columns[0]!.values as BigInt64Array), [1_000_000_000n, -(2n ** 63n)])
  assert.throws(() => read([column('t', 'datetime')], 't\n1970-01-01\n', 'compat', 'text/csv'), MlmodelError)
  const tensor = [{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 2] } }]
  const { data } = read(tensor, 'a,b\n1,0.1\n3,4\n', 'strict', 'text/csv')
  assert.deepEqual(data, {
    kind: 'array',
    tensor: { dtype: 'float32', shape: [2, 2], values: Float32Array.from([1, 0.1, 3, 4]) },
  })
  assert.throws(() => read(tensor, 'a,b,c\n1,2,3\n', 'strict', 'text/csv'), MlmodelError)
})

test('params: defaults are added, unknown ones named in a warning', () => {
  const params = [{ name: 'k', type: 'integer', default: 3, shape: null }]
  const given = enforceParams(new Map([['z', 1n]]), signature([column('x', 'double')], params), 'strict')
  assert.deepEqual([...given.params], [['k', 3n]])
  assert.deepEqual(
    given.warnings.map(({ code }) => code),
    ['PARAMS_IGNORED'],
  )
  assert.throws(
    () => enforceParams(new Map([['k', 5]]), signature([column('x', 'double')], params), 'strict'),
    (error: MlmodelError) => error.kind === 'params',
  )
})
