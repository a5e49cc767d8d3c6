import type { WholeBody } from './whole-body.ts'

/** `instances` whose rows have different keys: with MLflow values move to other rows; we refuse. */
export function l12({ layout }: WholeBody): boolean {
  return layout?.unevenRows === true
}
