/** Guesses for a path that is no model. */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Entries looked at in one folder: a guess is not worth listing a million files. */
const mostEntries = 500

/** The name beside a missing path that looks most like it, if one does. */
export async function findNearName(path: string): Promise<string | undefined> {
  const parent = dirname(path)
  const name = basename(path)
  const entries = await list(parent)
  let best: string | undefined
  let least = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const entry of entries) {
    const distance = editDistance(name.toLowerCase(), entry.toLowerCase())
    if (distance < least) {
      least = distance
      best = entry
    }
  }
  return best === undefined ? undefined : asTyped(path, join(parent, best))
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

/** Edits that make one name of the other, two neighbours swapped counting as one; longer names than a file system allows are cut. */
function editDistance(left: string, right: string): number {
  const a = left.slice(0, 255)
  const b = right.slice(0, 255)
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, change, isSwap ? before[j - 2]! + 1 : change))
    }
    before = row
    row = next
  }
  return row[b.length]!
}
