import { isFloat } from '../body.ts'
import { floatBits } from '../spec.ts'
import { absent } from '../table.ts'
import type { LeafRule } from './leaf.ts'

/** A number beyond the type's range: MLflow gives infinity, we refuse. Infinity itself stays. */
export const l6: LeafRule = {
  name: 'L6',
  judge({ type, raw, got }) {
    if (floatBits(type) === undefined || raw === absent) return undefined
    const infinite = typeof got === 'object' && got !== null && 'float' in got && Math.abs(got.float) === Number.POSITIVE_INFINITY
    if (!infinite) return undefined
    if (isFloat(raw) && !raw.beyond && !Number.isFinite(raw.float)) return undefined
    if (typeof raw === 'string' && /^\s*[-+]?inf(inity)?\s*$/i.test(raw)) return undefined
    return 'error'
  },
}
