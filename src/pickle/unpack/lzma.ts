/**
 * Unpacks LZMA, which Node.js does not: the coder that both `.lzma` and `.xz` wrap. All output is history, so that the bound
 * on the output bounds the dictionary too.
 *
 * @see LZMA specification (draft of 2015-06-14) by Igor Pavlov
 */
import { Malformed } from '../verdict.ts'
import { makeOutput, type Output, reserve } from './output.ts'

const states = 12
const distanceSlots = 4
const shortestMatch = 2
const half = 1024

/** Probabilities and history of one coder; LZMA2 keeps them from chunk to chunk. */
export interface Coder {
  literalContext: number
  literalPosition: number
  position: number
  literals: Uint16Array
  readonly probabilities: Uint16Array
  state: number
  readonly repeats: [number, number, number, number]
  /** Matches reach back at most to here in the output. */
  historyStart: number
}

/** Places in `probabilities`. */
const isMatch = 0
const isRepeat = isMatch + states * 16
const isRepeat0 = isRepeat + states
const isRepeat1 = isRepeat0 + states
const isRepeat2 = isRepeat1 + states
const isRepeat0Long = isRepeat2 + states
const slotCodes = isRepeat0Long + states * 16
const specialCodes = slotCodes + distanceSlots * 64
const alignCodes = specialCodes + 115
const lengthSize = 2 + 16 * 8 * 2 + 256
const matchLengths = alignCodes + 16
const repeatLengths = matchLengths + lengthSize
const probabilityCount = repeatLengths + lengthSize

/** A coder that has seen nothing; `properties` is the byte (position × 5 + literal position) × 9 + literal context. */
export function makeCoder(properties: number, historyStart: number): Coder {
  const coder: Coder = {
    literalContext: 0,
    literalPosition: 0,
    position: 0,
    literals: new Uint16Array(0),
    probabilities: new Uint16Array(probabilityCount),
    state: 0,
    repeats: [0, 0, 0, 0],
    historyStart,
  }
  setProperties(coder, properties)
  return coder
}

/**
 * Sets the three parameters and forgets everything but the history.
 *
 * @throws Malformed
 */
export function setProperties(coder: Coder, properties: number): void {
  if (properties >= 9 * 5 * 5) throw new Malformed('has LZMA parameters that do not exist', 0)
  coder.literalContext = properties % 9
  coder.literalPosition = Math.floor(properties / 9) % 5
  coder.position = Math.floor(properties / 45)
  coder.literals = new Uint16Array(0x300 << (coder.literalContext + coder.literalPosition))
  resetState(coder)
}

/** Forgets probabilities, the state and the last distances. */
export function resetState(coder: Coder): void {
  coder.literals.fill(half)
  coder.probabilities.fill(half)
  coder.state = 0
  coder.repeats.fill(0)
}

/**
 * Decodes from `at` until the output has `size` more bytes, or to an end mark where `size` is undefined.
 *
 * @returns the offset after the last byte that was read
 * @throws Malformed
 */
