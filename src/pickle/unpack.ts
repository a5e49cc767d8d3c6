/** Compressed pickles, as joblib and pandas write them: told by their first bytes, unpacked once, bounded before (P10). */
import { constants, crc32, inflateRawSync, inflateSync } from 'node:zlib'
import type { Limits } from '../limits.ts'
import { unpackBzip2 } from './unpack/bzip2.ts'
import { unpackLz4 } from './unpack/lz4.ts'
import { unpackLzmaAlone } from './unpack/lzma.ts'
import { unpackXz } from './unpack/xz.ts'
import { Malformed, type Rejection } from './verdict.ts'

export type Compression = 'zlib' | 'gzip' | 'bzip2' | 'xz' | 'lzma' | 'lz4' | 'zfile'

/** Compression ratios are judged only beyond this many bytes: small models of zeros are honest. */
const ratioCheckedFrom = 32 << 20

/** The compression that the bytes begin with. */
export function compressionOf(bytes: Uint8Array): Compression | undefined {
  const [a, b, c, d, e, f] = bytes
  if (a === 0x1f && b === 0x8b) return 'gzip'
  if (a === 0x78 && b !== undefined && (a * 256 + b) % 31 === 0 && (b & 0x20) === 0) return 'zlib'
  if (a === 0x42 && b === 0x5a && c === 0x68 && d! >= 0x31 && d! <= 0x39) return 'bzip2'
  if (a === 0xfd && b === 0x37 && c === 0x7a && d === 0x58 && e === 0x5a && f === 0) return 'xz'
  if (a === 0x5d && b === 0 && c === 0 && bytes.length > 13) return 'lzma'
  if (a === 0x04 && b === 0x22 && c === 0x4d && d === 0x18) return 'lz4'
  if (a === 0x5a && b === 0x46 && c === 0x30 && d === 0x78) return 'zfile'
  return undefined
}

/** What was unpacked. With a rejection where the container is odd and its content could be read all the same. */
export interface Unpacked {
  readonly bytes: Uint8Array
  readonly rejection?: Rejection
}

/**
 * Unpacks one layer.
 *
 * @throws Malformed
 */
export function unpack(bytes: Uint8Array, kind: Compression, limits: Limits): Unpacked {
  const most = Math.min(limits.arrayBytes, Math.max(ratioCheckedFrom, bytes.length * limits.inflateRatio))
  switch (kind) {
    case 'zlib':
      return unpackZlib(bytes, most)
    case 'gzip':
      return unpackGzip(bytes, most)
    case 'bzip2':
      return { bytes: unpackBzip2(bytes, most) }
    case 'xz':
      return { bytes: unpackXz(bytes, most) }
    case 'lzma':
      return { bytes: unpackLzmaAlone(bytes, most) }
    case 'lz4':
      return { bytes: unpackLz4(bytes, most) }
    case 'zfile':
      return unpackZfile(bytes, most)
  }
}

interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

function unpackZlib(bytes: Uint8Array, most: number): Unpacked {
  const { buffer, engine } = inflated(() => inflateSync(bytes, { maxOutputLength: most, info: true }), most)
  return engine.bytesWritten === bytes.length
    ? { bytes: buffer }
    : { bytes: buffer, rejection: { why: 'has bytes after its zlib stream', offset: engine.bytesWritten } }
}

/** Python's gzip reads members one after the other as one file. */
function unpackGzip(bytes: Uint8Array, most: number): Unpacked {
  const parts: Uint8Array[] = []
  let total = 0
  let at = 0
  let rejection: Rejection | undefined
  while (at < bytes.length) {
    if (bytes[at] !== 0x1f || bytes[at + 1] !== 0x8b) {
      rejection = { why: 'has bytes after its gzip member', offset: at }
      break
    }
    if (at > 0) rejection ??= { why: 'has more than one gzip member', offset: at }
    if (parts.length >= 1000) throw new Malformed('has more than 1000 gzip members', at, true)
    const start = afterGzipHeader(bytes, at)
    const rest = bytes.subarray(start)
    const room = most - total
    const { buffer, engine } = inflated(() => inflateRawSync(rest, { maxOutputLength: Math.max(1, room), info: true }), most)
    const end = start + engine.bytesWritten
    if (end + 8 > bytes.length) throw new Malformed('is cut off', bytes.length)
    const view = new DataView(bytes.buffer, bytes.byteOffset + end, 8)
    if (view.getUint32(0, true) !== crc32(buffer) || view.getUint32(4, true) !== buffer.length >>> 0)
      throw new Malformed('has a gzip check sum that is wrong', end)
    parts.push(buffer)
    total += buffer.length
    at = end + 8
  }
  const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  return { bytes: all, ...(rejection !== undefined && { rejection }) }
}

function afterGzipHeader(bytes: Uint8Array, start: number): number {
  const flags = bytes[start + 3]!
  if (start + 18 > bytes.length) throw new Malformed('is cut off', bytes.length)
  if (bytes[start + 2] !== 8 || (flags & 0xe0) !== 0) throw new Malformed('has a gzip header that is damaged', start)
  let at = start + 10
  if ((flags & 4) !== 0) at += 2 + bytes[at]! + bytes[at + 1]! * 256
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue
    while (at < bytes.length && bytes[at] !== 0) at++
    at++
  }
  if ((flags & 2) !== 0) at += 2
  if (at >= bytes.length) throw new Malformed('is cut off', bytes.length)
  return at
}

/** joblib before 0.10: `ZF`, the length in 19 characters of hexadecimal, and a zlib stream. */
function unpackZfile(bytes: Uint8Array, most: number): Unpacked {
  const header = Buffer.from(bytes.subarray(2, 21)).toString('latin1')
  const digits = /^0x([0-9a-f]{1,16})L? *$/.exec(header)?.[1]
  if (digits === undefined) throw new Malformed('has a ZF header that is damaged', 2)
  const length = BigInt(`0x${digits}`)
  if (length > BigInt(most)) throw new Malformed(`unpacks to more than ${most} bytes`, 2, true)
  const start = bytes[21] === 0x20 ? 22 : 21
  const unpacked = unpackZlib(bytes.subarray(start), most)
  if (unpacked.rejection !== undefined || BigInt(unpacked.bytes.length) === length) return unpacked
  return { ...unpacked, rejection: { why: 'has another length than its ZF header says', offset: 2 } }
}

function inflated(call: () => unknown, most: number): Inflated {
  try {
    return call() as Inflated
  } catch (cause) {
    const { code, errno } = cause as { code?: string; errno?: number }
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new Malformed(`unpacks to more than ${most} bytes`, 0, true)
    if (errno === constants.Z_BUF_ERROR) throw new Malformed('is cut off', 0)
    throw new Malformed('does not unpack', 0)
  }
}
