/**
 * Float32 as MLflow prints it, straight into bytes: widened to a double, then the shortest digits that give the double
 * back. A float32 has 24 bits, so scaling it by a power of ten is exact, and what the engine needs 150 ns for takes 30.
 */
import { formatPythonFloat } from './python-number.ts'

/** No number needs more bytes: `-1.2345678901234567e-308`. */
export const longestNumber = 26

const minus = 0x2d
const dot = 0x2e
const zero = 0x30

const single = new Float32Array(1)
const singleBits = new Uint32Array(single.buffer)

/** Binary exponents of the numbers done here: from 1e-4 on, up to where all float32 are whole. */
const leastExponent = -14
const mostExponent = 22
/** Below 2^-4 eleven places are split off first, above eight; nine more follow. */
const smallExponent = -5
/**
 * By binary exponent, in units of the last place: half the distance to the next double, and the largest power of ten
 * that fits between two doubles (so that some multiple of it always gives the number back).
 */
const halfWidths = new Float64Array(mostExponent - leastExponent + 1)
const steps = new Float64Array(mostExponent - leastExponent + 1)
for (let exponent = leastExponent; exponent <= mostExponent; exponent++) {
  // Exact: 10^20 has 47 bits without its twos.
  const half = 2 ** (exponent - 53) * (exponent <= smallExponent ? 1e20 : 1e17)
  let step = 1
  while (step * 10 <= 2 * half) step *= 10
  halfWidths[exponent - leastExponent] = half
  steps[exponent - leastExponent] = step
}

/**
 * Prints a float32; NaN and the infinities as the tokens of `json.dumps`.
 *
 * @returns the position behind it; {@link longestNumber} bytes must be free
 */
export function putFloat32(target: Uint8Array, position: number, value: number): number {
  const magnitude = Math.abs(value)
  if (magnitude < 1e9 && magnitude === Math.floor(magnitude)) return putWhole(target, position, value, magnitude)
  single[0] = magnitude
  const bits = singleBits[0]!
  const exponent = (bits >>> 23) - 127
  // At a power of two the doubles below lie closer than those above.
  if (!(magnitude >= 1e-4) || exponent > mostExponent || (bits & 0x7fffff) === 0) return putText(target, position, value)
  const small = exponent <= smallExponent
  const places = small ? 11 : 8
  const scale = small ? 1e11 : 1e8
  // All of this is exact: at most 50 bits, then 19 or 26 bits behind the point, then again at most 50.
  const scaled = magnitude * scale
  let head = Math.floor(scaled)
  const rest = (scaled - head) * 1e9
  const half = halfWidths[exponent - leastExponent]!
  const step = steps[exponent - leastExponent]!
  let tail = Math.round(rest / (step * 10)) * (step * 10)
  if (Math.abs(rest - tail) > half) {
    const below = Math.floor(rest / step) * step
    const over = rest - below
    if (over * 2 === step) return putText(target, position, value)
    tail = over * 2 > step ? below + step : below
  }
  if (tail >= 1e9) {
    tail -= 1e9
    head++
  }
  let at = position
  if (value < 0) target[at++] = minus
  const whole = small ? 0 : Math.floor(head / scale)
  let end = at + digitsOf(whole)
  putDigits(target, at, end, whole)
  target[end++] = dot
  at = end + places
  const fraction = head - whole * scale
  if (small) {
    // Eleven digits are more than 32 bits: below 2^-4 the first is zero, and the last is split off.
    const upper = Math.floor(fraction / 100)
    putDigits(target, end, at - 2, upper)
    putDigits(target, at - 2, at, fraction - upper * 100)
  } else putDigits(target, end, at, fraction)
  if (tail !== 0) {
    putDigits(target, at, at + 9, tail)
    at += 9
  }
  while (target[at - 1] === zero && at > end + 1) at--
  return at
}

/** Copies ASCII text. */
export function putAscii(target: Uint8Array, position: number, text: string): number {
  for (let index = 0; index < text.length; index++) target[position + index] = text.charCodeAt(index)
  return position + text.length
}

/** Prints an integer that 32 bits with their sign hold. */
export function putInteger(target: Uint8Array, position: number, value: number): number {
  let at = position
  if (value < 0) target[at++] = minus
  const magnitude = Math.abs(value)
  const end = at + digitsOf(magnitude)
  if (magnitude === 2147483648) return putAscii(target, at, '2147483648')
  putDigits(target, at, end, magnitude)
  return end
}

function putText(target: Uint8Array, position: number, value: number): number {
  return putAscii(target, position, formatPythonFloat(value))
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
  for (let power = 10; digits < 10 && value >= power; power *= 10) digits++
  return digits
}

/** Writes a number below 2^31 into exactly these places. */
function putDigits(target: Uint8Array, start: number, end: number, value: number): void {
  let rest = value | 0
  for (let at = end - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0
    target[at] = zero + rest - tenth * 10
    rest = tenth
  }
}
