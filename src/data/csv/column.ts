/** The columns being filled: how each is read, where its values lie, and the frame made of them. */
import type { Cell, Column, Frame } from '../../batch.ts'
import { arrayOfDtype, type NumericDtype, numberToFloat16 } from '../../dtype.ts'
import { addMisfit, type Misfits } from './misfits.ts'
import type { CsvPlan, CsvType } from './plan.ts'

/** What becomes of a column's cells. */
export type Reading =
  | { readonly how: 'skip' }
  /** Types are found out in a first pass. */
  | { readonly how: 'classify' }
  /** `wholes`: integers that became floats because some are missing; they have no negative zero. */
  | { readonly how: 'real'; readonly dtype: 'float16' | 'float32' | 'float64'; readonly wholes?: boolean }
  | { readonly how: 'integer'; readonly dtype: IntegerDtype }
  | { readonly how: 'boolean' }
  | { readonly how: 'datetime' }
  /** `literal`: the words for missing values are text like any other. */
  | { readonly how: 'text'; readonly pandas: 'str' | 'object'; readonly literal: boolean; readonly renamed?: boolean }
  /** Python objects: booleans or integers of any size, beside NaN. */
  | { readonly how: 'cells'; readonly of: 'boolean' | 'integer' }
  /** A column without rows, whose type nothing tells. */
  | { readonly how: 'empty' }

export type IntegerDtype = Exclude<NumericDtype, 'bool' | 'float16' | 'float32' | 'float64'>

/** How the row loop treats a column. */
export const kindSkip = 0
export const kindReal = 1
export const kindInteger = 2
export const kindText = 3
export const kindClassify = 4
/** Every cell goes through `storeCell`. */
export const kindSlow = 5

export interface ColumnState {
  readonly name: string
  readonly reading: Reading
  /** For messages: `long`, `double`, … */
  readonly wanted: string
  /** Bounds of an integer column, inclusive. */
  readonly minimum: number
  readonly maximum: number
  /** Position among the numeric columns of the store. */
  readonly slot: number
  /** Once words such as `True` were seen, numbers may not follow: pandas infers the whole column. */
  spelling: 'numbers' | 'words'
  /** Missing cells so far, and the row of the last one: a row may be read twice. */
  missing: number
  lastMissing: number
  /** Whether an integer column has a cell such as `1.0`. */
  fractions: boolean
  values: Cell[]
  readonly cache: TextCache
}

/** Texts seen lately, so that a repeated text is one string. */
export interface TextCache {
  readonly keys: (string | undefined)[]
  readonly values: (string | null)[]
}

export const cacheSize = 1024

/** Numbers of all columns in one piece of memory: a double or a 64-bit integer for each row. */
export interface Store {
  readonly capacity: number
  /** Elements from one column to the next: not a power of two, or all columns share the same lines of the cache. */
  readonly stride: number
  readonly cells: Float64Array<ArrayBuffer>
  readonly words: Int32Array<ArrayBuffer>
}

/** Makes room for the numbers of a frame: `numericColumns` columns of up to `capacity` rows in one buffer. */
export function openStore(numericColumns: number, capacity: number): Store {
  const stride = capacity + 24
  const cells = new Float64Array(numericColumns * stride)
  return { capacity, stride, cells, words: new Int32Array(cells.buffer) }
}

/** Moves `rows` rows to a larger store. */
export function growStore(store: Store, numericColumns: number, capacity: number, rows: number): Store {
  const larger = openStore(numericColumns, capacity)
  for (let slot = 0; slot < numericColumns; slot++) {
    larger.cells.set(store.cells.subarray(slot * store.stride, slot * store.stride + rows), slot * larger.stride)
  }
  return larger
}

