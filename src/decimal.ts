/**
 * Decimal text to numbers, from bytes and without garbage: doubles rounded exactly (to nearest, ties to even, as Python's
 * `float` does) and 64-bit integers as two words. Clinger's fast path, then Eisel-Lemire on 32-bit words
 * (Lemire, "Number Parsing at a Gigabyte per Second", 2021; no fallback needed: Mushtak and Lemire, 2023), and only for
 * more than 19 digits that still leave a doubt JavaScript's own `Number`.
 */

/** Powers of ten that are doubles exactly. */
export const exactPowers: Float64Array = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

/** Where the functions here leave a double: returning it would allocate. */
export const realResult = new Float64Array(1)
const realWords = new Uint32Array(realResult.buffer)
/** Where {@link scanInteger} leaves its two's complement words: low, high. */
export const integerResult = new Int32Array(2)

const minus = 45
const plus = 43
const dot = 46

/**
 * Reads the longest decimal number at `start`: an optional sign, digits with at most one dot, an optional exponent.
 * The value is left in `realResult[0]`; beyond the range of doubles it is an infinity.
 *
 * @param bytes text with at least one byte after `end` of the number that belongs to no number (a delimiter)
 * @returns the position after the number, or -1 where there is none
 */
export function scanReal(bytes: Uint8Array, start: number): number {
  let position = start
  let character = bytes[position]!
  const negative = character === minus
  if (negative || character === plus) character = bytes[++position]!
  const first = position
  // Zeros in front say nothing.
  while (character === 48) character = bytes[++position]!
  // Nineteen digits in three words: 9, 9 and 1, each below 2^31.
  let dotAt = -1
  let head = 0
  let tail = 0
  let headDigits = 0
  let tailDigits = 0
  let digit = character ^ 48
  let significant = position
  for (;;) {
    while (digit < 10 && headDigits < 9) {
      head = (Math.imul(head, 10) + digit) | 0
      headDigits++
      digit = bytes[++position]! ^ 48
    }
    if (digit === (dot ^ 48) && dotAt < 0) {
      dotAt = position
      digit = bytes[++position]! ^ 48
      if (headDigits === 0) {
        while (digit === 0) digit = bytes[++position]! ^ 48
        significant = position
      }
      continue
    }
    break
  }
  let extra = 0
  let truncated = false
  let lastDigit = -1
  if (digit < 10) {
    for (;;) {
      while (digit < 10 && tailDigits < 9) {
        tail = (Math.imul(tail, 10) + digit) | 0
        tailDigits++
        digit = bytes[++position]! ^ 48
      }
      if (digit === (dot ^ 48) && dotAt < 0) {
        dotAt = position
        digit = bytes[++position]! ^ 48
        continue
      }
      break
    }
    if (digit < 10) {
      lastDigit = digit
      digit = bytes[++position]! ^ 48
      // Digits beyond the nineteenth: counted while before the dot, noted if not zero.
      for (;;) {
        if (digit < 10) {
          if (digit !== 0) truncated = true
          if (dotAt < 0) extra++
        } else if (digit === (dot ^ 48) && dotAt < 0) dotAt = position
        else break
        digit = bytes[++position]! ^ 48
      }
    }
  }
  if (position - first - (dotAt < 0 ? 0 : 1) === 0) return -1
  const digits = headDigits + tailDigits + (lastDigit < 0 ? 0 : 1)
  // The decimal exponent of the last digit kept.
  let exponent = extra
  if (dotAt >= 0) {
    const after = extra > 0 ? 0 : fractionDigits(dotAt, significant, digits)
    exponent -= after
  }
  if (digit === (101 ^ 48) || digit === (69 ^ 48)) {
    const next = scanExponent(bytes, position + 1)
    if (next < 0) return -1
    position = next
    exponent += exponentResult
  }
  setReal(head, headDigits, tail, tailDigits, lastDigit, exponent, truncated)
  if (needsText) realResult[0] = Math.abs(Number(latin1(bytes, start, position)))
  if (negative) realResult[0] = -realResult[0]!
  return position
}

/** Digits kept that lie behind the dot. */
function fractionDigits(dotAt: number, significant: number, digits: number): number {
  // All digits lie behind the dot: also the zeros between count.
  if (significant > dotAt) return significant - dotAt - 1 + digits
  // The dot lies among or behind the kept digits.
  return Math.max(0, digits - (dotAt - significant))
}

let exponentResult = 0

function scanExponent(bytes: Uint8Array, start: number): number {
  let position = start
  const sign = bytes[position]!
  if (sign === minus || sign === plus) position++
  let digit = bytes[position]! ^ 48
  if (digit >= 10) return -1
  let value = 0
  while (digit < 10) {
    // Far outside any double, and no overflow.
    if (value < 100_000_000) value = value * 10 + digit
    digit = bytes[++position]! ^ 48
  }
  exponentResult = sign === minus ? -value : value
  return position
}

let needsText = false

