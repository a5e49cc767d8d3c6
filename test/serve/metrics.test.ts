/** What is counted, and the text that Prometheus reads. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ServerState } from '../../src/serve/application.ts'
import { count, newHttpCounters } from '../../src/serve/http-counters.ts'
import { writeMetrics } from '../../src/serve/metrics.ts'
import { batchBounds, countRequest, latencyBounds, newStatistics, observe } from '../../src/serve/statistics.ts'

describe('statistics', () => {
  test('a value falls into the bucket whose bound it does not pass', () => {
    const { batches } = newStatistics()
    for (const rows of [1, 2, 3, 4, 16_384, 16_385]) observe(batches, batchBounds, rows)
    assert.deepEqual(batches.counts.slice(0, 4), [1, 1, 2, 0])
    assert.deepEqual(batches.counts.slice(-2), [1, 1])
    assert.equal(batches.counts.length, batchBounds.length + 1)
    assert.equal(batches.sum, 1 + 2 + 3 + 4 + 16_384 + 16_385)
  })

  test('requests by protocol and outcome', () => {
    const statistics = newStatistics()
    countRequest(statistics, 'mlflow', 'ok', 3)
    countRequest(statistics, 'mlflow', 'ok', 5)
    countRequest(statistics, 'mlflow', 'timeout', 1000)
    assert.deepEqual(
      [...statistics.requests],
      [
        ['mlflow ok', 2],
        ['mlflow timeout', 1],
      ],
    )
    assert.deepEqual([statistics.success.count, statistics.failure.count], [2, 1])
    assert.equal(
      statistics.latency.counts.reduce((sum, one) => sum + one, 0),
      3,
    )
    assert.equal(latencyBounds.length + 1, statistics.latency.counts.length)
  })
})

describe('/metrics', () => {
  const statistics = newStatistics()
  countRequest(statistics, 'mlflow', 'ok', 3)
  observe(statistics.batches, batchBounds, 7)
  const http = newHttpCounters()
  count(http.answers, 200)
  count(http.cut, 'malformed')
  const name = 'a "model"\\ with\nlines'
  const served = {
    name,
    version: '1',
    flavor: 'onnx',
    mlmodel: {},
    statistics,
    pool: { waiting: 2, inFlight: 1, pids: [process.pid] },
  }
  const state = {
    registry: { entries: [{ served }, { served: undefined }] },
    http,
    notReady: undefined,
  } as unknown as ServerState
  const text = writeMetrics(state)

  test('is lines of the text format, each metric once, with help and type', () => {
    assert.ok(text.endsWith('\n'))
    const types = [...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]!)
    assert.equal(new Set(types).size, types.length)
    for (const line of text.trimEnd().split('\n')) {
      if (line.startsWith('#')) assert.match(line, /^# (HELP \S+ .+|TYPE \S+ (counter|gauge|histogram))$/)
      else {
        const match = /^([a-z_:][a-z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.e+-]+|NaN|\+Inf)$/.exec(line)
        assert.ok(match, line)
        assert.ok(types.includes(match[1]!.replace(/_(bucket|sum|count)$/, '')) || types.includes(match[1]!), line)
      }
    }
    for (const type of types.filter((one) => one.endsWith('_total')))
      assert.match(text, new RegExp(`^# TYPE ${type} counter$`, 'm'))
  })

  test('names of strangers are escaped', () => {
    assert.ok(text.includes('mlmodel_waiting_requests{model="a \\"model\\"\\\\ with\\nlines"} 2\n'))
  })

  test('buckets are cumulative and end with all', () => {
    const buckets = [...text.matchAll(/^mlmodel_batch_rows_bucket\{.*le="([^"]+)"\} (\d+)$/gm)].map(([, le, value]) => [
      le,
      Number(value),
    ])
    assert.deepEqual(buckets.at(-1), ['+Inf', 1])
    assert.deepEqual(
      buckets.filter(([, value]) => value === 0).map(([le]) => le),
      ['1', '2', '4'],
    )
    assert.match(text, /^mlmodel_batch_rows_count\{.*\} 1$/m)
  })

  test('counts of HTTP', () => {
    assert.match(text, /^mlmodel_http_responses_total\{status="200"\} 1$/m)
    assert.match(text, /^mlmodel_http_cut_total\{why="malformed"\} 1$/m)
  })
})
