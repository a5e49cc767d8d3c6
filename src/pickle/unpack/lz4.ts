/**
 * Unpacks the LZ4 frame format, which Node.js does not: one frame, its check sums compared, its size bounded.
 *
 * @see LZ4 Frame Format Description 1.6.3; LZ4 Block Format Description
 */
import { Malformed } from '../verdict.ts'
import { makeOutput, type Output, reserve } from './output.ts'

/**
 * Unpacks one frame that must fill the bytes.
 *
 * @throws Malformed
 */
export function unpackLz4(bytes: Uint8Array, most: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 11 || view.getUint32(0, true) !== 0x184d2204) throw new Malformed('is no LZ4 frame', 0)
  const flags = bytes[4]!
  if (flags >> 6 !== 1 || (flags & 2) !== 0) throw new Malformed('is an LZ4 frame of another version', 4, true)
  const independent = (flags & 0x20) !== 0
  const blockSums = (flags & 0x10) !== 0
  const sized = (flags & 8) !== 0
  const contentSum = (flags & 4) !== 0
  if ((flags & 1) !== 0) throw new Malformed('is an LZ4 frame with a dictionary that stands elsewhere', 4)
  let at = 6 + (sized ? 8 : 0)
  if (at >= bytes.length) throw new Malformed('is cut off', at)
  const size = sized ? view.getBigUint64(6, true) : undefined
  if (size !== undefined && size > BigInt(most)) throw new Malformed(`unpacks to more than ${most} bytes`, 0, true)
  if (((xxh32(bytes.subarray(4, at)) >>> 8) & 0xff) !== bytes[at]) throw new Malformed('has an LZ4 header that is damaged', 4)
  at++
  const output = makeOutput(size === undefined ? bytes.length * 4 : Number(size), most)
  const next = (): number => {
    if (at + 4 > bytes.length) throw new Malformed('is cut off', at)
    at += 4
    return view.getUint32(at - 4, true)
  }
  for (let word = next(); word !== 0; word = next()) {
    const length = word & 0x7fffffff
    if (length > bytes.length - at) throw new Malformed('is cut off', at)
    const block = bytes.subarray(at, at + length)
    at += length
    if (word >>> 31 === 1) {
      reserve(output, length, most)
      output.bytes.set(block, output.length)
      output.length += length
    } else unpackBlock(block, output, independent ? output.length : 0, most)
    if (blockSums && next() !== xxh32(block)) throw new Malformed('has an LZ4 check sum that is wrong', at)
  }
  const content = output.bytes.subarray(0, output.length)
  if (contentSum && next() !== xxh32(content)) throw new Malformed('has an LZ4 check sum that is wrong', at)
  if (size !== undefined && Number(size) !== content.length) throw new Malformed('has another size than its LZ4 header says', at)
  if (at !== bytes.length) throw new Malformed('has bytes after its LZ4 frame', at)
  return content
}

function unpackBlock(block: Uint8Array, output: Output, historyStart: number, most: number): void {
  let at = 0
  const more = (start: number): number => {
    let length = start
    if (start !== 15) return length
    for (;;) {
      const byte = block[at++]
      if (byte === undefined) throw new Malformed('has an LZ4 block that is cut off', at)
      length += byte
      if (byte !== 255) return length
    }
  }
  while (at < block.length) {
    const token = block[at++]!
    const literals = more(token >> 4)
    if (literals > block.length - at) throw new Malformed('has an LZ4 block that is cut off', at)
    reserve(output, literals, most)
    output.bytes.set(block.subarray(at, at + literals), output.length)
    output.length += literals
    at += literals
    // The last sequence has literals only.
    if (at === block.length) return
    if (at + 2 > block.length) throw new Malformed('has an LZ4 block that is cut off', at)
    const distance = block[at]! | (block[at + 1]! << 8)
    at += 2
    let length = more(token & 15) + 4
    if (distance === 0 || distance > output.length - historyStart)
      throw new Malformed('has an LZ4 match before its first byte', at)
    reserve(output, length, most)
    let to = output.length
    for (let from = to - distance; length > 0; length--) output.bytes[to++] = output.bytes[from++]!
    output.length = to
  }
}

const prime1 = 0x9e3779b1
const prime2 = 0x85ebca77
const prime3 = 0xc2b2ae3d
const prime4 = 0x27d4eb2f
const prime5 = 0x165667b1

/** xxHash, 32 bits, seed 0. */
function xxh32(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const rotate = (value: number, count: number): number => (value << count) | (value >>> (32 - count))
  let at = 0
  let hash: number
  if (bytes.length >= 16) {
    let a = (prime1 + prime2) | 0
    let b = prime2 | 0
    let c = 0
    let d = -prime1 | 0
    const round = (lane: number, word: number): number => Math.imul(rotate((lane + Math.imul(word, prime2)) | 0, 13), prime1)
    for (; at + 16 <= bytes.length; at += 16) {
      a = round(a, view.getUint32(at, true))
      b = round(b, view.getUint32(at + 4, true))
      c = round(c, view.getUint32(at + 8, true))
      d = round(d, view.getUint32(at + 12, true))
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0
  } else hash = prime5 | 0
  hash = (hash + bytes.length) | 0
  for (; at + 4 <= bytes.length; at += 4)
    hash = Math.imul(rotate((hash + Math.imul(view.getUint32(at, true), prime3)) | 0, 17), prime4)
  for (; at < bytes.length; at++) hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, prime5)) | 0, 11), prime1)
  hash = Math.imul(hash ^ (hash >>> 15), prime2)
  hash = Math.imul(hash ^ (hash >>> 13), prime3)
  return (hash ^ (hash >>> 16)) >>> 0
}
