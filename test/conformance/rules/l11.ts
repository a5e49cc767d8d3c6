import { isBytes, type LeafRule } from './leaf.ts'

/**
 * Whether a text is base64: the alphabet of RFC 4648, padded. Line breaks are let through, as MLflow's own replies hold
 * them (Python's `encodebytes` ends each 76 characters with one).
 */
export function isBase64(text: string): boolean {
  const letters = text.replace(/[\r\n]/g, '')
  return letters.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(letters)
}

/** Binary text in dataframe_split or dataframe_records that is not base64: MLflow drops the stray characters, we refuse. */
export const l11: LeafRule = {
  name: 'L11',
  judge({ type, form, nested, raw }) {
    if (!isBytes(type) || nested || (form !== 'split' && form !== 'records') || typeof raw !== 'string') return undefined
    return isBase64(raw) ? undefined : 'error'
  },
}
