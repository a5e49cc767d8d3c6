/** Numbers of the typed JSON reader, from bytes to doubles and 64-bit integers; what is not plain throws `bail`. */
import { exactPowers, integerResult, realResult, scanInteger, scanReal } from '../../decimal.ts'
import { bail, type Stage } from './cursor.ts'

const minus = 0x2d
const plus = 0x2b
const dot = 0x2e
/** `e` and `E`, each xor 48 as digits are read, then or 32. */
const exponentMark = 0x75

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

/**
 * Numbers of more than nine digits or with an exponent. Up to 18 digits over a power of ten that a double holds are rounded
 * here; the rest goes to the exact rounding.
 */
function readLongReal(bytes: Buffer, start: number, target: Float64Array, index: number): number {
  const negative = bytes[start] === minus
  let at = negative ? start + 1 : start
  let digit = bytes[at]! ^ 48
  let head = 0
  let tail = 0
  let headDigits = 0
  let tailDigits = 0
  if (digit === 0) digit = bytes[++at]! ^ 48
  else {
    while (digit < 10 && headDigits < 9) {
      head = (Math.imul(head, 10) + digit) | 0
      headDigits++
      digit = bytes[++at]! ^ 48
    }
    while (digit < 10 && tailDigits < 9) {
      tail = (Math.imul(tail, 10) + digit) | 0
      tailDigits++
      digit = bytes[++at]! ^ 48
    }
  }
  let places = 0
  if (digit === (dot ^ 48)) {
    const point = at
    digit = bytes[++at]! ^ 48
    if (digit > 9) throw bail
    if (headDigits === 0) while (digit === 0) digit = bytes[++at]! ^ 48
    while (digit < 10 && headDigits < 9) {
      head = (Math.imul(head, 10) + digit) | 0
      headDigits++
      digit = bytes[++at]! ^ 48
    }
    while (digit < 10 && tailDigits < 9) {
      tail = (Math.imul(tail, 10) + digit) | 0
      tailDigits++
      digit = bytes[++at]! ^ 48
    }
    places = at - point - 1
  }
  if (digit < 10) return readExactReal(bytes, start, target, index)
  let exponent = 0
  if ((digit | 0x20) === exponentMark) {
    const sign = bytes[at + 1]!
    at += sign === minus || sign === plus ? 2 : 1
    digit = bytes[at]! ^ 48
    if (digit > 9) throw bail
    while (digit < 10) {
      // Far outside any double, and no overflow.
      if (exponent < 100_000) exponent = exponent * 10 + digit
      digit = bytes[++at]! ^ 48
    }
    if (sign === minus) exponent = -exponent
  } else if (places === 0) return readExactReal(bytes, start, target, index)
  const power = exponent - places
  if (power > 0 || power < -22) return readExactReal(bytes, start, target, index)
  const magnitude = divide(head, exactPowers[tailDigits]!, tail, -power)
  if (Number.isNaN(magnitude)) return readExactReal(bytes, start, target, index)
  target[index] = negative ? -magnitude : magnitude
  return at
}

/** The powers of ten that are doubles, each split in two halves of 26 bits (Dekker), upper and lower in turn. */
const powerHalves = Float64Array.from({ length: 2 * exactPowers.length }, (_, at) => {
  const power = exactPowers[at >> 1]!
  const upper = upperHalf(power)
  return at % 2 === 0 ? upper : power - upper
})

function upperHalf(value: number): number {
  const scaled = value * 134217729
  return scaled - (scaled - value)
}

/**
 * (head × scale + tail) / 10^power, rounded once; NaN where that is in doubt.
 *
 * The integer, of up to 60 bits, is the exact sum of two doubles. The quotient of the larger is corrected by its exact
 * remainder and the smaller one; if the correction's possible error (far below 2^-48 of it) changes nothing, the result
 * is the nearest double.
 */
function divide(head: number, scale: number, tail: number, power: number): number {
  // 15 and 30 bits make 45; both products and the second sum are exact.
  const upper = (head >>> 15) * scale * 32768
  const lower = (head & 32767) * scale + tail
  const sum = upper + lower
  const rest = lower - (sum - upper)
  const divisor = exactPowers[power]!
  const quotient = sum / divisor
  if (rest === 0 && sum <= 9007199254740992) return quotient
  const divisorUpper = powerHalves[2 * power]!
  const divisorLower = powerHalves[2 * power + 1]!
  const quotientUpper = upperHalf(quotient)
  const quotientLower = quotient - quotientUpper
  const product = quotient * divisor
  const error =
    quotientUpper * divisorUpper -
    product +
    quotientUpper * divisorLower +
    quotientLower * divisorUpper +
    quotientLower * divisorLower
  const correction = (sum - product - error + rest) / divisor
  const doubt = Math.abs(correction) * 2 ** -48
  const result = quotient + (correction + doubt)
  return result === quotient + (correction - doubt) ? result : Number.NaN
}

/** What is left: JSON's grammar first, then the exact rounding. */
function readExactReal(bytes: Buffer, start: number, target: Float64Array, index: number): number {
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
