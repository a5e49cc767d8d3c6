/** What all formats of a validation say: each finding in words, with its place seen from the current folder. */
import { posix } from 'node:path'
import type { Where } from '../errors/index.ts'
import { type Finding, findingFix, findingMessage, type Level } from '../finding/index.ts'
import type { ModelVerdict } from '../validate/report.ts'
import type { Validation } from '../validate.ts'
import { shown } from './report.ts'

/** The models of one call and how they fared. */
export interface Outcome {
  readonly models: readonly ModelOutcome[]
  readonly strict: boolean
  readonly exitCode: 0 | 1 | 2
}

export interface ModelOutcome extends Validation {
  /** Findings that the baseline knows; not among `findings`. */
  readonly known: number
  readonly verdict: ModelVerdict
}

/** The sentence of a finding with every text of the model escaped. */
export function shownMessage(found: Finding): string {
  return findingMessage(escaped(found))
}

/** What to do about a finding, escaped. */
export function shownFix(found: Finding): string {
  return findingFix(escaped(found))
}

function escaped(found: Finding): Finding {
  return { ...found, arguments: shown(found.arguments) }
}

/** The file of a finding as a path from the current folder, with `/`; the model itself where it has none. */
export function pathOf({ location, folder }: Pick<ModelOutcome, 'location' | 'folder'>, where: Where): string {
  const portable = (path: string) => path.replaceAll('\\', '/')
  return where.file === undefined ? posix.normalize(portable(location)) : posix.join(portable(folder), where.file)
}

/** How many findings of each level. */
export function countLevels(findings: readonly Finding[]): Readonly<Record<Level, number>> {
  const of = (level: Level) => findings.filter((found) => found.level === level).length
  return { error: of('error'), warning: of('warning'), notice: of('notice') }
}
