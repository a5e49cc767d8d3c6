/** Memory that grows with what is unpacked, up to a bound that was fixed before. */
import { Malformed } from '../verdict.ts'

export interface Output {
  /** Longer than what was written. */
  bytes: Uint8Array
  length: number
}

/** An empty output; `guess` bytes are made at once where the bound allows. */
export function makeOutput(guess: number, most: number): Output {
  return { bytes: new Uint8Array(Math.max(1, Math.min(guess, most))), length: 0 }
}

/**
 * Makes room for more bytes.
 *
 * @throws Malformed beyond the bound
 */
export function reserve(output: Output, more: number, most: number): void {
  const needed = output.length + more
  if (needed > most) throw new Malformed(`unpacks to more than ${most} bytes`, 0, true)
  if (needed <= output.bytes.length) return
  const grown = new Uint8Array(Math.min(most, Math.max(needed, output.bytes.length * 2)))
  grown.set(output.bytes.subarray(0, output.length))
  output.bytes = grown
}
