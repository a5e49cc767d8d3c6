/**
 * Numbers as pandas prints them in CSV, straight into bytes: the shortest digits that give the number back, laid out as
 * NumPy's `astype(str)` does, which turns to an exponent at 1e16 for float64, 1e6 for float32 and 1e3 for float16.
 */
import { exactPowers } from '../../decimal.ts'
import { float16ToNumber, numberToFloat16 } from '../../dtype.ts'

/** No number needs more bytes: `-1.2345678901234567e-308`. */
export const longestNumber = 26

const minus = 45
const dot = 46
const zero = 48

const singles = new Float32Array(1)
const singleBits = new Int32Array(singles.buffer)

/** Prints a float64; NaN prints nothing. Returns the position behind it. */
export function putFloat64(target: Uint8Array, position: number, value: number): number {
  if (Number.isNaN(value)) return position
  const magnitude = Math.abs(value)
  // Whole numbers by arithmetic; all others by the engine, whose digits are the same.
  if (magnitude < 1e9 && magnitude === Math.floor(magnitude)) return putWhole(target, position, value, magnitude)
  if (magnitude >= 1e-4 && magnitude < 1e16) {
    const after = putAscii(target, position, String(value))
    return magnitude === Math.floor(magnitude) ? putAscii(target, after, '.0') : after
  }
  return putExponent(target, position, value, value.toExponential())
}

/** Prints a float32; NaN prints nothing. Returns the position behind it. */
export function putFloat32(target: Uint8Array, position: number, value: number): number {
  if (Number.isNaN(value)) return position
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-3 && magnitude < 1e6) {
    if (magnitude === Math.floor(magnitude)) return putWhole(target, position, value, magnitude)
    return putShortSingle(target, position, value, magnitude)
  }
  if (magnitude === 0) return putWhole(target, position, value, 0)
  const digits = shortestSingle(value)
  return magnitude >= 1e-4 && magnitude < 1e-3
    ? putAscii(target, position, withoutExponent(digits))
    : putExponent(target, position, value, digits)
}

/** Prints the 16 bits of a half. */
export function putFloat16(target: Uint8Array, position: number, half: number): number {
  const value = float16ToNumber(half)
  if (Number.isNaN(value)) return position
  const magnitude = Math.abs(value)
  if (magnitude < 1e3 && magnitude === Math.floor(magnitude)) return putWhole(target, position, value, magnitude)
  // Below the smallest normal half the digits are fewer.
  const digits = shortest(value, magnitude < 2 ** -14 ? 1 : 3, 5, (wide) => float16ToNumber(numberToFloat16(wide)))
  return magnitude >= 1e-4 && magnitude < 1e3
    ? putAscii(target, position, withoutExponent(digits))
    : putExponent(target, position, value, digits)
}

/** Prints an integer of at most 53 bits. */
export function putInteger(target: Uint8Array, position: number, value: number): number {
  const magnitude = Math.abs(value)
  if (magnitude >= 2 ** 31) return putAscii(target, position, String(value))
  let at = position
  if (value < 0) target[at++] = minus
  const end = at + digitsOf(magnitude)
  putDigits(target, at, end, magnitude)
  return end
}

/** Prints a 64-bit integer from its two words. */
export function putWords(target: Uint8Array, position: number, low: number, high: number, signed: boolean): number {
  if (high === 0) return putInteger(target, position, low >>> 0)
  if (signed && high === -1) return putInteger(target, position, -4294967296 + (low >>> 0))
  const value = (BigInt(signed ? high : high >>> 0) << 32n) | BigInt(low >>> 0)
  return putAscii(target, position, String(value))
}

/** Copies ASCII text. */
export function putAscii(target: Uint8Array, position: number, text: string): number {
  let at = position
  for (let index = 0; index < text.length; index++) target[at++] = text.charCodeAt(index)
  return at
}

function putWhole(target: Uint8Array, position: number, value: number, magnitude: number): number {
  let at = position
  if (value < 0 || Object.is(value, -0)) target[at++] = minus
  const end = at + digitsOf(magnitude)
  putDigits(target, at, end, magnitude)
  target[end] = dot
  target[end + 1] = zero
  return end + 2
}

function digitsOf(value: number): number {
  let digits = 1
  while (digits < 10 && value >= exactPowers[digits]!) digits++
  return digits
}

function putDigits(target: Uint8Array, start: number, end: number, value: number): void {
  let rest = value | 0
  for (let at = end - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0
    target[at] = zero + rest - tenth * 10
    rest = tenth
  }
}

/**
 * The shortest digits of a float32 in [1e-3, 1e6) that is no whole number. With p = 6, 7, 8, 9 significant digits: scaled by
 * a power of ten (exact: 24 bits times at most 5^11, 26 bits), rounded to a whole number, and divided again, does it come back?
 * Six digits always do if fewer would; their zeros at the end are cut.
 */
