/**
 * Doubles as Python's `json.dumps` prints them: the shortest digits that give the number back, by Raffaello Giulietti's
 * Schubfach (2022), as Alexander Bolz's Drachennest has it; then Python's layout.
 */
import { multiplyHigh } from './decimal'

/** 18 digits, then 32 times the character 0. */
const DIGITS: usize = 2688
const LEAST_POWER: i32 = -292

// @ts-ignore: decorator
@inline
function roundToOdd(high: u64, low: u64, value: u64): u64 {
  const upper = multiplyHigh(high, value)
  const middle = high * value
  const sum = middle + multiplyHigh(low, value)
  return (upper + ((sum < middle) as u64)) | ((sum > 1) as u64)
}

/** Eight digits as eight bytes, the first the most significant. */
// @ts-ignore: decorator
@inline
function eightBytes(value: u64): u64 {
  const upper = value / 10000
  let lanes = upper | ((value - upper * 10000) << 32)
  const hundreds = ((lanes * 10486) >> 20) & 0x7f0000007f
  lanes = hundreds | ((lanes - hundreds * 100) << 16)
  const tens = ((lanes * 103) >> 10) & 0x000f000f000f000f
  return tens | ((lanes - tens * 10) << 8)
}

// @ts-ignore: decorator
@inline
function copy32(to: usize, from: usize): void {
  const first = v128.load(from)
  const second = v128.load(from, 16)
  v128.store(to, first)
  v128.store(to, second, 16)
}

/** Prints a finite number that is not zero; up to 40 bytes behind the result are overwritten. */
function printDigits(bits: u64, out: usize, powers: usize): usize {
  const fraction = bits & 0xfffffffffffff
  const raised = ((bits >> 52) & 0x7ff) as i32
  let significand = fraction
  let power = -1074
  if (raised != 0) {
    significand |= 0x10000000000000
    power = raised - 1075
  }
  let decimal: u64
  let scale: i32 = 0
  if (power <= 0 && power > -53 && (significand & (((1 as u64) << (-power as u64)) - 1)) == 0) decimal = significand >> (-power as u64)
  else {
    const odd = significand & 1
    const closer = (fraction == 0 && raised > 1) as u64
    scale = (power * 1262611 - (closer != 0 ? 524031 : 0)) >> 22
    const shift = (power + ((-scale * 1741647) >> 19) + 1) as u64
    const row = powers + (((-scale - LEAST_POWER) as usize) << 4)
    const high = load<u64>(row)
    const low = load<u64>(row, 8)
    const lower = roundToOdd(high, low, ((significand << 2) - 2 + closer) << shift) + odd
    const middle = roundToOdd(high, low, (significand << 2) << shift)
    const upper = roundToOdd(high, low, ((significand << 2) + 2) << shift) - odd
    const whole = middle >> 2
    const tenth = whole / 10
    const below = lower <= tenth * 40
    const above = tenth * 40 + 40 <= upper
    if (whole >= 10 && below != above) {
      decimal = tenth + (above as u64)
      scale++
    } else {
      const under = lower <= whole * 4
      const over = whole * 4 + 4 <= upper
      if (under != over) decimal = whole + (over as u64)
      else {
        const half = whole * 4 + 2
        decimal = whole + ((middle > half || (middle == half && (whole & 1) != 0)) as u64)
      }
    }
  }
  // Eighteen digits, with zeros before and behind.
  const top = decimal / 10000000000000000
  const lowest = decimal - top * 10000000000000000
  const eights = lowest / 100000000
  const tens = top / 10
  const lanes = i64x2.replace_lane(i64x2.splat(eightBytes(eights)), 1, eightBytes(lowest - eights * 100000000))
  const pair = (tens | ((top - tens * 10) << 8)) as u32
  v128.store(DIGITS + 2, v128.or(lanes, i8x16.splat(48)))
  store<u16>(DIGITS, (pair | 0x3030) as u16)
  const used: u32 =
    (((i8x16.bitmask(i8x16.ne(lanes, i8x16.splat(0))) as u32) << 2) | ((tens != 0) as u32) | (((pair >> 8 != 0) as u32) << 1)) as u32
  const first = ctz(used)
  const count = (32 - clz(used) - first) as u32
  const from = DIGITS + (first as usize)
  /** Digits before the point. */
  const point = 18 - (first as i32) + scale
  if (point > 16 || point < -3) {
    store<u8>(out, load<u8>(from))
    let end = out + 1
    if (count > 1) {
      store<u8>(end, 46)
      copy32(end + 1, from + 1)
      end += count as usize
    }
    let exponent = point - 1
    store<u8>(end, 101)
    store<u8>(end, exponent < 0 ? 45 : 43, 1)
    end += 2
    exponent = exponent < 0 ? -exponent : exponent
    if (exponent >= 100) {
      store<u8>(end++, (48 + exponent / 100) as u8)
      exponent %= 100
    }
    store<u8>(end, (48 + exponent / 10) as u8)
    store<u8>(end, (48 + (exponent % 10)) as u8, 1)
    return end + 2
  }
  if (point <= 0) {
    // 0.0000
    store<u64>(out, 0x303030303030_2e30)
    copy32(out + 2 + (-point as usize), from)
    return out + 2 + (-point as usize) + (count as usize)
  }
  copy32(out, from)
  const dot = out + (point as usize)
  if ((point as u32) < count) {
    copy32(dot + 1, from + (point as usize))
    store<u8>(dot, 46)
    return out + (count as usize) + 1
  }
  store<u16>(dot, 0x302e)
  return dot + 2
}

/**
 * Prints doubles with `, ` between them, and `], [` behind each `width` of them.
 *
 * @param powers - 128 leading bits of 10^k for k = -292 … 324, rounded up, the upper 64 first
 * @returns the address behind the text, of at most 28 bytes a number and 40 overwritten
 */
export function printReals(source: usize, count: u32, width: u32, target: usize, powers: usize): usize {
  let out = target
  let left = width
  for (let index: u32 = 0; index < count; index++) {
    if (index != 0) {
      if (left == 0) {
        // ], [
        store<u32>(out, 0x5b202c5d)
        out += 4
        left = width
      } else {
        store<u16>(out, 0x202c)
        out += 2
      }
    }
    left--
    const bits = load<u64>(source + ((index as usize) << 3))
    const magnitude = bits & 0x7fffffffffffffff
    if (magnitude > 0x7ff0000000000000) {
      // NaN
      store<u32>(out, 0x4e614e)
      out += 3
      continue
    }
    if (bits != magnitude) store<u8>(out++, 45)
    if (magnitude == 0) {
      store<u32>(out, 0x302e30)
      out += 3
    } else if (magnitude == 0x7ff0000000000000) {
      // Infinity
      store<u64>(out, 0x7974696e69666e49)
      out += 8
    } else out = printDigits(magnitude, out, powers)
  }
  return out
}
