import { isInteger } from '../body.ts'
import { absent } from '../table.ts'
import { isBytes, isMissingRaw, isText, type LeafRule } from './leaf.ts'

/**
 * A number, boolean, list or object for text or bytes: MLflow writes Python's text or passes it on as it is, by the body's
 * form. A whole number (no point, no exponent) for a string is its digits; all else is refused.
 */
export const l10: LeafRule = {
  name: 'L10',
  judge({ type, form, raw, got }) {
    if (form === 'csv' || raw === absent || typeof raw === 'string' || isMissingRaw(raw)) return undefined
    if (isBytes(type)) return 'error'
    if (!isText(type)) return undefined
    if (!isInteger(raw)) return 'error'
    const digits = String(raw.integer)
    return got === digits ? undefined : { value: digits }
  },
}
