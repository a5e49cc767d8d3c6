import { isFloat, isInteger } from '../body.ts'
import { integerRange } from '../spec.ts'
import { absent } from '../table.ts'
import type { LeafRule } from './leaf.ts'

/** Integer out of range: MLflow wraps, we refuse. */
export const l1: LeafRule = {
  name: 'L1',
  judge({ type, raw }) {
    const range = integerRange(type)
    if (range === undefined || raw === absent) return undefined
    const [lowest, highest] = range
    if (isInteger(raw)) return raw.integer < lowest || raw.integer > highest ? 'error' : undefined
    if (isFloat(raw)) {
      const whole = Math.trunc(raw.float)
      if (!Number.isFinite(whole)) return Number.isNaN(whole) ? undefined : 'error'
      return BigInt(whole) < lowest || BigInt(whole) > highest ? 'error' : undefined
    }
    if (typeof raw === 'string' && /^\s*[-+]?\d+(?:_\d+)*\s*$/.test(raw)) {
      const integer = BigInt(raw.trim().replaceAll('_', '').replace(/^\+/, ''))
      return integer < lowest || integer > highest ? 'error' : undefined
    }
    return undefined
  },
}
