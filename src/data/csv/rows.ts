/**
 * The row loop: plain numbers and plain text are read where they stand, everything else goes through `findField` and
 * `storeCell`. A record that does not end within the window is given up and read again with more of it.
 */
import { exactPowers, realResult, scanReal } from '../../decimal.ts'
import { MlmodelError } from '../../errors/index.ts'
import { storeCell, storeMissing, textAt } from './cell.ts'
import { growStore, kindClassify, kindInteger, kindReal, kindSkip, kindSlow, kindText } from './column.ts'
import { afterLineEnd, blankLineEnd, findField, isSeparator } from './field.ts'
import { classifyPlain, isSettled } from './infer.ts'
import { addMisfit, forgetRow } from './misfits.ts'
import type { Scan } from './scan.ts'

const comma = 44
const lineFeed = 10
const carriageReturn = 13
const minus = 45
const dotDigit = 46 ^ 48

/**
 * Reads whole records from the window until it has no more, or the frame has `most` rows.
 *
 * @returns whether the frame is full
 * @throws what `findField` and `storeCell` throw
 */
export function scanRows(scan: Scan, most: number): boolean {
  const { window, field, context, columns, kinds, long, tallies } = scan
  const { bytes, end } = window
  const lastColumn = columns.length - 1
  const starts = Int32Array.from(columns, ({ slot }) => slot)
  const texts = columns.map(({ values }) => values)
  const fieldBytes = context.fieldBytes
  const strictRange = scan.plan.overflow !== 'infinity'
  let store = scan.store
  let cells = store.cells
  let words = store.words
  let stride = store.stride
  let position = window.start
  let row = scan.rows
  while (row < most) {
    const first = bytes[position]!
    if (first <= 32) {
      if (position >= end) break
      let lineEnd = position
      if (first === 32 || first === 9) lineEnd = blankLineEnd(window, position)
      if (lineEnd < 0) break
      if (bytes[lineEnd] === lineFeed || bytes[lineEnd] === carriageReturn) {
        const next = afterLineEnd(window, lineEnd)
        if (next < 0) break
        position = next
        context.line++
        continue
      }
    }
    if (row === store.capacity) {
      store = roomForMore(scan, row, most)
      cells = store.cells
      words = store.words
      stride = store.stride
    }
    field.lineBreaks = 0
    let at = position
    let column = 0
    for (;;) {
      let next = -1
      const kind = kinds[column]!
      if (kind === kindReal) {
        if (long[column] === 0) {
          // Up to nine digits: an exact integer and one exact power.
          let character = bytes[at]!
          const negative = character === minus
          let here = negative ? at + 1 : at
          const begin = here
          let mantissa = 0
          let digit = (negative ? bytes[here]! : character) ^ 48
          while (digit < 10) {
            mantissa = (Math.imul(mantissa, 10) + digit) | 0
            digit = bytes[++here]! ^ 48
          }
          let digits = here - begin
          let scale = 0
          if (digit === dotDigit) {
            const dot = here
            digit = bytes[++here]! ^ 48
            while (digit < 10) {
              mantissa = (Math.imul(mantissa, 10) + digit) | 0
              digit = bytes[++here]! ^ 48
            }
            scale = here - dot - 1
            digits += scale
          }
          character = digit ^ 48
          if (
            (character === comma || character === lineFeed) &&
            digits > 0 &&
            (digits < 10 || (digits === 10 && bytes[begin] === 48))
          ) {
            const value = mantissa / exactPowers[scale]!
            cells[starts[column]! * stride + row] = negative ? -value : value
            next = here
          } else if (digits > 9) long[column] = 1
        }
        if (next < 0) {
          const after = scanReal(bytes, at)
          if (after > 0 && isSeparator(bytes[after]!)) {
            const value = realResult[0]!
            if (value - value === 0 || !strictRange) {
              cells[starts[column]! * stride + row] = value
              next = after
            }
          }
        }
      } else if (kind === kindInteger) {
        const negative = bytes[at] === minus
        let here = negative ? at + 1 : at
        const begin = here
        let magnitude = 0
        let digit = bytes[here]! ^ 48
        while (digit < 10) {
          magnitude = (Math.imul(magnitude, 10) + digit) | 0
          digit = bytes[++here]! ^ 48
        }
        const digits = here - begin
        if (
          digits > 0 &&
          digits < 10 &&
          (digit === (comma ^ 48) || digit === (lineFeed ^ 48)) &&
          columns[column]!.spelling === 'numbers'
        ) {
          const value = negative ? -magnitude | 0 : magnitude
          const { minimum, maximum } = columns[column]!
          if (value >= minimum && value <= maximum) {
            const word = (starts[column]! * stride + row) * 2
            words[word] = value
            words[word + 1] = value >> 31
            next = here
          }
        }
      } else if (kind === kindText) {
        let character = bytes[at]!
        if (character !== 34) {
          let here = at
          let hash = 0
          while (character !== comma && character !== lineFeed && character !== carriageReturn) {
            hash = (Math.imul(hash, 31) + character) | 0
            character = bytes[++here]!
          }
          if (here >= end) {
            at = end
            break
          }
          if (here - at <= fieldBytes) {
            const state = columns[column]!
            const literal = state.reading.how === 'text' && state.reading.literal
            texts[column]![row] = textAt(state.cache, bytes, at, here, hash, literal)
            next = here
          }
        }
      } else if (kind === kindSkip) {
        let character = bytes[at]!
        if (character !== 34) {
          let here = at
          while (character !== comma && character !== lineFeed && character !== carriageReturn) character = bytes[++here]!
          next = here
        }
      } else if (kind === kindClassify) next = classifyPlain(tallies[column]!, bytes, at)
      if (next < 0) {
        next = findField(window, at, field, context.before + row + 1)
        if (next < 0) {
          at = end
          break
        }
        const state = columns[column]!
        storeCell(state, tallies[column], store, row, field, context)
        if (kind === kindReal && state.spelling === 'words') kinds[column] = kindSlow
        else if (kind === kindClassify && isSettled(tallies[column]!)) kinds[column] = kindSkip
      }
      at = next
      if (bytes[at] !== comma) break
      if (column === lastColumn) {
        at = passLongRow(scan, position, row)
        break
      }
      column++
      at++
    }
    if (at >= end) break
    const next = bytes[at] === lineFeed ? at + 1 : afterLineEnd(window, at)
    if (next < 0) break
    while (column < lastColumn) {
      column++
      storeMissing(columns[column]!, tallies[column], store, row, field, context)
    }
    position = next
    row++
    context.line += 1 + field.lineBreaks
  }
  window.start = position
  scan.rows = row
  if (context.misfits.count > 0) forgetRow(context.misfits, context.before + row + 1)
  return row === most
}

