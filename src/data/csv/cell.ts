/** One cell that the row loop does not read by itself: quoted, missing, a word, with blanks or an exponent, or simply wrong. */
import type { Cell } from '../../batch.ts'
import { integerResult, realResult, scanInteger, scanReal } from '../../decimal.ts'
import { notATime } from '../../dtype.ts'
import { MlmodelError, type Problem, type Where } from '../../errors/index.ts'
import { type ColumnState, cacheSize, type Store, type TextCache } from './column.ts'
import type { Field } from './field.ts'
import { classify, type Tally } from './infer.ts'
import { addMisfit, type Misfits } from './misfits.ts'
import { booleanWord, infinityWord, isMissing, isSpace } from './missing.ts'
import type { CsvPlan } from './plan.ts'

/** What `storeCell` needs to know beside the cell. */
export interface CellContext {
  readonly file: string
  readonly plan: CsvPlan
  readonly fieldBytes: number
  readonly misfits: Misfits
  /** 1-based line of the row. */
  line: number
  /** Rows of data before the frame's first. */
  before: number
  /** Of the cell, in the frame. */
  row: number
}

const two32 = 4294967296

/**
 * Stores the content of `field` as row `row` of the frame. What does not fit goes to the misfits: CSV_VALUE, CSV_OVERFLOW,
 * CSV_MISSING_VALUE, CSV_MIXED_COLUMN, CSV_DATETIME.
 *
 * @throws CSV_FIELD_LIMIT
 */
export function storeCell(
  column: ColumnState,
  tally: Tally | undefined,
  store: Store,
  row: number,
  field: Field,
  context: CellContext,
): void {
  const { bytes, start, end } = field
  context.row = row
  if (end - start > context.fieldBytes) {
    throw new MlmodelError('CSV_FIELD_LIMIT', { limit: context.fieldBytes }, { where: placeOf(column, context) })
  }
  const { reading } = column
  switch (reading.how) {
    case 'classify':
      classify(tally!, bytes, start, end)
      return
    case 'text':
      column.values[row] = textAt(column.cache, bytes, start, end, hashOf(bytes, start, end), reading.literal)
      return
    case 'datetime':
      storeDatetime(column, store, row, field, context)
      return
    case 'cells':
      column.values[row] = objectCell(reading.of, bytes, start, end)
      return
    case 'real':
    case 'integer':
    case 'boolean':
      storeNumber(column, store, row, field, context)
      return
    default:
      return
  }
}

/** Stores a missing cell, as at the end of a short row. */
export function storeMissing(
  column: ColumnState,
  tally: Tally | undefined,
  store: Store,
  row: number,
  field: Field,
  context: CellContext,
): void {
  field.start = 0
  field.end = 0
  storeCell(column, tally, store, row, field, context)
}

function storeNumber(column: ColumnState, store: Store, row: number, field: Field, context: CellContext): void {
  const { bytes, start, end } = field
  const at = column.slot * store.stride + row
  const { how } = column.reading
  if (isMissing(bytes, start, end)) {
    if (how !== 'real') {
      refuse('CSV_MISSING_VALUE', { found: foundText(field), wanted: column.wanted }, column, context)
      return
    }
    store.cells[at] = Number.NaN
    const place = context.before + row
    if (column.lastMissing < place) {
      column.missing++
      column.lastMissing = place
    }
    return
  }
  const word = booleanWord(bytes, start, end)
  if (word !== undefined) {
    // pandas takes a whole column of words as booleans, and refuses words among numbers.
    if (column.spelling !== 'words' && context.before + row > column.missing) {
      refuse('CSV_MIXED_COLUMN', { found: foundText(field), wanted: column.wanted, before: 'numbers' }, column, context)
      return
    }
    column.spelling = 'words'
    if (how === 'real') store.cells[at] = word ? 1 : 0
    else {
      store.words[at * 2] = word ? 1 : 0
      store.words[at * 2 + 1] = 0
    }
    return
  }
  const stored =
    how === 'real' ? storeReal(column, store.cells, at, field, context) : storeInteger(column, store.words, at, field, context)
  if (stored && column.spelling === 'words') {
    refuse('CSV_MIXED_COLUMN', { found: foundText(field), wanted: column.wanted, before: 'words' }, column, context)
  }
}

/** Gives false where the cell does not fit. */
function storeReal(column: ColumnState, cells: Float64Array, at: number, field: Field, context: CellContext): boolean {
  const { bytes, start, end } = field
  if (!readNumber(bytes, start, end)) {
    const infinity = infinityWord(bytes, start, end)
    if (infinity === undefined) return notOne(column, field, context)
    cells[at] = infinity
    return true
  }
  const value = realResult[0]!
  if (context.plan.overflow !== 'infinity' && !Number.isFinite(value) && column.wanted !== 'value') {
    refuse('CSV_OVERFLOW', { found: foundText(field), wanted: column.wanted }, column, context)
    return false
  }
  cells[at] = value
  return true
}

/** Reads a decimal number with blanks around it into `realResult`. */
function readNumber(bytes: Uint8Array, start: number, end: number): boolean {
  let first = start
  let last = end
  while (first < last && isSpace(bytes[first]!)) first++
  while (last > first && isSpace(bytes[last - 1]!)) last--
  return scanReal(bytes, first) === last
}

