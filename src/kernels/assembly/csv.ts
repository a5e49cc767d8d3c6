/**
 * CSV of regular text to numbers, a block at a time: positions of all separators, then one column after the other.
 * AssemblyScript; the memory and its tables are the host's (src/kernels/csv.ts, which has the same addresses).
 */

import { MASKS, POWERS, round, SHIFTS, sixteen } from './decimal'

const COMMA: u8 = 44
const LINE_FEED: u8 = 10
const QUOTE: u8 = 34
const MINUS: u8 = 45

/**
 * Writes the addresses of all commas and line feeds in [input, input + length) outside quotes; 64 bytes behind must be 0.
 * Returns their number, or -1 where quotes hold a line feed, are not closed, or open elsewhere than at a field's first byte.
 */
export function indexSeparators(input: usize, length: usize, target: usize): i32 {
  const comma = i8x16.splat(COMMA)
  const lineFeed = i8x16.splat(LINE_FEED)
  const quote = i8x16.splat(QUOTE)
  const end = input + length
  let out = target
  // All ones within quotes; 1 where a quote may open, or double the one before.
  let inside: u64 = 0
  let before: u64 = 1
  for (let at = input; at < end; at += 64) {
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const d = v128.load(at, 48)
    let bits = mask64(
      v128.or(i8x16.eq(a, comma), i8x16.eq(a, lineFeed)),
      v128.or(i8x16.eq(b, comma), i8x16.eq(b, lineFeed)),
      v128.or(i8x16.eq(c, comma), i8x16.eq(c, lineFeed)),
      v128.or(i8x16.eq(d, comma), i8x16.eq(d, lineFeed)),
    )
    const qa = i8x16.eq(a, quote)
    const qb = i8x16.eq(b, quote)
    const qc = i8x16.eq(c, quote)
    const qd = i8x16.eq(d, quote)
    if (inside != 0 || v128.any_true(v128.or(v128.or(qa, qb), v128.or(qc, qd)))) {
      const quotes = mask64(qa, qb, qc, qd)
      // Each bit the parity of the quotes up to it: set from an opening quote to before its closing one.
      let within = quotes
      within ^= within << 1
      within ^= within << 2
      within ^= within << 4
      within ^= within << 8
      within ^= within << 16
      within ^= within << 32
      within ^= inside
      const lines = mask64(i8x16.eq(a, lineFeed), i8x16.eq(b, lineFeed), i8x16.eq(c, lineFeed), i8x16.eq(d, lineFeed))
      bits &= ~within
      if ((lines & within) != 0 || (quotes & within & ~(((bits | quotes) << 1) | before)) != 0) return -1
      inside = ((within as i64) >> 63) as u64
      before = (bits | quotes) >> 63
    } else before = bits >> 63
    const count = popcnt(bits) as usize
    // Eight at once, needed or not: what is too much is written over.
    for (let done: usize = 0; ; ) {
      const next = out + (done << 2)
      store<u32>(next, (at + (ctz(bits) as usize)) as u32)
      bits &= bits - 1
      store<u32>(next, (at + (ctz(bits) as usize)) as u32, 4)
      bits &= bits - 1
      store<u32>(next, (at + (ctz(bits) as usize)) as u32, 8)
      bits &= bits - 1
      store<u32>(next, (at + (ctz(bits) as usize)) as u32, 12)
      bits &= bits - 1
      store<u32>(next, (at + (ctz(bits) as usize)) as u32, 16)
      bits &= bits - 1
      store<u32>(next, (at + (ctz(bits) as usize)) as u32, 20)
      bits &= bits - 1
      store<u32>(next, (at + (ctz(bits) as usize)) as u32, 24)
      bits &= bits - 1
      store<u32>(next, (at + (ctz(bits) as usize)) as u32, 28)
      bits &= bits - 1
      done += 8
      if (done >= count) break
    }
    out += count << 2
  }
  return inside != 0 ? -1 : (((out - target) >> 2) as i32)
}

