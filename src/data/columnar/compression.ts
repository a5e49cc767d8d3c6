/** Decompression of pages and buffers into a length known beforehand: nothing larger is ever allocated. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { decompressLz4, decompressZstd } from 'hyparquet-compressors'

/** `lz4-hadoop` is Parquet's older form, in frames of Hadoop's own; `lz4-frame` is Arrow's. */
export type Codec = 'snappy' | 'gzip' | 'brotli' | 'zstd' | 'lz4' | 'lz4-hadoop' | 'lz4-frame'

/** Why bytes could not be decompressed; the reader of the file says where. */
export class CompressionError extends Error {}

/**
 * Decompresses `input` to exactly `length` bytes.
 *
 * @throws CompressionError
 */
export function decompress(codec: Codec, input: Uint8Array, length: number): Uint8Array {
  let output: Uint8Array
  try {
    output = decompressors[codec](input, length)
  } catch (cause) {
    throw new CompressionError(`${codec}: ${(cause as Error).message}`, { cause })
  }
  if (output.length !== length) throw new CompressionError(`${codec}: ${output.length} bytes where ${length} are announced`)
  return output
}

const decompressors: Readonly<Record<Codec, (input: Uint8Array, length: number) => Uint8Array>> = {
  snappy: snappy,
  gzip: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(length, 1) }),
  brotli: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(length, 1) }),
  zstd: (input, length) =>
    length === 0
      ? new Uint8Array(0)
      : (decompressZstd as (input: Uint8Array, output: Uint8Array) => Uint8Array)(input, new Uint8Array(length)),
  lz4: (input, length) => {
    const output = new Uint8Array(length)
    return output.subarray(0, lz4Block(input, output, 0))
  },
  'lz4-hadoop': decompressLz4,
  'lz4-frame': lz4Frame,
}

/** @see https://github.com/google/snappy/blob/main/format_description.txt */
function snappy(input: Uint8Array, length: number): Uint8Array {
  let at = 0
  let announced = 0
  for (let shift = 0; ; shift += 7) {
    const byte = input[at++]
    if (byte === undefined || shift > 28) throw new Error('its length is cut off')
    announced += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  if (announced !== length) throw new Error(`${announced} bytes where ${length} are announced`)
  const output = new Uint8Array(length)
  let to = 0
  while (at < input.length) {
    const tag = input[at++]!
    if ((tag & 3) === 0) {
      let size = tag >> 2
      if (size >= 60) {
        const extra = size - 59
        size = 0
        for (let byte = 0; byte < extra; byte++) size += (input[at++] ?? 0) * 2 ** (8 * byte)
      }
      size++
      if (size > input.length - at || size > length - to) throw new Error('a literal is too long')
      output.set(input.subarray(at, at + size), to)
      at += size
      to += size
      continue
    }
    let size: number
    let distance: number
    if ((tag & 3) === 1) {
      size = ((tag >> 2) & 7) + 4
      distance = ((tag >> 5) << 8) | (input[at] ?? 0)
      at += 1
    } else {
      size = (tag >> 2) + 1
      distance = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)
      if ((tag & 3) === 3) distance += (input[at + 2] ?? 0) * 65536 + (input[at + 3] ?? 0) * 16_777_216
      at += (tag & 3) === 2 ? 2 : 4
    }
    to = copyBack(output, to, distance, size)
  }
  return output.subarray(0, to)
}

/** Repeats bytes from `distance` before; they may overlap with what is being written. */
function copyBack(output: Uint8Array, to: number, distance: number, size: number): number {
  if (distance === 0 || distance > to) throw new Error(`a copy from ${distance} bytes before the start of ${to}`)
  if (size > output.length - to) throw new Error('a copy goes beyond the end')
  // A call costs more than a few bytes.
  if (size > 32 && distance >= size) output.copyWithin(to, to - distance, to - distance + size)
  else for (let byte = 0; byte < size; byte++) output[to + byte] = output[to + byte - distance]!
  return to + size
}

/** One LZ4 block into `output` from `to` on; it may refer to what is there before. Gives the place after it. */
function lz4Block(input: Uint8Array, output: Uint8Array, to: number): number {
  let at = 0
  const lengthFrom = (nibble: number): number => {
    let size = nibble
    if (nibble === 15) {
      let byte = 255
      while (byte === 255) {
        byte = input[at++] ?? -1
        if (byte === -1) throw new Error('a length is cut off')
        size += byte
      }
    }
    return size
  }
  while (at < input.length) {
    const token = input[at++]!
    const literals = lengthFrom(token >> 4)
    if (literals > input.length - at || literals > output.length - to) throw new Error('a literal is too long')
    output.set(input.subarray(at, at + literals), to)
    at += literals
    to += literals
    if (at >= input.length) break
    const distance = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)
    at += 2
    to = copyBack(output, to, distance, lengthFrom(token & 15) + 4)
  }
  return to
}

/** Blocks of a frame may refer to those before. @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md */
function lz4Frame(input: Uint8Array, length: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  const output = new Uint8Array(length)
  if (view.getUint32(0, true) !== 0x184d2204) throw new Error('it is no LZ4 frame')
  const flags = view.getUint8(4)
  if (flags >> 6 !== 1 || (flags & 1) !== 0) throw new Error('its version is unknown or it needs a dictionary')
  let at = 7 + ((flags & 8) !== 0 ? 8 : 0)
  let to = 0
  for (;;) {
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) return output.subarray(0, to)
    const size = word & 0x7fffffff
    if (size > input.length - at) throw new Error('a block is cut off')
    const block = input.subarray(at, at + size)
    if (word >>> 31 === 1) {
      output.set(block, to)
      to += size
    } else to = lz4Block(block, output, to)
    at += size + ((flags & 16) !== 0 ? 4 : 0)
  }
}
