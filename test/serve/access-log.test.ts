/** The access log: one line of JSON a request, whatever the client sends. */
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { accessLine, accessLog, openLineWriter } from '../../src/serve/access-log.ts'
import { idOf, observeWith } from '../../src/serve/observe.ts'

const time = new Date(0)
const line = (path: string, agent?: string, method = 'POST'): string =>
  accessLine(
    time,
    { method, path, body: Buffer.alloc(3), header: (name) => (name === 'user-agent' ? agent : undefined) },
    'id-1',
    {
      status: 200,
      bytes: 5,
      reply: {
        status: 200,
        headers: {},
        body: '',
        scored: { model: 'churn', version: '2', rows: 4, batchRows: 8, microseconds: 10 },
      },
    },
    1.23456,
  )

describe('the access log', () => {
  test('says what was asked and answered', () => {
    assert.deepEqual(JSON.parse(line('/invocations', 'curl/8')), {
      time: '1970-01-01T00:00:00.000Z',
      method: 'POST',
      path: '/invocations',
      status: 200,
      ms: 1.235,
      bytes_in: 3,
      bytes_out: 5,
      request_id: 'id-1',
      model: 'churn',
      version: '2',
      rows: 4,
      agent: 'curl/8',
    })
  })

  test('is one line of printable ASCII whatever it is given, and gives it back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.string({ unit: 'grapheme' }), (path, agent) => {
        const text = line(path, agent)
        assert.match(text, /^[\x20-\x7e]+$/)
        assert.equal((JSON.parse(text) as { path: string }).path, path)
      }),
    )
  })

  test('long paths are cut', () => {
    assert.ok(line('/x'.repeat(100_000)).length < 3000)
  })

  test('lines go to a file in their order, the last at the end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mlmodel-log-'))
    try {
      const file = join(folder, 'log')
      const descriptor = openSync(file, 'a')
      const writer = openLineWriter(descriptor, () => assert.fail('a line was lost'))
      for (let index = 0; index < 1000; index++) writer.write(String(index))
      writer.close()
      closeSync(descriptor)
      assert.deepEqual(
        readFileSync(file, 'utf8').trimEnd().split('\n'),
        Array.from({ length: 1000 }, (_, index) => String(index)),
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('what nobody takes is dropped and counted', () => {
    let dropped = 0
    const writer = openLineWriter(-1, () => dropped++)
    for (let index = 0; index < 100; index++) writer.write('x'.repeat(100_000))
    writer.close()
    assert.ok(dropped >= 50 && dropped < 100, String(dropped))
  })

  test('an observer names each request and tells all onlookers', () => {
    const lines: string[] = []
    const observer = observeWith([
      accessLog((one) => lines.push(one)),
      { begin: () => ({ headers: { a: 'b' }, end: () => {} }) },
    ])!
    const request = { method: 'GET', path: '/', query: '', header: () => undefined, body: Buffer.alloc(0) }
    const observation = observer.begin(request)
    assert.match(observation.id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(observation.headers, { a: 'b' })
    observation.end({ status: 499, bytes: 0, reply: undefined })
    assert.equal((JSON.parse(lines[0]!) as { status: number }).status, 499)
    assert.equal(observer.begin({ ...request, header: () => 'mine' }).id, 'mine')
    assert.equal(observeWith([]), undefined)
    assert.equal(idOf('a\nb'), undefined)
  })
})
