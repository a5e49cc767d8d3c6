/** Texts of a column that were seen before, told by their bytes: a cache of slots, whose strings the host has. */
import { MASKS } from './decimal'

const QUOTE: u8 = 34
/** Bits of a slot's number; a slot has 64 bytes: 32 of text, aligned to their end, then their number and one. */
const SLOT_BITS: u64 = 13
const LONGEST: u32 = 32

/**
 * Looks up the texts of a column; `target` gets the slot of each, u32. What is not there, in its slot or the three beside it, is
 * listed in `rejects`, as are texts of more than 32 bytes and quoted ones with quotes inside. Returns their number.
 */
export function findTexts(index: usize, columns: u32, rows: u32, cut: u32, target: usize, rejects: usize, slots: usize): u32 {
  const quote = i8x16.splat(QUOTE)
  const step = columns << 2
  let at = index
  let rejected = rejects
  for (let row: u32 = 0; row < rows; row++) {
    let start = (load<u32>(at - 4) + 1) as usize
    let end = (load<u32>(at) - cut) as usize
    at += step
    const quoted = load<u8>(start) == QUOTE
    start += quoted as usize
    end -= quoted as usize
    const length = (end - start) as u32
    let slot: u64 = 0
    let found = false
    if (length <= LONGEST) {
      const head = v128.and(v128.load(end - 32), v128.load(MASKS + (length > 16 ? length - 16 : 0)))
      const tail = v128.and(v128.load(end - 16), v128.load(MASKS + (length > 16 ? 16 : length)))
      let hash = (i64x2.extract_lane(tail, 0) as u64) * 0x9e3779b97f4a7c15
      hash ^= (i64x2.extract_lane(tail, 1) as u64) * 0xc2b2ae3d27d4eb4f
      hash ^= (i64x2.extract_lane(head, 0) as u64) * 0x165667b19e3779f9
      hash ^= (i64x2.extract_lane(head, 1) as u64) * 0xd6e8feb86659fd93
      hash += length
      hash ^= hash >> 32
      slot = (hash * 0x9e3779b97f4a7c15) >> (64 - SLOT_BITS)
      const inner = quoted && (load<u8>(end) != QUOTE || v128.any_true(v128.or(i8x16.eq(head, quote), i8x16.eq(tail, quote))))
      if (!inner) {
        const first = slot
        for (let probe: u64 = 0; probe < 4 && !found; probe++) {
          slot = first ^ probe
          found = holds(slots + ((slot as usize) << 6), head, tail, length)
        }
        if (!found) slot = first
      }
    }
    store<u32>(target + ((row as usize) << 2), slot as u32)
    if (!found) {
      store<u32>(rejected, row)
      rejected += 4
    }
  }
  return ((rejected - rejects) >> 2) as u32
}

// @ts-ignore: decorator
@inline
function holds(slot: usize, head: v128, tail: v128, length: u32): bool {
  const other = v128.or(v128.xor(v128.load(slot), head), v128.xor(v128.load(slot, 16), tail))
  return load<u32>(slot, 32) == length + 1 && !v128.any_true(other)
}

/** Puts the text [start, end), of at most 32 bytes, in a slot. */
export function keepText(slot: usize, start: usize, end: usize): void {
  const length = (end - start) as u32
  v128.store(slot, v128.and(v128.load(end - 32), v128.load(MASKS + (length > 16 ? length - 16 : 0))))
  v128.store(slot, v128.and(v128.load(end - 16), v128.load(MASKS + (length > 16 ? 16 : length))), 16)
  store<u32>(slot, length + 1, 32)
}
