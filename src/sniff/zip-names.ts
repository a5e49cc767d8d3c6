/** The names in a zip file, from its central directory; the strict reader of members is src/zip.ts. */
import type { Sample } from './sample.ts'

export interface ZipName {
  readonly name: string
  readonly size: number
  readonly compressedSize: number
  /** 0 is stored, 8 deflated. */
  readonly method: number
  /** Offset of the local header. */
  readonly offset: number
}

const mostNames = 10_000
/** A central directory larger than this is not read. */
const mostDirectoryBytes = 4 << 20

/** Lists a zip; undefined where its directory is missing or broken. */
export async function listZip(sample: Sample): Promise<readonly ZipName[] | undefined> {
  const { tail } = sample
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  let end = tail.length - 22
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--
  if (end < 0) return undefined
  let count = view.getUint16(end + 10, true)
  let length = view.getUint32(end + 12, true)
  let start = view.getUint32(end + 16, true)
  if (
    (count === 0xffff || length === 0xffffffff || start === 0xffffffff) &&
    end >= 20 &&
    view.getUint32(end - 20, true) === 0x07064b50
  ) {
    const record = await sample.read(Number(view.getBigUint64(end - 12, true)), 56)
    const zip64 = new DataView(record.buffer, record.byteOffset, record.byteLength)
    if (record.length < 56 || zip64.getUint32(0, true) !== 0x06064b50) return undefined
    count = Number(zip64.getBigUint64(32, true))
    length = Number(zip64.getBigUint64(40, true))
    start = Number(zip64.getBigUint64(48, true))
  }
  if (length > mostDirectoryBytes || start + length > sample.size) return undefined
  const directory = await sample.read(start, length)
  const entries = new DataView(directory.buffer, directory.byteOffset, directory.byteLength)
  const names: ZipName[] = []
  for (let at = 0; at + 46 <= directory.length && names.length < Math.min(count, mostNames); ) {
    if (entries.getUint32(at, true) !== 0x02014b50) break
    const nameLength = entries.getUint16(at + 28, true)
    names.push({
      name: Buffer.from(
        directory.buffer,
        directory.byteOffset + at + 46,
        Math.min(nameLength, directory.length - at - 46),
      ).toString('utf8'),
      method: entries.getUint16(at + 10, true),
      compressedSize: entries.getUint32(at + 20, true),
      size: entries.getUint32(at + 24, true),
      offset: entries.getUint32(at + 42, true),
    })
    at += 46 + nameLength + entries.getUint16(at + 30, true) + entries.getUint16(at + 32, true)
  }
  return names
}

/** The first bytes of a stored (not compressed) member; undefined for others. */
export async function storedStart(sample: Sample, member: ZipName, most: number): Promise<Uint8Array | undefined> {
  if (member.method !== 0) return undefined
  const header = await sample.read(member.offset, 30)
  if (header.length < 30) return undefined
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  if (view.getUint32(0, true) !== 0x04034b50) return undefined
  return sample.read(member.offset + 30 + view.getUint16(26, true) + view.getUint16(28, true), Math.min(most, member.size))
}
