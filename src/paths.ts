/**
 * The one resolver of paths that a model names. Nobody else joins such a path to a folder: a model is a stranger's, and every
 * spelling of `..` has been an exploit of MLflow or ONNX (CVE-2023-1177, -2780, -6831; CVE-2024-27318; CVE-2026-34446).
 *
 * Node's synchronous calls, inside asynchronous functions: a model is read once, before there is anything else to do, and the
 * threads behind the other ones cost `mlmodel inspect` 4 ms of CPU.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { MlmodelError, type Where } from './errors/index.ts'

/** A regular file inside a model's folder, open for reading. */
export interface OpenedFile {
  /** To be given to `closeSync`. */
  readonly descriptor: number
  readonly size: number
  /** The real path, free of links. */
  readonly path: string
}

/**
 * Checks a model's path by its text alone: relative, `/` between segments, never above the folder on its way. Nothing is
 * decoded, so a percent escape is refused and not interpreted.
 *
 * @returns the path without `.`, `..` and empty segments; an empty text is the folder itself
 * @throws MlmodelError PATH_INVALID, PATH_OUTSIDE
 */
export function normalizeInside(path: string, where: Where = {}): string {
  const reason = path.includes('\0')
    ? 'holds a NUL character'
    : path.includes('\\')
      ? 'holds a backslash'
      : path.startsWith('/')
        ? 'is absolute'
        : /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(path)
          ? 'begins with a scheme or a drive'
          : /%[0-9a-fA-F]{2}/.test(path)
            ? 'holds a percent escape'
            : undefined
  if (reason !== undefined) throw new MlmodelError('PATH_INVALID', { path, reason }, { where })
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) throw new MlmodelError('PATH_OUTSIDE', { path }, { where })
  }
  return segments.join('/')
}

/**
 * The real path of a file or folder that a model names. Symbolic links may lead elsewhere inside the folder, never out.
 *
 * @param root the model's folder, itself free to be reached over links
 * @throws MlmodelError PATH_INVALID, PATH_OUTSIDE, PATH_MISSING, PATH_LOOP, FILE_UNREADABLE
 */
export async function resolveInside(root: string, path: string, where: Where = {}): Promise<string> {
  const normalized = normalizeInside(path, where)
  try {
    const realRoot = realpathSync.native(root)
    const real = realpathSync.native(join(realRoot, normalized))
    if (!isInside(realRoot, real)) throw new MlmodelError('PATH_OUTSIDE', { path }, { where })
    return real
  } catch (error) {
    throw asPathError(error, path, where)
  }
}

/**
 * Opens a regular file that a model names. What was opened is checked once more by its descriptor, so that a link swapped
 * meanwhile cannot lead out.
 *
 * @throws MlmodelError as {@link resolveInside}, and PATH_NOT_FILE for folders, pipes, sockets and devices
 */
export async function openInside(root: string, path: string, where: Where = {}): Promise<OpenedFile> {
  const real = await resolveInside(root, path, where)
  let descriptor: number | undefined
  try {
    // O_NONBLOCK: opening a pipe without a writer would wait for ever.
    descriptor = openSync(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    const info = fstatSync(descriptor)
    if (!info.isFile())
      throw new MlmodelError('PATH_NOT_FILE', { path, what: info.isDirectory() ? 'a folder' : 'a device or a pipe' }, { where })
    if (!isStillInside(descriptor, root, real)) throw new MlmodelError('PATH_OUTSIDE', { path }, { where })
    return { descriptor, size: info.size, path: real }
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    throw asPathError(error, path, where)
  }
}

/**
 * Reads a whole regular file that a model names.
 *
 * @param limit the most bytes that are read
 * @throws MlmodelError as {@link openInside}, and FILE_TOO_LARGE
 */
export async function readInside(root: string, path: string, limit: number, where: Where = {}): Promise<Uint8Array> {
  const { descriptor, size } = await openInside(root, path, where)
  try {
    if (size > limit) throw new MlmodelError('FILE_TOO_LARGE', { bytes: size, limit }, { where })
    // One byte more than announced tells a file that grows, or one of /proc that announces 0.
    const bytes = new Uint8Array(size + 1)
    let filled = 0
    while (filled < bytes.length) {
      const bytesRead = readSync(descriptor, bytes, filled, bytes.length - filled, filled)
      if (bytesRead === 0) return bytes.subarray(0, filled)
      filled += bytesRead
    }
    throw new MlmodelError('FILE_UNREADABLE', { path, reason: 'it grows while it is read' }, { where })
  } catch (error) {
    throw asPathError(error, path, where)
  } finally {
    closeSync(descriptor)
  }
}

/** Whether a real path lies in a real folder or is it, compared by segments. */
export function isInside(root: string, path: string): boolean {
  const step = relative(root, path)
  return step === '' || (!isAbsolute(step) && step !== '..' && !step.startsWith(`..${sep}`))
}

/** Linux says what a descriptor is; elsewhere the path is resolved again and must be the very file that was opened. */
function isStillInside(descriptor: number, root: string, real: string): boolean {
  const realRoot = realpathSync.native(root)
  const opened = pathOfDescriptor(descriptor)
  if (opened !== undefined) return isInside(realRoot, opened)
  const again = realpathSync.native(real)
  const [named, held] = [statSync(again), fstatSync(descriptor)]
  return isInside(realRoot, again) && named.ino === held.ino && named.dev === held.dev
}

function pathOfDescriptor(descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return undefined
  }
}

function asPathError(error: unknown, path: string, where: Where): unknown {
  if (error instanceof MlmodelError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ELOOP') return new MlmodelError('PATH_LOOP', { path }, { where, cause: error })
  if (code === 'ENOENT' || code === 'ENOTDIR') return new MlmodelError('PATH_MISSING', { path }, { where, cause: error })
  // The message of Node names the whole path of the machine; the code does not.
  return new MlmodelError('FILE_UNREADABLE', { path, reason: code ?? message }, { where, cause: error })
}
