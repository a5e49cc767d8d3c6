/** All that a CSV has against its plan is told at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CsvPlan, CsvType } from '../../../src/data/csv/plan.ts'
import { readCsv, readCsvBytes } from '../../../src/data/csv/read.ts'
import { bytesSource } from '../../../src/data/source.ts'
import { MlmodelError } from '../../../src/errors/index.ts'

const typed = (types: Readonly<Record<string, CsvType>>, more: Partial<CsvPlan> = {}): CsvPlan => ({
  typeOf: (name) => types[name],
  ...more,
})

function refusal(body: string, plan: CsvPlan): MlmodelError {
  try {
    readCsvBytes(Buffer.from(body), 'test.csv', plan)
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String(error))
    return error
  }
  throw new Error('nothing was thrown')
}

const told = ({ problems }: MlmodelError) => problems.map(({ code, where }) => [code, where.row, where.column])

const plan = typed({ a: 'long', b: 'double', c: 'boolean', d: 'float', e: 'string' })
// A record with a doubled quote and a line break, a short row, a row too long, and a number beyond float32.
const body = 'a,b,c,d,e\n1.5,x,True,1,"say ""y\n"""\n2,1e999\n3,0,False,1e39,t,u\n\nNA,1,no,1,\n4,1,True,1,z\n'
const all = [
  ['CSV_VALUE', 1, 'a'],
  ['CSV_VALUE', 1, 'b'],
  ['CSV_OVERFLOW', 2, 'b'],
  ['CSV_MISSING_VALUE', 2, 'c'],
  ['CSV_LONG_ROW', 3, undefined],
  ['CSV_OVERFLOW', 3, 'd'],
  ['CSV_MISSING_VALUE', 4, 'a'],
  ['CSV_VALUE', 4, 'c'],
]

test('every cell that does not fit, by row and column, with its line', () => {
  const error = refusal(body, plan)
  assert.deepEqual([error.code, error.kind], ['DATA_UNREADABLE', 'body'])
  assert.deepEqual(told(error), all)
  assert.deepEqual(
    error.problems.filter(({ code }) => code !== 'CSV_OVERFLOW').map(({ where }) => where.line),
    [2, 2, 4, 5, 7, 7],
  )
  assert.ok(error.problems.every(({ where }) => where.file === 'test.csv'))
})

test('each once, whatever the size of the blocks that a record is split by', async () => {
  for (const blockBytes of [1, 2, 3, 5, 7, 11, 1 << 16]) {
    const reading = async () => {
      for await (const _ of readCsv(bytesSource(Buffer.from(body), 'test.csv'), plan, { blockBytes }));
    }
    await assert.rejects(reading, (error: MlmodelError) => {
      assert.deepEqual(told(error), all, String(blockBytes))
      assert.equal((error.arguments as { count: number }).count, all.length)
      return true
    })
  }
})

test('a hundred are listed, the others counted', () => {
  const error = refusal(`a,b\n${'x,y\n'.repeat(300)}`, plan)
  assert.deepEqual([error.problems.length, (error.arguments as { count: number }).count], [100, 600])
  assert.match(error.message, /and 599 more problems$/)
})

test('the header first, and what it lacks does not hide the cells', () => {
  const needs = (names: readonly string[]) =>
    names.includes('z') ? [] : [{ code: 'COLUMNS_MISSING', arguments: { missing: ['z'], extra: [] }, where: {} } as const]
  const both = refusal('a,b\nx,1\n', { ...plan, problemsOfHeader: needs })
  assert.deepEqual(
    [both.code, ...told(both)],
    ['DATA_UNREADABLE', ['COLUMNS_MISSING', undefined, undefined], ['CSV_VALUE', 1, 'a']],
  )
  assert.deepEqual(both.where, { file: 'test.csv', line: 2, row: 1, column: 'a' })
  const header = refusal('\na,b,b\n1,1,1\n', { ...plan, problemsOfHeader: needs })
  assert.deepEqual([header.code, header.kind], ['DATA_MISMATCH', 'signature'])
  assert.deepEqual(
    header.problems.map(({ code, where }) => [code, where.line]),
    [
      ['COLUMNS_MISSING', 2],
      ['CSV_DUPLICATE_COLUMN', 2],
    ],
  )
})

test('what ends the reading comes last', () => {
  const error = refusal('a,e\nx,"1"\n2,"open\n', plan)
  assert.deepEqual([error.code, ...told(error)], ['DATA_UNREADABLE', ['CSV_VALUE', 1, 'a'], ['CSV_UNCLOSED_QUOTE', 2, undefined]])
  assert.equal(refusal('a,e\n1,"1"\n2,"open\n', plan).code, 'CSV_UNCLOSED_QUOTE')
})

test('a column of dates that MLflow does not read is named once', () => {
  assert.deepEqual(told(refusal('a\n1\n2\n', typed({ a: 'datetime' }))), [['CSV_DATETIME', 1, 'a']])
})