/** Gives false where the cell does not fit. */
function storeInteger(column: ColumnState, words: Int32Array, at: number, field: Field, context: CellContext): boolean {
  const { bytes, start, end } = field
  let first = start
  let last = end
  while (first < last && isSpace(bytes[first]!)) first++
  while (last > first && isSpace(bytes[last - 1]!)) last--
  const range = scanInteger(bytes, first, last)
  if (range === 'none') {
    // A whole number written as a fraction or with an exponent.
    if (!readNumber(bytes, start, end)) return notOne(column, field, context)
    const value = realResult[0]!
    if (Number.isFinite(value) && !Number.isInteger(value)) return notOne(column, field, context, 'it has a fraction')
    if (!(value >= column.minimum && value <= column.maximum)) return notOne(column, field, context, beyondRange)
    column.fractions = true
    const high = Math.floor(value / two32)
    words[at * 2] = value - high * two32
    words[at * 2 + 1] = high
  } else {
    const low = integerResult[0]!
    const high = integerResult[1]!
    if (!fits(column, range, low, high)) return notOne(column, field, context, beyondRange)
    words[at * 2] = low
    words[at * 2 + 1] = high
  }
  if (column.reading.how === 'boolean') {
    const isBit = words[at * 2 + 1] === 0 && (words[at * 2]! & ~1) === 0
    if (!isBit) return notOne(column, field, context, 'of numbers only 0 and 1 are')
  }
  return true
}

const beyondRange = 'it is beyond the range of the type'

function fits(column: ColumnState, range: 'int64' | 'uint64' | 'beyond', low: number, high: number): boolean {
  const { reading } = column
  if (range === 'beyond') return false
  if (reading.how === 'integer' && reading.dtype === 'int64') return range === 'int64'
  if (reading.how === 'integer' && reading.dtype === 'uint64') return range === 'uint64' || high >= 0
  const value = high * two32 + (low >>> 0)
  return range === 'int64' && value >= column.minimum && value <= column.maximum
}

function storeDatetime(column: ColumnState, store: Store, row: number, field: Field, context: CellContext): void {
  const { bytes, start, end } = field
  const read = context.plan.datetime
  if (read === undefined) {
    const isKnown = context.misfits.listed.some(({ code, where }) => code === 'CSV_DATETIME' && where.column === column.name)
    if (!isKnown) refuse('CSV_DATETIME', undefined, column, context)
    return
  }
  let value: bigint | undefined = notATime
  if (!isMissing(bytes, start, end)) value = read(decode(bytes, start, end))
  if (value === undefined) {
    notOne(column, field, context)
    return
  }
  const at = (column.slot * store.stride + row) * 2
  store.words[at] = Number(BigInt.asIntN(32, value))
  store.words[at + 1] = Number(BigInt.asIntN(32, value >> 32n))
}

function objectCell(of: 'boolean' | 'integer', bytes: Buffer, start: number, end: number): Cell {
  if (isMissing(bytes, start, end)) return Number.NaN
  if (of === 'boolean') return booleanWord(bytes, start, end) === true
  const text = decode(bytes, start, end).trim().replaceAll('_', '')
  return BigInt(text.startsWith('+') ? text.slice(1) : text)
}

/** The same as the row loop's running hash. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0
  return hash
}

const longestCached = 40

/** A cell's text, null where it is missing; a short text seen lately is the same string again. */
export function textAt(
  cache: TextCache,
  bytes: Buffer,
  start: number,
  end: number,
  hash: number,
  literal: boolean,
): string | null {
  const slot = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (cacheSize - 1)
  const key = cache.keys[slot]
  const length = end - start
  if (key !== undefined && key.length === length) {
    let index = 0
    while (index < length && key.charCodeAt(index) === bytes[start + index]) index++
    if (index === length) return cache.values[slot]!
  }
  const text = decode(bytes, start, end)
  const value = !literal && isMissing(bytes, start, end) ? null : text
  // Equal lengths in bytes and characters: ASCII, which compares byte by byte.
  if (length <= longestCached && text.length === length) {
    cache.keys[slot] = text
    cache.values[slot] = value
  }
  return value
}

/** The text of bytes. */
export function decode(bytes: Buffer, start: number, end: number): string {
  let ascii = true
  for (let at = start; at < end; at++) {
    if (bytes[at]! < 128) continue
    ascii = false
    break
  }
  return bytes.toString(ascii ? 'latin1' : 'utf8', start, end)
}

function foundText(field: Field): string {
  return decode(field.bytes, field.start, Math.min(field.end, field.start + 200))
}

/** Takes the cell down as no value of the column's type. */
function notOne(column: ColumnState, field: Field, context: CellContext, why?: string): false {
  refuse('CSV_VALUE', { found: foundText(field), wanted: column.wanted, ...(why !== undefined && { why }) }, column, context)
  return false
}

type CellError = 'CSV_VALUE' | 'CSV_OVERFLOW' | 'CSV_MISSING_VALUE' | 'CSV_MIXED_COLUMN' | 'CSV_DATETIME'

function refuse<Code extends CellError>(
  code: Code,
  args: Problem<Code>['arguments'],
  column: ColumnState,
  context: CellContext,
): void {
  addMisfit(context.misfits, { code, arguments: args, where: placeOf(column, context) } as Problem)
}

function placeOf(column: ColumnState, context: CellContext): Where {
  return { file: context.file, line: context.line, row: context.before + context.row + 1, column: column.name }
}
