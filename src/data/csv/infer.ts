/**
 * The type pandas infers for a column without a dtype: int64, else uint64, else Python integers, else float64, else bool,
 * else text. The order of the cells matters, because each attempt ends at the first cell it cannot read, and
 * how it ended decides which attempt comes next.
 *
 * @see pandas/_libs/parsers.pyx (_convert_tokens)
 */
import { scanInteger, scanReal } from '../../decimal.ts'
import type { Reading } from './column.ts'
import { isSeparator } from './field.ts'
import { booleanWord, infinityWord, isMissing, isSpace } from './missing.ts'

/** How an attempt to read all cells as integers ended. */
type Attempt = 'whole' | 'invalid' | 'overflow'

export interface Tally {
  cells: number
  missing: boolean
  /** Non-missing cells exist that are not boolean words. */
  notWords: boolean
  notReal: boolean
  int64: Attempt
  uint64: Attempt
  negative: boolean
  /** A value beyond int64 and within uint64. */
  unsigned: boolean
  notPythonInteger: boolean
}

/** Begins the tally of a column of which no cell was seen. */
export function openTally(): Tally {
  return {
    cells: 0,
    missing: false,
    notWords: false,
    notReal: false,
    int64: 'whole',
    uint64: 'whole',
    negative: false,
    unsigned: false,
    notPythonInteger: false,
  }
}

/** Counts a cell in. */
export function classify(tally: Tally, bytes: Uint8Array, start: number, end: number): void {
  tally.cells++
  if (isMissing(bytes, start, end)) {
    tally.missing = true
    return
  }
  let first = start
  let last = end
  while (first < last && isSpace(bytes[first]!)) first++
  while (last > first && isSpace(bytes[last - 1]!)) last--
  if (bytes[first] === 45) tally.negative = true
  const range = tally.int64 === 'invalid' ? 'none' : scanInteger(bytes, first, last)
  // A blank behind a number that overflows makes it no integer at all.
  const clean = last === end
  if (tally.int64 === 'whole' && range !== 'int64') tally.int64 = range !== 'none' && clean ? 'overflow' : 'invalid'
  if (tally.int64 === 'overflow') {
    if (tally.uint64 === 'whole') {
      if (range === 'uint64') tally.unsigned = true
      // Of a negative number the attempt looks at the sign only.
      else if (range !== 'int64' && bytes[first] !== 45) tally.uint64 = range === 'beyond' && clean ? 'overflow' : 'invalid'
    }
    if (range === 'none' && !pythonInteger.test(textOf(bytes, start, end))) tally.notPythonInteger = true
  }
  if (range === 'none' && !tally.notReal) tally.notReal = !isReal(bytes, start, end, first, last)
  if (!tally.notWords) tally.notWords = booleanWord(bytes, start, end) === undefined
}

/** Python's `int(text)` of ASCII digits: single underscores between them, blanks around. */
const pythonInteger = /^[\t-\r ]*[+-]?\d+(?:_\d+)*[\t-\r ]*$/

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

/** Whether pandas reads the cell as a float; blanks may surround numbers, not infinities. */
function isReal(bytes: Uint8Array, start: number, end: number, first: number, last: number): boolean {
  return scanReal(bytes, first) === last || infinityWord(bytes, start, end) !== undefined
}

/**
 * Counts a cell in from its first byte, if it is a plain number that fits what the cells before it are.
 *
 * @returns the position behind the number, or -1 where `classify` must look at the cell
 */
export function classifyPlain(tally: Tally, bytes: Uint8Array, start: number): number {
  if (tally.int64 === 'invalid') {
    if (tally.notReal) return -1
    const after = scanReal(bytes, start)
    if (after < 0 || !isSeparator(bytes[after]!)) return -1
    tally.cells++
    tally.notWords = true
    return after
  }
  const negative = bytes[start] === 45
  const first = negative ? start + 1 : start
  let at = first
  while ((bytes[at]! ^ 48) < 10) at++
  // Eighteen digits are an int64.
  if (at === first || at - first > 18 || !isSeparator(bytes[at]!)) return -1
  tally.cells++
  tally.notWords = true
  if (negative) tally.negative = true
  return at
}

/** Whether no further cell can change the answer. */
export function isSettled(tally: Tally): boolean {
  return tally.int64 === 'invalid' && tally.notReal && tally.notWords
}

const text: Reading = { how: 'text', pandas: 'str', literal: false }
/** pandas reads such a column again without looking for missing values. */
const literalText: Reading = { how: 'text', pandas: 'str', literal: true }

/** The reading that pandas would choose. */
export function conclude(tally: Tally): Reading {
  if (tally.cells === 0) return { how: 'empty' }
  if (tally.int64 === 'whole')
    return tally.missing ? { how: 'real', dtype: 'float64', wholes: true } : { how: 'integer', dtype: 'int64' }
  if (tally.int64 === 'overflow') {
    const python: Reading = tally.notPythonInteger ? literalText : { how: 'cells', of: 'integer' }
    if (tally.uint64 === 'overflow') return python
    if (tally.uint64 === 'whole') {
      if (tally.unsigned && (tally.negative || tally.missing)) return literalText
      return tally.negative ? python : { how: 'integer', dtype: 'uint64' }
    }
  }
  if (!tally.notReal) return { how: 'real', dtype: 'float64' }
  if (!tally.notWords) return tally.missing ? { how: 'cells', of: 'boolean' } : { how: 'boolean' }
  return text
}