const readings: Readonly<Record<Exclude<CsvType, 'infer'>, Reading>> = {
  skip: { how: 'skip' },
  boolean: { how: 'boolean' },
  bool: { how: 'boolean' },
  integer: { how: 'integer', dtype: 'int32' },
  long: { how: 'integer', dtype: 'int64' },
  int8: { how: 'integer', dtype: 'int8' },
  int16: { how: 'integer', dtype: 'int16' },
  int32: { how: 'integer', dtype: 'int32' },
  int64: { how: 'integer', dtype: 'int64' },
  uint8: { how: 'integer', dtype: 'uint8' },
  uint16: { how: 'integer', dtype: 'uint16' },
  uint32: { how: 'integer', dtype: 'uint32' },
  uint64: { how: 'integer', dtype: 'uint64' },
  float: { how: 'real', dtype: 'float32' },
  double: { how: 'real', dtype: 'float64' },
  float16: { how: 'real', dtype: 'float16' },
  float32: { how: 'real', dtype: 'float32' },
  float64: { how: 'real', dtype: 'float64' },
  // Both are read with dtype=object; MLflow decodes no base64 in CSV.
  string: { how: 'text', pandas: 'object', literal: false },
  binary: { how: 'text', pandas: 'object', literal: false },
  datetime: { how: 'datetime' },
}

/** How a column of a type is read. */
export function readingOf(type: CsvType): Reading {
  return type === 'infer' ? { how: 'classify' } : readings[type]
}

/** Inclusive; of 64 bits the last double within. */
const integerBounds: Readonly<Record<IntegerDtype, readonly [number, number]>> = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-2147483648, 2147483647],
  int64: [-(2 ** 63), 2 ** 63 - 1024],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 4294967295],
  uint64: [0, 2 ** 64 - 2048],
}

/** Begins a column; `slot` is its place in the store, where its values are numbers. */
export function openColumn(name: string, type: CsvType, reading: Reading, slot: number): ColumnState {
  const [minimum, maximum] = integerBounds[reading.how === 'integer' ? reading.dtype : 'int32']
  return {
    name,
    reading,
    wanted: type === 'infer' ? 'value' : type,
    minimum,
    maximum,
    slot,
    spelling: 'numbers',
    missing: 0,
    lastMissing: -1,
    fractions: false,
    values: [],
    cache: { keys: [], values: [] },
  }
}

/** Whether the column's values lie in the store. */
export function isNumeric(reading: Reading): boolean {
  return reading.how === 'real' || reading.how === 'integer' || reading.how === 'boolean' || reading.how === 'datetime'
}

/** The kind that the row loop looks at, one byte instead of a `Reading`. */
export function kindOf(reading: Reading): number {
  switch (reading.how) {
    case 'skip':
    case 'empty':
      return kindSkip
    case 'real':
      return kindReal
    case 'integer':
      return kindInteger
    case 'text':
      return kindText
    case 'classify':
      return kindClassify
    default:
      return kindSlow
  }
}

/** The filled rows of a store as a column; the arrays are views where the type allows. With `reuse` texts stay where the next are put. */
export function finishColumn(
  column: ColumnState,
  store: Store,
  rows: number,
  plan: CsvPlan,
  place: Place,
  reuse = false,
): Column {
  const { name, reading } = column
  const start = column.slot * store.stride
  const { buffer } = store.cells
  switch (reading.how) {
    case 'real':
      if (reading.wholes === true) dropNegativeZeros(store.cells.subarray(start, start + rows))
      return {
        name,
        dtype: reading.dtype,
        values: narrowReal(column, reading.dtype, store.cells.subarray(start, start + rows), plan, place),
      }
    case 'integer': {
      const { dtype } = reading
      if (dtype === 'int64') {
        const values = new BigInt64Array(buffer, start * 8, rows)
        if (column.fractions) roundToDoubles(values)
        return { name, dtype, values }
      }
      if (dtype === 'uint64') return { name, dtype, values: new BigUint64Array(buffer, start * 8, rows) }
      return { name, dtype, values: lowWords(new arrayOfDtype[dtype](rows), store, start) }
    }
    case 'boolean':
      return { name, dtype: 'bool', values: lowWords(new Uint8Array(rows), store, start) }
    case 'datetime':
      return { name, dtype: 'datetime64', values: new BigInt64Array(buffer, start * 8, rows) }
    case 'text':
      return finishText(name, reading, takeValues(column, rows, reuse) as (string | null)[])
    default:
      return { name, dtype: 'object', values: takeValues(column, rows, reuse) }
  }
}

