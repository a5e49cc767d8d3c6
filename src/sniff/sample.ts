/** The parts of a file that tell what it is: its start, its end, its size; more on request. Nothing is read whole. */
import { readSync } from 'node:fs'

export interface Sample {
  /** As shown in hints; its extension narrows, never decides. */
  readonly name: string
  readonly size: number
  readonly head: Uint8Array
  /** The last bytes; the same as `head` where the file is that short. */
  readonly tail: Uint8Array
  /** Bytes at a place, fewer at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** Enough for every header we know and for the first thousands of opcodes of a pickle. */
export const headBytes = 128 << 10
/** Holds the central directory of a zip of some hundred members. */
export const tailBytes = 64 << 10

/** Samples an open regular file. The descriptor stays the caller's. */
export async function sampleFile(descriptor: number, name: string, size: number, mostHead = headBytes): Promise<Sample> {
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const wanted = Math.max(0, Math.min(length, size - offset))
    const buffer = new Uint8Array(wanted)
    let filled = 0
    while (filled < wanted) {
      const bytesRead = readSync(descriptor, buffer, filled, wanted - filled, offset + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  }
  const head = await read(0, mostHead)
  const tail = size <= head.length ? head : await read(Math.max(0, size - tailBytes), tailBytes)
  return { name, size, head, tail, read }
}

/** Samples bytes in memory. */
export function sampleBytes(bytes: Uint8Array, name: string): Sample {
  return {
    name,
    size: bytes.length,
    head: bytes.subarray(0, headBytes),
    tail: bytes.subarray(Math.max(0, bytes.length - tailBytes)),
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  }
}
