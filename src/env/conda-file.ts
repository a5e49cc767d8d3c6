/** conda.yaml with the line of each thing; what has the wrong shape is gathered, not thrown. */
import { MlmodelError } from '../errors/index.ts'
import { isYamlList, isYamlMap, type YamlDocument, type YamlPath, type YamlValue, yamlKind } from '../yaml.ts'
import type { PlacedText } from './resolved.ts'

/** An entry of `dependencies`: a MatchSpec, or a list for pip. */
export type CondaDependency =
  | { readonly kind: 'package'; readonly package: PlacedText; readonly path: YamlPath }
  | { readonly kind: 'pip'; readonly lines: readonly PlacedText[]; readonly path: YamlPath }

export interface CondaFile {
  readonly file: string
  readonly document: YamlDocument
  readonly name: PlacedText | null
  /** `prefix: /home/…`, which `conda env export` adds. */
  readonly prefix: PlacedText | null
  readonly channels: readonly PlacedText[]
  readonly dependencies: readonly CondaDependency[]
  readonly problems: readonly MlmodelError[]
}

/** Takes apart what `conda env create --file` is given. */
export function readCondaFile(document: YamlDocument, file: string): CondaFile {
  const problems: MlmodelError[] = []
  const reader = new ListReader(document, file, problems)
  const root = document.value
  if (!isYamlMap(root)) {
    problems.push(new MlmodelError('YAML_NOT_MAP', { found: yamlKind(root) }, { where: { file, line: 1 } }))
    return { file, document, name: null, prefix: null, channels: [], dependencies: [], problems }
  }
  return {
    file,
    document,
    name: reader.scalar(['name'], root.get('name')),
    prefix: reader.scalar(['prefix'], root.get('prefix')),
    channels: reader.texts(['channels'], root.get('channels')),
    dependencies: readDependencies(reader, root.get('dependencies')),
    problems,
  }
}

/** The packages of conda itself, in their order. */
export function condaPackages(conda: CondaFile): readonly PlacedText[] {
  return conda.dependencies.flatMap((dependency) => (dependency.kind === 'package' ? [dependency.package] : []))
}

/** The list for pip. Of several MLflow reads the last. */
export function condaPipLines(conda: CondaFile): readonly PlacedText[] {
  return conda.dependencies.findLast((dependency) => dependency.kind === 'pip')?.lines ?? []
}

/**
 * The version of a conda package `python`: `3.8` of `python=3.8`, `python==3.8.*` and `conda-forge::python 3.8 *_cpython`, a
 * comparison as it stands, empty where there is none; undefined for other packages.
 */
export function condaPythonText(text: string): string | undefined {
  const rest = /^(?:[^\s]*::)?python(?![A-Za-z0-9_.-])\s*(.*)$/s.exec(text.trim())?.[1]
  if (rest === undefined) return undefined
  if (rest === '' || rest === '*' || rest === '=' || rest === '==') return ''
  if (/^(?:[<>!~]|==?.*[,|])/.test(rest) || /[,|]/.test(rest)) return rest.replace(/^(?![<>!~])/, '~')
  return rest
    .replace(/^==?\s*/, '')
    .replace(/[=\s].*$/s, '')
    .replace(/\.?\*$/, '')
}

function readDependencies(reader: ListReader, value: YamlValue | undefined): readonly CondaDependency[] {
  const path = ['dependencies']
  // MLflow takes an absent list for an empty one, and stumbles over null.
  if (value === undefined) return []
  if (!isYamlList(value)) {
    reader.refuse(path, 'a list', value)
    return []
  }
  return value.flatMap((item, index): CondaDependency[] => {
    const place = [...path, index]
    if (typeof item === 'string') return [{ kind: 'package', package: reader.placed(place, item), path: place }]
    if (isYamlMap(item) && item.has('pip'))
      return [{ kind: 'pip', lines: reader.texts([...place, 'pip'], item.get('pip')), path: [...place, 'pip'] }]
    reader.refuse(place, 'text or a mapping with the key pip', item)
    return []
  })
}

/** Lists of texts out of a document. */
export class ListReader {
  readonly #document: YamlDocument
  readonly #file: string
  readonly #problems: MlmodelError[]

  constructor(document: YamlDocument, file: string, problems: MlmodelError[]) {
    this.#document = document
    this.#file = file
    this.#problems = problems
  }

  placed(path: YamlPath, text: string): PlacedText {
    return { text, file: this.#file, line: this.#document.lineOf(path) ?? 1 }
  }

  /** A scalar as written; null where there is none. */
  scalar(path: YamlPath, value: YamlValue | undefined): PlacedText | null {
    const text = value === undefined || value === null ? undefined : this.#document.sourceOf(path)
    return text === undefined || text === '' ? null : this.placed(path, text)
  }

  /** Absent and null are empty lists. */
  texts(path: YamlPath, value: YamlValue | undefined): readonly PlacedText[] {
    if (value === undefined || value === null) return []
    if (!isYamlList(value)) {
      this.refuse(path, 'a list', value)
      return []
    }
    return value.flatMap((item, index) => {
      if (typeof item === 'string') return [this.placed([...path, index], item)]
      this.refuse([...path, index], 'text', item)
      return []
    })
  }

  refuse(path: YamlPath, wanted: string, value: YamlValue | undefined): void {
    const field = path.join('.')
    const where = { file: this.#file, line: this.#document.lineOf(path) ?? 1, path: field }
    this.#problems.push(new MlmodelError('ENVIRONMENT_FIELD', { field, wanted, found: yamlKind(value) }, { where }))
  }
}