/**
 * Doubles the store.
 *
 * @throws CSV_TABLE_LIMIT
 */
export function roomForMore(scan: Scan, rows: number, most: number): Scan['store'] {
  const { limits, numericColumns } = scan
  const capacity = Math.min(most, Math.max(64, rows * 2))
  // Short rows are padded: a small body could ask for any amount.
  const stored = scan.columns.filter(({ reading }) => reading.how !== 'skip' && reading.how !== 'classify').length
  if (capacity * stored * 8 > limits.arrayBytes) {
    throw new MlmodelError(
      'CSV_TABLE_LIMIT',
      { rows, columns: stored, limit: limits.arrayBytes },
      { where: { file: scan.window.file } },
    )
  }
  scan.store = growStore(scan.store, numericColumns, capacity, rows)
  return scan.store
}

/** Takes down both counts of a record with too many fields, once it is whole; gives the position of its line end, or the window's end. */
function passLongRow({ window, context, columns, field }: Scan, position: number, row: number): number {
  const place = context.before + row + 1
  let found = 0
  let at = position
  field.lineBreaks = 0
  do {
    at = findField(window, at, field, place)
    if (at < 0) return window.end
    found++
  } while (window.bytes[at++] === comma)
  addMisfit(context.misfits, {
    code: 'CSV_LONG_ROW',
    arguments: { expected: columns.length, found },
    where: { file: window.file, line: context.line, row: place },
  })
  return at - 1
}
