/**
 * From columns of Parquet and Arrow to those of pandas: what `pandas.read_parquet` and `Table.to_pandas()` give. Integers
 * with a missing value are floats, booleans with one are objects, lists are arrays, dictionaries are categories.
 *
 * @see pyarrow/src/arrow/python/arrow_to_pandas.cc and pyarrow/pandas_compat.py (25.0), pandas 3.1
 */
import { type Cell, type Column, type Frame, isValid, type Tensor } from '../../batch.ts'
import { arrayOfDtype, float16ToNumber, type NumericArray, type NumericDtype, notATime } from '../../dtype.ts'
import { parseJson } from '../../json.ts'
import { countMissing, type TimeUnit, type Vector } from './vector.ts'

export interface NamedVector {
  readonly name: string
  readonly vector: Vector
}

/** What the file's `pandas` metadata says of its columns. */
export interface PandasMetadata {
  /** Columns of pandas' types that can miss integers and booleans: `Int64`, `boolean`, `Float64`. */
  readonly nullable: ReadonlySet<string>
  /** Columns that hold row labels, which are no data. */
  readonly index: ReadonlySet<string>
  /** Whether the names are numbers, as those of a DataFrame made without names. */
  readonly numberedNames: boolean
}

const none: PandasMetadata = { nullable: new Set(), index: new Set(), numberedNames: false }

/** Reads the JSON text under the key `pandas`; what is not as pandas writes it counts as absent. */
export function readPandasMetadata(text: string | undefined): PandasMetadata {
  if (text === undefined) return none
  let root: Cell
  try {
    root = parseJson(text).value
  } catch {
    return none
  }
  const columns = itemsOf(root, 'columns').map((column) => [
    textOf(column, 'field_name') ?? textOf(column, 'name'),
    textOf(column, 'numpy_type'),
  ])
  return {
    nullable: new Set(
      columns.flatMap(([name, type]) =>
        name !== undefined && /^(U?Int(8|16|32|64)|Float(32|64)|boolean)$/.test(type ?? '') ? [name] : [],
      ),
    ),
    index: new Set(itemsOf(root, 'index_columns').filter((name) => typeof name === 'string')),
    numberedNames: itemsOf(root, 'column_indexes').some((index) => /^int/.test(textOf(index, 'pandas_type') ?? '')),
  }
}

function itemsOf(cell: Cell, key: string): readonly Cell[] {
  const items = cell instanceof Map ? (cell.get(key) as Cell | undefined) : undefined
  return Array.isArray(items) ? items : []
}

function textOf(cell: Cell, key: string): string | undefined {
  const value = cell instanceof Map ? (cell.get(key) as Cell | undefined) : undefined
  return typeof value === 'string' ? value : undefined
}

/** A table, or a block of its rows, as pandas would hold it. */
export function frameOfVectors(vectors: readonly NamedVector[], rows: number, metadata: PandasMetadata): Frame {
  const columns = vectors
    .filter(({ name }) => !metadata.index.has(name))
    .map(({ name, vector }) => {
      const named = metadata.numberedNames && /^-?\d+$/.test(name) ? Number(name) : name
      return columnOfVector(named, vector, metadata.nullable.has(name))
    })
  return { kind: 'frame', rows, columns }
}

/** @param nullable - keeps missing integers and booleans, as pandas' own types do */
export function columnOfVector(name: string | number, vector: Vector, nullable = false): Column {
  switch (vector.kind) {
    case 'number':
      return numberColumn(name, vector, nullable)
    case 'timestamp':
      return timestampColumn(name, vector)
    case 'text':
      return { name, dtype: 'string', values: vector.values, pandas: 'str' }
    case 'bytes':
      return { name, dtype: 'bytes', values: vector.values }
    case 'duration':
      return { name, dtype: 'object', values: cellsOf(vector), pandas: `timedelta64[${vector.unit}]` }
    case 'time':
      // Texts here, `datetime.time` there: no signature takes either.
      return { name, dtype: 'object', values: cellsOf(vector), pandas: 'object of times' }
    case 'category':
    case 'decimal':
      return { name, dtype: 'object', values: cellsOf(vector), pandas: vector.kind }
    default:
      return { name, dtype: 'object', values: cellsOf(vector) }
  }
}

function numberColumn(name: string | number, vector: Extract<Vector, { kind: 'number' }>, nullable: boolean): Column {
  const { dtype, values, length } = vector
  const validity = countMissing(vector.validity, length) === 0 ? undefined : vector.validity
  if (nullable) return { name, dtype, values, pandas: 'nullable', ...(validity !== undefined && { validity }) }
  if (validity === undefined) return { name, dtype, values }
  if (dtype === 'bool') return { name, dtype, values, validity }
  return dtype.startsWith('float')
    ? { name, dtype, values: withNaN(dtype, values, validity) }
    : { name, dtype: 'float64', values: floatsOf(values, validity) }
}

function withNaN(dtype: NumericDtype, values: NumericArray, validity: Uint8Array): NumericArray {
  const filled = values.slice() as Float64Array
  const missing = dtype === 'float16' ? 0x7e00 : Number.NaN
  for (let row = 0; row < filled.length; row++) if (!isValid(validity, row)) filled[row] = missing
  return filled
}

/** Integers with missing ones among them, rounded to doubles as NumPy's cast does. */
function floatsOf(values: NumericArray, validity: Uint8Array): Float64Array {
  const floats = new Float64Array(values.length)
  for (let row = 0; row < floats.length; row++) floats[row] = isValid(validity, row) ? Number(values[row]) : Number.NaN
  return floats
}