export function decodeLzma(
  coder: Coder,
  bytes: Uint8Array,
  start: number,
  end: number,
  output: Output,
  size: number | undefined,
  most: number,
  endMarkAllowed: boolean,
): number {
  const { probabilities, literals, repeats } = coder
  let at = start
  let range = 0xffffffff
  let code = 0
  let [rep0, rep1, rep2, rep3] = repeats
  let { state } = coder
  const cut = (): Malformed => new Malformed('is cut off', at)
  if (end - at < 5) throw cut()
  if (bytes[at] !== 0) throw new Malformed('has an LZMA stream that begins wrongly', at)
  at++
  for (let index = 0; index < 4; index++) code = ((code << 8) | bytes[at++]!) >>> 0

  const bit = (table: Uint16Array, index: number): number => {
    const probability = table[index]!
    const bound = (range >>> 11) * probability
    let value: number
    if (code < bound) {
      range = bound
      table[index] = probability + ((2048 - probability) >> 5)
      value = 0
    } else {
      range = range - bound
      code = code - bound
      table[index] = probability - (probability >> 5)
      value = 1
    }
    if (range < 0x1000000) {
      if (at >= end) throw cut()
      range = (range << 8) >>> 0
      code = ((code << 8) | bytes[at++]!) >>> 0
    }
    return value
  }
  const tree = (base: number, bits: number): number => {
    let index = 1
    for (let count = 0; count < bits; count++) index = (index << 1) | bit(probabilities, base + index)
    return index - (1 << bits)
  }
  const reverseTree = (base: number, bits: number): number => {
    let index = 1
    let value = 0
    for (let count = 0; count < bits; count++) {
      const next = bit(probabilities, base + index)
      index = (index << 1) | next
      value |= next << count
    }
    return value
  }
  const direct = (bits: number): number => {
    let value = 0
    for (let count = 0; count < bits; count++) {
      range = range >>> 1
      const next = code >= range ? 1 : 0
      if (next === 1) code = code - range
      value = value * 2 + next
      if (range < 0x1000000) {
        if (at >= end) throw cut()
        range = (range << 8) >>> 0
        code = ((code << 8) | bytes[at++]!) >>> 0
      }
    }
    return value
  }
  const lengthOf = (base: number, positionState: number): number => {
    if (bit(probabilities, base) === 0) return tree(base + 2 + positionState * 8, 3)
    if (bit(probabilities, base + 1) === 0) return 8 + tree(base + 2 + 128 + positionState * 8, 3)
    return 16 + tree(base + 2 + 256, 8)
  }

  const from = output.length
  const target = size === undefined ? Number.POSITIVE_INFINITY : from + size
  if (size !== undefined) reserve(output, size, most)
  const positionMask = (1 << coder.position) - 1
  const literalMask = (1 << coder.literalPosition) - 1
  let ended = false
  while (output.length < target) {
    const position = output.length - coder.historyStart
    const positionState = position & positionMask
    if (bit(probabilities, isMatch + state * 16 + positionState) === 0) {
      if (output.length === output.bytes.length) reserve(output, 1, most)
      const previous = position > 0 ? output.bytes[output.length - 1]! : 0
      const context = ((position & literalMask) << coder.literalContext) + (previous >> (8 - coder.literalContext))
      const base = 0x300 * context
      let symbol = 1
      if (state >= 7) {
        let matched = output.bytes[output.length - rep0 - 1]!
        do {
          const matchBit = (matched >> 7) & 1
          matched <<= 1
          const next = bit(literals, base + ((1 + matchBit) << 8) + symbol)
          symbol = (symbol << 1) | next
          if (matchBit !== next) break
        } while (symbol < 0x100)
      }
      while (symbol < 0x100) symbol = (symbol << 1) | bit(literals, base + symbol)
      output.bytes[output.length++] = symbol & 0xff
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
      continue
    }
    let length: number
    if (bit(probabilities, isRepeat + state) !== 0) {
      if (position === 0) throw new Malformed('has an LZMA match before its first byte', at)
      if (bit(probabilities, isRepeat0 + state) === 0) {
        if (bit(probabilities, isRepeat0Long + state * 16 + positionState) === 0) {
          state = state < 7 ? 9 : 11
          if (rep0 >= position) throw new Malformed('has an LZMA match before its first byte', at)
          if (output.length === output.bytes.length) reserve(output, 1, most)
          output.bytes[output.length] = output.bytes[output.length - rep0 - 1]!
          output.length++
          continue
        }
      } else {
        let distance: number
        if (bit(probabilities, isRepeat1 + state) === 0) distance = rep1
        else {
          if (bit(probabilities, isRepeat2 + state) === 0) distance = rep2
          else {
            distance = rep3
            rep3 = rep2
          }
          rep2 = rep1
        }
        rep1 = rep0
        rep0 = distance
      }
      length = lengthOf(repeatLengths, positionState)
      state = state < 7 ? 8 : 11
    } else {
      rep3 = rep2
      rep2 = rep1
      rep1 = rep0
      length = lengthOf(matchLengths, positionState)
      state = state < 7 ? 7 : 10
      const slot = tree(slotCodes + Math.min(length, distanceSlots - 1) * 64, 6)
      if (slot < 4) rep0 = slot
      else {
        const bits = (slot >> 1) - 1
        const high = (2 | (slot & 1)) * 2 ** bits
        rep0 =
          slot < 14
            ? high + reverseTree(specialCodes + high - slot, bits)
            : high + direct(bits - 4) * 16 + reverseTree(alignCodes, 4)
      }
      if (rep0 === 0xffffffff) {
        if (!endMarkAllowed) throw new Malformed('has an LZMA end mark where none may be', at)
        ended = true
        break
      }
    }
    if (rep0 >= position) throw new Malformed('has an LZMA match before its first byte', at)
    let count = length + shortestMatch
    if (output.length + count > target) throw new Malformed('has an LZMA match that reaches beyond its size', at)
    if (output.length + count > output.bytes.length) reserve(output, count, most)
    const { bytes: made } = output
    let to = output.length
    for (let source = to - rep0 - 1; count > 0; count--) made[to++] = made[source++]!
    output.length = to
  }
  if (size === undefined && !ended) throw cut()
  coder.state = state
  repeats[0] = rep0
  repeats[1] = rep1
  repeats[2] = rep2
  repeats[3] = rep3
  if (code !== 0) throw new Malformed('has an LZMA stream that ends wrongly', at)
  return at
}

/**
 * Unpacks the old `.lzma` form: parameters, dictionary size, size or -1, and the stream, which must fill the bytes.
 *
 * @throws Malformed
 */
export function unpackLzmaAlone(bytes: Uint8Array, most: number): Uint8Array {
  if (bytes.length < 18) throw new Malformed('is cut off', bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const declared = view.getBigUint64(5, true)
  const known = declared !== 0xffffffffffffffffn
  if (known && declared > BigInt(most)) throw new Malformed(`unpacks to more than ${most} bytes`, 0, true)
  const output = makeOutput(known ? Number(declared) : bytes.length * 4, most)
  const coder = makeCoder(bytes[0]!, 0)
  const end = decodeLzma(coder, bytes, 13, bytes.length, output, known ? Number(declared) : undefined, most, true)
  if (end !== bytes.length) throw new Malformed('has bytes after its LZMA stream', end)
  return output.bytes.subarray(0, output.length)
}
