/** Guesses for a path that is no model. */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { guess } from '../guess.ts'

/** Entries looked at in one folder: a guess is not worth listing a million files. */
const mostEntries = 500

/** The name beside a missing path that looks most like it, if one does. */
export async function findNearName(path: string): Promise<string | undefined> {
  const parent = dirname(path)
  const near = guess(basename(path), await list(parent))
  return near === undefined ? undefined : asTyped(path, join(parent, near))
}

/** A folder with an MLmodel file: one of the folder's children or grandchildren, itself, or one of two above. */
export async function findNearModel(directory: string): Promise<string | undefined> {
  if (await isModel(directory)) return asTyped(directory, directory)
  const children = (await list(directory)).map((name) => join(directory, name))
  for (const child of children) if (await isModel(child)) return asTyped(directory, child)
  for (const child of children.slice(0, 50))
    for (const name of (await list(child)).slice(0, 50))
      if (await isModel(join(child, name))) return asTyped(directory, join(child, name))
  for (const above of [join(directory, '..'), join(directory, '..', '..')])
    if (await isModel(above)) return asTyped(directory, above)
  return undefined
}

async function isModel(directory: string): Promise<boolean> {
  return stat(join(directory, 'MLmodel')).then(
    (info) => info.isFile(),
    () => false,
  )
}

async function list(directory: string): Promise<readonly string[]> {
  return readdir(directory === '' ? '.' : directory).then(
    (names) => names.sort().slice(0, mostEntries),
    () => [],
  )
}

/** `join` drops a leading `./`, which tells a path from a name. */
function asTyped(typed: string, path: string): string {
  return typed.startsWith('.') && !path.startsWith('.') ? `./${path}` : path
}
