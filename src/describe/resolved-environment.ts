/** What `mlmodel env` prints with `--json`: plain objects; their schemas are schemas/environment*.schema.json. */

import type { EnvironmentDifference } from '../env/compare.ts'
import type { Interpreter } from '../env/interpreter.ts'
import type { EnvironmentCheck } from '../env/mismatch.ts'
import type { EnvironmentChange } from '../env/override.ts'
import type { PlacedText, ResolvedEnvironment, ResolvedRequirement, Target } from '../env/resolved.ts'
import { type Finding, findingFix, findingMessage } from '../finding/index.ts'

export interface PlaceDescription {
  readonly text: string
  readonly file: string
  /** 1-based; null where the place is no file (an option of the command line). */
  readonly line: number | null
}

export interface RequirementDescription extends PlaceDescription {
  readonly kind: ResolvedRequirement['kind']
  readonly name: string | null
  readonly extras: readonly string[]
  readonly specifier: string
  readonly url: string | null
  readonly marker: string | null
  /** The verdict of the marker for the target; null where there is none. */
  readonly applies: boolean | null
  readonly options: readonly string[]
  readonly problem: string | null
  readonly via: readonly PlaceDescription[]
}

/** A finding with its sentences. */
export interface FindingDescription {
  readonly level: Finding['level']
  readonly code: string
  readonly message: string
  readonly fix: string
  readonly where: { readonly file: string | null; readonly line: number | null }
}

export interface ResolvedDescription {
  readonly schema_version: 1
  readonly model: string
  readonly manager: ResolvedEnvironment['manager']
  readonly target: Target
  readonly python: PlaceDescription | null
  readonly build_dependencies: readonly RequirementDescription[]
  readonly requirements: readonly RequirementDescription[]
  readonly constraints: readonly RequirementDescription[]
  readonly options: readonly (PlaceDescription & { readonly option: string; readonly value: string | null })[]
  readonly conda: {
    readonly file: string
    readonly name: PlaceDescription | null
    readonly channels: readonly PlaceDescription[]
    readonly packages: readonly PlaceDescription[]
  } | null
  readonly files: readonly {
    readonly name: string
    readonly role: string
    readonly present: boolean
    readonly named_at: { readonly file: string; readonly line: number } | null
  }[]
  readonly managers: readonly {
    readonly manager: ResolvedEnvironment['manager']
    readonly file: string | null
    readonly why: string
    readonly python: PlaceDescription | null
    readonly build_dependencies: readonly PlaceDescription[]
    readonly dependencies: readonly PlaceDescription[]
    readonly ignored: readonly PlaceDescription[]
    readonly name: string | null
    readonly nameless: string | null
    readonly directory: string | null
    readonly exists: boolean | null
    readonly refusal: { readonly code: string; readonly message: string } | null
  }[]
  readonly changes: readonly ChangeDescription[]
  readonly written: readonly string[]
  readonly findings: readonly FindingDescription[]
}

export interface ChangeDescription {
  readonly kind: EnvironmentChange['kind']
  readonly subject: EnvironmentChange['subject']
  readonly name: string
  readonly before: readonly PlaceDescription[]
  readonly after: PlaceDescription | null
}

/** The whole answer of `mlmodel env`. */
export function describeResolved(
  location: string,
  environment: ResolvedEnvironment,
  findings: readonly Finding[],
  changes: readonly EnvironmentChange[],
  written: readonly string[],
): ResolvedDescription {
  const { manager, target, conda } = environment
  return {
    schema_version: 1,
    model: location,
    manager,
    target,
    python: placeOrNull(environment.python),
    build_dependencies: environment.buildDependencies.map(requirement),
    requirements: environment.requirements.map(requirement),
    constraints: environment.constraints.map(requirement),
    options: environment.options.map((each) => ({ ...place(each), option: each.option, value: each.value })),
    conda:
      conda === null
        ? null
        : {
            file: conda.file,
            name: placeOrNull(conda.name),
            channels: conda.channels.map(place),
            packages: conda.packages.map(place),
          },
    files: environment.files.map(({ name, role, isPresent, namedAt }) => ({
      name,
      role,
      present: isPresent,
      named_at: namedAt === null ? null : { file: namedAt.file, line: namedAt.line },
    })),
    managers: environment.views.map((view) => ({
      manager: view.manager,
      file: view.file,
      why: view.why,
      python: placeOrNull(view.python),
      build_dependencies: view.buildDependencies.map(place),
      dependencies: view.dependencies.map(place),
      ignored: view.ignored.map(place),
      name: view.name,
      nameless: view.nameless,
      directory: view.directory,
      exists: view.exists,
      refusal: view.refusal === null ? null : { code: view.refusal.code, message: view.refusal.message },
    })),
    changes: changes.map(({ kind, subject, name, before, after }) => ({
      kind,
      subject,
      name,
      before: before.map(place),
      after: placeOrNull(after),
    })),
    written,
    findings: findings.map(describeFinding),
  }
}

/** A finding as plain data. */
export function describeFinding(found: Finding): FindingDescription {
  const { level, code, where } = found
  return {
    level,
    code,
    message: findingMessage(found),
    fix: findingFix(found),
    where: { file: where.file ?? null, line: where.line ?? null },
  }
}

function place({ text, file, line }: PlacedText): PlaceDescription {
  return { text, file, line: line === 0 ? null : line }
}

function placeOrNull(placed: PlacedText | null): PlaceDescription | null {
  return placed === null ? null : place(placed)
}

function requirement(each: ResolvedRequirement): RequirementDescription {
  const { kind, name, extras, specifier, url, marker, applies, lineOptions, problem, via } = each
  return {
    ...place(each),
    kind,
    name,
    extras,
    specifier,
    url,
    marker,
    applies,
    options: lineOptions,
    problem,
    via: via.map(place),
  }
}

/** The answer of `mlmodel env check`. */
export function describeCheck(
  location: string,
  interpreter: Interpreter,
  check: EnvironmentCheck,
  environment: ResolvedEnvironment,
) {
  return {
    schema_version: 1,
    model: location,
    interpreter: {
      path: interpreter.path,
      version: interpreter.version,
      implementation: interpreter.implementation,
      folders: interpreter.folders,
    },
    target: environment.target,
    fits: check.mismatches.length === 0,
    mismatches: check.mismatches.map(({ kind, name, current, required, file, line }) => ({
      kind,
      name,
      current,
      required,
      where: { file, line: line === 0 ? null : line },
    })),
    matching: check.matching,
    skipped: check.skipped.map((each) => ({ ...place(each), why: each.why })),
  }
}

/** The answer of `mlmodel env diff`. */
export function describeDifference(
  models: readonly [string, string],
  differences: readonly EnvironmentDifference[],
  target: Target,
) {
  return {
    schema_version: 1,
    models,
    target,
    equal: differences.length === 0,
    differences: differences.map(({ subject, name, left, right }) => ({
      subject,
      name,
      left: left.map(place),
      right: right.map(place),
    })),
  }
}
