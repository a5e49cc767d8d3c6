/** A body in pieces. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { openBody } from '../../src/serve/body.ts'

describe('a body', () => {
  test('is whole again, whatever its pieces are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 400 }), (pieces) => {
        const body = openBody()
        for (const piece of pieces) body.add(Buffer.from(piece))
        const all = Buffer.concat(pieces)
        assert.equal(body.size, all.length)
        assert.deepEqual(Buffer.from(body.whole()), all)
      }),
      { numRuns: 200 },
    )
  })

  test('in single bytes costs little more than its bytes', () => {
    const count = 300_000
    const body = openBody()
    const source = Buffer.alloc(count, 'abcdefg')
    global.gc?.()
    const before = process.memoryUsage()
    for (let at = 0; at < count; at++) body.add(Buffer.from(source.subarray(at, at + 1)))
    const after = process.memoryUsage()
    assert.deepEqual(Buffer.from(body.whole()), source)
    // A hundred bytes a piece would be thirty million.
    assert.ok(after.heapUsed - before.heapUsed < 60_000_000)
    body.drop()
    assert.equal(body.size, 0)
    assert.equal(body.whole().length, 0)
  })
})
