import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The repository's root, wherever below it this file was compiled to. */
export const repository = findRoot(import.meta.dirname)

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder))
}