/** Rounds head·10^tailDigits… × 10^exponent into `realResult`; asks for the text where 19 digits do not decide. */
function setReal(
  head: number,
  headDigits: number,
  tail: number,
  tailDigits: number,
  lastDigit: number,
  exponent: number,
  truncated: boolean,
): void {
  needsText = false
  if (lastDigit < 0) {
    const value = tailDigits === 0 ? head : head * exactPowers[tailDigits]! + tail
    // Below 2^53 the sum is exact, and one multiplication or division by an exact power rounds once.
    if (value <= 9007199254740991 && exponent >= -22 && exponent <= 22) {
      realResult[0] = exponent < 0 ? value / exactPowers[-exponent]! : value * exactPowers[exponent]!
      return
    }
    if (value === 0) {
      realResult[0] = 0
      return
    }
  }
  if (headDigits === 0) {
    realResult[0] = 0
    return
  }
  // The 64-bit integer: head × 10^tailDigits + tail, then one more digit.
  const scale = exactPowers[tailDigits]!
  let low = Math.imul(head, scale)
  let high = multiplyHigh(head, scale, low)
  const sum = (low >>> 0) + tail
  if (sum >= 4294967296) high++
  low = sum | 0
  if (lastDigit >= 0) {
    const wide = (low >>> 0) * 10 + lastDigit
    high = (Math.imul(high, 10) + Math.floor(wide / 4294967296)) | 0
    low = wide >>> 0
  }
  eiselLemire(high >>> 0, low >>> 0, exponent)
  if (truncated) {
    const below = realResult[0]!
    low = (low + 1) | 0
    if (low === 0) high = (high + 1) | 0
    eiselLemire(high >>> 0, low >>> 0, exponent)
    // The true value lies between the two.
    needsText = realResult[0] !== below
  }
}

/** The upper 32 bits of a 32 × 32 bit product whose lower 32 bits are `low`: the double product less `low` is near a multiple of 2^32. */
function multiplyHigh(a: number, b: number, low: number): number {
  return Math.floor((a * b - (low >>> 0)) * 2.3283064365386963e-10 + 0.5)
}

const smallestPower = -342
const largestPower = 308
let powers: Uint32Array | undefined

/** 128 leading bits of 5^q for q in [-342, 308], most significant word first; made on first use (2 ms). */
function powersOfFive(): Uint32Array {
  const table = new Uint32Array((largestPower - smallestPower + 1) * 4)
  for (let power = smallestPower; power <= largestPower; power++) {
    const five = 5n ** BigInt(Math.abs(power))
    const length = BigInt(five.toString(2).length)
    let bits: bigint
    if (power >= 0) bits = length <= 128n ? five << (128n - length) : five >> (length - 128n)
    else {
      // The reciprocal, rounded up.
      const shift = length + 127n
      bits = (1n << shift) / five + 1n
      if (bits >> 128n !== 0n) bits >>= 1n
    }
    for (let word = 0; word < 4; word++) {
      table[(power - smallestPower) * 4 + word] = Number((bits >> BigInt(96 - 32 * word)) & 0xffffffffn)
    }
  }
  return table
}

