/** The files of a folder: names, sizes, what they are. Links are not followed. */
import { closeSync, constants, type Dirent, fstatSync, lstatSync, openSync, readdirSync, readSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { type Content, sampleFile, sniff } from '../sniff.ts'
import type { FileDescription } from './description.ts'

export interface ListOptions {
  /** Adds the SHA-256 of each file. */
  readonly digests?: boolean
  /** The folder is a model's: the files that each model has are named, not looked at. */
  readonly isModel?: boolean
  readonly limits?: Limits
}

/** Files of every model that other steps read and judge: here their name is enough. Format and content. */
const wellKnown: ReadonlyMap<string, readonly [format: string, content: string]> = new Map([
  ['MLmodel', ['mlmodel', 'MLmodel file']],
  ['conda.yaml', ['yaml', 'conda environment']],
  ['python_env.yaml', ['yaml', 'Python environment']],
  ['requirements.txt', ['text', 'requirements']],
  ['input_example.json', ['json', 'input example']],
  ['serving_input_example.json', ['json', 'input example as a request']],
])

/** Files whose content is looked at; the rest of a large folder is listed by name. */
const mostSniffed = 200
/** Enough of each for a listing. */
const headOfListed = 16 << 10

/**
 * Lists the regular files of a folder and below, in order of their paths, at most `limits.folderFiles` of them.
 * A link and anything that is no regular file is listed without a size.
 */
export async function listFiles(
  directory: string,
  options: ListOptions = {},
): Promise<{ files: FileDescription[]; cut: boolean }> {
  const most = (options.limits ?? defaultLimits).folderFiles
  const files: FileDescription[] = []
  const folders = ['']
  let cut = false
  while (folders.length > 0) {
    const folder = folders.shift()!
    const entries = readFolder(join(directory, folder))
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) folders.push(path)
      else if (files.length >= most) cut = true
      else
        files.push(
          await describeFile(directory, path, files.length < mostSniffed, options.digests === true, options.isModel === true),
        )
    }
    if (cut) break
  }
  return { files: files.sort((left, right) => (left.path < right.path ? -1 : 1)), cut }
}

/** The entries of a folder; none when it cannot be read. */
function readFolder(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch {
    return []
  }
}

async function describeFile(
  directory: string,
  path: string,
  look: boolean,
  digests: boolean,
  isModel: boolean,
): Promise<FileDescription> {
  const full = join(directory, path)
  const unreadable = (error: NodeJS.ErrnoException, bytes: number | null): FileDescription => ({
    path,
    bytes,
    format: 'unreadable',
    content: `cannot be read (${error.code ?? error.message})`,
  })
  let info: Stats
  try {
    info = lstatSync(full)
  } catch (error) {
    // Gone since the folder was read, or a name that is no UTF-8 and reaches us with replacement characters.
    return unreadable(error as NodeJS.ErrnoException, null)
  }
  if (info.isSymbolicLink()) return { path, bytes: null, format: 'link', content: 'symbolic link, not followed' }
  if (!info.isFile()) return { path, bytes: null, format: 'special', content: 'no regular file' }
  const known = isModel ? wellKnown.get(path) : undefined
  if (known !== undefined && !digests) return { path, bytes: info.size, format: known[0], content: known[1] }
  if (!look && !digests) return { path, bytes: info.size, format: 'unread', content: '' }
  return withFile(full, async (descriptor, size) => {
    const { format, title } = look
      ? await sniff(await sampleFile(descriptor, path, size, headOfListed))
      : { format: 'unread', title: '' }
    return { path, bytes: size, format, content: title, ...(digests && { sha256: await sha256(descriptor) }) }
  }).catch((error: NodeJS.ErrnoException) => unreadable(error, info.size))
}

/** What one regular file is. */
export async function sniffFile(path: string, name: string): Promise<{ content: Content; bytes: number }> {
  return withFile(path, async (descriptor, bytes) => ({
    content: await sniff(await sampleFile(descriptor, name, bytes)),
    bytes,
  }))
}

/** Opens a regular file and nothing else; a pipe put in its place neither blocks nor is read. */
async function withFile<Result>(path: string, use: (descriptor: number, size: number) => Promise<Result>): Promise<Result> {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const info = fstatSync(descriptor)
    if (!info.isFile()) throw new MlmodelError('LOCATION_UNREADABLE', { path, reason: 'it is no regular file' })
    return await use(descriptor, info.size)
  } finally {
    closeSync(descriptor)
  }
}

async function sha256(descriptor: number): Promise<string> {
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256')
  const buffer = new Uint8Array(1 << 20)
  for (let at = 0; ; ) {
    const bytesRead = readSync(descriptor, buffer, 0, buffer.length, at)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}
