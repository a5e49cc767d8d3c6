/**
 * The encodings of Parquet's levels, indices and values.
 *
 * @see https://github.com/apache/parquet-format/blob/master/Encodings.md
 */
import { Cursor, ThriftError } from './thrift.ts'

/**
 * Runs of one value and of packed bits, in turn, into `output`.
 *
 * @param width - bits of a value, 0 to 32
 * @returns the place after what was read
 */
export function readHybrid(bytes: Uint8Array, at: number, width: number, output: Uint8Array | Int32Array): number {
  const cursor = new Cursor(bytes, at)
  const count = output.length
  if (width > 32) throw new ThriftError(`values of ${width} bits`)
  if (width === 0) return at
  const byteWidth = (width + 7) >> 3
  let done = 0
  while (done < count) {
    const head = cursor.varint()
    const size = Math.floor(head / 2)
    if (size === 0) throw new ThriftError('a run of nothing')
    if (head % 2 === 0) {
      const raw = cursor.take(byteWidth)
      let value = 0
      for (let byte = 0; byte < byteWidth; byte++) value |= raw[byte]! << (8 * byte)
      const end = Math.min(count, done + size)
      output.fill(value, done, end)
      done = end
    } else {
      const values = Math.min(size * 8, count - done)
      // The last run may be cut off where its values end.
      const length = Math.min(size * width, cursor.bytes.length - cursor.at)
      if (length * 8 < values * width) throw new ThriftError('packed bits end too early')
      unpack(cursor.take(length), width, output, done, values)
      done += values
    }
  }
  return cursor.at
}

function unpack(bytes: Uint8Array, width: number, output: Uint8Array | Int32Array, start: number, count: number): void {
  if (width > 24) {
    unpackWide(bytes, width, output, start, count)
    return
  }
  const mask = (1 << width) - 1
  let bits = 0
  let held = 0
  let at = 0
  for (let index = 0; index < count; index++) {
    while (held < width) {
      bits |= bytes[at++]! << held
      held += 8
    }
    output[start + index] = bits & mask
    bits >>>= width
    held -= width
  }
}

function unpackWide(bytes: Uint8Array, width: number, output: Uint8Array | Int32Array, start: number, count: number): void {
  let bit = 0
  for (let index = 0; index < count; index++) {
    let value = 0
    for (let got = 0; got < width; ) {
      const take = Math.min(8 - (bit & 7), width - got)
      value |= ((bytes[bit >> 3]! >> (bit & 7)) & ((1 << take) - 1)) << got
      got += take
      bit += take
    }
    output[start + index] = value
  }
}

/** Differences in blocks of packed bits, for INT32 and INT64; arithmetic wraps. Gives the place after them. */
export function readDelta(bytes: Uint8Array, at: number, output: Int32Array | BigInt64Array): number {
  const cursor = new Cursor(bytes, at)
  const blockSize = cursor.varint()
  const miniBlocks = cursor.varint()
  const total = cursor.varint()
  const first = zigzag64(cursor)
  const count = output.length
  const perMini = blockSize / miniBlocks
  if (!Number.isInteger(perMini) || perMini % 8 !== 0 || perMini === 0 || blockSize > 1 << 20)
    throw new ThriftError(`blocks of ${blockSize} in ${miniBlocks} parts`)
  if (total !== count) throw new ThriftError(`${total} differences for ${count} values`)
  const wide = output instanceof BigInt64Array
  let value = first
  const put = (index: number): void => {
    if (wide) (output as BigInt64Array)[index] = value
    else output[index] = Number(BigInt.asIntN(32, value))
  }
  if (count > 0) put(0)
  for (let done = 1; done < count; ) {
    const least = zigzag64(cursor)
    const widths = cursor.take(miniBlocks)
    for (let mini = 0; mini < miniBlocks && done < count; mini++) {
      const width = widths[mini]!
      if (width > 64) throw new ThriftError(`differences of ${width} bits`)
      const packed = cursor.take((perMini * width) / 8)
      for (let index = 0; index < perMini && done < count; index++, done++) {
        value = BigInt.asIntN(64, value + least + bitsAt(packed, index * width, width))
        put(done)
      }
    }
  }
  return cursor.at
}

function bitsAt(bytes: Uint8Array, bit: number, width: number): bigint {
  let low = 0
  let high = 0
  for (let got = 0; got < width; ) {
    const take = Math.min(8 - (bit & 7), width - got)
    const part = (bytes[bit >> 3]! >> (bit & 7)) & ((1 << take) - 1)
    if (got < 32) {
      low += part * 2 ** got
      if (low >= 4_294_967_296) {
        high += Math.floor(low / 4_294_967_296)
        low %= 4_294_967_296
      }
    } else high += part * 2 ** (got - 32)
    got += take
    bit += take
  }
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low)
}

function zigzag64(cursor: Cursor): bigint {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = cursor.byte()
    value |= BigInt(byte & 127) << shift
    if (byte < 128) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
  }
  throw new ThriftError('a number is longer than 10 bytes')
}

/** Byte 0 of all values, then byte 1 of all, and so on. */
export function joinStreams(bytes: Uint8Array, at: number, count: number, width: number): Uint8Array {
  const source = new Cursor(bytes, at).take(count * width)
  const joined = new Uint8Array(count * width)
  for (let byte = 0; byte < width; byte++)
    for (let index = 0; index < count; index++) joined[index * width + byte] = source[byte * count + index]!
  return joined
}

/** Values of their own lengths, as pieces of `bytes`: `lengths` first, then all of them one behind the other. */
export function readDeltaLengths(bytes: Uint8Array, at: number, count: number): Uint8Array[] {
  const lengths = new Int32Array(count)
  const cursor = new Cursor(bytes, count === 0 ? at : readDelta(bytes, at, lengths))
  return Array.from(lengths, (length) => cursor.take(length))
}

/** Values that share their beginning with the one before. */
export function readDeltaBytes(bytes: Uint8Array, at: number, count: number, most: number): Uint8Array[] {
  const prefixes = new Int32Array(count)
  if (count === 0) return []
  const suffixes = readDeltaLengths(bytes, readDelta(bytes, at, prefixes), count)
  let previous: Uint8Array = new Uint8Array(0)
  let total = 0
  return suffixes.map((suffix, index) => {
    const shared = prefixes[index]!
    if (shared < 0 || shared > previous.length)
      throw new ThriftError(`a value shares ${shared} bytes with one of ${previous.length}`)
    if (shared === 0) {
      previous = suffix
      return suffix
    }
    total += shared + suffix.length
    if (total > most) throw new ThriftError(`values of more than ${most} bytes`)
    const value = new Uint8Array(shared + suffix.length)
    value.set(previous.subarray(0, shared))
    value.set(suffix, shared)
    previous = value
    return value
  })
}
