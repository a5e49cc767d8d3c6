/**
 * Protobuf's wire format, read without trust and without copying, and written.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
import { MlmodelError } from '../errors/index.ts'

/** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. Groups (3, 4) are refused: no ONNX field has ever been one. */
export type WireType = 0 | 1 | 2 | 5

/** A place in a message. `from` and `to` bound the content of the field just read. */
export interface Cursor {
  readonly bytes: Uint8Array
  readonly end: number
  /** How many messages this one lies in. */
  readonly depth: number
  readonly maximumDepth: number
  position: number
  field: number
  wire: WireType
  from: number
  to: number
  /** Where the field's tag begins. */
  start: number
}

/** Starts reading a whole file as one message. */
export function openMessage(bytes: Uint8Array, maximumDepth: number): Cursor {
  return newCursor(bytes, 0, bytes.length, 0, maximumDepth)
}

function newCursor(bytes: Uint8Array, position: number, end: number, depth: number, maximumDepth: number): Cursor {
  return { bytes, end, depth, maximumDepth, position, field: 0, wire: 0, from: position, to: position, start: position }
}

/**
 * Starts reading the field just read as a message.
 *
 * @throws ONNX_LIMIT when messages lie too deep in each other
 */
export function openField(cursor: Cursor): Cursor {
  expectWire(cursor, 2)
  if (cursor.depth + 1 > cursor.maximumDepth) {
    throw new MlmodelError('ONNX_LIMIT', { what: 'messages nested too deeply', limit: cursor.maximumDepth }, at(cursor.start))
  }
  return newCursor(cursor.bytes, cursor.from, cursor.to, cursor.depth + 1, cursor.maximumDepth)
}

/**
 * Goes to the next field.
 *
 * @returns false at the end of the message
 * @throws ONNX_BROKEN for what no writer writes: groups, field 0, lengths beyond the message, endless numbers
 */
export function nextField(cursor: Cursor): boolean {
  if (cursor.position >= cursor.end) return false
  cursor.start = cursor.position
  const first = cursor.bytes[cursor.position]!
  let tag = first
  // Nearly all tags are one byte.
  if (first < 0x80) cursor.position++
  else tag = varintAt(cursor)
  const wire = tag % 8
  cursor.field = (tag - wire) / 8
  if (cursor.field === 0 || cursor.field > 0x1fffffff) throw broken(cursor, `a field has the number ${cursor.field}`)
  cursor.from = cursor.position
  if (wire === 0) skipVarint(cursor)
  else if (wire === 1) cursor.position += 8
  else if (wire === 5) cursor.position += 4
  else if (wire === 2) {
    const length = varintAt(cursor)
    cursor.from = cursor.position
    cursor.position += length
  } else throw broken(cursor, wire === 3 || wire === 4 ? 'it has a protobuf group' : `a field has the wire type ${wire}`)
  if (cursor.position > cursor.end) throw broken(cursor, 'a field is longer than what is left')
  cursor.wire = wire
  cursor.to = cursor.position
  return true
}

/** Reads a varint of tags and lengths; beyond 2^53 it is longer than any file. */
function varintAt(cursor: Cursor): number {
  const { bytes, end } = cursor
  let value = 0
  let scale = 1
  for (let count = 0; count < 10; count++) {
    if (cursor.position >= end) throw broken(cursor, 'it ends within a number')
    const byte = bytes[cursor.position++]!
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
    scale *= 128
  }
  throw broken(cursor, 'a number has more than ten bytes')
}

function skipVarint(cursor: Cursor): void {
  const last = Math.min(cursor.end, cursor.position + 10)
  while (cursor.position < last) if (cursor.bytes[cursor.position++]! < 0x80) return
  throw broken(cursor, last === cursor.end ? 'it ends within a number' : 'a number has more than ten bytes')
}

/** The field as a signed 64-bit integer. */
export function int64(cursor: Cursor): bigint {
  expectWire(cursor, 0)
  return varintBig(cursor.bytes, cursor.from, cursor.to)
}

/** The field as an int32, an enum or a bool; what does not fit is cut to 32 bits as protobuf does. */
export function int32(cursor: Cursor): number {
  expectWire(cursor, 0)
  return smallVarint(cursor.bytes, cursor.from, cursor.to) | 0
}

function varintBig(bytes: Uint8Array, from: number, to: number): bigint {
  if (to - from <= 7) return BigInt(smallVarint(bytes, from, to))
  let value = 0n
  for (let position = to - 1; position >= from; position--) value = (value << 7n) | BigInt(bytes[position]! & 0x7f)
  return BigInt.asIntN(64, value)
}

/** Exact up to 49 bits; beyond, only the low 32 bits are right. */
function smallVarint(bytes: Uint8Array, from: number, to: number): number {
  const last = Math.min(to, from + 7)
  let value = 0
  for (let position = last - 1; position >= from; position--) value = value * 128 + (bytes[position]! & 0x7f)
  return value
}

