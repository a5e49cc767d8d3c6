/** Frames: whole again however a pipe cuts them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type FrameSink, frameReader, writeFrame } from '../../src/runner/frames.ts'

function written(frames: readonly (readonly [number, readonly Uint8Array[]])[]): Buffer {
  const chunks: Uint8Array[] = []
  const sink: FrameSink = {
    write: (chunk) => {
      chunks.push(Buffer.from(chunk))
      return true
    },
    cork: () => {},
    uncork: () => {},
  }
  for (const [kind, parts] of frames) writeFrame(sink, kind, parts)
  return Buffer.concat(chunks)
}

describe('frames', () => {
  test('come back as they were, in any pieces', () => {
    const bytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.array(bytes, { maxLength: 4 })), { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 90 })),
        (frames, sizes) => {
          const all = written(frames)
          const seen: [number, string][] = []
          const read = frameReader((kind, content) => seen.push([kind, content.toString('hex')]))
          for (let at = 0; at < all.length; ) {
            const size = sizes.next().value
            read(all.subarray(at, at + size))
            at += size
          }
          assert.deepEqual(
            seen,
            frames.map(([kind, parts]) => [kind, Buffer.concat(parts).toString('hex')]),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a large one is not copied together, and comes back', () => {
    const part = Buffer.alloc(1 << 17, 7)
    const seen: number[] = []
    frameReader((_kind, content) => seen.push(content.length))(written([[1, [part, part]]]))
    assert.deepEqual(seen, [1 << 18])
  })

  test('a length that no frame has is refused', () => {
    const read = frameReader(() => {})
    assert.throws(() => read(Buffer.from([0xff, 0xff, 0xff, 0xff, 1])), RangeError)
  })
})