// @ts-ignore: decorator
@inline
function mask64(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    (i8x16.bitmask(a) as u32 as u64) |
    ((i8x16.bitmask(b) as u32 as u64) << 16) |
    ((i8x16.bitmask(c) as u32 as u64) << 32) |
    ((i8x16.bitmask(d) as u32 as u64) << 48)
  )
}

/** Whether each row has `columns` fields, and ends with a line feed after a carriage return (`crlf` 1) or without (0). */
export function isRegular(index: usize, columns: u32, rows: u32, crlf: u32): bool {
  let at = index
  let wrong: u32 = 0
  for (let row: u32 = 0; row < rows; row++) {
    for (let column: u32 = 1; column < columns; column++) {
      wrong |= (load<u8>(load<u32>(at)) ^ COMMA) as u32
      at += 4
    }
    const end = load<u32>(at) as usize
    wrong |= (load<u8>(end) ^ LINE_FEED) as u32
    if (crlf) wrong |= (load<u8>(end - 1) ^ 13) as u32
    at += 4
  }
  return wrong == 0
}

/** How often a byte stands in [input, input + length); 64 bytes behind must be 0. */
export function countByte(input: usize, length: usize, byte: u8): u32 {
  const wanted = i8x16.splat(byte)
  let count: u32 = 0
  for (let at: usize = 0; at < length; at += 16) count += popcnt(i8x16.bitmask(i8x16.eq(v128.load(input + at), wanted)) as u32)
  return count
}

/**
 * Reads a column of real numbers into doubles, rounded correctly. A field of digits with at most one dot, after at most one
 * minus, that fits 32 bytes and 63 bits is read; the rows of others are listed in `rejects`. Returns their number.
 */
export function readReals(index: usize, columns: u32, rows: u32, cut: u32, target: usize, rejects: usize): u32 {
  const zero = i8x16.splat(48)
  const dot = i8x16.splat(-2)
  const saturate = i8x16.splat(118)
  const step = columns << 2
  let at = index
  let rejected = rejects
  for (let row: u32 = 0; row < rows; row++) {
    let start = (load<u32>(at - 4) + 1) as usize
    const end = (load<u32>(at) - cut) as usize
    at += step
    const negative = (load<u8>(start) == MINUS) as u32
    start += negative as usize
    const length = (end - start) as u32
    let value: f64 = 0
    if (length - 1 < 16) {
      const digits = v128.and(i8x16.sub(v128.load(end - 16), zero), v128.load(MASKS + length))
      const bits = i8x16.bitmask(i8x16.add_sat_u(digits, saturate)) as u32
      const dots = i8x16.bitmask(i8x16.eq(digits, dot)) as u32
      if (bits != dots || (bits & (bits - 1)) != 0 || length == popcnt(bits)) {
        store<u32>(rejected, row)
        rejected += 4
        continue
      }
      const place = ctz(bits | 0x10000)
      const number = sixteen(i8x16.swizzle(digits, v128.load(SHIFTS + (place << 4))))
      const fraction = bits == 0 ? 0 : 15 - place
      value = number <= 9007199254740992 ? (number as f64) / load<f64>(POWERS + (fraction << 3)) : round(number, fraction)
    } else if (length - 1 < 32) {
      let head = v128.and(i8x16.sub(v128.load(end - 32), zero), v128.load(MASKS + length - 16))
      let tail = i8x16.sub(v128.load(end - 16), zero)
      const bits =
        (i8x16.bitmask(i8x16.add_sat_u(head, saturate)) as u32) | ((i8x16.bitmask(i8x16.add_sat_u(tail, saturate)) as u32) << 16)
      const dots = (i8x16.bitmask(i8x16.eq(head, dot)) as u32) | ((i8x16.bitmask(i8x16.eq(tail, dot)) as u32) << 16)
      let upper: u64 = 1
      let limit: u64 = 0
      let lower: u64 = 0
      let fraction: u32 = 0
      if (bits == dots && (bits & (bits - 1)) == 0) {
        let scale: u64 = 10000000000000000
        // With the digits behind it below 2^63.
        limit = 921
        if (bits != 0) {
          const place = ctz(bits)
          fraction = 31 - place
          if (place < 16) head = i8x16.swizzle(head, v128.load(SHIFTS + (place << 4)))
          else {
            tail = i8x16.swizzle(tail, v128.load(SHIFTS + ((place - 16) << 4)))
            scale = 1000000000000000
            limit = 9222
          }
        }
        upper = sixteen(head)
        lower = upper * scale + sixteen(tail)
      }
      if (upper > limit) {
        store<u32>(rejected, row)
        rejected += 4
        continue
      }
      value =
        lower <= 9007199254740992 && fraction <= 22
          ? (lower as f64) / load<f64>(POWERS + (fraction << 3))
          : round(lower, fraction)
    } else {
      store<u32>(rejected, row)
      rejected += 4
      continue
    }
    store<u64>(target + ((row as usize) << 3), reinterpret<u64>(value) | ((negative as u64) << 63))
  }
  return ((rejected - rejects) >> 2) as u32
}

