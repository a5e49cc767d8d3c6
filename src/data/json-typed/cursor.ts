/**
 * Scanning for the typed JSON reader. Nothing here reports an error: whatever is not plain throws {@link bail}, and the
 * exact reader decides. Text always ends in `}`, so no number and no word runs past the end unseen.
 */
import { exactPowers, integerResult, realResult, scanInteger, scanReal } from '../../decimal.ts'

/** Thrown, never shown: the body is not of the few plain forms. Made once, because a stack trace costs. */
export const bail: Error = new Error('not a plain body')

export interface Cursor {
  readonly bytes: Buffer
  /** Only bytes below 128. */
  readonly ascii: boolean
  at: number
}

/** Numbers as they are read, all as doubles; integers beyond 2^53 have their words beside. */
export interface Stage {
  values: Float64Array
  used: number
  /** Low and high word of an integer, by its index in `values`. */
  wide: Map<number, readonly [number, number]> | undefined
}

export const comma = 0x2c
export const colon = 0x3a
export const openList = 0x5b
export const closeList = 0x5d
export const openObject = 0x7b
export const closeObject = 0x7d
const quote = 0x22
const backslash = 0x5c
const minus = 0x2d
const dot = 0x2e
/** `e` and `E`, each xor 48 as digits are read, then or 32. */
const exponentMark = 0x75

/** Whitespace, then one byte that must be there. */
export function expect(cursor: Cursor, wanted: number): void {
  if (nextByte(cursor) !== wanted) throw bail
  cursor.at++
}

/** Skips whitespace; the byte behind it, which stays unread. */
export function nextByte(cursor: Cursor): number {
  const { bytes } = cursor
  let { at } = cursor
  let byte = bytes[at]!
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at]!
  cursor.at = at
  return byte
}

/** Whether `,` follows (taken) or `close` (taken); anything else is not plain. */
export function hasMore(cursor: Cursor, close: number): boolean {
  const byte = nextByte(cursor)
  cursor.at++
  if (byte === comma) return true
  if (byte !== close) throw bail
  return false
}

/** Takes the bytes if they stand here. */
export function takes(cursor: Cursor, wanted: Uint8Array): boolean {
  const { bytes, at } = cursor
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false
  cursor.at = at + wanted.length
  return true
}

export function endOfBody(cursor: Cursor): void {
  nextByte(cursor)
  if (cursor.at !== cursor.bytes.length) throw bail
}

/**
 * Reads one number of a float column into `target[index]`: also `null` and NaN, which are NaN, and the infinities.
 *
 * @returns the position behind it
 */
export function readReal(bytes: Buffer, start: number, target: Float64Array, index: number): number {
  // 1 for a minus. Signs are as good as random, so nothing here branches on them.
  const negative = ((bytes[start]! ^ minus) - 1) >>> 31
  const first = start + negative
  let at = first
  // A byte xor 48 is below 10 for a digit only; past the end it is 48.
  let digit = bytes[at]! ^ 48
  if (digit > 9) return readWord(bytes, start, target, index)
  let mantissa = digit
  digit = bytes[++at]! ^ 48
  // Behind a leading zero stands no digit; one that does is no comma to the caller.
  const zero = mantissa === 0 ? 1 : 0
  if (zero === 0) {
    while (digit < 10) {
      mantissa = (Math.imul(mantissa, 10) + digit) | 0
      digit = bytes[++at]! ^ 48
    }
  }
  if (digit !== (dot ^ 48)) {
    if (at - first > 9 || (digit | 0x20) === exponentMark) return readLongReal(bytes, start, target, index)
    // `-0` is Python's integer 0, which has no sign.
    target[index] = negative === 1 && mantissa !== 0 ? -mantissa : mantissa
    return at
  }
  const point = at
  digit = bytes[++at]! ^ 48
  while (digit < 10) {
    mantissa = (Math.imul(mantissa, 10) + digit) | 0
    digit = bytes[++at]! ^ 48
  }
  const places = at - point - 1
  if (places === 0) throw bail
  // Nine digits fit 31 bits; the mantissa of more is wrong and unused.
  if (at - first - 1 - zero > 9 || (digit | 0x20) === exponentMark) return readLongReal(bytes, start, target, index)
  // A double times ±1, so that zero keeps its sign.
  target[index] = (mantissa / exactPowers[places]!) * (1 - 2 * negative)
  return at
}

