/** How much goes to a process at a time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openPace } from '../../src/serve/pace.ts'

describe('the pace', () => {
  test('fast requests go by the frame, slow ones alone', () => {
    const pace = openPace(() => false)
    assert.equal(pace.most(64), 4)
    pace.done(1, 0.1)
    assert.equal(pace.most(64), 64)
    for (let index = 0; index < 50; index++) pace.done(1, 40)
    assert.equal(pace.most(64), 1)
    assert.ok(pace.long > 150 && pace.long < 170)
    assert.equal(pace.patience, 1_000)
  })

  test('where scoring together saves work it is found out', () => {
    const pace = openPace(() => true)
    pace.done(1, 30)
    // However many: thirty milliseconds.
    for (let index = 0; index < 30; index++) pace.done(pace.most(64), 30)
    assert.equal(pace.most(64), 64)
    // And where it saves nothing a frame stays short.
    for (let index = 0; index < 50; index++) pace.done(pace.most(64), 30 * pace.most(64))
    assert.equal(pace.most(64), 4)
  })
})
