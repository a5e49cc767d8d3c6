/** A file that is absent or complete: written under another name in the same folder, flushed, and renamed. */
import { open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import type { Outlet } from './terminal.ts'

/** Where results go: the terminal's stdout, or a file that appears when it is complete. */
export interface Output {
  write(chunk: Uint8Array): Promise<void>
  /** Makes the result visible. */
  commit(): Promise<void>
  /** Leaves nothing behind. */
  abandon(): Promise<void>
}

/** Results on stdout. */
export function standardOutput(out: Outlet): Output {
  return { write: (chunk) => out.write(chunk), commit: async () => {}, abandon: async () => {} }
}

/**
 * Results in a file; nothing is created before the first byte is there. A device or a pipe that stands at `path` is
 * written directly, a symbolic link is followed.
 *
 * @throws OUTPUT_NOT_WRITTEN
 */
export async function openOutputFile(given: string): Promise<Output> {
  const found = await stat(given).catch(() => undefined)
  if (found?.isDirectory() === true) throw new MlmodelError('OUTPUT_NOT_WRITTEN', { path: given, why: 'it is a folder' })
  const path = found === undefined ? given : await realpath(given)
  const inPlace = found !== undefined && !found.isFile()
  const folder = dirname(path)
  const temporary = join(folder, temporaryName(basename(path), process.pid))
  let handle: Awaited<ReturnType<typeof open>> | undefined
  const guard = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action()
    } catch (cause) {
      throw new MlmodelError(
        'OUTPUT_NOT_WRITTEN',
        { path, why: cause instanceof Error ? cause.message : String(cause) },
        { cause },
      )
    }
  }
  const opened = async () => {
    if (inPlace) return open(path, 'w')
    await removeStale(path)
    return open(temporary, 'wx')
  }
  return {
    write: (chunk) =>
      guard(async () => {
        handle ??= await opened()
        for (let written = 0; written < chunk.length; ) written += (await handle.write(chunk, written)).bytesWritten
      }),
    commit: () =>
      guard(async () => {
        handle ??= await opened()
        if (inPlace) return handle.close()
        await handle.sync()
        await handle.close()
        await rename(temporary, path)
        await syncFolder(folder)
      }),
    async abandon() {
      await handle?.close().catch(() => {})
      if (!inPlace) await rm(temporary, { force: true })
    },
  }
}

/** The name a process writes under until its output is complete. */
export function temporaryName(name: string, pid: number): string {
  return `.${name}.${pid}.mlmodel-part`
}

/**
 * Removes what killed processes left: a run that is interrupted inside ONNX Runtime cannot clean up after itself,
 * because a signal handler would make Ctrl-C dead until the run ends.
 */
async function removeStale(path: string): Promise<void> {
  const folder = dirname(path)
  const prefix = `.${basename(path)}.`
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix) || !name.endsWith('.mlmodel-part')) continue
    const pid = Number(name.slice(prefix.length, -'.mlmodel-part'.length))
    if (Number.isInteger(pid) && pid > 0 && !isAlive(pid)) await rm(join(folder, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Makes the rename survive a power cut; not every platform can open a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close().catch(() => {})
}
