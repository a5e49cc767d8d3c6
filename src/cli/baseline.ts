/** A file of findings that a team lives with for now: what is in it does not count, everything new does. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { type Finding, findingMessage } from '../finding/index.ts'
import { fingerprint } from '../validate/report.ts'
import type { Validation } from '../validate.ts'

/** Model (as it was named) → fingerprints. */
export type Baseline = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Reads a baseline.
 *
 * @throws MlmodelError BASELINE_INVALID
 */
export function readBaseline(path: string): Baseline {
  const refuse = (reason: string, cause?: unknown) => new MlmodelError('BASELINE_INVALID', { path, reason }, { cause })
  let document: unknown
  try {
    document = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error), error)
  }
  const { schema_version: schema, models } = (document ?? {}) as { schema_version?: unknown; models?: unknown }
  if (schema !== 1 || !Array.isArray(models)) throw refuse('it is no baseline of this version')
  const baseline = new Map<string, Set<string>>()
  for (const item of models) {
    const { location, findings } = (item ?? {}) as { location?: unknown; findings?: unknown }
    if (typeof location !== 'string' || !Array.isArray(findings)) throw refuse('a model in it has no location or no findings')
    const prints = findings.map((found) => (found as { fingerprint?: unknown } | null)?.fingerprint)
    if (prints.some((print) => typeof print !== 'string')) throw refuse('a finding in it has no fingerprint')
    baseline.set(location, new Set([...(baseline.get(location) ?? []), ...(prints as string[])]))
  }
  return baseline
}

/** The findings that a baseline does not know. */
export function newFindings(baseline: Baseline, location: string, findings: readonly Finding[]): readonly Finding[] {
  const known = baseline.get(baselineName(location))
  return known === undefined ? findings : findings.filter((found) => !known.has(fingerprint(found)))
}

/** The document of a baseline: errors and warnings; notices count nowhere. The words are for people who review it. */
export function baselineDocument(validations: readonly Validation[]): object {
  return {
    schema_version: 1,
    models: validations.map(({ location, findings }) => ({
      location: baselineName(location),
      findings: findings
        .filter(({ level }) => level !== 'notice')
        .map((found) => ({
          code: found.code,
          file: found.where.file ?? null,
          message: findingMessage(found),
          fingerprint: fingerprint(found),
        })),
    })),
  }
}

/** `./model/` and `model` are one. */
function baselineName(location: string): string {
  return posix.normalize(location.replaceAll('\\', '/')).replace(/(.)\/+$/, '$1')
}
