import { isMissing } from '../canonical.ts'
import { isMissingRaw, isText, type LeafRule } from './leaf.ts'

/** An array of strings with a null: MLflow cuts every string to one character; we keep the strings, and the null. */
export const l8: LeafRule = {
  name: 'L8',
  judge({ type, nested, raw, got }) {
    if (!nested || !isText(type)) return undefined
    if (isMissingRaw(raw)) return isMissing(got) ? undefined : { value: null }
    return typeof raw === 'string' && typeof got === 'string' && got !== raw ? { value: raw } : undefined
  },
}
