/** The environment a model asks for, as its files say it; nothing is resolved or installed here. */
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { readInside } from '../paths.ts'
import { decodeText, isYamlList, isYamlMap, parseYaml, type YamlDocument, type YamlPath, yamlKind } from '../yaml.ts'
import { findDisagreements } from './disagree.ts'
import type { Dependency, Environment, EnvironmentLine } from './environment.ts'

interface Collected {
  readonly files: string[]
  readonly missing: string[]
  readonly python: EnvironmentLine[]
  readonly dependencies: Dependency[]
  readonly channels: EnvironmentLine[]
  readonly errors: MlmodelError[]
}

/** Reads conda.yaml, python_env.yaml and requirements.txt of a model, or the files its `env` names. Never throws for their content. */
export async function readEnvironment(model: Mlmodel, limits: Limits = defaultLimits): Promise<Environment> {
  const collected: Collected = { files: [], missing: [], python: [], dependencies: [], channels: [], errors: [] }
  const names = environmentFiles(model)
  readPythonVersion(model, collected)
  await readFile(model, names.conda, collected, limits, (bytes, file) =>
    readConda(parseYaml(bytes, file, limits), file, collected),
  )
  await readFile(model, names.virtualenv, collected, limits, (bytes, file) =>
    readPythonEnv(parseYaml(bytes, file, limits), file, collected),
  )
  await readFile(model, { name: 'requirements.txt', isNamed: false }, collected, limits, (bytes, file) =>
    readRequirements(decodeText(bytes, file), file, collected),
  )
  return { ...collected, disagreements: findDisagreements(collected.python, collected.dependencies) }
}

interface NamedFile {
  readonly name: string
  /** By the MLmodel file, so that its absence is worth a word. */
  readonly isNamed: boolean
}

/** `env` is a text (the conda file) through MLflow 1.30 and a mapping since 2.0. */
function environmentFiles(model: Mlmodel): { readonly conda: NamedFile; readonly virtualenv: NamedFile } {
  const env = model.flavors.get('python_function')?.get('env')
  const named = (value: unknown, absent: string): NamedFile =>
    typeof value === 'string' ? { name: value, isNamed: true } : { name: absent, isNamed: false }
  const keys = isYamlMap(env) ? env : new Map()
  return {
    conda: named(typeof env === 'string' ? env : keys.get('conda'), 'conda.yaml'),
    virtualenv: named(keys.get('virtualenv'), 'python_env.yaml'),
  }
}

async function readFile(
  model: Mlmodel,
  { name, isNamed }: NamedFile,
  collected: Collected,
  limits: Limits,
  read: (bytes: Uint8Array, file: string) => void,
): Promise<void> {
  try {
    const bytes = await readInside(model.directory, name, limits.yamlBytes, { file: name })
    read(bytes, name)
    collected.files.push(name)
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    if (error.code !== 'PATH_MISSING') collected.errors.push(error)
    else if (isNamed) collected.missing.push(name)
  }
}

function readPythonVersion(model: Mlmodel, collected: Collected): void {
  const path = ['flavors', 'python_function', 'python_version']
  const text = model.sourceOf(path)
  if (text !== undefined && text !== '') collected.python.push({ text, file: 'MLmodel', line: model.lineOf(path) ?? 1 })
}

function readConda(document: YamlDocument, file: string, collected: Collected): void {
  const root = document.value
  if (!isYamlMap(root)) throw new MlmodelError('YAML_NOT_MAP', { found: yamlKind(root) }, { where: { file, line: 1 } })
  for (const item of readTexts(document, ['channels'], file)) collected.channels.push(item)
  const dependencies = root.get('dependencies') ?? []
  if (!isYamlList(dependencies)) refuse(document, ['dependencies'], 'a list', yamlKind(dependencies), file)
  for (const [index, dependency] of dependencies.entries()) {
    const path = ['dependencies', index]
    if (isYamlMap(dependency)) {
      for (const item of readTexts(document, [...path, 'pip'], file)) collected.dependencies.push({ ...item, kind: 'pip' })
      continue
    }
    const text = document.sourceOf(path)
    if (text === undefined) refuse(document, path, 'text or a mapping with the key pip', yamlKind(dependency), file)
    const line = document.lineOf(path) ?? 1
    const python = /^python\s*((?:[<>=!~]=?=?).*)$/.exec(text.trim())?.[1]
    if (python !== undefined) collected.python.push({ text: python.replace(/^==?\s*/, ''), file, line })
    else if (text.trim() !== 'python') collected.dependencies.push({ text, file, line, kind: 'conda' })
  }
}

function readPythonEnv(document: YamlDocument, file: string, collected: Collected): void {
  const root = document.value
  if (!isYamlMap(root)) throw new MlmodelError('YAML_NOT_MAP', { found: yamlKind(root) }, { where: { file, line: 1 } })
  const python = document.sourceOf(['python'])
  if (python !== undefined && python !== '') collected.python.push({ text: python, file, line: document.lineOf(['python']) ?? 1 })
  // `-r requirements.txt` is how MLflow points to the file that is read anyway.
  for (const key of ['build_dependencies', 'dependencies'])
    for (const item of readTexts(document, [key], file))
      if (!/^-r\s+requirements\.txt$/.test(item.text)) collected.dependencies.push({ ...item, kind: 'pip' })
}

/** A list of texts with their lines; absent and null count as empty. */
function readTexts(document: YamlDocument, path: YamlPath, file: string): readonly EnvironmentLine[] {
  const list = path.reduce<unknown>(
    (value, step) =>
      isYamlMap(value as never)
        ? (value as ReadonlyMap<unknown, unknown>).get(step)
        : (value as readonly unknown[])[step as number],
    document.value,
  )
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) return refuse(document, path, 'a list', yamlKind(list as never), file)
  return list.map((item, index) => {
    const place = [...path, index]
    const text = document.sourceOf(place)
    if (text === undefined) return refuse(document, place, 'text', yamlKind(item), file)
    return { text: text.trim(), file, line: document.lineOf(place) ?? 1 }
  })
}

function refuse(document: YamlDocument, path: YamlPath, wanted: string, found: string, file: string): never {
  const line = document.lineOf(path) ?? 1
  throw new MlmodelError(
    'ENVIRONMENT_FIELD',
    { field: path.join('.'), wanted, found },
    { where: { file, line, path: path.join('.') } },
  )
}

/** MLflow's reading of a requirements file: ` #` begins a comment, `\` continues a line; includes are listed, not followed. */
function readRequirements(text: string, file: string, collected: Collected): void {
  let joined = ''
  let first = 0
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n?|\n/)
    .entries()) {
    if (joined === '') first = index + 1
    const isContinued = line.endsWith('\\') && !line.trimStart().startsWith('#')
    joined += isContinued ? line.slice(0, -1) : line
    if (isContinued) continue
    const bare = joined.replace(/(^|\s)#.*$/s, '').trim()
    if (bare !== '') collected.dependencies.push({ text: bare, file, line: first, kind: 'pip' })
    joined = ''
  }
  if (joined.trim() !== '') collected.dependencies.push({ text: joined.trim(), file, line: first, kind: 'pip' })
}
