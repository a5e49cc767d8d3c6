/** Calls and replies as bytes and back. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type CallReply,
  decodeCalls,
  decodeReplies,
  encodeCalls,
  encodeReplies,
  type NumberedCall,
  protocolNames,
} from '../../src/serve/calls.ts'

const id = fc.integer({ min: 0, max: 2 ** 32 - 1 })
// No header holds a NUL.
const word = fc.string({ maxLength: 30 }).filter((text) => !text.includes('\0'))
const anyText = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__'),
  fc.string({ unit: 'grapheme' }),
  { maxKeys: 3 },
)
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('calls', () => {
  test('come back as they were', () => {
    const call = fc.record({
      protocol: fc.constantFrom(...protocolNames),
      contentType: fc.option(word, { nil: undefined }),
      body: fc.uint8Array({ maxLength: 300 }),
      details: fc.option(anyText, { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(fc.record({ id, call }), { maxLength: 5 }), (calls) => {
        const back = decodeCalls(Buffer.concat(encodeCalls(calls as readonly NumberedCall[])))
        assert.deepEqual(
          back.map((one) => [
            one.id,
            one.call.protocol,
            one.call.contentType,
            [...one.call.body],
            plain(one.call.details ?? null),
          ]),
          calls.map((one) => [
            one.id,
            one.call.protocol,
            one.call.contentType,
            [...one.call.body],
            plain(one.call.details ?? null),
          ]),
        )
      }),
    )
  })

  test('a content type of any length is no failure', () => {
    const contentType = 'x'.repeat(1 << 20)
    const [back] = decodeCalls(
      Buffer.concat(encodeCalls([{ id: 1, call: { protocol: 'mlflow', contentType, body: Buffer.alloc(0) } }])),
    )
    assert.equal(back?.call.contentType, contentType)
  })

  test('replies come back as they were', () => {
    const reply = fc.record({
      status: fc.integer({ min: 100, max: 599 }),
      contentType: word,
      body: fc.uint8Array({ maxLength: 300 }),
      headers: fc.option(anyText, { nil: undefined }),
      rows: id,
      losses: id,
      batchRows: id,
      microseconds: fc.float({ noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(fc.record({ id, reply }), { maxLength: 5 }), (replies) => {
        const text = (one: { readonly id: number; readonly reply: CallReply }): unknown =>
          plain([one.id, { ...one.reply, body: [...one.reply.body] }])
        assert.deepEqual(decodeReplies(Buffer.concat(encodeReplies(replies))).map(text), replies.map(text))
      }),
    )
  })
})
