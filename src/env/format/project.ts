/** The environment as pyproject.toml, and as the header of a script (PEP 723), with uv's own tables or without. */
import type { ResolvedEnvironment, ResolvedOption } from '../resolved.ts'
import {
  type Entries,
  type Entry,
  entriesForPip,
  type FormattedEnvironment,
  minorOf,
  type Omission,
  omissionComments,
  variableOf,
} from './entries.ts'
import { tomlList, tomlText } from './toml.ts'

/** What any tool reads (PEP 621, PEP 735). Options for pip and constraints have no place there. */
export function formatPyproject(environment: ResolvedEnvironment): FormattedEnvironment {
  const all = entriesForPip(environment)
  const entries = { ...all, requirements: all.requirements.filter(({ text }) => variableOf(text) === undefined) }
  const dependencies = standardOnly(entries.requirements)
  const omitted = [
    ...entries.omitted,
    ...dependencies.omitted,
    ...all.requirements
      .filter(({ text }) => variableOf(text) !== undefined)
      .map(({ text }) => ({ what: text, why: `only uv reads ${variableOf(text)} there; --format uv has it` })),
    ...entries.options.map(({ text }) => ({ what: text, why: 'pyproject.toml has no options for pip; --format uv has' })),
    ...entries.constraints.map(({ text }) => ({ what: text, why: 'pyproject.toml has no constraints; --format uv has' })),
  ]
  return { text: joined([...omissionComments(omitted), ...project(entries, dependencies.texts)]), omitted }
}

/** As {@link formatPyproject}, with what uv knows beyond it: indexes, constraints, files in the model's folder. */
export function formatUv(environment: ResolvedEnvironment): FormattedEnvironment {
  const entries = entriesForPip(environment)
  const dependencies = uvDependencies(entries)
  const tool = uvTable(entries, dependencies)
  const omitted = [...entries.omitted, ...dependencies.omitted, ...tool.omitted]
  return {
    text: joined([...omissionComments(omitted), ...project(entries, dependencies.texts), '', ...tool.lines]),
    omitted,
  }
}

