/**
 * Reads zip files strictly: what the central directory says must be what stands in front of each member, so that no
 * two readers can see two different files (CVE-2025-1944, CVE-2025-10156). Nothing is written to disk.
 *
 * @see APPNOTE.TXT 6.3.10
 */
import { crc32, inflateRawSync } from 'node:zlib'
import { MlmodelError, type Where } from './errors/index.ts'
import { defaultLimits, type Limits } from './limits.ts'

export interface ZipMember {
  /** Relative, with `/`, never leaving the folder. */
  readonly name: string
  /** Bytes after decompression. */
  readonly size: number
  readonly compressedSize: number
  /** Decompresses and checks length and CRC-32. Throws ZIP_BROKEN, ZIP_LIMIT. */
  read(): Uint8Array
}

interface Entry {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly compressedSize: number
  readonly size: number
  readonly offset: number
}

const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const end64LocatorSignature = 0x07064b50
const centralSignature = 0x02014b50
const localSignature = 0x04034b50
const encryptedOrPatched = 0x0001 | 0x0020 | 0x0040 | 0x2000
/** Compression ratios are judged only beyond this many bytes: small arrays of zeros are honest. */
const ratioCheckedFrom = 32 << 20

/** Whether the bytes begin as a zip file does (an empty archive included). */
export function looksLikeZip(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5) && bytes[3] === bytes[2] + 1
  )
}

/**
 * Lists a zip file held in memory.
 *
 * @param names - `path` (default) refuses a name that would leave the folder it is unpacked in; `array` takes what outputs of
 *   ONNX graphs may be called (`/Softmax`), because arrays are never unpacked, but nothing that climbs
 * @throws ZIP_BROKEN, ZIP_UNSUPPORTED, ZIP_LIMIT
 */
export function openZip(
  bytes: Uint8Array,
  where: Where = {},
  limits: Limits = defaultLimits,
  names: 'path' | 'array' = 'path',
): readonly ZipMember[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const broken = (why: string, member?: string): MlmodelError =>
    new MlmodelError('ZIP_BROKEN', member === undefined ? { why } : { why, member }, { where })
  const directory = findDirectory(view, broken)
  if (directory.count > limits.zipMembers) {
    throw new MlmodelError('ZIP_LIMIT', { why: `has ${directory.count} members`, limit: limits.zipMembers }, { where })
  }
  const entries = readDirectory(view, bytes, directory, broken)
  const seen = new Set<string>()
  let total = 0
  for (const entry of entries) {
    if (names === 'path' ? !isPlainName(entry.name) : climbs(entry.name)) throw broken('its name leaves the folder', entry.name)
    if (seen.has(entry.name)) throw broken('the name occurs twice', entry.name)
    seen.add(entry.name)
    if ((entry.flags & encryptedOrPatched) !== 0) {
      throw new MlmodelError('ZIP_UNSUPPORTED', { member: entry.name, why: 'is encrypted or patched' }, { where })
    }
    if (entry.method !== 0 && entry.method !== 8) {
      throw new MlmodelError('ZIP_UNSUPPORTED', { member: entry.name, why: `uses compression method ${entry.method}` }, { where })
    }
    total += entry.size
    if (total > limits.arrayBytes) {
      throw new MlmodelError('ZIP_LIMIT', { why: 'is too large once unpacked', limit: limits.arrayBytes }, { where })
    }
    if (entry.size > ratioCheckedFrom && entry.size > entry.compressedSize * limits.inflateRatio) {
      throw new MlmodelError('ZIP_LIMIT', { why: 'unpacks to far more than it holds', limit: limits.inflateRatio }, { where })
    }
  }
  const dataStarts = checkLayout(view, bytes, entries, directory.start, broken)
  return entries.map((entry, index) => ({
    name: entry.name,
    size: entry.size,
    compressedSize: entry.compressedSize,
    read: () => readMember(bytes.subarray(dataStarts[index]!, dataStarts[index]! + entry.compressedSize), entry, broken),
  }))
}

interface Directory {
  readonly start: number
  readonly size: number
  readonly count: number
}

type Broken = (why: string, member?: string) => MlmodelError

function findDirectory(view: DataView, broken: Broken): Directory {
  // A comment of up to 65,535 bytes may follow the end record.
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 65_535); at--) {
    if (view.getUint32(at, true) !== endSignature) continue
    if (at + 22 + view.getUint16(at + 20, true) !== view.byteLength) continue
    if (view.getUint16(at + 4, true) !== 0 || view.getUint16(at + 6, true) !== 0) throw broken('it spans several disks')
    let count = view.getUint16(at + 10, true)
    let size = view.getUint32(at + 12, true)
    let start = view.getUint32(at + 16, true)
    let directoryEnd = at
    if (at >= 20 && view.getUint32(at - 20, true) === end64LocatorSignature) {
      directoryEnd = toNumber(view.getBigUint64(at - 12, true), broken)
      if (directoryEnd + 56 > at || view.getUint32(directoryEnd, true) !== end64Signature)
        throw broken('its zip64 end record is missing')
      count = toNumber(view.getBigUint64(directoryEnd + 32, true), broken)
      size = toNumber(view.getBigUint64(directoryEnd + 40, true), broken)
      start = toNumber(view.getBigUint64(directoryEnd + 48, true), broken)
    }
    if (start + size !== directoryEnd) throw broken('its directory does not stand where it says')
    return { start, size, count }
  }
  throw broken('it has no end record, so it is cut off or no zip file')
}

