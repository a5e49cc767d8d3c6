/** Judges the bytes of a whole file that holds a pickle: plain, as joblib writes it, compressed, or torch's old form. */
import type { Limits } from '../limits.ts'
import { runJoblib } from './joblib.ts'
import { readLegacyTorch, torchMagic } from './torch.ts'
import { type Compression, compressionOf, unpack } from './unpack.ts'
import { Malformed, mostUnsafe, type PickleVerdict, type Rejection, type UnsafeUse } from './verdict.ts'

export interface PickleFileVerdict extends Omit<PickleVerdict, 'end'> {
  readonly format: 'pickle' | 'joblib' | 'torch'
  readonly compression?: Compression
}

/** Most pickles that are looked through after the first, for names in them. */
const mostPickles = 10_000

/**
 * Judges a file. Never throws for what the bytes are: a file that is no pickle at all is a rejection.
 *
 * @param bytes - the whole file
 */
export function judgePickle(bytes: Uint8Array, limits: Limits): PickleFileVerdict {
  const compression = compressionOf(bytes)
  if (compression === undefined) return judgePlain(bytes, limits)
  try {
    const unpacked = unpack(bytes, compression, limits)
    if (compressionOf(unpacked.bytes) !== undefined)
      return { ...rejected({ why: 'is compressed more than once', offset: 0 }), compression }
    return { ...withRejection(judgePlain(unpacked.bytes, limits), unpacked.rejection), compression }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    const rejection = { why: error.message, offset: error.offset, ...(error.limit && { limit: true as const }) }
    return { ...rejected(rejection), compression }
  }
}

/** Whether bytes that something else takes for another format would run something in an Unpickler: a file of two faces. */
export function hidesPickle(bytes: Uint8Array, limits: Limits): PickleFileVerdict | undefined {
  const verdict = judgePlain(bytes, limits)
  // Text that begins with an opcode's letter ends in nonsense before anything is called.
  return verdict.outcome === 'unsafe' && (verdict.rejection === undefined || verdict.called) ? verdict : undefined
}

function judgePlain(bytes: Uint8Array, limits: Limits): PickleFileVerdict {
  if (bytes.length === 0) return rejected({ why: 'is empty', offset: 0 })
  const first = runJoblib(bytes, limits)
  const { end, arrays, ...verdict } = first
  if (verdict.rejection === undefined && verdict.outcome === 'safe' && verdict.value === torchMagic)
    return readLegacyTorch(bytes, end, limits)
  const judged: PickleFileVerdict = { ...verdict, format: arrays ? 'joblib' : 'pickle' }
  if (first.rejection !== undefined || end === bytes.length) return judged
  return withFollowing(judged, bytes, end, limits)
}

/** Bytes after STOP: a loader that reads on would take them for another pickle. What they name is told; clean they are never. */
function withFollowing(first: PickleFileVerdict, bytes: Uint8Array, start: number, limits: Limits): PickleFileVerdict {
  const found: UnsafeUse[] = [...first.unsafe]
  const names = new Set(first.names)
  let at = start
  for (let count = 0; at < bytes.length && count < mostPickles && found.length < mostUnsafe; count++) {
    const next = runJoblib(bytes, limits, at)
    // What breaks before it calls anything was no pickle.
    if (
      next.rejection !== undefined &&
      next.unsafe.length > 0 &&
      next.unsafe.every(({ how }) => how === 'unlisted') &&
      !next.called
    )
      break
    found.push(...next.unsafe)
    for (const name of next.names) names.add(name)
    if (next.rejection !== undefined) break
    at = next.end
  }
  const { value: _, ...rest } = first
  const rejection: Rejection = { why: `has ${bytes.length - start} more bytes after its end`, offset: start }
  return {
    ...rest,
    outcome: found.length > 0 ? 'unsafe' : 'reject',
    unsafe: found.slice(0, mostUnsafe),
    rejection,
    names: [...names],
  }
}

function withRejection(verdict: PickleFileVerdict, rejection: Rejection | undefined): PickleFileVerdict {
  if (rejection === undefined) return verdict
  const { value: _, ...rest } = verdict
  return { ...rest, outcome: verdict.outcome === 'unsafe' ? 'unsafe' : 'reject', rejection: verdict.rejection ?? rejection }
}

function rejected(rejection: Rejection): PickleFileVerdict {
  return { outcome: 'reject', unsafe: [], rejection, names: [], protocol: 0, called: false, format: 'pickle' }
}
