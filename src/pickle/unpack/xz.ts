/**
 * Unpacks the xz container with its one filter that everybody uses, LZMA2; check sums and index are compared.
 *
 * @see The .xz File Format, version 1.2.1
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Malformed } from '../verdict.ts'
import { type Coder, decodeLzma, makeCoder, resetState, setProperties } from './lzma.ts'
import { makeOutput, type Output, reserve } from './output.ts'

const magic = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
const lzma2Filter = 0x21
const checkSizes: Readonly<Record<number, number>> = { 0: 0, 1: 4, 4: 8, 10: 32 }

/**
 * Unpacks one stream that must fill the bytes.
 *
 * @throws Malformed
 */
export function unpackXz(bytes: Uint8Array, most: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 32 || magic.some((byte, index) => bytes[index] !== byte)) throw new Malformed('is no xz stream', 0)
  const kind = bytes[7]!
  const checkSize = checkSizes[kind]
  if (bytes[6] !== 0 || checkSize === undefined || view.getUint32(8, true) !== crc32(bytes.subarray(6, 8)))
    throw new Malformed('has an xz header that is damaged', 6)
  const output = makeOutput(bytes.length * 4, most)
  const sizes: (readonly [unpadded: number, unpacked: number])[] = []
  let at = 12
  while (at < bytes.length && bytes[at] !== 0) {
    const start = at
    at = readBlockHeader(bytes, view, at)
    const dataStart = output.length
    at = decodeLzma2(bytes, at, output, most)
    const unpaddedEnd = at
    while ((at - start) % 4 !== 0) if (bytes[at++] !== 0) throw new Malformed('has an xz block that is padded wrongly', at)
    if (at + checkSize > bytes.length) throw new Malformed('is cut off', at)
    compareCheck(kind, output.bytes.subarray(dataStart, output.length), bytes.subarray(at, at + checkSize), at)
    at += checkSize
    sizes.push([unpaddedEnd - start + checkSize, output.length - dataStart])
  }
  readEnd(bytes, view, at, sizes, kind)
  return output.bytes.subarray(0, output.length)
}

function readBlockHeader(bytes: Uint8Array, view: DataView, start: number): number {
  const size = (bytes[start]! + 1) * 4
  if (start + size > bytes.length) throw new Malformed('is cut off', start)
  if (view.getUint32(start + size - 4, true) !== crc32(bytes.subarray(start, start + size - 4)))
    throw new Malformed('has an xz block whose header is damaged', start)
  const flags = bytes[start + 1]!
  const reader = { at: start + 2 }
  if ((flags & 0x3f) !== 0) throw new Malformed('has an xz block with other filters than LZMA2', start, true)
  if ((flags & 0x40) !== 0) readNumber(bytes, reader)
  if ((flags & 0x80) !== 0) readNumber(bytes, reader)
  const filter = readNumber(bytes, reader)
  const properties = readNumber(bytes, reader)
  if (filter !== lzma2Filter || properties !== 1)
    throw new Malformed('has an xz block with other filters than LZMA2', start, true)
  return start + size
}

/** Chunks of LZMA2: stored or packed, each may start anew. */
function decodeLzma2(bytes: Uint8Array, start: number, output: Output, most: number): number {
  let at = start
  let coder: Coder | undefined
  let started = false
  const byte = (): number => {
    if (at >= bytes.length) throw new Malformed('is cut off', at)
    return bytes[at++]!
  }
  const short = (): number => byte() * 256 + byte()
  let historyStart = output.length
  for (;;) {
    const control = byte()
    if (control === 0) return at
    if (control === 1 || control >= 0xe0) {
      historyStart = output.length
      if (coder !== undefined) coder.historyStart = historyStart
      started = true
    } else if (!started) throw new Malformed('has an LZMA2 chunk without a beginning', at)
    if (control < 0x80) {
      if (control > 2) throw new Malformed('has an LZMA2 chunk of an unknown kind', at)
      const size = short() + 1
      if (size > bytes.length - at) throw new Malformed('is cut off', at)
      reserve(output, size, most)
      output.bytes.set(bytes.subarray(at, at + size), output.length)
      output.length += size
      at += size
      // What is stored resets the state at the next packed chunk, which says so itself.
      continue
    }
    const unpacked = (control & 0x1f) * 0x10000 + short() + 1
    const packed = short() + 1
    const reset = (control >> 5) & 3
    if (reset >= 2) {
      const properties = byte()
      if (coder === undefined) coder = makeCoder(properties, historyStart)
      else setProperties(coder, properties)
      if (coder.literalContext + coder.literalPosition > 4) throw new Malformed('has LZMA2 parameters that do not exist', at)
    } else if (coder === undefined) throw new Malformed('has an LZMA2 chunk without parameters', at)
    else if (reset === 1) resetState(coder)
    if (packed > bytes.length - at) throw new Malformed('is cut off', at)
    const end = decodeLzma(coder, bytes, at, at + packed, output, unpacked, most, false)
    if (end !== at + packed) throw new Malformed('has an LZMA2 chunk of another size than it says', at)
    at = end
  }
}

