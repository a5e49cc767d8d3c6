/** A file that is absent or complete: written under another name in the same folder, flushed, and renamed. */
import { randomBytes } from 'node:crypto'
import { lstat, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MlmodelError } from './errors/index.ts'

/** Where results go: the terminal's stdout, or a file that appears when it is complete. */
export interface Output {
  write(chunk: Uint8Array): Promise<void>
  /** Makes the result visible. */
  commit(): Promise<void>
  /** Leaves nothing behind. */
  abandon(): Promise<void>
}

/**
 * Refuses an output that would replace a file that is read.
 *
 * @param inputs - paths, or `name=path`
 * @throws INPUT_IS_OUTPUT
 */
export async function refuseOverwriting(output: string, inputs: readonly string[]): Promise<void> {
  const target = await stat(output).catch(() => undefined)
  if (target === undefined || !target.isFile()) return
  for (const input of inputs) {
    const source = await stat(input.replace(/^[^./\\=]+=/, '')).catch(() => undefined)
    if (source?.dev === target.dev && source.ino === target.ino) throw new MlmodelError('INPUT_IS_OUTPUT', { path: output })
  }
}

/**
 * Results in a file; nothing is created before the first byte is there. A device or a pipe that stands at `path` is
 * written directly, a symbolic link is followed, a file that is replaced hands on its permissions.
 *
 * @throws OUTPUT_NOT_WRITTEN
 */
export async function openOutputFile(given: string): Promise<Output> {
  const refuse = (why: string) => new MlmodelError('OUTPUT_NOT_WRITTEN', { path: given, why })
  const found = await stat(given).catch(() => undefined)
  if (found?.isDirectory() === true) throw refuse('it is a folder')
  if (found === undefined && (await lstat(given).catch(() => undefined)) !== undefined)
    throw refuse('it is a link that leads nowhere')
  const path = found === undefined ? given : await realpath(given)
  // Said before the work is done, not after.
  if ((await stat(dirname(path)).catch(() => undefined))?.isDirectory() !== true) throw refuse('its folder does not exist')
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
    // What replaces a file is open to nobody whom the file was closed to.
    const made = await open(temporary, 'wx', found === undefined ? 0o666 : 0o600)
    if (found !== undefined) await made.chmod(found.mode & 0o777)
    return made
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
      if (handle === undefined) return
      await handle.close().catch(() => {})
      if (!inPlace) await rm(temporary, { force: true })
    },
  }
}

/**
 * A name to write under until the output is complete. Processes of two containers may share a folder and a number, so
 * the number alone does not do.
 */
export function temporaryName(name: string, pid: number): string {
  const made = `${temporaryStart(name)}${pid}.${randomBytes(4).toString('hex')}${temporaryEnd}`
  if (pid === process.pid) own.add(made)
  return made
}

/** Names that this process made, some of which it may be writing now. */
const own = new Set<string>()

const temporaryEnd = '.mlmodel-part'

/** A name may have 255 bytes; 60 characters have at most 180. */
function temporaryStart(name: string): string {
  return `.${name.slice(0, 60)}.`
}

/** Removes what a process that was killed had written for an output, a file or a folder of results. */
export async function removeUnfinished(output: string, pid: number): Promise<void> {
  await removeParts(await realpath(output).catch(() => output), (owner) => owner === pid)
  const part = new RegExp(`^\\..*\\.${pid}\\.[0-9a-f]{8}\\${temporaryEnd}$`, 's')
  for (const name of await readdir(output, { recursive: true }).catch(() => []))
    if (part.test(basename(name))) await rm(join(output, name), { force: true })
}

/**
 * Removes what killed processes left of a file or folder: a run that is interrupted inside ONNX Runtime cannot clean up after
 * itself, because a signal handler would make Ctrl-C dead until the run ends. What bears our own number and is not ours is of
 * an earlier process: in a container each is number 1.
 */
export async function removeStale(path: string): Promise<void> {
  await removeParts(path, (owner, name) => (owner === process.pid ? !own.has(name) : !isAlive(owner)))
}

async function removeParts(path: string, isDone: (owner: number, name: string) => boolean): Promise<void> {
  const folder = dirname(path)
  const start = temporaryStart(basename(path))
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(start) || !name.endsWith(temporaryEnd)) continue
    const owner = Number(name.slice(start.length).split('.', 1)[0])
    if (Number.isInteger(owner) && owner > 0 && isDone(owner, name))
      await rm(join(folder, name), { recursive: true, force: true })
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
