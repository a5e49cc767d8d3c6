/** From what a user typed to a model's folder. */
import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MlmodelError, type Where } from '../errors/index.ts'

/** The file that makes a folder a model. */
export const mlmodelName = 'MLmodel'

export interface Located {
  /** Absolute path of the model's folder. */
  readonly directory: string
  /** The MLmodel file as the user would name it, for messages. */
  readonly file: string
  /** What the user gave. */
  readonly source: string
}

/** Where a model may live; the ones with a network are read by a later version. */
const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]+):/

/**
 * Finds a model's folder: a folder that has an MLmodel file, that file itself, or a `file:` URL of either.
 *
 * @throws MlmodelError LOCATION_NOT_FOUND, LOCATION_NOT_MODEL (it exists and is no model; with a near guess),
 * LOCATION_UNSUPPORTED (`runs:/`, `models:/`, `s3://`, …), LOCATION_UNREADABLE
 */
export async function locate(source: string): Promise<Located> {
  const where: Where = { file: source }
  // A folder may have a colon in its name: what exists here is not a remote location.
  const path = look(source, source) === undefined ? toPath(source) : source
  const info = look(path, source)
  if (info === undefined) {
    const { findNearName } = await import('./near.ts')
    const near = await findNearName(path)
    throw new MlmodelError('LOCATION_NOT_FOUND', { path: source, ...(near !== undefined && { near }) }, { where })
  }
  if (!info.isDirectory()) {
    if (basename(path) === mlmodelName) return { directory: realpathSync.native(dirname(resolve(path))), file: path, source }
    const { findNearModel } = await import('./near.ts')
    const near = await findNearModel(dirname(path))
    throw new MlmodelError('LOCATION_NOT_MODEL', { path: source, what: 'file', ...(near !== undefined && { near }) }, { where })
  }
  const file = join(path, mlmodelName)
  const found = look(file, file)
  if (found !== undefined || isLink(path)) return { directory: realpathSync.native(path), file, source }
  const { findNearModel } = await import('./near.ts')
  const near = await findNearModel(path)
  throw new MlmodelError('LOCATION_NOT_MODEL', { path: source, what: 'folder', ...(near !== undefined && { near }) }, { where })
}

/**
 * The path that a path or a file URL stands for; what else a text may be is for {@link locate} to say.
 *
 * @throws LOCATION_UNSUPPORTED for URLs of other places, LOCATION_UNREADABLE
 */
export function pathOfLocation(place: string | URL): string {
  if (place instanceof URL) return toPath(place.href)
  return place.startsWith('file:') ? toPath(place) : place
}

function toPath(source: string): string {
  const name = scheme.exec(source)?.[1]
  if (name === undefined) return source
  if (name.toLowerCase() === 'file') {
    try {
      return fileURLToPath(source)
    } catch (cause) {
      throw new MlmodelError('LOCATION_UNREADABLE', { path: source, reason: 'it is no file URL of this machine' }, { cause })
    }
  }
  throw new MlmodelError('LOCATION_UNSUPPORTED', { location: source, scheme: `${name}:` })
}

/** Whether the folder has an entry MLmodel at all, be it a link that leads nowhere: that is a broken model, not a missing one. */
function isLink(directory: string): boolean {
  return readdirSync(directory).includes(mlmodelName)
}

function look(path: string, source: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
    throw new MlmodelError(
      'LOCATION_UNREADABLE',
      { path: source, reason: code ?? 'unknown' },
      { where: { file: source }, cause: error },
    )
  }
}
