/** A folder of results: one for each input file, under its name. */
import { mkdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import type { InputFile } from '../inputs.ts'

export interface PlannedResult {
  readonly input: string
  readonly path: string
}

/** Whether `-o` names a folder: it ends with a slash, or one is there. */
export async function isOutputFolder(path: string): Promise<boolean> {
  if (/[/\\]$/.test(path)) return true
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}

/**
 * Names the results: the input's name with another extension, below the same folders as the input is below that of the
 * pattern.
 *
 * @param extension - without the dot
 * @throws OUTPUT_FOLDER_NO_FILES, OUTPUT_TWICE, OUTPUT_IS_INPUT
 */
export async function planResults(
  folder: string,
  files: readonly InputFile[],
  extension: string,
): Promise<readonly PlannedResult[]> {
  if (files.length === 0 || files.some(({ path }) => path === '-'))
    throw new MlmodelError('OUTPUT_FOLDER_NO_FILES', { path: folder })
  const inputs = new Set<string>()
  for (const { path } of files) inputs.add(await whole(path))
  const planned = new Map<string, string>()
  for (const { path, name } of files) {
    const target = join(folder, `${name.replace(/\.[^./]+$/, '')}.${extension}`)
    const other = planned.get(target)
    if (other !== undefined) throw new MlmodelError('OUTPUT_TWICE', { path: target, inputs: [other, path] })
    if (inputs.has(await whole(target))) throw new MlmodelError('OUTPUT_IS_INPUT', { path: target })
    planned.set(target, path)
  }
  return [...planned].map(([path, input]) => ({ input, path }))
}

async function whole(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}

/**
 * Makes the folder that a result lies in.
 *
 * @throws OUTPUT_NOT_WRITTEN
 */
export async function makeFolderOf(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
  } catch (cause) {
    throw new MlmodelError('OUTPUT_NOT_WRITTEN', { path, why: cause instanceof Error ? cause.message : String(cause) }, { cause })
  }
}
