/**
 * Changes of requirements and of Python's version put into a model's files, everything else left byte for byte: what
 * `mlflow models update-pip-requirements` does to requirements.txt and conda.yaml, with comments and order kept.
 */
import { MlmodelError } from '../errors/index.ts'
import { decodeText, isYamlList, isYamlMap, parseYaml, type YamlDocument, type YamlPath, type YamlValue } from '../yaml.ts'
import { type CondaFile, condaPackages, condaPythonText } from './conda-file.ts'
import { applyEdits, editYamlList, type ListEdit, type TextEdit, yamlText } from './list-edits.ts'
import { requirementsName } from './manager-views.ts'
import { normalizeName } from './name.ts'
import { coversPython, type EnvironmentChange } from './override.ts'
import type { EnvironmentReading } from './reading.ts'
import { editRequirementLines } from './requirement-edits.ts'
import type { RequirementLine, RequirementLines } from './requirements-file.ts'

/** A file of the model with its new content. */
export interface UpdatedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * The files that change.
 *
 * @param changes all that is wanted
 * @throws ENVIRONMENT_NOT_WRITTEN where a file is written in a way that cannot be edited, or there is none to edit
 */
export function updateFiles(reading: EnvironmentReading, changes: readonly EnvironmentChange[]): readonly UpdatedFile[] {
  const refused = changes.find(({ subject }) => subject === 'constraint')
  if (refused !== undefined) refuse('constraints of another file are not part of the model')
  const { files } = reading
  if (files.requirements.state !== 'read' && files.conda.state !== 'read')
    refuse('the model has neither requirements.txt nor a conda.yaml that can be read')
  const updated: UpdatedFile[] = []
  const take = (name: string, before: Uint8Array, after: Uint8Array | undefined): void => {
    if (after !== undefined && !Buffer.from(before).equals(after)) updated.push({ name, bytes: after })
  }
  const plan = planEdits(reading, changes)
  for (const [name, edits] of plan) {
    const bytes = bytesOf(reading, name)
    if (bytes === undefined) refuse(`${name} cannot be read`)
    const isYaml = name === files.conda.name || name === files.pythonEnv.name
    take(name, bytes, isYaml ? editYaml(reading, name, bytes, edits) : editRequirementLines(bytes, name, edits))
  }
  return updated
}

/** A requirement that changes or, with null, goes. */
export interface LineEdit {
  /** The first of its lines, 1-based. */
  readonly line: number
  readonly before: string
  readonly after: string | null
}

/** What is to happen in one file. */
export interface FileEdits {
  readonly lines: LineEdit[]
  readonly appended: string[]
  python?: string
}

function planEdits(reading: EnvironmentReading, changes: readonly EnvironmentChange[]): ReadonlyMap<string, FileEdits> {
  const { files } = reading
  const plan = new Map<string, FileEdits>()
  const of = (name: string): FileEdits => {
    const known = plan.get(name) ?? { lines: [], appended: [] }
    plan.set(name, known)
    return known
  }
  const lists: (readonly [string, RequirementLines])[] = []
  if (files.requirements.state === 'read') lists.push([requirementsName, reading.requirements])
  if (files.conda.state === 'read') lists.push([files.conda.name, reading.conda])
  // A list of its own; MLflow writes `-r requirements.txt`, which is followed already.
  if (reading.pythonEnv.lines.some(({ file, class: kind }) => file === files.pythonEnv.name && kind !== 'include'))
    lists.push([files.pythonEnv.name, reading.pythonEnv])
  for (const change of changes) {
    if (change.subject === 'python') {
      const version = change.after!.text
      const { conda, pythonEnv } = files
      const named = conda.state === 'read' ? condaPackages(conda.content).map(({ text }) => condaPythonText(text)) : []
      if (conda.state === 'read' && !named.some((text) => coversPython(version, text ?? ''))) of(conda.name).python = version
      if (pythonEnv.state === 'read' && !coversPython(version, pythonEnv.content.python?.text ?? ''))
        of(pythonEnv.name).python = version
      continue
    }
    for (const [name, list] of lists) planList(of, name, list, change)
  }
  return plan
}

function planList(of: (name: string) => FileEdits, name: string, list: RequirementLines, change: EnvironmentChange): void {
  const isOf = (line: RequirementLine): boolean =>
    change.subject === 'option'
      ? line.text === change.after?.text
      : !line.isConstraint && line.class !== 'invalid' && line.name !== null && normalizeName(line.name) === change.name
  const found = list.lines.filter(isOf)
  const replace = ({ file, line, text }: RequirementLine, replacement: string | null): void => {
    const { lines } = of(file)
    // Two lists may include one file.
    if (text === replacement || lines.some((each) => each.line === line && each.before === text)) return
    lines.push({ line, before: text, after: replacement })
  }
  if (change.after === null) for (const line of found) replace(line, null)
  else if (change.subject === 'option' && found.length > 0) return
  else if (found.length > 0 && change.ordinal === 0)
    for (const [index, line] of found.entries()) replace(line, index === 0 ? change.after.text : null)
  else {
    const isIncluded = list.files.some(({ name: included }) => included === requirementsName) && name !== requirementsName
    if (!isIncluded) of(name).appended.push(change.after.text)
  }
}

function bytesOf({ files, requirements, conda }: EnvironmentReading, name: string): Uint8Array | undefined {
  for (const read of [files.requirements, files.conda, files.pythonEnv])
    if (read.name === name && read.state === 'read') return read.bytes
  return [requirements, conda].some(({ files: included }) => included.some((file) => file.name === name))
    ? refuse(`the requirement stands in ${name}, which another file includes; change it there`)
    : undefined
}

