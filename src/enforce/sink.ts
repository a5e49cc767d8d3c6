/**
 * Where conversions report to: what could not be converted, and (decision 6) what was converted with a loss, by the rule
 * of the closed list that covers it. A conversion itself always follows MLflow; the mode decides what a report means.
 */
import type { Cell } from '../batch.ts'

/** The rules of the closed list that stand for a loss; `docs/differences.md` has a row for each. */
export type Rule = 'L1' | 'L2' | 'L3' | 'L4' | 'L5' | 'L6' | 'L7' | 'L8' | 'L10' | 'L11' | 'L12'

/** Indices of a value inside the converted one: row, then position in nested lists. */
export type Path = readonly (number | string)[]

export interface Sink {
  /** MLflow raises here. */
  refuse(path: Path, found: Cell, why?: string): void
}

/** MLflow raises, with nothing to point at inside the value: a ragged array, a shape, a missing property. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly found: Cell | undefined
  readonly path: Path

  constructor(why: string, found?: Cell, path: Path = []) {
    super(why)
    this.found = found
    this.path = path
  }
}

/** A sink that stops at the first refusal, for values inside cells. */
export const raising: Sink = {
  refuse(path, found, why) {
    throw new Refusal(why ?? 'cannot be converted', found, path)
  },
}
