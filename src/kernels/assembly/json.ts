/**
 * Nested lists of numbers in JSON to doubles. Only what is plain is read: a word, a number of many digits or with a large
 * exponent is left to the host, which puts its value in and goes on; what no list of numbers has ends the reading.
 */
import { MASKS, POWERS, round, SHIFTS, sixteen } from './decimal'

/** Where reading stands, u32 each: address, values so far, open lists, what is expected (0 a value or list, 1 what follows one). */
const STATE: usize = 2304
/** Items so far of each open list, u32. */
const COUNTS: usize = 2336
/** Items that the lists of each depth have; 0 until the first of them ends. */
const SIZES: usize = 2496

const COMMA: u8 = 44
const MINUS: u8 = 45
const DOT: u8 = 46
const OPEN: u8 = 91
const CLOSE: u8 = 93

/** The outermost list has ended. */
const DONE: u32 = 0
/** A value that the host reads. */
const HOST: u32 = 1
/** The bytes have ended, behind a comma. */
const MORE: u32 = 2
/** No list of numbers of these sizes. */
const WRONG: u32 = 3

// @ts-ignore: decorator
@inline
function skip(at: usize): usize {
  let byte = load<u8>(at)
  while (byte <= 32 && (byte == 32 || byte == 10 || byte == 13 || byte == 9)) byte = load<u8>(++at)
  return at
}

/**
 * Goes on reading up to `end`, which stands behind a comma or is the end of the text; behind it are 64 zeros.
 *
 * @param depth - of the numbers: 1 in a flat list
 * @param whole - of integers: a fraction or an exponent is the host's
 * @param target - where the first of all values goes
 */
export function readLists(end: usize, depth: u32, whole: bool, target: usize): u32 {
  const zero = i8x16.splat(48)
  const saturate = i8x16.splat(118)
  let at = load<u32>(STATE) as usize
  let values = load<u32>(STATE, 4)
  let open = load<u32>(STATE, 8)
  let behind = load<u32>(STATE, 12) != 0
  let status = WRONG
  while (true) {
    at = skip(at)
    if (!behind) {
      if (at >= end) {
        status = MORE
        break
      }
      if (open < depth) {
        if (load<u8>(at) != OPEN) break
        at++
        store<u32>(COUNTS + ((open as usize) << 2), 0)
        open++
        continue
      }
      // Numbers, as long as they are plain and one follows another.
      let count = load<u32>(COUNTS + (((open - 1) as usize) << 2))
      while (true) {
        const negative = (load<u8>(at) == MINUS) as usize
        const start = at + negative
        const others = i8x16.bitmask(i8x16.add_sat_u(i8x16.sub(v128.load(start), zero), saturate)) as u32
        const digits = ctz(others | 0x10000)
        if (digits == 0 || digits > 15 || (digits > 1 && load<u8>(start) == 48)) break
        let length = digits
        let next = load<u8>(start + (digits as usize))
        let fraction: u32 = 0
        if (next == DOT) {
          const rest = others & (others - 1)
          if (rest != 0) length = ctz(rest)
          else {
            const further = i8x16.bitmask(i8x16.add_sat_u(i8x16.sub(v128.load(start, 16), zero), saturate)) as u32
            if (further == 0) break
            length = 16 + ctz(further)
          }
          fraction = length - digits - 1
          if (fraction == 0) break
          next = load<u8>(start + (length as usize))
        }
        const last = start + (length as usize)
        let after = last
        let exponent: i32 = 0
        const marked = (next | 32) == 101
        if (marked) {
          after++
          const sign = load<u8>(after)
          if (sign == MINUS || sign == 43) after++
          const first = after
          let digit = (load<u8>(after) - 48) as u32
          while (digit < 10 && after - first < 4) {
            exponent = exponent * 10 + (digit as i32)
            digit = (load<u8>(++after) - 48) as u32
          }
          if (after == first || digit < 10) break
          if (sign == MINUS) exponent = -exponent
        }
        if (whole && (fraction != 0 || marked)) break
        let number: u64
        if (length <= 16) {
          const lanes = v128.and(i8x16.sub(v128.load(last - 16), zero), v128.load(MASKS + (length as usize)))
          const place: usize = fraction == 0 ? 16 : 16 - (fraction as usize) - 1
          number = sixteen(i8x16.swizzle(lanes, v128.load(SHIFTS + (place << 4))))
        } else {
          let head = v128.and(i8x16.sub(v128.load(last - 32), zero), v128.load(MASKS + (length as usize) - 16))
          let tail = i8x16.sub(v128.load(last - 16), zero)
          // The integer part has at most 15 digits, so there is a dot.
          const place: usize = 31 - (fraction as usize)
          let scale: u64 = 1000000000000000
          let limit: u64 = 9222
          if (place < 16) {
            head = i8x16.swizzle(head, v128.load(SHIFTS + (place << 4)))
            scale = 10000000000000000
            limit = 921
          } else tail = i8x16.swizzle(tail, v128.load(SHIFTS + ((place - 16) << 4)))
          const upper = sixteen(head)
          if (upper > limit) break
          number = upper * scale + sixteen(tail)
        }
        const power = exponent - (fraction as i32)
        let value: f64 = 0
        if (number <= 9007199254740992 && power >= -22 && power <= 22)
          value =
            power < 0
              ? (number as f64) / load<f64>(POWERS + ((-power as usize) << 3))
              : (number as f64) * load<f64>(POWERS + ((power as usize) << 3))
        else if (power <= 0 && power >= -31) value = round(number, -power as u32)
        else break
        // `-0` is an integer, which has no sign.
        const signed = negative != 0 && (number != 0 || fraction != 0 || marked)
        store<u64>(target + ((values as usize) << 3), reinterpret<u64>(value) | ((signed as u64) << 63))
        values++
        at = after
        behind = true
        if (load<u8>(at) != COMMA) break
        count++
        at++
        behind = false
        if (load<u8>(at) == 32) at++
        if (load<u8>(at) <= 32) {
          at = skip(at)
          if (at >= end) break
        }
      }
      store<u32>(COUNTS + (((open - 1) as usize) << 2), count)
      if (behind) continue
      status = at >= end ? MORE : HOST
      break
    }
    const slot = ((open - 1) as usize) << 2
    const items = load<u32>(COUNTS + slot) + 1
    const byte = load<u8>(at)
    if (byte == COMMA) {
      store<u32>(COUNTS + slot, items)
      at++
      behind = false
      continue
    }
    if (byte != CLOSE) break
    at++
    const size = load<u32>(SIZES + slot)
    if (size == 0) store<u32>(SIZES + slot, items)
    else if (size != items) break
    open--
    if (open == 0) {
      status = DONE
      break
    }
  }
  store<u32>(STATE, at as u32)
  store<u32>(STATE, values, 4)
  store<u32>(STATE, open, 8)
  store<u32>(STATE, behind as u32, 12)
  return status
}