function readDirectory(view: DataView, bytes: Uint8Array, directory: Directory, broken: Broken): Entry[] {
  const entries: Entry[] = []
  const end = directory.start + directory.size
  let at = directory.start
  while (at < end) {
    if (at + 46 > end || view.getUint32(at, true) !== centralSignature) throw broken('its directory is damaged')
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true)
    if (next > end) throw broken('its directory is damaged')
    const flags = view.getUint16(at + 8, true)
    const name = decodeName(bytes.subarray(at + 46, at + 46 + nameLength), flags)
    const extra = { start: at + 46 + nameLength, end: at + 46 + nameLength + extraLength }
    const [size, compressedSize, offset] = wide(
      view,
      extra,
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      broken,
    )
    entries.push({
      name,
      flags,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      size: size!,
      compressedSize: compressedSize!,
      offset: offset!,
    })
    at = next
  }
  if (entries.length !== directory.count) throw broken('its directory has another number of members than it says')
  return entries
}

/** Checks every local header against the directory, that members touch no other and nothing stands before them; gives where data starts. */
function checkLayout(
  view: DataView,
  bytes: Uint8Array,
  entries: readonly Entry[],
  directoryStart: number,
  broken: Broken,
): number[] {
  const dataStarts = entries.map((entry) => {
    const at = entry.offset
    if (at + 30 > directoryStart || view.getUint32(at, true) !== localSignature) throw broken('its header is missing', entry.name)
    const nameLength = view.getUint16(at + 26, true)
    const extraLength = view.getUint16(at + 28, true)
    const start = at + 30 + nameLength + extraLength
    if (start + entry.compressedSize > directoryStart) throw broken('it reaches beyond the file', entry.name)
    const flags = view.getUint16(at + 6, true)
    const same =
      decodeName(bytes.subarray(at + 30, at + 30 + nameLength), flags) === entry.name &&
      flags === entry.flags &&
      view.getUint16(at + 8, true) === entry.method
    if (!same) throw broken('its header differs from the directory', entry.name)
    // With flag bit 3 the sizes follow the data; the directory's are then the only ones.
    if ((flags & 8) === 0) {
      const extra = { start: start - extraLength, end: start }
      const [size, compressedSize] = wide(view, extra, [view.getUint32(at + 22, true), view.getUint32(at + 18, true)], broken)
      if (size !== entry.size || compressedSize !== entry.compressedSize || view.getUint32(at + 14, true) !== entry.crc) {
        throw broken('its header differs from the directory', entry.name)
      }
    }
    return start
  })
  const order = entries.map((_, index) => index).sort((a, b) => entries[a]!.offset - entries[b]!.offset)
  let expected = 0
  for (const index of order) {
    const entry = entries[index]!
    // A data descriptor of 12 to 24 bytes may follow a member with flag bit 3.
    const slack = entry.offset - expected
    if (slack < 0 || slack > (expected === 0 ? 0 : 24)) throw broken('bytes stand between its members', entry.name)
    expected = dataStarts[index]! + entry.compressedSize
  }
  return dataStarts
}

function readMember(compressed: Uint8Array, entry: Entry, broken: Broken): Uint8Array {
  let content: Uint8Array
  if (entry.method === 0) {
    if (entry.size !== entry.compressedSize) throw broken('its two sizes differ though it is stored', entry.name)
    content = compressed
  } else {
    try {
      // One byte more than announced is enough to notice that there is more.
      content = inflateRawSync(compressed, { maxOutputLength: entry.size + 1 })
    } catch (cause) {
      throw broken(`it does not unpack (${cause instanceof Error ? cause.message : String(cause)})`, entry.name)
    }
  }
  if (content.length !== entry.size) throw broken(`it has ${content.length} bytes, not ${entry.size}`, entry.name)
  if (crc32(content) !== entry.crc) throw broken('its CRC-32 is wrong', entry.name)
  return content
}

/** Replaces fields of 0xffffffff by those of the zip64 extra field (id 1), which holds just these, in this order. */
function wide(view: DataView, extra: { start: number; end: number }, fields: readonly number[], broken: Broken): number[] {
  if (!fields.includes(0xffffffff)) return [...fields]
  for (let at = extra.start; at + 4 <= extra.end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue
    let next = at + 4
    return fields.map((field) => {
      if (field !== 0xffffffff) return field
      if (next + 8 > extra.end) throw broken('its zip64 field is too short')
      next += 8
      return toNumber(view.getBigUint64(next - 8, true), broken)
    })
  }
  throw broken('its zip64 field is missing')
}

function toNumber(value: bigint, broken: Broken): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken('a size is out of range')
  return Number(value)
}

function decodeName(bytes: Uint8Array, flags: number): string {
  // Without flag bit 11 the name is CP437; its lower half is ASCII, and what else stands there is only shown.
  return (flags & 0x800) !== 0
    ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    : Buffer.from(bytes).toString('latin1')
}

function climbs(name: string): boolean {
  return name.includes('\0') || name.split(/[\\/]/).includes('..')
}

function isPlainName(name: string): boolean {
  return name !== '' && !/[\\\u0000]|^[/]|^[A-Za-z]:/.test(name) && !name.split('/').includes('..')
}
