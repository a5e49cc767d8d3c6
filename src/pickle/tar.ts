/** Members of a tar archive: torch's oldest form is one. Read as far as the headers make sense. */

export interface TarMember {
  readonly name: string
  readonly bytes: Uint8Array
}

const mostMembers = 10_000

/** Lists the regular files of a tar archive held in memory. */
export function readTar(bytes: Uint8Array): TarMember[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const members: TarMember[] = []
  for (let at = 0; at + 512 <= buffer.length && members.length < mostMembers; ) {
    const name = text(buffer, at, 100)
    const digits = text(buffer, at + 124, 12).trim()
    if (name === '' || !/^[0-7]{0,11}$/.test(digits)) break
    const size = digits === '' ? 0 : Number.parseInt(digits, 8)
    const kind = buffer[at + 156]
    const start = at + 512
    if (kind === 0 || kind === 0x30) members.push({ name, bytes: buffer.subarray(start, Math.min(buffer.length, start + size)) })
    at = start + Math.ceil(size / 512) * 512
  }
  return members
}

function text(buffer: Buffer, start: number, length: number): string {
  const end = buffer.indexOf(0, start)
  return buffer.toString('latin1', start, end < 0 ? start + length : Math.min(end, start + length))
}