/** Numbers of more than nine digits or with an exponent: JSON's grammar first, then the exact rounding. */
function readLongReal(bytes: Buffer, start: number, target: Float64Array, index: number): number {
  let at = bytes[start] === minus ? start + 1 : start
  const first = at
  while ((bytes[at]! ^ 48) < 10) at++
  const digits = at - first
  if (digits === 0 || (digits > 1 && bytes[first] === 0x30)) throw bail
  let whole = true
  if (bytes[at] === dot) {
    whole = false
    const point = at
    at++
    while ((bytes[at]! ^ 48) < 10) at++
    if (at === point + 1) throw bail
  }
  if ((bytes[at]! | 0x20) === 0x65) {
    whole = false
    at++
    if (bytes[at] === minus || bytes[at] === 0x2b) at++
    const exponent = at
    while ((bytes[at]! ^ 48) < 10) at++
    if (at === exponent) throw bail
  }
  if (scanReal(bytes, start) !== at) throw bail
  const value = realResult[0]!
  // pandas holds a column of integers as int64 and rounds once to float32: the same only while a double is exact.
  if (whole ? Math.abs(value) >= 9007199254740992 : !Number.isFinite(value)) throw bail
  target[index] = value
  return at
}

const words: readonly (readonly [Uint8Array, number])[] = [
  [Buffer.from('null'), Number.NaN],
  [Buffer.from('NaN'), Number.NaN],
  [Buffer.from('Infinity'), Number.POSITIVE_INFINITY],
  [Buffer.from('-Infinity'), Number.NEGATIVE_INFINITY],
]

function readWord(bytes: Buffer, start: number, target: Float64Array, index: number): number {
  for (const [word, value] of words) {
    if (bytes[start] !== word[0] || bytes.compare(word, 0, word.length, start, Math.min(start + word.length, bytes.length)) !== 0)
      continue
    target[index] = value
    return start + word.length
  }
  throw bail
}

/**
 * Reads one integer of 64 bits into the stage.
 *
 * @param unsigned - uint64 and not int64; the sign is not looked at
 * @returns the position behind it
 */
export function readWhole(bytes: Buffer, start: number, stage: Stage, index: number, unsigned: boolean): number {
  let at = bytes[start] === minus ? start + 1 : start
  const first = at
  let value = 0
  let digit = bytes[at]! ^ 48
  while (digit < 10) {
    value = value * 10 + digit
    digit = bytes[++at]! ^ 48
  }
  const digits = at - first
  // A fraction or an exponent is seen by whoever expects a comma.
  if (digits === 0 || digits > 20 || (digits > 1 && bytes[first] === 0x30)) throw bail
  if (digits > 15) {
    const range = scanInteger(bytes, start, at)
    if (range === 'beyond' || (range === 'uint64' && !unsigned)) throw bail
    stage.wide ??= new Map()
    stage.wide.set(index, [integerResult[0]!, integerResult[1]!])
  }
  stage.values[index] = first === start || value === 0 ? value : -value
  return at
}

const trueBytes = Buffer.from('true')
const falseBytes = Buffer.from('false')

export function readBoolean(cursor: Cursor): number {
  if (takes(cursor, trueBytes)) return 1
  if (takes(cursor, falseBytes)) return 0
  throw bail
}

const nullBytes = Buffer.from('null')

export function takesNull(cursor: Cursor): boolean {
  return cursor.bytes[cursor.at] === nullBytes[0] && takes(cursor, nullBytes)
}

/** Reads a string from its opening quote on; lone surrogates, which pandas' strings cannot hold, are not plain. */
export function readText(cursor: Cursor): string {
  const { bytes, at: start } = cursor
  if (bytes[start] !== quote) throw bail
  let at = start + 1
  let escaped = false
  let byte = bytes[at]!
  while (byte !== quote) {
    if (byte === backslash) {
      escaped = true
      at++
      // A quote behind a backslash ends nothing.
      if (at >= bytes.length) throw bail
    } else if (!(byte >= 0x20)) throw bail
    byte = bytes[++at]!
  }
  cursor.at = at + 1
  if (!escaped) return bytes.toString(cursor.ascii ? 'latin1' : 'utf8', start + 1, at)
  const text = parseText(bytes.toString('utf8', start, at + 1))
  if (/\p{Surrogate}/u.test(text)) throw bail
  return text
}

function parseText(token: string): string {
  try {
    return JSON.parse(token) as string
  } catch {
    throw bail
  }
}

/** Makes room for `more` numbers, and for as many again if the rest of the body is like what was read. */
export function reserve(stage: Stage, more: number): void {
  const needed = stage.used + more
  if (needed <= stage.values.length) return
  const larger = new Float64Array(Math.max(needed, stage.values.length * 2))
  larger.set(stage.values.subarray(0, stage.used))
  stage.values = larger
}
