/** A folder that is absent or complete: made under another name beside it, flushed, and renamed. */
import { lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { removeStale, temporaryName } from '../whole-file.ts'

/**
 * Makes a folder; what `fill` throws leaves nothing behind, and what a process that was killed left is removed.
 *
 * @param fill writes into the folder it is given
 * @throws CREATE_EXISTS for anything that stands at `path`, CREATE_NOT_WRITTEN
 */
export async function makeFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const target = resolve(path)
  const refuse = (cause: unknown): MlmodelError => {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOTEMPTY' || code === 'ENOTDIR')
      return new MlmodelError('CREATE_EXISTS', { path }, { cause })
    return new MlmodelError('CREATE_NOT_WRITTEN', { path, why: message }, { cause })
  }
  const found = await lstat(target).catch(() => undefined)
  if (found !== undefined) throw new MlmodelError('CREATE_EXISTS', { path })
  const parent = dirname(target)
  const temporary = join(parent, temporaryName(basename(target), process.pid))
  try {
    await removeStale(target)
    await mkdir(temporary)
  } catch (cause) {
    throw refuse(cause)
  }
  try {
    await fill(temporary)
    await flush(temporary)
    await rename(temporary, target)
    await flush(parent)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error instanceof Error && 'syscall' in error ? refuse(error) : error
  }
}

/** Writes a file that must not be there yet, through to the disk. */
export async function writeNew(folder: string, name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text, { flag: 'wx', flush: true })
}

/** Not every platform can open a folder. */
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
