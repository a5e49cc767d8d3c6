import { isMissing } from '../canonical.ts'
import { isBoolean, isBytes, isMissingRaw, isText, type LeafRule } from './leaf.ts'

/**
 * A null, NaN or missing cell of which MLflow makes a value or a text (`"None"`, `b"nan"`, false, true): null for text and
 * bytes, refused for a boolean. Where MLflow keeps it, so do we.
 */
export const l4: LeafRule = {
  name: 'L4',
  judge({ type, form, raw, got }) {
    if (form === 'csv' || !isMissingRaw(raw) || isMissing(got)) return undefined
    if (isText(type) || isBytes(type)) return { value: null }
    return isBoolean(type) ? 'error' : undefined
  },
}
