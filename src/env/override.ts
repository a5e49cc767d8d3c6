/** What a user wants otherwise than the model says, layered on its own environment, and the difference it makes. */
import { MlmodelError } from '../errors/index.ts'
import { condaPythonText } from './conda-file.ts'
import { formatMarker } from './marker.ts'
import { normalizeName } from './name.ts'
import { formatRequirement, parseRequirement, type Requirement } from './requirement.ts'
import { readRequirementLine } from './requirement-line.ts'
import type { RequirementLine } from './requirements-file.ts'
import { sortLines, toRequirement } from './resolve.ts'
import type { PlacedText, ResolvedEnvironment, ResolvedOption, ResolvedRequirement } from './resolved.ts'
import { canBothHold } from './version-findings.ts'

/** Platforms, by what their own servers need beside the model. */
export const platformPackages = {
  // https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models-online-endpoints
  'azureml-online': ['azureml-inference-server-http', 'azureml-ai-monitoring'],
  'azureml-batch': ['azureml-core'],
} as const

export type PlatformName = keyof typeof platformPackages

export interface Overrides {
  /** Requirements that take the place of the model's own of the same name, or are added. */
  readonly with?: readonly string[]
  /** Names that are taken out. */
  readonly without?: readonly string[]
  /** Lines of a requirements file, as `with`; its options and constraints are added. */
  readonly lines?: readonly RequirementLine[]
  readonly python?: string | undefined
  readonly platform?: PlatformName | undefined
}

/** One difference to the model's own environment. */
export interface EnvironmentChange {
  readonly kind: 'added' | 'replaced' | 'removed'
  /** Normalised; `python` for its version, the option for an option. */
  readonly name: string
  readonly subject: 'requirement' | 'python' | 'option' | 'constraint'
  readonly before: readonly PlacedText[]
  readonly after: PlacedText | null
  /** Of several requirements of one name (for different markers), which. */
  readonly ordinal: number
}

export interface Overridden {
  readonly environment: ResolvedEnvironment
  readonly changes: readonly EnvironmentChange[]
  /** All that was asked for, also what the model says already: its other files may not. */
  readonly wanted: readonly EnvironmentChange[]
  /** Names to take out that the model does not have. */
  readonly unknown: readonly string[]
}

/**
 * Layers what is wanted on a resolved environment: the file's lines, then what the platform needs, then what is taken out,
 * then single requirements.
 *
 * @throws OVERRIDE_INVALID, OVERRIDE_CONFLICT
 */
export function overrideEnvironment(resolved: ResolvedEnvironment, overrides: Overrides): Overridden {
  const layer = new Layer(resolved)
  for (const { lines, constraints, options } of [splitFile(overrides.lines ?? [])]) {
    layer.add(merged(lines.map((line) => wantedOf(line.text, `--requirements ${line.file}`, line))))
    layer.addRest(constraints, options)
  }
  const needed = overrides.platform === undefined ? [] : platformPackages[overrides.platform]
  layer.add(needed.filter((name) => !layer.has(name)).map((name) => wantedOf(name, `--for ${overrides.platform}`)))
  const unknown = (overrides.without ?? []).filter((text) => !layer.remove(nameOf(text)))
  layer.add(merged((overrides.with ?? []).map((text) => wantedOf(text, '--with'))))
  if (overrides.python !== undefined) layer.setPython(overrides.python)
  return { environment: layer.environment(), changes: layer.changes, wanted: layer.wanted, unknown }
}

interface Wanted {
  readonly requirement: Requirement
  readonly origin: PlacedText
}

/** `mlflow models update-pip-requirements` writes names in lower case, and the rest as `packaging` prints it. */
function wantedOf(text: string, option: string, at?: PlacedText): Wanted {
  const parts = readRequirementLine(text.trim())
  const refuse = (why: string) => new MlmodelError('OVERRIDE_INVALID', { option, text, why })
  if (parts.problem !== null) throw refuse(parts.problem)
  if (parts.class !== 'requirement' && !parts.isNamed) throw refuse('it names no package')
  if (parts.lineOptions.length > 0 && at === undefined) throw refuse('options for pip cannot be given along')
  const parsed = parseRequirement(text.trim().replace(/ --?\w.*$/s, ''))
  const requirement = { ...parsed, name: parsed.name.toLowerCase(), extras: parsed.extras.map((extra) => extra.toLowerCase()) }
  const rest = parts.lineOptions.map(({ option: name, value }) => (value === null ? ` ${name}` : ` ${name}=${value}`)).join('')
  return { requirement, origin: { text: formatRequirement(requirement) + rest, file: at?.file ?? option, line: at?.line ?? 0 } }
}

function nameOf(text: string): string {
  const parts = readRequirementLine(text.trim())
  if (parts.name === null) throw new MlmodelError('OVERRIDE_INVALID', { option: '--without', text, why: 'it names no package' })
  // MLflow ignores versions there.
  return normalizeName(parts.name)
}

/** Requirements of one name and marker become one, as in MLflow. */
function merged(wanted: readonly Wanted[]): readonly Wanted[] {
  const groups = new Map<string, Wanted>()
  for (const each of wanted) {
    const { requirement } = each
    const key = `${requirement.key};${requirement.marker === undefined ? '' : formatMarker(requirement.marker)}`
    const other = groups.get(key)
    if (other === undefined || each.origin.text.includes(' --')) {
      groups.set(key, each)
      continue
    }
    if (requirement.url !== other.requirement.url || !canBothHold(requirement.specifiers, other.requirement.specifiers))
      throw new MlmodelError('OVERRIDE_CONFLICT', { one: other.origin.text, other: each.origin.text })
    const both = {
      ...requirement,
      extras: [...new Set([...other.requirement.extras, ...requirement.extras])].sort(),
      specifiers: [...other.requirement.specifiers, ...requirement.specifiers],
    }
    groups.set(key, { requirement: both, origin: { ...each.origin, text: formatRequirement(both) } })
  }
  return [...groups.values()]
}

