/** What every format writes of an environment: entries that cannot mean anything else in the place they are written to. */

import { MlmodelError } from '../../errors/index.ts'
import { type PipTranslation, toPipRequirement } from '../conda-to-pip.ts'
import { formatMarker } from '../marker.ts'
import { parseMatchSpec } from '../match-spec.ts'
import { readRequirementLine } from '../requirement-line.ts'
import { joinRequirementLines } from '../requirements-file.ts'
import { toRequirement } from '../resolve.ts'
import type { ResolvedEnvironment, ResolvedOption, ResolvedRequirement } from '../resolved.ts'
import { withoutSecrets } from '../secrets.ts'
import { compareCodePoints } from '../specifier.ts'
import { parseVersion } from '../version.ts'

/** A file of one format. */
export interface FormattedEnvironment {
  readonly text: string
  /** What the format has no words for, and why; the text says it in comments. */
  readonly omitted: readonly Omission[]
}

export interface Omission {
  readonly what: string
  readonly why: string
}

/** A requirement that can be written. */
export interface Entry {
  readonly requirement: ResolvedRequirement
  /** On one line, as pip's files take it, without options of its own. */
  readonly text: string
  /** PEP 508 (`name @ address` for an address); null for what has no name. */
  readonly standard: string | null
}

export interface Entries {
  /** The version without comparison; null where none is known, or none that could be a version. */
  readonly python: string | null
  readonly buildDependencies: readonly Entry[]
  readonly requirements: readonly Entry[]
  readonly constraints: readonly Entry[]
  readonly options: readonly ResolvedOption[]
  readonly channels: readonly string[]
  /** conda's own packages, where conda is who installs. */
  readonly condaPackages: readonly string[]
  readonly omitted: readonly Omission[]
}

/** What breaks a line in one of the formats, or cannot be seen in any. */
const unseen = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Takes what can be written out of an environment. An entry of which a stranger could make two lines is left out, and said. */
export function entriesOf(environment: ResolvedEnvironment): Entries {
  const omitted: Omission[] = []
  const isPlain = ({ text }: { readonly text: string }): boolean => {
    if (!unseen.test(text)) return true
    omitted.push({ what: text, why: 'it holds a line break or another character that cannot be seen' })
    return false
  }
  const taken = (requirements: readonly ResolvedRequirement[]): readonly Entry[] =>
    requirements.flatMap((requirement) => {
      if (requirement.kind === 'invalid') {
        omitted.push({ what: requirement.text, why: `it is no requirement: ${requirement.problem ?? 'pip refuses it'}` })
        return []
      }
      const entry = { requirement, text: lineOf(requirement), standard: standardOf(requirement) }
      if (!isPlain({ text: [entry.text, entry.standard, ...requirement.lineOptions].join('') })) return []
      if (readsBack(entry)) return [entry]
      omitted.push({
        what: requirement.text,
        why: 'pip would read another requirement in any line that could be written of it',
      })
      return []
    })
  return {
    python: pythonOf(environment, omitted),
    buildDependencies: taken(environment.buildDependencies),
    requirements: taken(environment.requirements),
    constraints: taken(environment.constraints),
    options: environment.options.filter((option) => isPlain({ text: option.value ?? '' })),
    channels: (environment.conda?.channels ?? []).filter(isPlain).map(({ text }) => text),
    condaPackages:
      environment.manager === 'conda' ? (environment.conda?.packages ?? []).filter(isPlain).map(({ text }) => text) : [],
    omitted,
  }
}

/**
 * Whether a line is read as what it was written of. `packaging` prints a marker's text without the backslashes that it was
 * written with, and pip looks for comments and options also in quotes.
 */
function readsBack(entry: Entry): boolean {
  const text = withOptions(entry)
  const lines = joinRequirementLines([{ text, file: '', line: 0 }])
  const read = readRequirementLine(text)
  const { requirement } = entry
  return (
    lines.length === 1 &&
    lines[0]!.text === text &&
    read.problem === null &&
    (read.class === 'editable') === (requirement.kind === 'editable') &&
    (read.marker === null ? null : formatMarker(read.marker)) === requirement.marker &&
    read.lineOptions.length === requirement.lineOptions.length &&
    (read.name ?? read.url) === (requirement.name ?? requirement.url)
  )
}

/** As {@link entriesOf}, for tools that know no conda: its packages in pip's words where there are some. */
export function entriesForPip(environment: ResolvedEnvironment): Entries {
  if (environment.manager !== 'conda' || environment.conda === null) return entriesOf(environment)
  const omitted: Omission[] = []
  const translated: Record<'build' | 'others', ResolvedRequirement[]> = { build: [], others: [] }
  for (const place of environment.conda.packages) {
    const translation = translate(place.text.trim())
    if (translation.name === 'python') continue
    if (translation.requirement === null) {
      omitted.push({ what: place.text, why: `pip cannot install it: ${translation.reason}` })
      continue
    }
    for (const one of translation.lost) omitted.push({ what: `${one} of ${place.text}`, why: 'pip has no such thing' })
    const line = {
      ...place,
      text: translation.requirement,
      ...readRequirementLine(translation.requirement),
      isConstraint: false,
      via: [],
    }
    translated[isBuild.test(translation.name) ? 'build' : 'others'].push(toRequirement(line, environment.target))
  }
  const entries = entriesOf({
    ...environment,
    buildDependencies: [...translated.build, ...environment.buildDependencies],
    requirements: [...translated.others, ...environment.requirements],
  })
  return { ...entries, omitted: [...omitted, ...entries.omitted] }
}