/** The header of a script for `uv run` and others that know PEP 723. */
export function formatPep723(environment: ResolvedEnvironment): FormattedEnvironment {
  const entries = entriesForPip(environment)
  const dependencies = uvDependencies(entries)
  const tool = uvTable(entries, dependencies, false)
  const omitted = [...entries.omitted, ...dependencies.omitted, ...tool.omitted]
  const lines = [
    ...requiresPython(entries),
    ...tomlList('dependencies', dependencies.texts),
    ...(tool.lines.length > 0 ? ['', ...tool.lines] : []),
  ]
  const header = ['# /// script', ...lines.map((line) => (line === '' ? '#' : `# ${line}`)), '# ///']
  return { text: joined([...omissionComments(omitted), ...header]), omitted }
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

function project(entries: Entries, dependencies: readonly string[]): readonly string[] {
  const build = standardOnly(entries.buildDependencies).texts
  return [
    '[project]',
    'name = "model-environment"',
    'version = "0"',
    ...requiresPython(entries),
    ...tomlList('dependencies', dependencies),
    ...(build.length > 0 ? ['', '[dependency-groups]', ...tomlList('build', build)] : []),
  ]
}

/** MLflow warns of another minor version, not of another patch. */
function requiresPython({ python }: Entries): readonly string[] {
  return python === null ? [] : [`requires-python = ${tomlText(`==${minorOf(python)}.*`)}`]
}

interface Dependencies {
  readonly texts: readonly string[]
  /** name → table of `tool.uv.sources`. */
  readonly sources: ReadonlyMap<string, string>
  readonly omitted: readonly Omission[]
}

function standardOnly(entries: readonly Entry[]): Dependencies {
  const omitted = entries.flatMap(({ text, standard }) =>
    standard === null
      ? [{ what: text, why: 'it has no name, or is a path, and pyproject.toml needs a name and an address' }]
      : [],
  )
  return {
    texts: entries.flatMap(({ standard }) => standard ?? []),
    sources: new Map(),
    omitted: [...omitted, ...hashesOf(entries)],
  }
}

function uvDependencies({ requirements }: Entries): Dependencies {
  const sources = new Map<string, string>()
  const texts: string[] = []
  const omitted: Omission[] = [...hashesOf(requirements)]
  for (const { text, standard, requirement } of requirements) {
    const { kind, key, url, marker } = requirement
    if (standard !== null) texts.push(standard)
    else if (key !== null && url !== null && (kind === 'path' || kind === 'editable') && !/^[a-z][a-z0-9+.-]*:/i.test(url)) {
      texts.push(marker === null ? key : `${key}; ${marker}`)
      sources.set(key, `{ path = ${tomlText(url)}${kind === 'editable' ? ', editable = true' : ''} }`)
    } else omitted.push({ what: text, why: 'uv needs the name of the package' })
  }
  return { texts, sources, omitted }
}

function hashesOf(entries: readonly Entry[]): readonly Omission[] {
  return entries
    .filter(({ requirement }) => requirement.lineOptions.length > 0)
    .map(({ requirement }) => ({
      what: `the options of ${requirement.text}`,
      why: requirement.lineOptions.every((option) => option.startsWith('--hash'))
        ? 'hashes belong into the lock file'
        : 'pyproject.toml has no options of a single requirement',
    }))
}

/** `[tool.uv]` and the tables below it. */
function uvTable(
  entries: Entries,
  dependencies: Dependencies,
  isProject = true,
): { readonly lines: readonly string[]; readonly omitted: readonly Omission[] } {
  const omitted: Omission[] = []
  const settings: string[] = isProject ? ['package = false'] : []
  const indexes: string[] = []
  const lists = new Map<string, string[]>()
  const add = (key: string, value: string): void => {
    lists.set(key, [...(lists.get(key) ?? []), value])
  }
  const constraints = standardOnly(entries.constraints)
  for (const text of constraints.texts) add('constraint-dependencies', text)
  for (const option of entries.options)
    if (variableOf(option.value ?? '') !== undefined)
      omitted.push({ what: option.text, why: `uv reads ${variableOf(option.value!)} in requirements files only` })
    else if (!readOption(option, settings, indexes, add)) omitted.push({ what: option.text, why: 'uv has no such setting' })
  for (const [key, values] of lists) settings.push(...tomlList(key, values))
  const lines = settings.length > 0 ? ['[tool.uv]', ...settings] : []
  for (const index of indexes) lines.push('', '[[tool.uv.index]]', ...index.split('\n'))
  if (dependencies.sources.size > 0)
    lines.push('', '[tool.uv.sources]', ...[...dependencies.sources].map(([key, table]) => `${tomlText(key)} = ${table}`))
  return { lines: lines[0] === '' ? lines.slice(1) : lines, omitted: [...constraints.omitted, ...omitted] }
}

/** @returns whether uv has the setting */
function readOption(
  { option, value }: ResolvedOption,
  settings: string[],
  indexes: string[],
  add: (key: string, value: string) => void,
): boolean {
  const set = (line: string): void => {
    if (!settings.includes(line)) settings.push(line)
  }
  const packages = (value ?? '').split(',').map((name) => name.trim())
  switch (option) {
    case '--index-url': {
      // Of several pip takes the last.
      const before = indexes.findIndex((index) => index.endsWith('\ndefault = true'))
      if (before >= 0) indexes.splice(before, 1)
      indexes.push(`url = ${tomlText(value!)}\ndefault = true`)
      return true
    }
    case '--extra-index-url':
      indexes.push(`url = ${tomlText(value!)}`)
      return true
    case '--find-links':
      add('find-links', value!)
      return true
    case '--trusted-host':
      add('allow-insecure-host', value!)
      return true
    case '--no-index':
      set('no-index = true')
      return true
    case '--pre':
      set('prerelease = "allow"')
      return true
    case '--no-binary':
    case '--only-binary': {
      const key = option === '--no-binary' ? 'no-binary' : 'no-build'
      if (packages.includes(':all:')) set(`${key} = true`)
      else for (const name of packages) if (/^[\w.-]+$/.test(name) && name !== ':none:') add(`${key}-package`, name)
      return true
    }
    default:
      return false
  }
}