function putShortSingle(target: Uint8Array, position: number, value: number, magnitude: number): number {
  let before = -2
  while (before < 6 && magnitude >= tenths[before + 3]!) before++
  for (let digits = 6; digits <= 9; digits++) {
    const places = digits - before
    if (places <= 0) continue
    const power = exactPowers[places]!
    const scaled = magnitude * power
    const whole = Math.floor(scaled)
    const rest = scaled - whole
    // A tie goes to the even digit.
    const rounded = rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole
    const back = rounded / power
    if (Math.fround(back) === magnitude && !isBetween(back, magnitude))
      return putFixed(target, position, value < 0, rounded, places)
  }
  return putAscii(target, position, withoutExponent(shortestSingle(value)))
}

/** 10^-3 … 10^6 */
const tenths = Float64Array.of(1e-3, 1e-2, 1e-1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6)

/** Whether a double lies exactly between a float32 and its neighbour: where it came from a division, it may have been rounded there. */
function isBetween(wide: number, single: number): boolean {
  const difference = wide - single
  if (difference === 0) return false
  singles[0] = single
  singleBits[0] = singleBits[0]! + (difference > 0 ? 1 : -1)
  return difference * 2 === singles[0]! - single
}

function putFixed(target: Uint8Array, position: number, negative: boolean, scaled: number, places: number): number {
  let at = position
  if (negative) target[at++] = minus
  const power = exactPowers[places]!
  const whole = Math.floor(scaled / power)
  const end = at + digitsOf(whole)
  putDigits(target, at, end, whole)
  target[end] = dot
  // At most eleven places: two pieces that fit 32 bits.
  let fraction = scaled - whole * power
  let last = end + places
  if (places > 9) {
    const head = Math.floor(fraction / 1e3)
    putDigits(target, last - 2, last + 1, fraction - head * 1e3)
    fraction = head
    putDigits(target, end + 1, last - 2, fraction)
  } else putDigits(target, end + 1, last + 1, fraction)
  while (target[last] === zero && last > end + 1) last--
  return last + 1
}

/**
 * The shortest digits that `narrow` brings back, and of these the nearest, in JavaScript's exponent form. A number of at most
 * `sure` digits is always brought back, so that fewer need not be tried.
 */
function shortest(value: number, sure: number, most: number, narrow: (wide: number) => number): string {
  if (!Number.isFinite(value)) return ''
  for (let digits = sure; digits < most; digits++) {
    const text = toDigits(value, digits)
    if (narrow(Number(text)) === value) return withoutZeros(text)
    // At a power of two the numbers above lie wider apart than those below, and the next decimal may do where the nearest does not.
    const next = nextDecimal(text)
    if (narrow(Number(next)) === value) return next
  }
  return toDigits(value, most)
}

function shortestSingle(value: number): string {
  // Below the smallest normal number the digits are fewer.
  return shortest(value, Math.abs(value) < 2 ** -126 ? 1 : 6, 9, Math.fround)
}

/** `toExponential`, but a tie goes to the even digit. */
function toDigits(value: number, digits: number): string {
  const text = value.toExponential(digits - 1)
  const longer = value.toExponential(digits)
  const mark = longer.indexOf('e')
  if (longer[mark - 1] !== '5') return text
  const exact = value.toExponential(100)
  const isTie = exact.slice(0, mark) === longer.slice(0, mark) && /^0*e/.test(exact.slice(mark))
  const even = mark >= 2 && '02468'.includes(longer[mark - 2] === '.' ? longer[mark - 3]! : longer[mark - 2]!)
  if (!isTie || !even) return text
  const cut = longer[mark - 2] === '.' ? mark - 2 : mark - 1
  return longer.slice(0, cut) + longer.slice(mark)
}

/** The decimal of as many digits that lies next, away from zero. */
function nextDecimal(text: string): string {
  const mark = text.indexOf('e')
  const digits = text.slice(0, mark).replace('.', '')
  const sign = digits.startsWith('-') ? '-' : ''
  const next = String(BigInt(digits.slice(sign.length)) + 1n)
  // One digit more after 9.99: the trailing zero says nothing.
  const exponent = Number(text.slice(mark + 1)) + (next.length > digits.length - sign.length ? 1 : 0)
  return withoutZeros(`${sign}${next[0]}.${next.slice(1)}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`)
}

function withoutZeros(text: string): string {
  const mark = text.indexOf('e')
  return text.slice(0, mark).includes('.') ? text.slice(0, mark).replace(/\.?0*$/, '') + text.slice(mark) : text
}

function withoutExponent(text: string): string {
  const plain = String(Number(text))
  return plain.includes('.') ? plain : `${plain}.0`
}

/** Exponents have two digits at least. */
function putExponent(target: Uint8Array, position: number, value: number, text: string): number {
  if (value === Number.POSITIVE_INFINITY) return putAscii(target, position, 'inf')
  if (value === Number.NEGATIVE_INFINITY) return putAscii(target, position, '-inf')
  const short = text.at(-2) === '-' || text.at(-2) === '+'
  return putAscii(target, position, short ? `${text.slice(0, -1)}0${text.at(-1)}` : text)
}