const isBuild = /^(?:pip|setuptools|wheel)$/

function translate(text: string): PipTranslation & { readonly name: string } {
  try {
    const spec = parseMatchSpec(text)
    return { ...toPipRequirement(spec), name: spec.name }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return { requirement: null, reason: error.message, name: '' }
  }
}

function pythonOf({ python, target }: ResolvedEnvironment, omitted: Omission[]): string | null {
  const isVersion = (text: string): boolean => /^\d+(?:\.\d+){1,2}(?:(?:a|b|rc)\d+)?$/.test(text)
  if (python !== null && isVersion(python.text)) return python.text
  if (python !== null) omitted.push({ what: `Python ${python.text}`, why: 'it is no version' })
  return isVersion(target.python) ? target.python : null
}

/** `3.11.7` → `3.11`. */
export function minorOf(python: string): string {
  return /^\d+\.\d+/.exec(python)![0]
}

function lineOf(requirement: ResolvedRequirement): string {
  const { kind, name, url, marker, extras } = requirement
  const standard = standardOf(requirement)
  // An address without `name @` may say its name in ways that only it has: `#egg=name`.
  if (standard !== null && kind !== 'bare-url') return standard
  const address = extras.length > 0 && !url!.includes('#egg=') ? `${url}[${extras.join(',')}]` : url!
  const isNamedEditable = kind === 'editable' && name !== null && !/[#&]egg=|\.whl$/.test(url!)
  if (kind === 'editable') return `-e ${quoteShell(isNamedEditable ? `${name} @ ${url}` : address)}`
  return `${address}${marker === null ? '' : ` ; ${marker}`}`
}

function standardOf({ kind, name, extras, specifier, url, marker }: ResolvedRequirement): string | null {
  if (name === null || kind === 'editable' || (kind === 'path' && !/^file:\/\//i.test(url!))) return null
  const named = name + (extras.length === 0 ? '' : `[${[...extras].sort(compareCodePoints).join(',')}]`)
  if (kind === 'package') return `${named}${specifier}${marker === null ? '' : `; ${marker}`}`
  return `${named} @ ${url}${marker === null ? '' : ` ; ${marker}`}`
}

/** The lines of a requirements file: options, constraints, requirements with their own options. */
export function requirementLines(entries: Entries): readonly string[] {
  return [
    ...entries.options.map(({ option, value }) => (value === null ? option : `${option} ${quoteShell(value)}`)),
    ...constraintFiles(entries).map((file) => `-c ${quoteShell(file)}`),
    ...entries.requirements.map(withOptions),
  ]
}

/** A requirement with its own options, as a line. */
export function withOptions({ text, requirement }: Entry): string {
  return [text, ...requirement.lineOptions.map(quoteOption)].join(' ')
}

/** What pip replaces by a variable of its environment, in requirements files and nowhere else: `${TOKEN}`. */
export function variableOf(text: string): string | undefined {
  return /\$\{[A-Z0-9_]+\}/.exec(text)?.[0]
}

/** Files of constraints, relative to the model's folder. */
export function constraintFiles({ constraints }: Entries): readonly string[] {
  return [...new Set(constraints.map(({ requirement }) => requirement.file))]
}

/** `--hash=…` as one word. */
function quoteOption(text: string): string {
  const equals = text.indexOf('=')
  return equals < 0 ? text : `${text.slice(0, equals)}=${quoteShell(text.slice(equals + 1))}`
}

/** A word that pip's `shlex` takes for this text. */
export function quoteShell(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`
}

/** Comments that say what was left out; without line breaks, whatever the text. */
export function omissionComments(omitted: readonly Omission[]): readonly string[] {
  return omitted.map(({ what, why }) => `# Left out: ${visible(withoutSecrets(what))} (${visible(withoutSecrets(why))})`)
}

function visible(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
  return JSON.stringify(shown)
    .slice(1, -1)
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Whether a package is asked for by one of some names. */
export function asksFor(entries: Entries, keys: readonly string[]): boolean {
  return entries.requirements.some(({ requirement }) => requirement.key !== null && keys.includes(requirement.key))
}

/** A version that a specifier pins, of `==1.2.3` alone. */
export function pinOf({ specifier }: ResolvedRequirement): string | null {
  const version = /^===?([^,*]+)$/.exec(specifier)?.[1]
  return version !== undefined && parseVersion(version) !== undefined ? version : null
}
