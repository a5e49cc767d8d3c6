import { isFloat } from '../body.ts'
import { fitsNanoseconds, readIso } from '../moment.ts'
import { absent } from '../table.ts'
import { isMoment, type LeafRule } from './leaf.ts'

/** A date out of range, infinity or a boolean for a datetime: MLflow wraps, gives NaT or nanoseconds; we refuse. */
export const l5: LeafRule = {
  name: 'L5',
  judge({ type, form, raw }) {
    if (!isMoment(type) || form === 'csv' || raw === absent) return undefined
    if (typeof raw === 'boolean') return 'error'
    if (isFloat(raw)) return Number.isNaN(raw.float) || Math.abs(raw.float) < 2 ** 63 ? undefined : 'error'
    if (typeof raw !== 'string') return undefined
    const moment = readIso(raw.trim())
    return moment !== undefined && !fitsNanoseconds(moment.nanoseconds) ? 'error' : undefined
  },
}
