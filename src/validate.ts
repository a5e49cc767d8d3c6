/**
 * The gate in front of a model: is it sound, does it keep its own contract, is it safe to open. Nothing of the model is executed.
 */
import { statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { CheckContext, CheckResults, FileJudgement } from './check/check.ts'
import { openContext } from './check/context.ts'
import { checkContent, runChecks } from './check/index.ts'
import type { Policy } from './check/policy.ts'
import { MlmodelError } from './errors/index.ts'
import type { Finding, FindingCode, Level } from './finding/index.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { type Located, locate, mlmodelName } from './locate/index.ts'
import type { TeamSchema } from './team-schema.ts'

/** How a model is validated. */
export interface ValidateOptions {
  /** Findings of these codes are left out, and counted. */
  readonly ignore?: readonly FindingCode[]
  /** SHA-256 of files whose content is taken as it is: 64 hex digits each. */
  readonly trust?: readonly string[]
  /** Platforms the model shall run on. */
  readonly targets?: readonly string[]
  /** What a team asks of its models. */
  readonly policy?: Policy
  readonly limits?: Limits
  /** JSON Schemas of a team, read by `readTeamSchema`. */
  readonly schemas?: readonly TeamSchema[]
  /** Adds what can only be known by running the model; called once, after the folder was opened. */
  readonly run?: (context: CheckContext) => Promise<CheckResults>
}

/** What validating a model said. */
export interface Validation {
  /** As the caller named it. */
  readonly location: string
  /** What the files of findings are relative to, as the caller would name it; empty for the current folder. */
  readonly folder: string
  /** Most severe first, then by file and line. */
  readonly findings: readonly Finding[]
  /** Findings left out by `ignore` or by a level `off` of the policy. */
  readonly ignored: number
  /** Every file of the folder, and what it was judged to be. */
  readonly files: readonly FileJudgement[]
}

/**
 * Validates a model, or judges the content of a file that is no model's.
 *
 * @param location - a folder, its MLmodel file, or any other file
 * @throws MlmodelError LOCATION_NOT_FOUND, LOCATION_UNSUPPORTED, LOCATION_UNREADABLE; everything else is a finding
 */
export async function validateModel(location: string, options: ValidateOptions = {}): Promise<Validation> {
  const { limits = defaultLimits, targets, policy } = options
  const trusted = new Set([...(options.trust ?? []), ...(policy?.trust ?? [])].map((digest) => digest.toLowerCase()))
  const checkOptions = {
    targets: [...new Set([...(targets ?? []), ...(policy?.targets ?? [])])],
    trusted,
    ...(policy !== undefined && { policy }),
  }
  const found = await find(location)
  const context = await openContext(found.located, { ...found.parts, limits, options: checkOptions })
  const results = found.parts.only === undefined ? await options.run?.(context) : undefined
  const whole: CheckContext = results === undefined ? context : { ...context, results }
  const all = [...(found.parts.only === undefined ? await runChecks(whole) : await checkContent(whole))]
  for (const schema of options.schemas ?? []) {
    const { checkTeamSchema } = await import('./team-schema.ts')
    all.push(...(await checkTeamSchema(schema, whole)))
  }
  const leveled = all.map((each) => withLevel(each, policy?.levels))
  const kept = leveled.filter((each) => each !== undefined && options.ignore?.includes(each.code) !== true) as Finding[]
  return {
    location,
    folder: found.folder,
    findings: kept.sort(bySeverity),
    ignored: all.length - kept.length,
    files: await context.judgements(),
  }
}

interface Found {
  readonly folder: string
  readonly located: Located
  readonly parts: { readonly only?: string; readonly absent?: MlmodelError }
}

/** A folder without MLmodel is a bad model, a file that is none is content to be judged. */
async function find(location: string): Promise<Found> {
  try {
    const located = await locate(location)
    return { folder: folderOf(located.file), located, parts: {} }
  } catch (error) {
    if (!(error instanceof MlmodelError) || error.code !== 'LOCATION_NOT_MODEL') throw error
    const path = resolve(location)
    if (!statSync(path).isDirectory())
      return {
        folder: folderOf(location),
        located: { directory: dirname(path), file: location, source: location },
        parts: { only: basename(path) },
      }
    return {
      folder: location,
      located: { directory: path, file: join(location, mlmodelName), source: location },
      parts: { absent: new MlmodelError(error.code, error.arguments as never, { where: { file: mlmodelName } }) },
    }
  }
}

/** The folder of a path as it is written; empty where the path is a name. */
function folderOf(path: string): string {
  const folder = dirname(path)
  return folder === '.' && !path.startsWith('.') ? '' : folder
}

function withLevel(found: Finding, levels: Policy['levels']): Finding | undefined {
  const level = levels?.[found.code]
  if (level === undefined) return found
  return level === 'off' ? undefined : { ...found, level }
}

const severity: Readonly<Record<Level, number>> = { error: 0, warning: 1, notice: 2 }

function bySeverity(left: Finding, right: Finding): number {
  const [a, b] = [left.where, right.where]
  return (
    severity[left.level] - severity[right.level] ||
    compare(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.byte ?? 0) - (b.byte ?? 0) ||
    compare(left.code, right.code)
  )
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0)
