/** What was found of a pickle: three outcomes, and never "looked at, with warnings" (P3). */
import type { PickleValue } from './value.ts'

/** A use of a name that is not allowed. */
export interface UnsafeUse {
  /** As Python would resolve it; empty for an opcode that needs no name. */
  readonly module: string
  readonly name: string
  /** unlisted: not on the list; call: made with arguments that are not allowed; value: kept where only plain data may stand; state: given a state that is not allowed. */
  readonly how: 'unlisted' | 'call' | 'value' | 'state'
  /** More about it, as the end of a sentence. */
  readonly why: string
  /** Of the opcode, in the bytes as they are after decompression. */
  readonly offset: number
}

/** Why a file could not be judged: it is broken, or beyond a limit. */
export interface Rejection {
  /** The end of a sentence that begins with the file's name. */
  readonly why: string
  readonly offset: number
  /** A limit of ours was met; the file itself may be sound. */
  readonly limit?: true
  /** The bytes end too early: with more of them it may be a pickle. */
  readonly cut?: true
}

export interface PickleVerdict {
  readonly outcome: 'safe' | 'unsafe' | 'reject'
  readonly unsafe: readonly UnsafeUse[]
  readonly rejection?: Rejection
  /** Every name the pickle asks for, `module.name`, in order of first mention. */
  readonly names: readonly string[]
  readonly protocol: number
  /** Something was called or made before the end: bytes that only look like a pickle seldom get so far. */
  readonly called: boolean
  /** What it holds; absent unless safe. */
  readonly value?: PickleValue
  /** Offset after STOP, or where reading ended. */
  readonly end: number
}

/** Most unsafe uses that are told of one pickle. */
export const mostUnsafe = 50

/** Thrown inside the reader where nothing can be read on; never leaves src/pickle. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
  readonly offset: number
  readonly limit: boolean
  readonly cut: boolean

  constructor(why: string, offset: number, limit = false, cut = false) {
    super(why)
    this.offset = offset
    this.limit = limit
    this.cut = cut
  }
}