/** Rounds the unsigned 64-bit `high:low` × 10^exponent to a double, in `realResult`. */
function eiselLemire(high: number, low: number, exponent: number): void {
  if ((high === 0 && low === 0) || exponent < smallestPower) {
    realResult[0] = 0
    return
  }
  if (exponent > largestPower) {
    realResult[0] = Number.POSITIVE_INFINITY
    return
  }
  powers ??= powersOfFive()
  let zeros = Math.clz32(high)
  if (high === 0) {
    zeros = 32 + Math.clz32(low)
    high = (low << (zeros - 32)) >>> 0
    low = 0
  } else if (zeros !== 0) {
    high = ((high << zeros) | (low >>> (32 - zeros))) >>> 0
    low = (low << zeros) >>> 0
  }
  const row = (exponent - smallestPower) * 4
  const fiveHigh = powers[row]!
  const fiveLow = powers[row + 1]!
  // 64 × 64 bits into four words: up3 up2 up1 up0.
  const p0 = Math.imul(low, fiveLow)
  const p1 = Math.imul(low, fiveHigh)
  const p2 = Math.imul(high, fiveLow)
  const p3 = Math.imul(high, fiveHigh)
  let up0 = p0 >>> 0
  const middle = multiplyHigh(low, fiveLow, p0) + (p1 >>> 0) + (p2 >>> 0)
  let up1 = middle >>> 0
  const upper = multiplyHigh(low, fiveHigh, p1) + multiplyHigh(high, fiveLow, p2) + (p3 >>> 0) + Math.floor(middle / 4294967296)
  let up2 = upper >>> 0
  let up3 = (multiplyHigh(high, fiveHigh, p3) + Math.floor(upper / 4294967296)) >>> 0
  if ((up2 & 0x1ff) === 0x1ff) {
    // The next 64 bits of the power may still carry: add the upper half of their product.
    const nextHigh = powers[row + 2]!
    const nextLow = powers[row + 3]!
    const q0 = Math.imul(low, nextLow)
    const q1 = Math.imul(low, nextHigh)
    const q2 = Math.imul(high, nextLow)
    const q3 = Math.imul(high, nextHigh)
    const carry = multiplyHigh(low, nextLow, q0) + (q1 >>> 0) + (q2 >>> 0)
    const half = multiplyHigh(low, nextHigh, q1) + multiplyHigh(high, nextLow, q2) + (q3 >>> 0) + Math.floor(carry / 4294967296)
    const sum0 = up0 + (half >>> 0)
    up0 = sum0 >>> 0
    const sum1 = up1 + multiplyHigh(high, nextHigh, q3) + Math.floor(half / 4294967296) + (sum0 >= 4294967296 ? 1 : 0)
    up1 = sum1 >>> 0
    if (sum1 >= 4294967296) {
      up2 = (up2 + 1) >>> 0
      if (up2 === 0) up3 = (up3 + 1) >>> 0
    }
  }
  const top = up3 >>> 31
  const shift = top + 9
  let mantissaHigh = up3 >>> shift
  let mantissaLow = ((up3 << (32 - shift)) | (up2 >>> shift)) >>> 0
  // floor(exponent × log2 10) + 63, less what normalising moved, less the smallest exponent.
  let power = ((217706 * exponent) >> 16) + 63 + top - zeros + 1023
  if (power <= 0) {
    // Subnormal: shift the rest away, then round.
    let away = 1 - power
    if (away >= 64) {
      realResult[0] = 0
      return
    }
    if (away >= 32) {
      mantissaLow = mantissaHigh
      mantissaHigh = 0
      away -= 32
    }
    if (away > 0) {
      mantissaLow = ((mantissaLow >>> away) | (mantissaHigh << (32 - away))) >>> 0
      mantissaHigh >>>= away
    }
    mantissaLow += mantissaLow & 1
    if (mantissaLow >= 4294967296) {
      mantissaLow = 0
      mantissaHigh++
    }
    mantissaLow = ((mantissaLow >>> 1) | (mantissaHigh << 31)) >>> 0
    mantissaHigh >>>= 1
    // A carry into bit 52 is the smallest normal number: its bits say so by themselves.
    realWords[0] = mantissaLow
    realWords[1] = mantissaHigh
    return
  }
  // Exactly half way between two doubles (only possible for small powers): to even.
  if (up1 === 0 && up0 <= 1 && exponent >= -4 && exponent <= 23 && (mantissaLow & 3) === 1) {
    const back2 = (mantissaLow << shift) >>> 0
    const back3 = ((mantissaHigh << shift) | (mantissaLow >>> (32 - shift))) >>> 0
    if (back2 === up2 && back3 === up3) mantissaLow = (mantissaLow & ~1) >>> 0
  }
  mantissaLow += mantissaLow & 1
  if (mantissaLow >= 4294967296) {
    mantissaLow = 0
    mantissaHigh++
  }
  mantissaLow = ((mantissaLow >>> 1) | (mantissaHigh << 31)) >>> 0
  mantissaHigh >>>= 1
  if (mantissaHigh >= 0x200000) {
    mantissaHigh = 0x100000
    power++
  }
  if (power >= 2047) {
    realResult[0] = Number.POSITIVE_INFINITY
    return
  }
  realWords[0] = mantissaLow
  realWords[1] = (mantissaHigh & 0xfffff) | (power << 20)
}

export type IntegerRange =
  /** Not an optional sign and digits. */
  | 'none'
  | 'int64'
  /** Beyond int64, within uint64. */
  | 'uint64'
  /** Beyond both. */
  | 'beyond'

/**
 * Reads an integer that fills `[start, end)`: an optional sign and digits, any number of zeros in front.
 * Its 64 bits (two's complement) are left in `integerResult`, unless it is beyond them.
 */
export function scanInteger(bytes: Uint8Array, start: number, end: number): IntegerRange {
  let position = start
  const negative = bytes[position] === minus
  if (negative || bytes[position] === plus) position++
  if (position >= end) return 'none'
  while (position < end - 1 && bytes[position] === 48) position++
  const digits = end - position
  // At most 20 digits matter: 2^64 has 20.
  let high = 0
  let low = 0
  let beyond = digits > 20
  for (; position < end; position++) {
    const digit = bytes[position]! ^ 48
    if (digit >= 10) return 'none'
    if (beyond) continue
    const wide = low * 10 + digit
    low = wide >>> 0
    high = high * 10 + Math.floor(wide / 4294967296)
    if (high > 4294967295) beyond = true
  }
  if (beyond) return 'beyond'
  if (!negative) {
    integerResult[0] = low
    integerResult[1] = high
    return high < 2147483648 ? 'int64' : 'uint64'
  }
  if (high > 2147483648 || (high === 2147483648 && low > 0)) return 'beyond'
  integerResult[0] = -low
  integerResult[1] = low === 0 ? -high : ~high
  return 'int64'
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}
