/**
 * Members of a zip file that is broken, or that lies about itself: found by their local headers, wherever they stand. Another
 * reader may see them (CVE-2025-1944, CVE-2025-10156), so what they would run is told although the file is refused.
 */
import { inflateRawSync } from 'node:zlib'

export interface Salvaged {
  readonly name: string
  readonly bytes: Uint8Array
}

const mostMembers = 1000
/** Enough for the pickle of any model's structure; more is not looked at, and nothing is called safe here. */
const mostBytes = 64 << 20

/** Finds what can be found. */
export function salvageZip(bytes: Uint8Array): Salvaged[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found: Salvaged[] = []
  let left = mostBytes
  for (
    let at = buffer.indexOf('PK\x03\x04', 0, 'latin1');
    at >= 0 && found.length < mostMembers && left > 0;
    at = buffer.indexOf('PK\x03\x04', at + 4, 'latin1')
  ) {
    if (at + 30 > buffer.length) break
    const nameLength = buffer.readUInt16LE(at + 26)
    const start = at + 30 + nameLength + buffer.readUInt16LE(at + 28)
    if (start >= buffer.length) continue
    const name = buffer.toString('latin1', at + 30, at + 30 + nameLength)
    const size = buffer.readUInt32LE(at + 18)
    const content = memberBytes(buffer, start, size, buffer.readUInt16LE(at + 8), left)
    if (content === undefined) continue
    left -= content.length
    found.push({ name, bytes: content })
  }
  return found
}

function memberBytes(buffer: Buffer, start: number, size: number, method: number, most: number): Uint8Array | undefined {
  if (method === 8) {
    try {
      return inflateRawSync(buffer.subarray(start), { maxOutputLength: most })
    } catch {
      return undefined
    }
  }
  // Stored, whatever the header says: where its size is missing, to the next member.
  const next = buffer.indexOf('PK', start, 'latin1')
  const end = size > 0 && start + size <= buffer.length ? start + size : next < 0 ? buffer.length : next
  return buffer.subarray(start, Math.min(end, start + most))
}
