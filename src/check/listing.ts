/** The files of a folder as the rules see them: names, kinds, sizes. Links are not followed, nothing is opened. */
import { type Dirent, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ListedFile } from './check.ts'

/**
 * Lists what is no folder, in order of the paths.
 *
 * @param most - files and folders together; beyond it the listing is cut
 */
export function listFolder(directory: string, most: number): { readonly files: readonly ListedFile[]; readonly cut: boolean } {
  const files: ListedFile[] = []
  const folders = ['']
  let cut = false
  for (let at = 0; at < folders.length && !cut; at++) {
    const folder = folders[at]!
    for (const entry of entriesOf(directory, folder, files)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (files.length + folders.length >= most) cut = true
      else if (entry.isDirectory()) folders.push(path)
      else files.push(entryAt(directory, path))
    }
  }
  return { files: files.sort((left, right) => (left.path < right.path ? -1 : 1)), cut }
}

/** One entry of a folder. */
export function entryAt(directory: string, path: string): ListedFile {
  try {
    const info = lstatSync(join(directory, path))
    const kind = info.isFile() ? 'file' : info.isSymbolicLink() ? 'link' : 'special'
    return { path, kind, bytes: kind === 'file' ? info.size : 0, links: info.nlink }
  } catch {
    // Gone meanwhile, or a name that is no UTF-8 and reaches us with replacement characters.
    return { path, kind: 'unreadable', bytes: 0, links: 1 }
  }
}

/** The entries of a folder; a folder that cannot be read is listed itself. */
function entriesOf(directory: string, folder: string, files: ListedFile[]): readonly Dirent[] {
  try {
    return readdirSync(join(directory, folder), { withFileTypes: true })
  } catch {
    files.push({ path: folder === '' ? '.' : folder, kind: 'unreadable', bytes: 0, links: 1 })
    return []
  }
}