const nanosecondsOf: Readonly<Record<TimeUnit, bigint>> = { s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, ns: 1n }

/**
 * Nanoseconds, with pandas' unit left behind. Beyond the years 1677 to 2262, which nanoseconds reach, pandas keeps the unit:
 * there the column is of cells that only a signature without types takes.
 */
function timestampColumn(name: string | number, vector: Extract<Vector, { kind: 'timestamp' }>): Column {
  const { values, length, validity, unit, zone } = vector
  const factor = nanosecondsOf[unit]
  const limit = (2n ** 63n - 1n) / factor
  const scaled = new BigInt64Array(length)
  for (let row = 0; row < length; row++) {
    const value = values[row]!
    if (!isValid(validity, row) || value === notATime) scaled[row] = notATime
    else if (value > limit || value < -limit) {
      return {
        name,
        dtype: 'object',
        values: cellsOf(vector),
        pandas: `datetime64[${unit}${zone === undefined ? '' : `, ${zone}`}]`,
      }
    } else scaled[row] = value * factor
  }
  return { name, dtype: 'datetime64', values: scaled, ...(zone !== undefined && { pandas: 'zoned' }) }
}

/** Each value as Python would hold it in a column of objects or in a dict; missing is null. */
function cellsOf(vector: Vector): Cell[] {
  const { length, validity } = vector
  const at = cellReader(vector)
  return Array.from({ length }, (_, row) => (isValid(validity, row) ? at(row) : null))
}

function cellReader(vector: Vector): (row: number) => Cell {
  switch (vector.kind) {
    case 'null':
      return () => null
    case 'number':
      return numberReader(vector)
    case 'decimal':
      return (row) => vector.values[row]!
    case 'date':
      return (row) => ({ kind: 'date', nanoseconds: BigInt(vector.values[row]!) * 86_400_000_000_000n })
    case 'timestamp':
      return (row) => ({ kind: 'datetime', nanoseconds: vector.values[row]! * nanosecondsOf[vector.unit] })
    case 'duration':
      return (row) => vector.values[row]! * nanosecondsOf[vector.unit]
    case 'time':
      return (row) => timeText(vector.values[row]! * nanosecondsOf[vector.unit])
    case 'text':
    case 'bytes':
      return (row) => vector.values[row] ?? null
    case 'category': {
      const dictionary = cellsOf(vector.dictionary)
      return (row) => dictionary[vector.indices[row]!] ?? null
    }
    case 'list':
      return listReader(vector.offsets, vector.items)
    case 'map': {
      const pairs = cellsOf(vector.items)
      return (row) =>
        pairs.slice(vector.offsets[row], vector.offsets[row + 1]).map((pair) => (pair instanceof Map ? [...pair.values()] : pair))
    }
    case 'struct': {
      const fields = vector.fields.map(({ name, vector: field }) => [name, cellsOf(field)] as const)
      return (row) => new Map(fields.map(([name, cells]) => [name, cells[row]!]))
    }
  }
}

/** A field of integers is converted whole: one missing value makes floats of all. */
function numberReader(vector: Extract<Vector, { kind: 'number' }>): (row: number) => Cell {
  const { dtype, values } = vector
  if (dtype === 'bool') return (row) => values[row] === 1
  if (dtype === 'float16') return (row) => float16ToNumber(values[row] as number)
  if (dtype.startsWith('float') || countMissing(vector.validity, vector.length) > 0) return (row) => Number(values[row])
  return (row) => BigInt(values[row]!)
}

/** A list is an array of its items' type; the items of all rows are converted at once. */
function listReader(offsets: Int32Array, items: Vector): (row: number) => Cell {
  const column = columnOfVector('', items)
  if ('validity' in column || column.dtype === 'string' || column.dtype === 'bytes' || column.dtype === 'object') {
    const cells = column.dtype === 'object' ? column.values : cellsOf(items)
    return (row) => {
      const values = cells.slice(offsets[row], offsets[row + 1])
      return { dtype: 'object', shape: [values.length], values }
    }
  }
  return (row) => {
    const values = column.values.slice(offsets[row], offsets[row + 1])
    return { dtype: column.dtype, shape: [values.length], values } as Tensor
  }
}

function timeText(nanoseconds: bigint): string {
  const two = (value: bigint) => String(value).padStart(2, '0')
  const seconds = nanoseconds / 1_000_000_000n
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction === '' ? '' : `.${fraction}`}`
}

/** A block of rows of a frame; `start` is a multiple of 8, so that bitmaps can be shared. */
export function sliceFrame(frame: Frame, start: number, end: number): Frame {
  const columns = frame.columns.map((column) => {
    const part = {
      ...column,
      values: Array.isArray(column.values)
        ? column.values.slice(start, end)
        : (column.values as NumericArray).subarray(start, end),
    }
    return (
      'validity' in column && column.validity !== undefined ? { ...part, validity: column.validity.subarray(start >> 3) } : part
    ) as Column
  })
  return { kind: 'frame', rows: end - start, columns }
}

/** A vector of numbers held in wider ones, such as int8 in Parquet's INT32. */
export function narrowed(values: NumericArray, dtype: keyof typeof arrayOfDtype): NumericArray {
  const narrow = new arrayOfDtype[dtype](values.length) as Int32Array
  narrow.set(values as Int32Array)
  return narrow
}
