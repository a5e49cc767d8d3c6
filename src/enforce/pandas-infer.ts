/**
 * How pandas 3 types a column of Python objects.
 *
 * @see pandas/_libs/lib.pyx (maybe_convert_objects) and pandas/core/dtypes/cast.py (maybe_infer_to_datetimelike)
 */
import { notATime } from '../dtype.ts'
import { integerRanges } from './numpy.ts'
import {
  type Cell,
  type FixedDtype,
  isFloat,
  isInteger,
  isMissing,
  isMoment,
  isScalar,
  type NumpyArray,
  newValues,
  plainCell,
  type Series,
  setValue,
  type ValueDtype,
} from './values.ts'

interface Seen {
  none: boolean
  nan: boolean
  bool: boolean
  float: boolean
  integer: boolean
  negative: boolean
  beyondInt64: boolean
  text: boolean
  moment: boolean
  /** Bytes of the largest NumPy scalar; 0 before the first, -1 once a Python object came. */
  size: number
}

/** `lib.maybe_convert_objects`, then texts and dates: the type of a column made of a list of values. */
export function inferSeries(cells: readonly Cell[]): Series {
  const seen = look(cells)
  if (seen === undefined) return { dtype: 'object', values: cells }
  if (seen.text || seen.moment) return inferObjects(cells)
  if (seen.bool) return seen.none || seen.nan || seen.float || seen.integer ? { dtype: 'object', values: cells } : booleans(cells)
  if (!seen.float && !seen.integer && !seen.nan) return { dtype: 'object', values: cells }
  return numbers(cells, numberDtype(seen))
}

/** Kinds of values met; undefined as soon as they make a column of objects. */
function look(cells: readonly Cell[]): Seen | undefined {
  const seen: Seen = {
    none: false,
    nan: false,
    bool: false,
    float: false,
    integer: false,
    negative: false,
    beyondInt64: false,
    text: false,
    moment: false,
    size: 0,
  }
  for (const cell of cells) {
    if (seen.size !== -1) seen.size = isScalar(cell) ? Math.max(seen.size, itemSize(cell.dtype as ValueDtype)) : -1
    const value = isScalar(cell) ? plainCell(cell) : cell
    if (value === null) seen.none = true
    else if (typeof value === 'boolean') seen.bool = true
    else if (typeof value === 'number') {
      if (Number.isNaN(value)) seen.nan = true
      else seen.float = true
    } else if (typeof value === 'bigint') {
      seen.integer = true
      if (value < 0n) seen.negative = true
      if (value > integerRanges['int64']![1]) seen.beyondInt64 = true
      if (value > integerRanges['uint64']![1] || value < integerRanges['int64']![0]) return undefined
      if (seen.negative && seen.beyondInt64) return undefined
    } else if (typeof value === 'string') {
      seen.text = true
      return seen
    } else if (isMoment(value)) {
      seen.moment = true
      return seen
    } else return undefined
  }
  return cells.length === 0 ? undefined : seen
}

function itemSize(dtype: ValueDtype): number {
  if (dtype === 'string' || dtype === 'bytes' || dtype === 'object') return -1
  return dtype === 'bool' ? 1 : dtype === 'datetime64' ? 8 : Number(/\d+$/.exec(dtype)![0]) / 8
}

function numberDtype(seen: Seen): FixedDtype {
  const kind = seen.float || seen.none || seen.nan ? 'float' : seen.beyondInt64 ? 'uint' : 'int'
  return `${kind}${seen.size > 0 ? seen.size * 8 : 64}` as FixedDtype
}

function numbers(cells: readonly Cell[], dtype: FixedDtype): Series {
  const values = newValues(dtype, cells.length)
  cells.forEach((cell, index) => {
    const value = plainCell(cell)
    setValue(values, dtype, index, value === null ? Number.NaN : (value as number | bigint))
  })
  return { dtype, values }
}

function booleans(cells: readonly Cell[]): Series {
  return { dtype: 'bool', values: Uint8Array.from(cells, (cell) => (plainCell(cell) === true ? 1 : 0)) }
}

/** Texts with nothing but missing values beside them are pandas 3's `str`; dates likewise; everything else stays as it is. */
export function inferObjects(cells: readonly Cell[]): Series {
  const plain = cells.map((cell) => (isScalar(cell) ? plainCell(cell) : cell))
  if (plain.some((cell) => typeof cell === 'string')) {
    if (!plain.every((cell) => typeof cell === 'string' || isMissingText(cell))) return { dtype: 'object', values: cells }
    return { dtype: 'str', values: plain.map((cell) => (typeof cell === 'string' ? cell : null)) }
  }
  // Python's dates without a time stay objects.
  const instants = plain.every((cell) => (isMoment(cell) ? cell.kind === 'datetime' : isMissing(cell)))
  if (instants && plain.some(isMoment)) {
    return { dtype: 'datetime64', values: BigInt64Array.from(plain, (cell) => (isMoment(cell) ? cell.nanoseconds : notATime)) }
  }
  return { dtype: 'object', values: cells }
}

function isMissingText(cell: Cell): boolean {
  return cell === null || (typeof cell === 'number' && Number.isNaN(cell))
}

/** The column pandas makes of a one-dimensional array: objects are looked at for texts and dates only. */
export function seriesOfArray(array: NumpyArray): Series {
  switch (array.dtype) {
    case 'string':
      return { dtype: 'str', values: array.values }
    case 'bytes':
      return { dtype: 'bytes', values: array.values }
    case 'object':
      return inferObjects(array.values)
    default:
      return { dtype: array.dtype, values: array.values }
  }
}

/** `Series.infer_objects()`. */
export function inferAgain(series: Series): Series {
  return series.dtype === 'object' ? inferSeries(series.values) : series
}

/** Whether a column has a missing value, as `Series.hasnans`. */
export function hasMissing(series: Series): boolean {
  if (series.dtype === 'object') return series.values.some(isMissing)
  if (series.dtype === 'str' || series.dtype === 'extension') return series.values.includes(null)
  if (series.dtype === 'datetime64') return (series.values as BigInt64Array).includes(notATime)
  return isFloat(series.dtype) && !isInteger(series.dtype) && (series.values as Float64Array).some((value) => Number.isNaN(value))
}
