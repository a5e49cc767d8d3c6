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
    singles[0] = value
    return putShortSingle(target, position)
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

/** Binary exponents of the numbers from 1e-3 to 1e6. */
const leastExponent = -10
const mostExponent = 19
/** By binary exponent: how many places behind the point bring its least number to nine digits, and half of its last bit in units of the ninth. */
const placesOf = new Int32Array(mostExponent - leastExponent + 1)
const halfWidths = new Float64Array(mostExponent - leastExponent + 1)
for (let exponent = leastExponent; exponent <= mostExponent; exponent++) {
  let places = 11
  while (2 ** exponent * exactPowers[places]! >= 1e9) places--
  placesOf[exponent - leastExponent] = places
  halfWidths[exponent - leastExponent] = 2 ** (exponent - 24) * exactPowers[places]!
}

/**
 * Prints `singles[0]`, a float32 in [1e-3, 1e6) that is no whole number; an argument would be allocated.
 *
 * Scaled by a power of ten to nine digits (exact: 24 bits times at most 5^11, 26 bits), the numbers that are read as this
 * float32 lie within half of its last bit. As long as the nearest multiple of 10, 100, … does too, a digit less will do. Six
 * digits always do if fewer would; their zeros at the end are cut.
 */
function putShortSingle(target: Uint8Array, position: number): number {
  const bits = singleBits[0]!
  const entry = ((bits >>> 23) & 0xff) - 127 - leastExponent
  let places = placesOf[entry]!
  let half = halfWidths[entry]!
  const magnitude = Math.abs(singles[0]!)
  let scaled = magnitude * exactPowers[places]!
  if (scaled >= 1e9) {
    places--
    scaled = magnitude * exactPowers[places]!
    half /= 10
  }
  // Below a power of two the floats lie closer.
  const below = (bits & 0x7fffff) === 0 ? half / 2 : half
  let digits = roundToEven(scaled)
  for (let step = 10; step <= 1000; step *= 10) {
    const shorter = roundToEven(scaled / step) * step
    if (shorter >= scaled + half || shorter <= scaled - below) break
    digits = shorter
  }
  let at = position
  if (bits < 0) target[at++] = minus
  const power = exactPowers[places]!
  const whole = Math.floor(digits / power)
  const end = at + digitsOf(whole)
  putDigits(target, at, end, whole)
  target[end] = dot
  at = end + 1
  for (; places > 9; places--) target[at++] = zero
  putNine(target, at, (digits - whole * power) * exactPowers[9 - places]!)
  let last = at + 8
  while (target[last] === zero && last > end + 1) last--
  return last + 1
}

/** To the nearest whole number of a number below 2^51, a tie to the even one: what lies behind the point is rounded off by the addition. */
function roundToEven(value: number): number {
  return value + 2 ** 52 - 2 ** 52
}

/** The digits of 00 … 99. */
const pairs = Uint8Array.from({ length: 200 }, (_, at) => zero + (at % 2 === 0 ? Math.floor(at / 20) : (at >> 1) % 10))

/** Writes a number below 1e9 into nine places. */
function putNine(target: Uint8Array, at: number, value: number): void {
  const all = value | 0
  const five = (all / 10000) | 0
  const four = all - five * 10000
  const three = (five / 100) | 0
  const second = (five - three * 100) * 2
  const first = (three / 100) | 0
  const pair = (three - first * 100) * 2
  const third = (four / 100) | 0
  const fourth = (four - third * 100) * 2
  target[at] = zero + first
  target[at + 1] = pairs[pair]!
  target[at + 2] = pairs[pair + 1]!
  target[at + 3] = pairs[second]!
  target[at + 4] = pairs[second + 1]!
  target[at + 5] = pairs[third * 2]!
  target[at + 6] = pairs[third * 2 + 1]!
  target[at + 7] = pairs[fourth]!
  target[at + 8] = pairs[fourth + 1]!
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
