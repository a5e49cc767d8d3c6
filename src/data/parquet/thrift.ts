/**
 * Thrift's compact protocol, as far as Parquet uses it: structs by field number, every length checked against the bytes there.
 *
 * @see https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct
export type ThriftStruct = ReadonlyMap<number, ThriftValue>

/** Thrown where the bytes are no Thrift; the reader of the file turns it into its own error. */
export class ThriftError extends Error {}

/** Parquet's own structs are 8 deep. */
const deepest = 32

/** A place in bytes; numbers are read on from it. */
export class Cursor {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new ThriftError('it ends too early')
    return this.bytes[this.at++]!
  }

  /** LEB128. Beyond 2^53 the number is not exact, and no length, offset or count is that large. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
    throw new ThriftError('a number is longer than 10 bytes')
  }

  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  take(length: number): Uint8Array {
    if (length < 0 || length > this.bytes.length - this.at)
      throw new ThriftError(`${length} bytes are announced, ${this.bytes.length - this.at} are left`)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
}

/** @throws ThriftError */
export function readStruct(cursor: Cursor, depth = 0): ThriftStruct {
  if (depth > deepest) throw new ThriftError('it is nested too deep')
  const fields = new Map<number, ThriftValue>()
  let id = 0
  for (;;) {
    const head = cursor.byte()
    if (head === 0) return fields
    const delta = head >> 4
    id = delta === 0 ? cursor.zigzag() : id + delta
    const type = head & 15
    fields.set(id, type === 1 || type === 2 ? type === 1 : readValue(cursor, type, depth))
  }
}

function readValue(cursor: Cursor, type: number, depth: number): ThriftValue {
  switch (type) {
    case 1:
    case 2:
      // In a list a boolean has a byte of its own.
      return cursor.byte() === 1
    case 3:
      return (cursor.byte() << 24) >> 24
    case 4:
    case 5:
    case 6:
      return cursor.zigzag()
    case 7:
      return new DataView(cursor.take(8).slice().buffer).getFloat64(0, true)
    case 8:
      return cursor.take(cursor.varint())
    case 9:
    case 10: {
      const head = cursor.byte()
      const count = head >> 4 === 15 ? cursor.varint() : head >> 4
      // Every element takes a byte at least.
      if (count > cursor.bytes.length - cursor.at)
        throw new ThriftError(`a list of ${count} is announced, ${cursor.bytes.length - cursor.at} bytes are left`)
      return Array.from({ length: count }, () => readValue(cursor, head & 15, depth + 1))
    }
    case 12:
      return readStruct(cursor, depth + 1)
    default:
      throw new ThriftError(`there is no type ${type}`)
  }
}

export function numberIn(struct: ThriftStruct | undefined, id: number): number | undefined {
  const value = struct?.get(id)
  return typeof value === 'number' ? value : undefined
}

export function textIn(struct: ThriftStruct | undefined, id: number): string | undefined {
  const value = struct?.get(id)
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8') : undefined
}

export function structIn(struct: ThriftStruct | undefined, id: number): ThriftStruct | undefined {
  const value = struct?.get(id)
  return value instanceof Map ? (value as ThriftStruct) : undefined
}

export function listIn(struct: ThriftStruct | undefined, id: number): readonly ThriftValue[] {
  const value = struct?.get(id)
  return Array.isArray(value) ? value : []
}

export function structsIn(struct: ThriftStruct | undefined, id: number): readonly ThriftStruct[] {
  return listIn(struct, id).filter((value): value is ThriftStruct => value instanceof Map)
}
