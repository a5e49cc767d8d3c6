/** Bodies with many rows or columns, and bodies that would make far more of them than they send (CWE-409, CWE-770). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRequest } from '../../src/enforce/request.ts'
import { parseSchema } from '../../src/signature.ts'

const column = (name: string) =>
  new Map([
    ['type', 'string'],
    ['name', name],
  ])
const one = { inputs: parseSchema([column('a')], {}) }
const two = { inputs: parseSchema([column('a'), column('b')], {}) }

function read(body: object, signature: typeof one, mode: 'strict' | 'compat' = 'strict') {
  return readRequest(Buffer.from(JSON.stringify(body)), 'application/json', signature, { mode })
}

test('as many rows as a program has arguments', () => {
  // `Math.max(...rows)` ends with a RangeError somewhere beyond 100,000.
  const rows = 200_000
  const { data } = read({ dataframe_split: { columns: ['a'], data: Array.from({ length: rows }, () => ['x']) } }, one)
  assert.equal(data.kind === 'frame' && data.rows, rows)
})

test('a table far larger than what was sent', () => {
  const count = 20_000
  const numbers = Array.from({ length: count }, (_, index) => index)
  const names = numbers.map((number) => `c${number}`)
  const apart = names.map((name) => ({ [name]: 1 }))
  const ragged = [numbers, ...numbers.map(() => [1])]
  const bodies = [
    { dataframe_records: apart },
    { instances: apart },
    { inputs: apart },
    { instances: ragged },
    { inputs: ragged },
    { dataframe_split: { data: ragged } },
    { dataframe_split: { data: apart } },
    { dataframe_split: { columns: names, index: numbers, data: [numbers] } },
    { dataframe_split: { columns: names, index: numbers, data: 1 } },
    { dataframe_split: { data: Object.fromEntries(names.map((name, index) => [name, { [`r${index}`]: 1 }])) } },
  ]
  for (const mode of ['strict', 'compat'] as const) {
    for (const body of bodies)
      assert.throws(() => read(body, two, mode), { code: 'TABLE_SPARSE' }, `${mode} ${JSON.stringify(body).slice(0, 60)}`)
  }
})

test('50,000 columns, and 400,000 bad values, in a moment', () => {
  const names = Array.from({ length: 50_000 }, (_, index) => `c${index}`)
  const wide = { dataframe_split: { columns: names, data: [names] } }
  const bad = { dataframe_split: { columns: ['a'], data: Array.from({ length: 400_000 }, () => [{}]) } }
  for (const body of [wide, bad]) {
    const start = process.cpuUsage()
    assert.throws(() => read(body, one), { name: 'MlmodelError' })
    assert.ok(process.cpuUsage(start).user / 1000 < 6000)
  }
})
