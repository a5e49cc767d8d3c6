import { isFloat } from '../body.ts'
import { readIso } from '../moment.ts'
import { integerRange } from '../spec.ts'
import { absent } from '../table.ts'
import { isMoment, type LeafRule } from './leaf.ts'

/** A fraction for an integer type or a datetime (of a nanosecond): MLflow cuts it, we refuse. */
export const l2: LeafRule = {
  name: 'L2',
  judge({ type, raw, got }) {
    if (raw === absent) return undefined
    if (isFloat(raw) && (integerRange(type) !== undefined || isMoment(type))) {
      return Number.isFinite(raw.float) && !Number.isInteger(raw.float) ? 'error' : undefined
    }
    if (isMoment(type) && typeof raw === 'string' && got !== raw) return readIso(raw.trim())?.finer === true ? 'error' : undefined
    return undefined
  },
}
