import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { trimEndOf } from '../src/trim.ts'

test('a character is taken off the end, and only there', () => {
  assert.equal(trimEndOf('a//b//', '/'), 'a//b')
  assert.equal(trimEndOf('////', '/'), '')
  assert.equal(trimEndOf('', ' '), '')
  fc.assert(
    fc.property(fc.stringMatching(/^[ax ]{0,20}$/), (text) => assert.equal(trimEndOf(text, ' '), text.replace(/ +$/, ''))),
    { numRuns: 300, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: true },
  )
})