function splitFile(lines: readonly RequirementLine[]) {
  const followed = lines.filter((line) => line.class !== 'include' && line.class !== 'constraint')
  return {
    lines: followed.filter((line) => !line.isConstraint && line.class !== 'option'),
    constraints: followed.filter((line) => line.isConstraint && line.class !== 'option'),
    options: followed.filter((line) => line.class === 'option'),
  }
}

class Layer {
  readonly #base: ResolvedEnvironment
  readonly changes: EnvironmentChange[] = []
  readonly wanted: EnvironmentChange[] = []
  #requirements: readonly ResolvedRequirement[]
  #constraints: readonly ResolvedRequirement[]
  #options: readonly ResolvedOption[]
  #python: PlacedText | null
  #conda: ResolvedEnvironment['conda']

  constructor(base: ResolvedEnvironment) {
    this.#base = base
    this.#requirements = base.requirements
    this.#constraints = base.constraints
    this.#options = base.options
    this.#python = base.python
    this.#conda = base.conda
  }

  environment(): ResolvedEnvironment {
    return {
      ...this.#base,
      requirements: this.#requirements,
      constraints: this.#constraints,
      options: this.#options,
      python: this.#python,
      conda: this.#conda,
    }
  }

  has(name: string): boolean {
    return this.#requirements.some(({ key }) => key === normalizeName(name))
  }

  /** Where the first of a name stood, or at the end. */
  add(wanted: readonly Wanted[]): void {
    for (const key of new Set(wanted.map(({ requirement }) => requirement.key))) {
      const placed = wanted.filter(({ requirement }) => requirement.key === key).map(({ origin }) => this.#resolve(origin))
      const before = this.#requirements.filter((each) => each.key === key)
      const first = this.#requirements.findIndex((each) => each.key === key)
      const rest = this.#requirements.filter((each) => each.key !== key)
      const at = first === -1 ? rest.length : first
      this.#requirements = [...rest.slice(0, at), ...placed, ...rest.slice(at)]
      const isSame = before.length === placed.length && before.every(({ text }, index) => text === placed[index]!.text)
      for (const [ordinal, { text, file, line }] of placed.entries()) {
        const old = ordinal === 0 ? before.map(placeOnly) : []
        const kind = old.length === 0 ? 'added' : 'replaced'
        this.#note({ kind, name: key, subject: 'requirement', before: old, after: { text, file, line }, ordinal }, !isSame)
      }
    }
  }

  addRest(constraints: readonly RequirementLine[], options: readonly RequirementLine[]): void {
    const { options: added } = sortLines(options, this.#base.target)
    for (const line of constraints) {
      if (this.#constraints.some(({ text }) => text === line.text)) continue
      this.#constraints = [...this.#constraints, toRequirement(line, this.#base.target)]
      const name = line.name ?? line.text
      this.#note({
        kind: 'added',
        name: normalizeName(name),
        subject: 'constraint',
        before: [],
        after: placeOnly(line),
        ordinal: 0,
      })
    }
    for (const option of added) {
      const isKnown = this.#options.some(({ option: name, value }) => name === option.option && value === option.value)
      if (!isKnown) this.#options = [...this.#options, option]
      this.#note(
        { kind: 'added', name: option.option, subject: 'option', before: [], after: placeOnly(option), ordinal: 0 },
        !isKnown,
      )
    }
  }

  /** @returns whether there was one */
  remove(name: string): boolean {
    const before = this.#requirements.filter(({ key }) => key === name)
    this.#requirements = this.#requirements.filter(({ key }) => key !== name)
    const change = {
      kind: 'removed',
      name,
      subject: 'requirement',
      before: before.map(placeOnly),
      after: null,
      ordinal: 0,
    } as const
    this.#note(change, before.length > 0)
    return before.length > 0
  }

  /** A version that covers the model's own (`3.11` of 3.11.7) changes nothing. */
  setPython(text: string): void {
    const before = this.#python
    const after = { text, file: '--python', line: 0 }
    const kind = before === null ? 'added' : 'replaced'
    const isCovered = before !== null && coversPython(text, before.text)
    this.#note(
      { kind, name: 'python', subject: 'python', before: before === null ? [] : [placeOnly(before)], after, ordinal: 0 },
      !isCovered,
    )
    if (isCovered) return
    this.#python = after
    if (this.#conda === null) return
    const packages = this.#conda.packages.map((each) =>
      condaPythonText(each.text) === undefined ? each : { ...after, text: `python=${text}` },
    )
    this.#conda = { ...this.#conda, packages }
  }

  #note(change: EnvironmentChange, hasEffect = true): void {
    this.wanted.push(change)
    if (hasEffect) this.changes.push(change)
  }

  #resolve(origin: PlacedText): ResolvedRequirement {
    return toRequirement({ ...origin, ...readRequirementLine(origin.text), isConstraint: false, via: [] }, this.#base.target)
  }
}

/** `3.11` covers 3.11.7. */
export function coversPython(wanted: string, version: string): boolean {
  return version === wanted || version.startsWith(`${wanted}.`)
}

function placeOnly({ text, file, line }: PlacedText): PlacedText {
  return { text, file, line }
}
