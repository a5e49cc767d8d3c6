/** Bytes from a file, a stream or memory, read piece by piece into the reader's own memory. */
import { close, fstatSync, openSync, readSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { MlmodelError } from '../errors/index.ts'

/** One pass over a source's bytes. */
export interface ByteReader {
  /**
   * Reads up to `length` bytes into `target` from `offset`; fewer are no sign of the end, 0 is.
   * Files and memory answer at once, so that a loop over them need not wait.
   */
  read(target: Uint8Array, offset: number, length: number): number | Promise<number>
  close(): Promise<void>
}

/** Bytes of a file in any order. */
export interface RandomReader {
  readonly size: number
  /** Fewer bytes where the file ends; they may be kept. */
  readAt(position: number, length: number): Uint8Array
  close(): Promise<void>
}

/** Where data comes from. */
export interface Source {
  /** As the user gave it, for messages. */
  readonly name: string
  /** Bytes, where known beforehand. */
  readonly size?: number
  /** Whether `open` may be called again for a second pass. */
  readonly rewindable: boolean
  open(): Promise<ByteReader>
  /** For formats that are read from their end; absent where bytes come once and in order. */
  openAt?(): Promise<RandomReader>
}

/** A source over a copy in a private temporary file; `remove` deletes it. */
export interface SpooledSource extends Source {
  openAt(): Promise<RandomReader>
  remove(): Promise<void>
}

/**
 * The path that a path or a file URL stands for.
 *
 * @throws SOURCE_URL for URLs of other places
 */
export function pathOfFile(place: string | URL): string {
  if (!(place instanceof URL) && !place.startsWith('file:')) return place
  try {
    return fileURLToPath(place)
  } catch (cause) {
    throw new MlmodelError('SOURCE_URL', { url: String(place) }, { cause })
  }
}

/**
 * Reads a file. Reads are direct and synchronous: a page-cache hit costs less than a turn of the event loop.
 *
 * @throws on `open`: SOURCE_NOT_FOUND, SOURCE_IS_DIRECTORY, SOURCE_UNREADABLE
 */
export function fileSource(path: string, name: string = path): Source {
  return {
    name,
    rewindable: true,
    open: async () => {
      const descriptor = attempt(name, () => openSync(path, 'r'))
      if (attempt(name, () => fstatSync(descriptor)).isDirectory()) {
        await closeDescriptor(descriptor)
        throw new MlmodelError('SOURCE_IS_DIRECTORY', { file: name })
      }
      return {
        read: (target, offset, length) => attempt(name, () => readSync(descriptor, target, offset, length, null)),
        close: () => closeDescriptor(descriptor),
      }
    },
    openAt: async () => {
      const descriptor = attempt(name, () => openSync(path, 'r'))
      const status = attempt(name, () => fstatSync(descriptor))
      if (status.isDirectory()) {
        await closeDescriptor(descriptor)
        throw new MlmodelError('SOURCE_IS_DIRECTORY', { file: name })
      }
      return randomReaderAt(descriptor, name, status.size, () => closeDescriptor(descriptor))
    },
  }
}

/** Reads bytes already in memory. */
export function bytesSource(bytes: Uint8Array, name: string): Source {
  return {
    name,
    size: bytes.length,
    rewindable: true,
    open: async () => {
      let position = 0
      return {
        read: (target, offset, length) => {
          const end = Math.min(position + length, bytes.length)
          target.set(bytes.subarray(position, end), offset)
          const count = end - position
          position = end
          return count
        },
        close: async () => {},
      }
    },
    openAt: async () => ({
      size: bytes.length,
      readAt: (position, length) => bytes.subarray(position, position + length),
      close: async () => {},
    }),
  }
}

/** Reads a stream, such as standard input, once. */
export function streamSource(stream: Readable, name: string): Source {
  return {
    name,
    rewindable: false,
    open: async () => {
      const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array | string>
      let rest: Uint8Array = new Uint8Array(0)
      return {
        read: async (target, offset, length) => {
          while (rest.length === 0) {
            const next = await chunks.next().catch((cause: unknown) => {
              throw new MlmodelError('SOURCE_UNREADABLE', { file: name, why: String(cause) }, { cause })
            })
            if (next.done === true) return 0
            rest = typeof next.value === 'string' ? Buffer.from(next.value) : next.value
          }
          const count = Math.min(length, rest.length)
          target.set(rest.subarray(0, count), offset)
          rest = rest.subarray(count)
          return count
        },
        close: async () => {
          stream.destroy()
        },
      }
    },
  }
}

/**
 * Copies a source that can be read only once into a file that only this user can read, for readers that need two passes.
 * The caller removes it.
 */
export async function spool(source: Source): Promise<SpooledSource> {
  const { name } = source
  const folder = await mkdtemp(join(tmpdir(), 'mlmodel-'))
  const removeFolder = () => rm(folder, { recursive: true, force: true })
  const file = await open(join(folder, 'spool'), 'wx+', 0o600)
  const remove = async () => {
    await file.close()
    await removeFolder()
  }
  try {
    // Without a name from here on, so that a process that is killed leaves no copy of the data. Windows refuses.
    await removeFolder().catch(() => {})
    const reader = await source.open()
    try {
      for await (const block of blocks(reader)) await file.writeFile(block)
    } finally {
      await reader.close()
    }
  } catch (error) {
    await remove()
    throw error
  }
  const openAt = async (): Promise<RandomReader> => randomReaderAt(file.fd, name, (await file.stat()).size, async () => {})
  return { name, rewindable: true, open: async () => readerAt(file.fd, name), openAt, remove }
}

/** Reads any part of an open file. */
function randomReaderAt(descriptor: number, name: string, size: number, close: () => Promise<void>): RandomReader {
  return {
    size,
    readAt: (position, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)))
      let filled = 0
      for (let count = -1; count !== 0 && filled < bytes.length; filled += count) {
        count = attempt(name, () => readSync(descriptor, bytes, filled, bytes.length - filled, position + filled))
      }
      return bytes.subarray(0, filled)
    },
    close,
  }
}

