/** What `--append` says of input that it cannot write as it was. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLosses } from '../../src/data/append.ts'
import { columnOfVector } from '../../src/data/columnar/pandas.ts'

test('times with a zone and decimals are told of, others not', () => {
  const times = { kind: 'timestamp', values: BigInt64Array.of(1n), length: 1, unit: 'us' } as const
  const columns = [
    columnOfVector('plain', times),
    columnOfVector('zoned', { ...times, zone: 'Europe/Zurich' }),
    columnOfVector('money', { kind: 'decimal', values: Float64Array.of(1.5), length: 1 }),
    columnOfVector('text', { kind: 'text', values: ['a'], length: 1 }),
  ]
  const losses = appendLosses({ kind: 'frame', rows: 1, columns })
  assert.deepEqual(
    losses.map(({ code, message }) => [code, /`(.*?)`/.exec(message)?.[1]]),
    [
      ['APPEND_ZONE', 'zoned'],
      ['APPEND_DECIMAL', 'money'],
    ],
  )
})
