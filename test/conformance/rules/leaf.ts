/** What a rule about one value sees, and what it may say. */

import { isFloat, isInteger, type RawFloat, type RawInteger } from '../body.ts'
import type { Atom } from '../canonical.ts'
import { absent, type Form, type RawCell } from '../table.ts'

export interface Leaf {
  /** MLflow's column type, or NumPy's dtype of a tensor. */
  readonly type: string
  readonly form: Form
  readonly raw: RawCell
  /** What MLflow made of it. */
  readonly got: Atom
  /** Inside an array, object or map. */
  readonly nested: boolean
}

/** `error`: we refuse the body; otherwise the value that we give in place of MLflow's. */
export type Verdict = 'error' | { readonly value: Atom }

export interface LeafRule {
  readonly name: string
  judge(leaf: Leaf): Verdict | undefined
}

/** null, NaN, or a key that is not there. */
export function isMissingRaw(raw: RawCell): boolean {
  return raw === absent || raw === null || (isFloat(asRaw(raw)) && Number.isNaN((raw as RawFloat).float))
}

/** The number as a number, whichever way it was written; undefined for what is none. */
export function numberOf(raw: RawCell): number | undefined {
  if (raw === absent) return undefined
  if (isInteger(raw)) return Number((raw as RawInteger).integer)
  return isFloat(raw) ? raw.float : undefined
}

function asRaw(raw: RawCell) {
  return raw === absent ? undefined : raw
}

export function isText(type: string): boolean {
  return type === 'string' || type === 'str'
}
export function isBytes(type: string): boolean {
  return type === 'binary' || type === 'bytes'
}
export function isBoolean(type: string): boolean {
  return type === 'boolean' || type === 'bool'
}
export function isMoment(type: string): boolean {
  return type === 'datetime' || type.startsWith('datetime64')
}
