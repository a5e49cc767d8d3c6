/** Errors of readers as findings: the same code and sentence, with the title, the why and the fix that an error has not. */
import { type ErrorArguments, type ErrorCode, errorTable } from '../errors/index.ts'
import type { FindingInfo, Level } from './define.ts'

/**
 * Explains an error code as a finding. The code is the key in the table of findings too.
 *
 * @param words - level: error unless given; `fix`: as a sentence without full stop
 */
export function ofError<Code extends ErrorCode>(
  code: Code,
  words: { readonly level?: Level; readonly unjudged?: true; readonly title: string; readonly why: string; readonly fix: string },
): FindingInfo<ErrorArguments<Code>> {
  return {
    level: words.level ?? 'error',
    ...(words.unjudged === true && { unjudged: true as const }),
    title: words.title,
    why: words.why,
    message: errorTable[code].message as (args: ErrorArguments<Code>) => string,
    fix: () => words.fix,
  }
}