/** Where a frame's rows stand in the input. */
export interface Place {
  readonly file: string
  /** Rows before the frame's first. */
  readonly before: number
  readonly misfits: Misfits
}

function finishText(name: string, reading: Reading & { how: 'text' }, values: readonly (string | null)[]): Column {
  // pandas converts a renamed duplicate to its string type afterwards, if there is anything to convert.
  const asString = reading.pandas === 'str' || (reading.renamed === true && values.some((value) => value !== null))
  return { name, dtype: 'string', values, pandas: asString ? 'str' : 'object' }
}

function dropNegativeZeros(values: Float64Array): void {
  for (let row = 0; row < values.length; row++) values[row] = values[row]! + 0
}

/** pandas reads an integer column with a cell such as `1.0` as floats first, all of it. */
function roundToDoubles(values: BigInt64Array): void {
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    const rounded = BigInt(Number(value))
    if (rounded !== value && rounded < 2n ** 63n) values[row] = rounded
  }
}

function takeValues(column: ColumnState, rows: number, reuse: boolean): Cell[] {
  const values = column.values
  // A row may have been begun and put off to the next frame.
  values.length = rows
  // The next frame will be as long.
  if (!reuse) column.values = new Array<Cell>(rows)
  return values
}

function lowWords<Values extends { [index: number]: number; length: number }>(
  values: Values,
  store: Store,
  start: number,
): Values {
  const { words } = store
  for (let row = 0, at = start * 2; row < values.length; row++, at += 2) values[row] = words[at]!
  return values
}

function narrowReal(
  column: ColumnState,
  dtype: 'float16' | 'float32' | 'float64',
  wide: Float64Array<ArrayBuffer>,
  plan: CsvPlan,
  place: Place,
): Float64Array | Float32Array | Uint16Array {
  if (dtype === 'float64') return wide
  // Rounded twice, by way of a double, as NumPy does.
  const narrow = dtype === 'float32' ? new Float32Array(wide) : Uint16Array.from(wide, numberToFloat16)
  if (plan.overflow === 'infinity') return narrow
  for (let row = 0; row < wide.length; row++) {
    const infinite =
      dtype === 'float32' ? Math.abs(narrow[row]!) === Number.POSITIVE_INFINITY : (narrow[row]! & 0x7fff) === 0x7c00
    if (!infinite || !Number.isFinite(wide[row]!)) continue
    addMisfit(place.misfits, {
      code: 'CSV_OVERFLOW',
      arguments: { found: String(wide[row]), wanted: column.wanted },
      where: { file: place.file, row: place.before + row + 1, column: column.name },
    })
  }
  return narrow
}

/** A column as row labels. */
export function finishIndex(columns: readonly ColumnState[], store: Store, rows: number, plan: CsvPlan, place: Place): Cell[] {
  const levels = columns.map((column) => cellsOf(finishColumn(column, store, rows, plan, place)))
  return levels.length === 1 ? levels[0]! : Array.from({ length: rows }, (_, row) => levels.map((level) => level[row]!))
}

function cellsOf(column: Column): Cell[] {
  if (column.dtype === 'bool') return Array.from(column.values as Uint8Array, (value) => value === 1)
  // A missing label is NaN, whatever the others are.
  return Array.from(column.values as ArrayLike<Cell>, (value) => value ?? Number.NaN)
}

/** Makes a frame of finished columns, with row labels where the plan reads them. */
export function frameOf(columns: readonly Column[], rows: number, index: readonly Cell[] | undefined): Frame {
  return index === undefined ? { kind: 'frame', rows, columns } : { kind: 'frame', rows, columns, index }
}
