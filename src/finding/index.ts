/** Every finding of the product: one total table of codes. */
import type { MlmodelError } from '../errors/index.ts'
import { contentFindings } from './content.ts'
import type { FindingInfo, Level, Where } from './define.ts'
import { environmentFindings } from './environment.ts'
import { loaderFindings } from './loader.ts'
import { mlmodelFindings } from './mlmodel.ts'
import { policyFindings } from './policy.ts'
import { runFindings } from './run.ts'
import { targetFindings } from './target.ts'

export type { FindingInfo, Level } from './define.ts'

/** Code → level, title, why, message, fix. A new finding is a row in the table of its area. */
export const findingTable = {
  ...contentFindings,
  ...environmentFindings,
  ...loaderFindings,
  ...mlmodelFindings,
  ...policyFindings,
  ...runFindings,
  ...targetFindings,
}

export type FindingCode = keyof typeof findingTable
export type FindingArguments<Code extends FindingCode> = Parameters<(typeof findingTable)[Code]['message']>[0]

export interface Finding {
  readonly code: FindingCode
  readonly level: Level
  /** `file` is relative to the model's folder, with `/`. */
  readonly where: Where
  readonly arguments: unknown
}

/** Makes a finding of a code, at the level of its table unless a check knows better. */
export function finding<Code extends FindingCode>(
  code: Code,
  args: FindingArguments<Code>,
  where: Where = {},
  level: Level = infoOf(code).level,
): Finding {
  return { code, level, where, arguments: args }
}

/**
 * An error of a reader as a finding: under its own code where the table explains it, else as UNREADABLE with its sentence.
 *
 * @param where - instead of the error's own place
 */
export function findingOfError(error: MlmodelError, where: Where = error.where): Finding {
  if (Object.hasOwn(findingTable, error.code)) {
    const code = error.code as FindingCode
    return { code, level: infoOf(code).level, where, arguments: error.arguments }
  }
  return finding('UNREADABLE', { reason: error.message }, where)
}

/** The sentence of one finding. */
export function findingMessage(found: Finding): string {
  return infoOf(found.code).message(found.arguments)
}

/** What to do about one finding. */
export function findingFix(found: Finding): string {
  return infoOf(found.code).fix(found.arguments)
}

/** The row of a code. */
export function infoOf(code: FindingCode): FindingInfo<unknown> {
  return findingTable[code] as FindingInfo<unknown>
}