/** The same for integers of 64 bits within [minimum, maximum], bounds as doubles. */
export function readIntegers(
  index: usize,
  columns: u32,
  rows: u32,
  cut: u32,
  target: usize,
  rejects: usize,
  minimum: f64,
  maximum: f64,
): u32 {
  const least = minimum as i64
  const most = maximum as i64
  const zero = i8x16.splat(48)
  const saturate = i8x16.splat(118)
  const step = columns << 2
  let at = index
  let rejected = rejects
  for (let row: u32 = 0; row < rows; row++) {
    let start = (load<u32>(at - 4) + 1) as usize
    const end = (load<u32>(at) - cut) as usize
    at += step
    const negative = (load<u8>(start) == MINUS) as i64
    start += negative as usize
    const length = (end - start) as u32
    let wrong = true
    let value: i64 = 0
    if (length - 1 < 16) {
      const digits = v128.and(i8x16.sub(v128.load(end - 16), zero), v128.load(MASKS + length))
      wrong = i8x16.bitmask(i8x16.add_sat_u(digits, saturate)) != 0
      value = sixteen(digits) as i64
    } else if (length - 1 < 32) {
      const head = v128.and(i8x16.sub(v128.load(end - 32), zero), v128.load(MASKS + length - 16))
      const tail = i8x16.sub(v128.load(end - 16), zero)
      const upper = sixteen(head)
      wrong = v128.any_true(
        v128.and(v128.or(i8x16.add_sat_u(head, saturate), i8x16.add_sat_u(tail, saturate)), i8x16.splat(-128)),
      )
      wrong = wrong || upper > 921
      value = (upper * 10000000000000000 + sixteen(tail)) as i64
    }
    value = (value ^ -negative) + negative
    // Of -0 the sign would be lost.
    if (wrong || value < least || value > most || (value == 0 && negative != 0)) {
      store<u32>(rejected, row)
      rejected += 4
      value = 0
    }
    store<i64>(target + ((row as usize) << 3), value)
  }
  return ((rejected - rejects) >> 2) as u32
}

/** The same for `true` and `false` in any case, as integers. */
export function readBooleans(index: usize, columns: u32, rows: u32, cut: u32, target: usize, rejects: usize): u32 {
  const step = columns << 2
  let at = index
  let rejected = rejects
  for (let row: u32 = 0; row < rows; row++) {
    const start = (load<u32>(at - 4) + 1) as usize
    const length = (load<u32>(at) - cut - (start as u32)) as u32
    at += step
    const word = load<u32>(start) | 0x20202020
    // Words are as good as random, so nothing here branches on them.
    const isTrue = ((length == 4) as u32) & ((word == 0x65757274) as u32)
    const isFalse = ((length == 5) as u32) & ((word == 0x736c6166) as u32) & (((load<u8>(start, 4) | 32) == 101) as u32)
    store<u32>(rejected, row)
    rejected += ((isTrue | isFalse) ^ 1) << 2
    store<u64>(target + ((row as usize) << 3), isTrue as u64)
  }
  return ((rejected - rejects) >> 2) as u32
}
