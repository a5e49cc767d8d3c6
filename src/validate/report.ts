/** A validation as plain data: findings in words, for programs and for `validate --json`. */
import { createHash } from 'node:crypto'
import type { Where } from '../errors/index.ts'
import { type Finding, type FindingCode, findingFix, findingMessage, infoOf, type Level } from '../finding/index.ts'

/** One thing that is wrong, or worth knowing, in words. The words are plain text and not escaped for a terminal. */
export interface ReportedFinding {
  /** docs/rules.md explains each. */
  readonly code: FindingCode
  readonly level: Level
  /** Something could not be judged; it is neither good nor bad. */
  readonly unjudged: boolean
  /** What is wrong in general. */
  readonly title: string
  /** What is wrong here. */
  readonly message: string
  /** What to do. */
  readonly fix: string
  /** `file` is relative to the model's folder. */
  readonly where: Where
  /** The same for the same defect in the same place, whatever its line. */
  readonly fingerprint: string
}

/** `passed`: nothing against the model; `failed`: judged bad; `unjudged`: something could not be judged, and nothing is bad. */
export type ModelVerdict = 'passed' | 'failed' | 'unjudged'

/** A finding in words. */
export function reportFinding(found: Finding): ReportedFinding {
  return {
    code: found.code,
    level: found.level,
    unjudged: infoOf(found.code).unjudged === true,
    title: infoOf(found.code).title,
    message: findingMessage(found),
    fix: findingFix(found),
    where: found.where,
    fingerprint: fingerprint(found),
  }
}

/** The same defect in the same place has the same print, whatever its line. */
export function fingerprint(found: Finding): string {
  const text = JSON.stringify([found.code, found.where.file ?? '', found.where.path ?? '', findingMessage(found)])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/**
 * 0: nothing against the model; 1: judged bad; 2: something could not be judged. A bad model that could not be judged whole is bad.
 *
 * @param strict - warnings count as errors
 */
export function exitCodeOf(findings: readonly Pick<Finding, 'code' | 'level'>[], strict: boolean): 0 | 1 | 2 {
  if (findings.some((found) => countsAsError(found, strict))) return 1
  return findings.some(({ code, level }) => infoOf(code).unjudged === true && level !== 'notice') ? 2 : 0
}

/** Whether a finding makes the exit code 1. */
export function countsAsError({ level, code }: Pick<Finding, 'code' | 'level'>, strict: boolean): boolean {
  return (level === 'error' || (strict && level === 'warning')) && infoOf(code).unjudged !== true
}

/** The verdict that an exit code stands for. */
export function verdictOf(exitCode: 0 | 1 | 2): ModelVerdict {
  return exitCode === 0 ? 'passed' : exitCode === 1 ? 'failed' : 'unjudged'
}
