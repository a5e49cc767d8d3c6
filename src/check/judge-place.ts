/** Where a judged file or member is, and what several judgements come to. */
import type { Finding } from '../finding/index.ts'
import type { JudgedFile, Judgement, Verdict } from './check.ts'

/** The place of a finding on a judged file. */
export function placeOf({ path, member }: Pick<JudgedFile, 'path' | 'member'>): Finding['where'] {
  return { file: path, ...(member !== undefined && { path: member }) }
}

/** From the best to the worst. */
const order: readonly Verdict[] = ['trusted', 'no-code', 'safe', 'source', 'unjudged', 'reject', 'unsafe']

/** The judgement of a whole: as bad as its worst part. */
export function wholeJudgement(format: string, parts: readonly Judgement[]): Judgement {
  const worst = parts.reduce((sum, { verdict }) => Math.max(sum, order.indexOf(verdict)), order.indexOf('no-code'))
  return { format, verdict: order[worst]!, findings: parts.flatMap(({ findings }) => findings) }
}
