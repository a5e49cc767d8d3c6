import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorInfo } from '../src/errors/define.ts'
import { type ErrorCode, errorOfProblems, errorTable, fullMessage, type Problem } from '../src/errors/index.ts'

const ofData = new Set(['body', 'signature', 'params', 'content-type', 'evaluation', 'limit'])
/** Umbrellas have the hints of their problems, warnings need none, and a limit of the model's own file is no matter of the data. */
const without = new Set<string>([
  'DATA_UNREADABLE',
  'DATA_MISMATCH',
  'PARAMS_INVALID',
  'VALUES_CHANGED',
  'COLUMNS_IGNORED',
  'PARAMS_IGNORED',
])
const ofModels = /^(YAML|MLMODEL|SIGNATURE|PATH|ONNX_LIMIT|FILE|ENVIRONMENT)/

test('every error of data says what to do', () => {
  const silent = Object.entries(errorTable as Readonly<Record<string, ErrorInfo<unknown>>>)
    .filter(([code, { kind }]) => ofData.has(kind) && !without.has(code) && !ofModels.test(code))
    .filter(([, { hint }]) => hint === undefined)
    .map(([code]) => code)
  assert.deepEqual(silent, [])
})

test('several problems in one sentence: how many, and each with its place; hints once', () => {
  const problem = (row: number, column: string, wanted: string) =>
    ({ code: 'CSV_VALUE' as ErrorCode, arguments: { found: 'x', wanted }, where: { file: 'a.csv', row, column } }) as Problem
  const error = errorOfProblems(
    'DATA_UNREADABLE',
    [problem(1, 'a', 'long'), problem(2, 'a', 'long'), problem(2, 'b', 'boolean')],
    4,
  )
  assert.equal(
    fullMessage(error),
    'The input cannot be read as the signature asks: 7 problems; a.csv, row 1, column `a`: `x` is not a long; ' +
      'a.csv, row 2, column `a`: `x` is not a long; a.csv, row 2, column `b`: `x` is not a boolean',
  )
  assert.equal(error.message, 'The input cannot be read as the signature asks: `x` is not a long, and 6 more problems')
  assert.deepEqual(error.hint?.split('\n').length, 2)
})
