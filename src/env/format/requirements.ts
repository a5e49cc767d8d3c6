/** The environment as a requirements file for pip and uv. */
import type { ResolvedEnvironment } from '../resolved.ts'
import { entriesForPip, type FormattedEnvironment, omissionComments, requirementLines } from './entries.ts'

/** Options, constraints (their files, relative to the model's folder) and requirements; files of `-r` are written out. */
export function formatRequirements(environment: ResolvedEnvironment): FormattedEnvironment {
  const entries = entriesForPip(environment)
  const lines = [...omissionComments(entries.omitted), ...requirementLines(entries)]
  return { text: lines.map((line) => `${line}\n`).join(''), omitted: entries.omitted }
}
