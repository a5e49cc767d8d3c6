/** The files of a model's folder as the steps of resolving ask for them, each read once. */
import { MlmodelError } from '../errors/index.ts'
import type { Limits } from '../limits.ts'
import { readInside } from '../paths.ts'
import { parseYaml, type YamlDocument } from '../yaml.ts'

/** What reading a file gave. */
export type FileRead =
  | { readonly state: 'read'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly state: 'absent'; readonly name: string }
  | { readonly state: 'failed'; readonly name: string; readonly error: MlmodelError; readonly bytes?: Uint8Array }

/** A file of YAML: its document, or why there is none. */
export type YamlRead<T> =
  | { readonly state: 'read'; readonly name: string; readonly content: T; readonly bytes: Uint8Array }
  | Exclude<FileRead, { readonly state: 'read' }>

/** Reads files by their path in the folder; links that lead out are refused (PATH_OUTSIDE). */
export interface ModelFolder {
  readonly directory: string
  read(name: string): Promise<FileRead>
  readYaml<T>(name: string, take: (document: YamlDocument, file: string) => T): Promise<YamlRead<T>>
}

/** Opens a folder; nothing is read yet. */
export function openModelFolder(directory: string, limits: Limits): ModelFolder {
  const known = new Map<string, Promise<FileRead>>()
  const read = async (name: string): Promise<FileRead> => {
    try {
      return { state: 'read', name, bytes: await readInside(directory, name, limits.yamlBytes, { file: name }) }
    } catch (error) {
      if (!(error instanceof MlmodelError)) throw error
      return error.code === 'PATH_MISSING' ? { state: 'absent', name } : { state: 'failed', name, error }
    }
  }
  const once = (name: string): Promise<FileRead> => {
    const found = known.get(name) ?? read(name)
    known.set(name, found)
    return found
  }
  return {
    directory,
    read: once,
    async readYaml(name, take) {
      const file = await once(name)
      if (file.state !== 'read') return file
      try {
        // PyYAML takes UTF-16 from bytes; MLflow hands it the text of a file opened as UTF-8.
        if (isUtf16(file.bytes)) throw new MlmodelError('YAML_ENCODING', { encoding: 'UTF-8' }, { where: { file: name } })
        return { state: 'read', name, bytes: file.bytes, content: take(parseYaml(file.bytes, name, limits), name) }
      } catch (error) {
        if (!(error instanceof MlmodelError)) throw error
        return { state: 'failed', name, error, bytes: file.bytes }
      }
    },
  }
}

/** By its byte order mark. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}