/** Reads from the start of an open file, whatever else reads it. */
function readerAt(descriptor: number, name: string): ByteReader {
  let position = 0
  return {
    read: (target, offset, length) => {
      const count = attempt(name, () => readSync(descriptor, target, offset, length, position))
      position += count
      return count
    },
    close: async () => {},
  }
}

/**
 * Reads all bytes of a source, for formats that are one block.
 *
 * @throws SOURCE_TOO_LARGE beyond `maximumBytes`
 */
export async function readWhole(source: Source, maximumBytes: number): Promise<Uint8Array> {
  const file = await source.openAt?.()
  if (file !== undefined && file.size > 0 && file.size <= maximumBytes) {
    // Into memory of its size: put together from pieces it is there twice.
    const bytes = file.readAt(0, file.size)
    await file.close()
    return bytes
  }
  await file?.close()
  const reader = await source.open()
  const parts: Uint8Array[] = []
  let total = 0
  try {
    for await (const block of blocks(reader)) {
      total += block.length
      if (total > maximumBytes) throw new MlmodelError('SOURCE_TOO_LARGE', { file: source.name, limit: maximumBytes })
      parts.push(block)
    }
  } finally {
    await reader.close()
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total)
}

/**
 * Looks at the first bytes of a source without using them up.
 *
 * @returns up to `length` bytes, and the source to read from afterwards
 */
export async function peek(source: Source, length: number): Promise<{ readonly head: Uint8Array; readonly source: Source }> {
  const reader = await source.open()
  const head = new Uint8Array(length)
  let filled = 0
  for (let count = -1; count !== 0 && filled < length; filled += count) count = await reader.read(head, filled, length - filled)
  const seen = head.subarray(0, filled)
  if (source.rewindable) {
    await reader.close()
    return { head: seen, source }
  }
  let position = 0
  const replay: ByteReader = {
    read: (target, offset, wanted) => {
      if (position === filled) return reader.read(target, offset, wanted)
      const count = Math.min(wanted, filled - position)
      target.set(seen.subarray(position, position + count), offset)
      position += count
      return count
    },
    close: () => reader.close(),
  }
  return { head: seen, source: { ...source, open: async () => replay } }
}

const blockBytes = 1 << 18

async function* blocks(reader: ByteReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const block = new Uint8Array(blockBytes)
    const count = await reader.read(block, 0, blockBytes)
    if (count === 0) return
    yield block.subarray(0, count)
  }
}

function attempt<Result>(name: string, action: () => Result): Result {
  try {
    return action()
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new MlmodelError('SOURCE_NOT_FOUND', { file: name }, { cause })
    if (code === 'EISDIR') throw new MlmodelError('SOURCE_IS_DIRECTORY', { file: name }, { cause })
    throw new MlmodelError('SOURCE_UNREADABLE', { file: name, why: (cause as Error).message }, { cause })
  }
}

function closeDescriptor(descriptor: number): Promise<void> {
  return new Promise((resolve) => close(descriptor, () => resolve()))
}
