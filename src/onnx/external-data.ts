/**
 * Data outside the ONNX file: resolved inside the model folder, checked to be long enough, and handed to ONNX Runtime as
 * bytes or in a private folder, never as a path that somebody else can change.
 *
 * @see CVE-2022-25882, CVE-2024-27318, CVE-2026-27489, CVE-2026-34446, CVE-2026-34447: five ways out of the folder
 */
import { closeSync, readSync } from 'node:fs'
import { MlmodelError, type Where } from '../errors/index.ts'
import { type OpenedFile, openInside } from '../paths.ts'
import type { OnnxModel } from './model.ts'

/** One file of external data, open. */
export interface ExternalFile {
  /** As the model writes it. */
  readonly location: string
  readonly file: OpenedFile
  /** Bytes from the start that some tensor lies in. */
  readonly needed: number
}

/**
 * Opens all files that tensors name. The caller closes them with {@link closeExternal}.
 *
 * @param root - the model folder
 * @param folder - of the ONNX file in it, '' for the root itself
 * @throws ONNX_EXTERNAL with the reason
 */
export async function openExternal(
  model: OnnxModel,
  root: string,
  folder: string,
  where: Where,
): Promise<readonly ExternalFile[]> {
  const byLocation = new Map<string, { tensor: string; needed: number }>()
  for (const { name, external } of model.externalTensors) {
    const { location, offset, bytes } = external
    const before = byLocation.get(location)
    const needed = Math.max(before?.needed ?? 0, offset + bytes)
    byLocation.set(location, { tensor: before !== undefined && before.needed >= needed ? before.tensor : name, needed })
  }
  const files: ExternalFile[] = []
  try {
    for (const [location, { tensor, needed }] of byLocation) {
      const refuse = (why: string, cause?: unknown) =>
        new MlmodelError('ONNX_EXTERNAL', { tensor, location, why }, { where, cause })
      if (!isOrdinary(location)) throw refuse('which is no path of a file below it')
      const file = await openInside(root, folder === '' ? location : `${folder}/${location}`, where).catch((error: unknown) => {
        throw refuse(error instanceof MlmodelError ? `which cannot be used: ${error.message}` : 'which cannot be opened', error)
      })
      files.push({ location, file, needed })
      if (needed > file.size) throw refuse(`which has ${file.size} bytes where ${needed} are needed`)
    }
    return files
  } catch (error) {
    await closeExternal(files)
    throw error
  }
}

/** Segments of names only: what is written is what ONNX Runtime looks for. */
function isOrdinary(location: string): boolean {
  return location.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..' && !/[\0\\:]/.test(segment))
}

/** Closes the descriptors that were opened to check the files. */
export async function closeExternal(files: readonly ExternalFile[]): Promise<void> {
  for (const { file } of files) closeSync(file.descriptor)
}

/** Reads what is needed of each file. */
export async function readExternal(
  files: readonly ExternalFile[],
  where: Where,
): Promise<readonly { path: string; data: Uint8Array }[]> {
  return Promise.all(
    files.map(async ({ location, file, needed }) => ({ path: location, data: await readStart(file, needed, location, where) })),
  )
}

/**
 * Reads the first bytes of an open file.
 *
 * @throws FILE_UNREADABLE when it has become shorter
 */
export async function readStart(file: OpenedFile, length: number, name: string, where: Where): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const bytesRead = readSync(file.descriptor, bytes, filled, Math.min(length - filled, 1 << 30), filled)
    if (bytesRead === 0)
      throw new MlmodelError('FILE_UNREADABLE', { path: name, reason: 'it became shorter while it was read' }, { where })
    filled += bytesRead
  }
  return bytes
}
