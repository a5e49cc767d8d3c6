/**
 * One field as pandas' C tokenizer sees it: a quote opens a quoted field only as its first byte, doubled quotes inside are
 * one, what follows the closing quote is appended, `\n`, `\r\n` and a lone `\r` end a line.
 */
import { MlmodelError } from '../../errors/index.ts'
import type { Window } from './window.ts'

const quote = 34
const comma = 44
const lineFeed = 10
const carriageReturn = 13

/** Where a field's content lies: in the window, or put together in the scratch. */
export interface Field {
  bytes: Buffer
  start: number
  end: number
  /** Whether it was quoted. */
  quoted: boolean
  /** Line breaks inside quotes since last set to 0, for line numbers. */
  lineBreaks: number
  scratch: Buffer
}

/** Makes the one field that is used for all. */
export function openField(): Field {
  return { bytes: Buffer.alloc(0), start: 0, end: 0, quoted: false, lineBreaks: 0, scratch: Buffer.alloc(256) }
}

/**
 * Finds the field that begins at `position`.
 *
 * @returns the position of the delimiter or line end behind it, or -1 where the window ends before
 * @throws CSV_UNCLOSED_QUOTE
 */
export function findField(window: Window, position: number, field: Field, row: number): number {
  const { bytes, end } = window
  if (bytes[position] !== quote) {
    let at = position
    let character = bytes[at]!
    while (character !== comma && character !== lineFeed && character !== carriageReturn) character = bytes[++at]!
    if (at >= end) return -1
    field.bytes = bytes
    field.start = position
    field.end = at
    field.quoted = false
    return at
  }
  field.quoted = true
  const closing = closingQuote(window, position + 1, field, row)
  if (closing < 0 || closing + 1 >= end) return -1
  if (isSeparator(bytes[closing + 1]!)) {
    field.bytes = bytes
    field.start = position + 1
    field.end = closing
    return closing + 1
  }
  return putTogether(window, position + 1, closing, field, row)
}

/** Whether a byte ends a field: comma, line feed or carriage return. */
export function isSeparator(byte: number): boolean {
  return byte === comma || byte === lineFeed || byte === carriageReturn
}

function closingQuote(window: Window, position: number, field: Field, row: number): number {
  const { bytes, end } = window
  let at = position
  while (at < end && bytes[at] !== quote) {
    if (bytes[at] === lineFeed) field.lineBreaks++
    at++
  }
  if (at < end) return at
  if (window.final)
    throw new MlmodelError('CSV_UNCLOSED_QUOTE', undefined, {
      where: { file: window.file, row, byte: window.offset + position - 1 },
    })
  return -1
}

/** A quoted field with doubled quotes, or with text behind its closing quote. */
function putTogether(window: Window, first: number, firstClosing: number, field: Field, row: number): number {
  const { bytes, end } = window
  let length = 0
  let start = first
  let closing = firstClosing
  for (;;) {
    // The content up to the closing quote, then a quote if it is doubled.
    const doubled = bytes[closing + 1] === quote
    const stop = doubled ? closing + 1 : closing
    length = append(field, bytes, start, stop, length)
    if (!doubled) break
    start = closing + 2
    closing = closingQuote(window, start, field, row)
    if (closing < 0 || closing + 1 >= end) return -1
  }
  let at = closing + 1
  while (!isSeparator(bytes[at]!)) at++
  if (at >= end) return -1
  length = append(field, bytes, closing + 1, at, length)
  field.bytes = field.scratch
  field.start = 0
  field.end = length
  // What belongs to no number, so that a number ends with the field.
  field.scratch[length] = comma
  return at
}

function append(field: Field, bytes: Uint8Array, start: number, end: number, length: number): number {
  const total = length + end - start
  if (total + 1 > field.scratch.length) {
    const larger = Buffer.alloc(total * 2 + 1)
    larger.set(field.scratch.subarray(0, length))
    field.scratch = larger
  }
  field.scratch.set(bytes.subarray(start, end), length)
  return total
}

/**
 * Steps over a line end at `position`.
 *
 * @returns the start of the next line, or -1 where the window ends between a carriage return and what follows it
 */
export function afterLineEnd(window: Window, position: number): number {
  if (window.bytes[position] === lineFeed) return position + 1
  if (position + 1 >= window.end) return -1
  return window.bytes[position + 1] === lineFeed ? position + 2 : position + 1
}

/**
 * The end of a line of blanks only, which is skipped like an empty one; `position` itself where the line has more.
 *
 * @returns the position of the line end, or -1 where the window ends before that is known
 */
export function blankLineEnd(window: Window, position: number): number {
  const { bytes, end } = window
  let at = position
  while (bytes[at] === 32 || bytes[at] === 9) at++
  if (at >= end) return -1
  return bytes[at] === lineFeed || bytes[at] === carriageReturn ? at : position
}

/**
 * Counts the fields of the record at `position`, and hands each to `visit`.
 *
 * @returns the position behind the record, or -1 where the window ends before
 */
export function splitRecord(window: Window, position: number, field: Field, row: number, visit: (field: Field) => void): number {
  let at = position
  for (;;) {
    at = findField(window, at, field, row)
    if (at < 0) return -1
    visit(field)
    if (window.bytes[at] !== comma) return afterLineEnd(window, at)
    at++
  }
}
