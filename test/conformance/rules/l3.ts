import { isBoolean, isMissingRaw, type LeafRule, numberOf } from './leaf.ts'

/** A boolean from anything but true, false and a number equal to 0 or 1: MLflow asks for truthiness, we refuse. */
export const l3: LeafRule = {
  name: 'L3',
  judge({ type, form, raw, got }) {
    if (!isBoolean(type) || form === 'csv' || isMissingRaw(raw) || typeof got !== 'boolean') return undefined
    if (typeof raw === 'boolean') return undefined
    const number = numberOf(raw)
    return number === 0 || number === 1 ? undefined : 'error'
  },
}