function compareCheck(kind: number, data: Uint8Array, check: Uint8Array, offset: number): void {
  const view = new DataView(check.buffer, check.byteOffset, check.byteLength)
  const right =
    kind === 0 ||
    (kind === 1 && view.getUint32(0, true) === crc32(data)) ||
    (kind === 4 && view.getBigUint64(0, true) === crc64(data)) ||
    (kind === 10 && createHash('sha256').update(data).digest().equals(check))
  if (!right) throw new Malformed('has an xz check sum that is wrong', offset)
}

/** The index repeats the blocks' sizes; the footer repeats the header. */
function readEnd(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  sizes: readonly (readonly [unpadded: number, unpacked: number])[],
  kind: number,
): void {
  const reader = { at: start + 1 }
  const wrong = (): Malformed => new Malformed('has an xz index that is damaged', start)
  if (readNumber(bytes, reader) !== sizes.length) throw wrong()
  for (const [unpadded, unpacked] of sizes) {
    if (readNumber(bytes, reader) !== unpadded || readNumber(bytes, reader) !== unpacked) throw wrong()
  }
  while ((reader.at - start) % 4 !== 0) if (bytes[reader.at++] !== 0) throw wrong()
  const footer = reader.at + 4
  if (footer + 12 > bytes.length) throw new Malformed('is cut off', bytes.length)
  if (view.getUint32(reader.at, true) !== crc32(bytes.subarray(start, reader.at))) throw wrong()
  const fits =
    view.getUint32(footer, true) === crc32(bytes.subarray(footer + 4, footer + 10)) &&
    (view.getUint32(footer + 4, true) + 1) * 4 === footer - start &&
    bytes[footer + 8] === 0 &&
    bytes[footer + 9] === kind &&
    bytes[footer + 10] === 0x59 &&
    bytes[footer + 11] === 0x5a
  if (!fits) throw new Malformed('has an xz footer that is damaged', footer)
  if (footer + 12 !== bytes.length) throw new Malformed('has bytes after its xz stream', footer + 12)
}

/** Seven bits to a byte, lowest first. */
function readNumber(bytes: Uint8Array, reader: { at: number }): number {
  let value = 0
  for (let shift = 0; shift < 49; shift += 7) {
    const byte = bytes[reader.at++]
    if (byte === undefined) throw new Malformed('is cut off', reader.at)
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  throw new Malformed('has an xz number that is too large', reader.at)
}

/** Lower and upper halves of each entry of the table of CRC-64/XZ. */
const crc64Table: readonly [Uint32Array, Uint32Array] = (() => {
  const low = new Uint32Array(256)
  const high = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = (value & 1n) === 1n ? (value >> 1n) ^ 0xc96c5795d7870f42n : value >> 1n
    low[byte] = Number(value & 0xffffffffn)
    high[byte] = Number(value >> 32n)
  }
  return [low, high]
})()

function crc64(data: Uint8Array): bigint {
  const [lows, highs] = crc64Table
  let low = 0xffffffff
  let high = 0xffffffff
  for (let index = 0; index < data.length; index++) {
    const entry = (low ^ data[index]!) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ lows[entry]!
    high = (high >>> 8) ^ highs[entry]!
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)
}