function editYaml({ files }: EnvironmentReading, name: string, bytes: Uint8Array, edits: FileEdits): Uint8Array {
  const isConda = name === files.conda.name
  const read = isConda ? files.conda : files.pythonEnv
  if (read.state !== 'read') return refuse(`${name} cannot be read`)
  const { document } = read.content
  const path = isConda ? pipPath(read.content as CondaFile) : ['dependencies']
  const list: ListEdit = { replaced: itemEdits(document, path, edits.lines), appended: edits.appended }
  const textEdits: TextEdit[] =
    edits.lines.length > 0 || edits.appended.length > 0
      ? [...editYamlList(document, path, list, (why) => refuse(`${name}: ${why}`))]
      : []
  if (edits.python !== undefined)
    textEdits.push(...pythonEdits(document, isConda ? (read.content as CondaFile) : undefined, edits.python, name))
  const after = applyEdits(decodeText(bytes, name), bytes, document, textEdits)
  checkYaml(document, after, name, path, list, edits.python)
  return after
}

/** The last list for pip, which is the one that MLflow reads; else where one would stand. */
function pipPath(conda: CondaFile): YamlPath {
  const index = conda.dependencies.findLastIndex(({ kind }) => kind === 'pip')
  return index === -1 ? ['dependencies', conda.dependencies.length, 'pip'] : conda.dependencies[index]!.path
}

/** Index in the list → new text. Lines tell the items apart, and in a list in brackets their texts. */
function itemEdits(document: YamlDocument, path: YamlPath, lines: FileEdits['lines']): ReadonlyMap<number, string | null> {
  const items = valueAt(document.value, path)
  const edits = new Map<number, string | null>()
  if (!isYamlList(items)) return edits
  for (const { line, before, after } of lines) {
    const there = [...items.keys()].filter((index) => document.lineOf([...path, index]) === line)
    const meant = there.length === 1 ? there : there.filter((index) => String(items[index]).trim() === before)
    if (meant.length === 0 || meant.some((index) => String(items[index]).includes('\n')))
      refuse('several requirements stand in one item of a list')
    // The same requirement twice in one line becomes one.
    for (const [nth, index] of meant.entries()) edits.set(index, nth === 0 ? after : null)
  }
  return edits
}

function pythonEdits(document: YamlDocument, conda: CondaFile | undefined, version: string, name: string): readonly TextEdit[] {
  const path =
    conda === undefined
      ? ['python']
      : conda.dependencies.find((each) => each.kind === 'package' && condaPythonText(each.package.text) !== undefined)?.path
  const span = path === undefined ? undefined : document.spanOf(path)
  if (span === undefined) return refuse(`${name} has no line for Python`)
  return [{ ...span, text: yamlText(conda === undefined ? version : `python=${version}`) }]
}

/** Reads the result again: nothing else may have changed. */
function checkYaml(
  before: YamlDocument,
  after: Uint8Array,
  name: string,
  path: YamlPath,
  list: ListEdit,
  python: string | undefined,
): void {
  const wanted = expected(before.value, path, list, python)
  let got: YamlValue
  try {
    got = parseYaml(after, name).value
  } catch (cause) {
    throw new MlmodelError('ENVIRONMENT_NOT_WRITTEN', { why: `${name} is written in a way that cannot be edited` }, { cause })
  }
  if (comparable(got) !== comparable(wanted)) refuse(`${name} is written in a way that cannot be edited`)
}

function expected(value: YamlValue, path: YamlPath, list: ListEdit, python: string | undefined): YamlValue {
  const [step, ...rest] = path
  if (!isYamlMap(value)) return value
  const map = new Map(value)
  if (python !== undefined && map.has('python')) map.set('python', python)
  const dependencies = map.get('dependencies') ?? []
  if (step !== 'dependencies' || !isYamlList(dependencies)) return map
  const [index] = rest
  if (index === undefined) map.set('dependencies', edited(dependencies, list))
  else {
    const items: YamlValue[] = [...dependencies]
    const old = items[index as number]
    const pip = isYamlMap(old) ? (old.get('pip') ?? []) : []
    const isEdited = list.replaced.size > 0 || list.appended.length > 0
    if (isEdited)
      items[index as number] = new Map([...(isYamlMap(old) ? old : []), ['pip', edited(isYamlList(pip) ? pip : [], list)]])
    const isPython = items.findIndex((item) => typeof item === 'string' && condaPythonText(item) !== undefined)
    if (python !== undefined && isPython !== -1) items[isPython] = `python=${python}`
    map.set('dependencies', items)
  }
  return map
}

function edited(items: readonly YamlValue[], { replaced, appended }: ListEdit): readonly YamlValue[] {
  const kept = items.flatMap((item, index) => {
    const text = replaced.get(index)
    return text === undefined ? [item] : text === null ? [] : [text]
  })
  return [...kept, ...appended]
}

function comparable(value: YamlValue): string {
  if (isYamlMap(value)) return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${comparable(item)}`).join()}}`
  if (isYamlList(value)) return `[${value.map(comparable).join()}]`
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)
}

function valueAt(value: YamlValue, path: YamlPath): YamlValue | undefined {
  return path.reduce<YamlValue | undefined>((found, step) => {
    if (typeof step === 'number') return isYamlList(found) ? found[step] : undefined
    return isYamlMap(found) ? found.get(step) : undefined
  }, value)
}

function refuse(why: string): never {
  throw new MlmodelError('ENVIRONMENT_NOT_WRITTEN', { why })
}