/** The field as text; a name must be UTF-8, because everything else compares names. */
export function text(cursor: Cursor): string {
  expectWire(cursor, 2)
  const { bytes, from, to } = cursor
  let ascii = ''
  if (to - from <= 40) {
    for (let position = from; position < to; position++) {
      const byte = bytes[position]!
      if (byte > 0x7f) return utf8(cursor)
      ascii += String.fromCharCode(byte)
    }
    return ascii
  }
  return utf8(cursor)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

function utf8(cursor: Cursor): string {
  try {
    return decoder.decode(cursor.bytes.subarray(cursor.from, cursor.to))
  } catch {
    throw broken(cursor, 'a name is not UTF-8')
  }
}

/** The field as text for people; bytes that are no UTF-8 become U+FFFD. */
export function freeText(cursor: Cursor): string {
  expectWire(cursor, 2)
  return lenientDecoder.decode(cursor.bytes.subarray(cursor.from, cursor.to))
}

/** The field's bytes, not copied. */
export function content(cursor: Cursor): Uint8Array {
  expectWire(cursor, 2)
  return cursor.bytes.subarray(cursor.from, cursor.to)
}

/** How many values a repeated number field adds, packed or not. */
export function repeatedCount(cursor: Cursor, wire: 0 | 1 | 5): number {
  if (cursor.wire === wire) return 1
  expectWire(cursor, 2)
  const length = cursor.to - cursor.from
  if (wire !== 0) {
    const size = wire === 1 ? 8 : 4
    if (length % size !== 0) throw broken(cursor, 'a list of numbers ends within a number')
    return length / size
  }
  let count = 0
  for (let position = cursor.from; position < cursor.to; position++) if (cursor.bytes[position]! < 0x80) count++
  if (length > 0 && cursor.bytes[cursor.to - 1]! >= 0x80) throw broken(cursor, 'a list of numbers ends within a number')
  return count
}

/** Gives each integer of a repeated field, packed or not. */
export function eachInt64(cursor: Cursor, take: (value: bigint) => void): void {
  if (cursor.wire === 0) {
    take(int64(cursor))
    return
  }
  repeatedCount(cursor, 0)
  let from = cursor.from
  for (let position = cursor.from; position < cursor.to; position++) {
    if (cursor.bytes[position]! >= 0x80) continue
    if (position - from >= 10) throw broken(cursor, 'a number has more than ten bytes')
    take(varintBig(cursor.bytes, from, position + 1))
    from = position + 1
  }
}

/** Gives each integer of a repeated field as a number: exact within 49 bits, which all sizes and ids here are checked to be. */
export function eachInteger(cursor: Cursor, take: (value: number) => void): void {
  if (cursor.wire === 0 && cursor.to - cursor.from <= 7) take(smallVarint(cursor.bytes, cursor.from, cursor.to))
  else eachInt64(cursor, (value) => take(Number(value)))
}

/** Refuses a field whose wire type is not the one its number has in onnx.proto. */
export function expectWire(cursor: Cursor, wire: WireType): void {
  if (cursor.wire !== wire) throw broken(cursor, `field ${cursor.field} has the wire type ${cursor.wire}, not ${wire}`)
}

function broken(cursor: Cursor, why: string): MlmodelError {
  return new MlmodelError('ONNX_BROKEN', { why }, at(cursor.start))
}

const at = (byte: number) => ({ where: { byte } })

/** Bytes to be joined: what was read is passed on as it is, without a copy until the end. */
export type Chunks = readonly Uint8Array[]

const encoder = new TextEncoder()

/** A varint of a number of at most 2^53, or of any 64-bit integer. */
export function writeVarint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest === 0n ? low : low | 0x80)
  } while (rest !== 0n)
  return Uint8Array.from(bytes)
}

/** A field with an integer. */
export function writeInteger(field: number, value: number | bigint): Chunks {
  return [writeVarint(field * 8), writeVarint(value)]
}

/** A field with text, bytes or a message. */
export function writeBytes(field: number, value: string | Uint8Array | Chunks): Chunks {
  const chunks = typeof value === 'string' ? [encoder.encode(value)] : value instanceof Uint8Array ? [value] : value
  return [writeVarint(field * 8 + 2), writeVarint(lengthOf(chunks)), ...chunks]
}

/** Bytes of all chunks together. */
export function lengthOf(chunks: Chunks): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}

/** All chunks as one. */
export function joined(chunks: Chunks): Uint8Array {
  const bytes = new Uint8Array(lengthOf(chunks))
  let position = 0
  for (const chunk of chunks) {
    bytes.set(chunk, position)
    position += chunk.length
  }
  return bytes
}
