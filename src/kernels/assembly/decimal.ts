/** What the kernels share: the tables in memory, digits to integers, integers and a power of ten to doubles. */

/** 16 bytes of 0, then 16 of 255: loaded at `length`, a mask of the last `length` lanes. */
export const MASKS: usize = 1024
/** Row p takes lane p out by moving the lanes before it; row 16 takes none. */
export const SHIFTS: usize = 1088
/** 10^0 … 10^22. */
export const POWERS: usize = 1408
/** 128 leading bits of 5^-q for q = 0 … 31, the upper 64 first. */
export const FIVES: usize = 1600

/** Sixteen digits, the first the most significant, to a number. */
// @ts-ignore: decorator
@inline
export function sixteen(digits: v128): u64 {
  const pairs = i16x8.shr_u(i16x8.mul(digits, i16x8.splat(2561)), 8)
  const fours = i32x4.dot_i16x8_s(pairs, i16x8(100, 1, 100, 1, 100, 1, 100, 1))
  const eights = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(fours, fours), i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1))
  const both = i64x2.extract_lane(eights, 0) as u64
  return (both & 0xffffffff) * 100000000 + (both >> 32)
}

/** Rounds number × 10^-fraction, fraction ≤ 31, to the nearest double (Eisel and Lemire; no subnormals, no overflow here). */
export function round(number: u64, fraction: u32): f64 {
  if (number == 0) return 0
  const zeros = clz(number)
  const wide = number << zeros
  const row = FIVES + (fraction << 4)
  const five = load<u64>(row)
  let low = wide * five
  let high = multiplyHigh(wide, five)
  if ((high & 0x1ff) == 0x1ff) {
    const more = multiplyHigh(wide, load<u64>(row, 8))
    low += more
    if (low < more) high++
  }
  const top = high >> 63
  const shift = top + 9
  let mantissa = high >> shift
  const exponent = -(fraction as i64)
  let power = ((217706 * exponent) >> 16) + 63 + (top as i64) - (zeros as i64) + 1023
  // Half way between two doubles: to even.
  if (low <= 1 && fraction <= 4 && (mantissa & 3) == 1 && mantissa << shift == high) mantissa &= ~(1 as u64)
  mantissa += mantissa & 1
  mantissa >>= 1
  if (mantissa >= 9007199254740992) {
    mantissa = 4503599627370496
    power++
  }
  return reinterpret<f64>((mantissa & 4503599627370495) | ((power as u64) << 52))
}

// @ts-ignore: decorator
@inline
export function multiplyHigh(a: u64, b: u64): u64 {
  const lowA = a & 0xffffffff
  const highA = a >> 32
  const lowB = b & 0xffffffff
  const highB = b >> 32
  const first = lowA * lowB
  const second = highA * lowB + (first >> 32)
  const third = lowA * highB + (second & 0xffffffff)
  return highA * highB + (second >> 32) + (third >> 32)
}
