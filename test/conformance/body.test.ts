import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from './body.ts'
import { fitsNanoseconds, readIso } from './moment.ts'
import { roundTo } from './spec.ts'
import { readTextTable } from './text-table.ts'

test('the body keeps integers, the tokens of Python, numbers beyond double, and sees a key given twice', () => {
  const body = readBody('\ufeff{"a":[9007199254740993,-0,1e400,Infinity,-Infinity,NaN,"\\u0041"],"b":{"c":1,"c":2}}')!
  assert.ok(body.duplicateKeys)
  const list = (body.value as { pairs: Map<string, unknown[]> }).pairs.get('a')!
  assert.deepEqual(list[0], { integer: 9007199254740993n })
  assert.deepEqual(list[2], { float: Number.POSITIVE_INFINITY, beyond: true })
  assert.deepEqual(list[3], { float: Number.POSITIVE_INFINITY, beyond: false })
  assert.equal(list[6], 'A')
  for (const text of ['', '{', '[1,]', '01', '.5', '+1', '[1] x', "{'a':1}", `${'['.repeat(2000)}${']'.repeat(2000)}`])
    assert.equal(readBody(text), undefined, text.slice(0, 20))
})

test('dates in nanoseconds, as numpy.datetime64 counts them', () => {
  assert.equal(readIso('2021-03-04T05:06:07.123456789')!.nanoseconds, 1614834367123456789n)
  assert.equal(readIso('2020-01-01T01:02:03.5+05:30')!.nanoseconds, 1577820723500000000n)
  assert.equal(readIso('1600-02-29')!.nanoseconds, -11670998400000000000n)
  assert.ok(!fitsNanoseconds(readIso('2262-04-12')!.nanoseconds))
  for (const text of ['2020-13-01', '2021-02-29', '2020/01/01', 'now', '20200102', '2020'])
    assert.equal(readIso(text), undefined, text)
})

test('halves are rounded as numpy.float16 rounds', () => {
  assert.equal(roundTo(16, 0.1), 0.0999755859375)
  assert.equal(roundTo(16, 65519), 65504)
  assert.equal(roundTo(16, 65520), Number.POSITIVE_INFINITY)
  assert.equal(roundTo(16, 2 ** -25), 0)
  assert.equal(roundTo(16, 2 ** -24), 2 ** -24)
})

test('CSV as pandas splits it', () => {
  const table = readTextTable('\ufeffa,b\r\n"x,""y""",NA\r\n\r\n1\r\n')!
  assert.deepEqual(table.names, ['a', 'b'])
  assert.deepEqual(table.rows, [
    ['x,"y"', null],
    ['1', null],
  ])
  assert.equal(readTextTable('a,b\n1,2\n1,2,3\n'), undefined)
  assert.ok(readTextTable('a\n1,2\n')!.labelled)
  assert.ok(readTextTable('a,a\n1,2\n')!.duplicateNames)
})
