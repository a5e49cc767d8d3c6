/** A private copy of a model that is too large to be handed over in memory: a folder of mode 0700 with regular files only. */
import { constants, readSync, rmSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import type { ExternalFile } from './external-data.ts'

export interface Snapshot {
  /** Path of the ONNX file in it. */
  readonly model: string
  /** Deletes it; synchronous, so that it also works while the process ends. */
  remove(): void
}

const prefix = 'mlmodel-onnx-'

/**
 * Copies a checked model. External files keep the names the model knows them by.
 *
 * @throws ONNX_SNAPSHOT when there is no room
 */
export async function makeSnapshot(model: Uint8Array, external: readonly ExternalFile[]): Promise<Snapshot> {
  await removeStale()
  const folder = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  const remove = () => {
    process.removeListener('exit', remove)
    rmSync(folder, { recursive: true, force: true })
  }
  process.on('exit', remove)
  try {
    const path = join(folder, modelName(external))
    await writeFile(path, model, { mode: 0o600, flag: 'wx' })
    for (const { location, file, needed } of external) {
      const target = join(folder, ...location.split('/'))
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      await copyOpen(file, target, needed)
    }
    return { model: path, remove }
  } catch (error) {
    remove()
    if (error instanceof MlmodelError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new MlmodelError('ONNX_SNAPSHOT', { folder: tmpdir(), reason: code ?? String(error) }, { cause: error })
  }
}

/** A name that no external file has. */
function modelName(external: readonly ExternalFile[]): string {
  let name = 'model.onnx'
  while (external.some(({ location }) => location.split('/')[0] === name)) name = `_${name}`
  return name
}

const blockBytes = 1 << 20
const zeros = new Uint8Array(blockBytes)

/** Shares the blocks where the file system can; else copies what is not zero, so that sparse files stay so. */
async function copyOpen({ descriptor }: ExternalFile['file'], target: string, length: number): Promise<void> {
  try {
    // Through the descriptor: what was checked is what is copied.
    if (process.platform === 'linux')
      return await copyFile(`/proc/self/fd/${descriptor}`, target, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)
  } catch {
    await rm(target, { force: true })
  }
  const copy = await open(target, 'wx', 0o600)
  try {
    const block = new Uint8Array(blockBytes)
    for (let position = 0; position < length; ) {
      const bytesRead = readSync(descriptor, block, 0, Math.min(blockBytes, length - position), position)
      if (bytesRead === 0)
        throw new MlmodelError('FILE_UNREADABLE', { path: target, reason: 'it became shorter while it was read' })
      const part = block.subarray(0, bytesRead)
      if (Buffer.compare(part, zeros.subarray(0, bytesRead)) !== 0) await copy.write(part, 0, bytesRead, position)
      position += bytesRead
    }
    await copy.truncate(length)
  } finally {
    await copy.close()
  }
}

/** Removes what a killed process of ours has left. */
async function removeStale(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => [] as string[])
  for (const name of names) {
    const owner = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]
    if (owner === undefined || isAlive(Number(owner))) continue
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: somebody else's process, so the folder is theirs as well.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
