/** Names that may be called or subclassed, and not kept (P8). */
import type { GlobalNode, PickleValue } from './value.ts'

/** The name in a value that must not be kept as one; containers refuse theirs when they are filled. */
export function pendingOf(value: PickleValue): GlobalNode | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined
  if (value.kind === 'tuple') return value.pending
  if (value.kind !== 'global' || value.entry === undefined) return undefined
  return value.entry.asValue ? undefined : value
}

/** Whether Python refuses the value as a key. */
export function isUnhashable(value: PickleValue): boolean {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  if (value.kind === 'tuple') return value.unhashable === true
  return value.kind === 'list' || value.kind === 'dict' || value.kind === 'set' || value.kind === 'bytearray'
}
