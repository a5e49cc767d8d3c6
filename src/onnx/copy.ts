/** An ONNX file and the data beside it, checked and copied into another folder. */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { checkOperators } from './check.ts'
import { closeExternal, openExternal } from './external-data.ts'
import type { OnnxModel } from './model.ts'
import { readOnnxInside } from './open.ts'

export interface CopiedOnnx {
  readonly model: OnnxModel
  /** Bytes written, external data included. */
  readonly bytes: number
}

/**
 * Copies an ONNX file with its external data, which must lie in the file's own folder or below it and keeps its names.
 *
 * @param path on this machine
 * @param folder where to; must exist
 * @param name of the ONNX file there
 * @param reserved names that the data must not have there, in lower case
 * @throws the errors of `checkOnnxFile`, CREATE_NAME_TAKEN; errors of the file system as they are
 */
export async function copyOnnxFile(
  path: string,
  folder: string,
  name: string,
  reserved: ReadonlySet<string>,
  limits: Limits = defaultLimits,
): Promise<CopiedOnnx> {
  const where = { file: path }
  const root = dirname(path)
  const model = await readOnnxInside(root, basename(path), limits, where)
  checkOperators(model)
  const files = await openExternal(model, root, '', where)
  try {
    // Some file systems take two spellings for one name.
    const taken = files.find(({ location }) => {
      const first = location.split('/')[0]!.toLowerCase()
      return first === name.toLowerCase() || reserved.has(first)
    })
    if (taken !== undefined) throw new MlmodelError('CREATE_NAME_TAKEN', { name: taken.location }, { where })
    await writeFile(join(folder, name), model.bytes, { flag: 'wx', flush: true })
    for (const { location, file } of files) {
      const target = join(folder, ...location.split('/'))
      await mkdir(dirname(target), { recursive: true })
      const read = createReadStream('', { fd: file.descriptor, autoClose: false, start: 0, end: Math.max(0, file.size - 1) })
      await pipeline(read, createWriteStream(target, { flags: 'wx', flush: true }))
    }
    return { model, bytes: files.reduce((sum, { file }) => sum + file.size, model.bytes.length) }
  } finally {
    await closeExternal(files)
  }
}
