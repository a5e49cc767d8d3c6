/**
 * MLflow's enforcement of one column (`_enforce_mlflow_datatype`): exact or widening types only. Every regime ends here;
 * parsing has made JSON fit before, arrays and tables from files meet it unprepared.
 *
 * @see mlflow/models/utils.py
 */
import { type DataType, dtypeOfDataType } from '../dtype.ts'
import { castNumber, integerRanges } from './numpy.ts'
import { readAlone, seriesOfInstants } from './pandas-datetime.ts'
import { hasMissing, inferAgain } from './pandas-infer.ts'
import { Refusal } from './sink.ts'
import {
  type Cell,
  cellAt,
  cellsOf,
  type FixedDtype,
  isArray,
  isCellMap,
  isFixed,
  isFloat,
  isInteger,
  isList,
  isMissing,
  newValues,
  plainCell,
  type Series,
  setValue,
  type ValueDtype,
} from './values.ts'

/**
 * Gives the column in the signature's type.
 *
 * @throws Refusal where MLflow finds the types incompatible
 */
export function enforceSeries(given: Series, type: DataType): Series {
  if (given.dtype === 'extension') return extensionOf(given, type)
  const series = type === 'binary' || type === 'string' ? given : inferAgain(given)
  if ((type === 'string' || type === 'binary') && (series.dtype === 'object' || series.dtype === 'str')) return series
  if (type === 'binary' && series.dtype === 'bytes') return series
  const wanted = dtypeOfDataType[type] as ValueDtype
  if (series.dtype === wanted) {
    if (series.dtype === 'datetime64' && series.zoned)
      throw new Refusal('dates with a time zone; the signature takes dates without one')
    return series
  }
  if (series.dtype === 'object') {
    if (type === 'datetime') return datesOf(series.values)
    if (type === 'boolean') return series
    if (type === 'double') return numbersOf(series.values)
  }
  const target = wanted as FixedDtype
  if (isFixed(series.dtype) && isFixed(wanted) && (widens(series.dtype, target) || zeroOrOne(series, target)))
    return widen(series, target)
  throw new Refusal(incompatible(series, wanted))
}

/** pandas' own types: those with a NumPy type inside are cast to what is as wide, where no integer or boolean is missing. */
function extensionOf({ name, base, values }: Extract<Series, { dtype: 'extension' }>, type: DataType): Series {
  const wanted = dtypeOfDataType[type] as ValueDtype
  // Python's decimals are objects, which pandas infers nothing from: texts, bytes and booleans pass any.
  if (name === 'decimal' && (type === 'string' || type === 'binary' || type === 'boolean')) return { dtype: 'object', values }
  if (name === 'decimal' && type === 'double')
    return { dtype: 'float64', values: Float64Array.from(values, (cell) => (cell === null ? Number.NaN : (cell as number))) }
  if (base === undefined || !isFixed(wanted) || !(base === wanted || widens(base, wanted)))
    throw new Refusal(`${name} is not safely converted to ${wanted}`)
  const cast = newValues(wanted, values.length)
  for (const [row, cell] of values.entries()) {
    if (cell === null && !isFloat(wanted)) throw new Refusal(`a missing value is no ${wanted}`, null, [row])
    setValue(cast, wanted, row, cell === null ? Number.NaN : castNumber(cell as number, wanted))
  }
  return { dtype: wanted, values: cast }
}

/** MLflow's words, with its hint for integers that a missing value has made floats. */
function incompatible(series: Series, wanted: string): string {
  const hint =
    series.dtype === 'float64' &&
    isInteger(wanted) &&
    hasMissing(series) &&
    cellsOf(series).every((cell) => isMissing(cell) || Number.isInteger(cell))
      ? ': integers with a missing value among them are floats'
      : ''
  return `${series.dtype} is not safely converted to ${wanted}${hint}`
}

function widens(from: FixedDtype, to: FixedDtype): boolean {
  const size = (dtype: string) => Number(/\d+$/.exec(dtype)?.[0] ?? 8)
  if (isFloat(from) && isFloat(to)) return size(from) <= size(to)
  if (from.startsWith('int') && to.startsWith('int')) return size(from) <= size(to)
  if (from.startsWith('uint') && to.startsWith('int')) return size(from) < size(to)
  return isInteger(from) && to === 'float64' && size(from) <= 32
}

/** MLflow lets int64 pass for a float when there is nothing in it but 0 and 1. */
function zeroOrOne(series: Series, to: FixedDtype): boolean {
  return (
    series.dtype === 'int64' &&
    (to === 'float32' || to === 'float64') &&
    (series.values as BigInt64Array).every((value) => value === 0n || value === 1n)
  )
}

function widen(series: Series, dtype: FixedDtype): Series {
  const values = newValues(dtype, series.values.length)
  for (let row = 0; row < values.length; row++)
    setValue(values, dtype, row, castNumber(cellAt(series.dtype, series.values, row) as number, dtype))
  return { dtype, values }
}

/** `astype('datetime64[ns]')` of objects: each by itself, texts by any format. */
export function datesOf(cells: readonly Cell[]): Series {
  const series = seriesOfInstants(cells, (cell) => {
    const instant = typeof cell === 'boolean' ? 'a boolean is no date' : readAlone(plainCell(cell))
    if (typeof instant === 'string') throw new Refusal(instant, cell)
    return instant
  })
  if (series.dtype === 'datetime64' && series.zoned) throw new Refusal('dates with a time zone')
  return series
}

// What pandas' own parser of numbers takes: no underscores, no `nan`.
const numberText = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/
const infinityText = /^\s*[+-]?inf(?:inity)?\s*$/i

/** `pandas.to_numeric` of objects; whole numbers and booleans alone make an integer column, as in pandas. */
function numbersOf(cells: readonly Cell[]): Series {
  const numbers = cells.map((cell) => numberOf(plainCell(cell)))
  if (numbers.length > 0 && numbers.every((number) => typeof number === 'bigint')) {
    const whole = numbers as readonly bigint[]
    const [least, most] = integerRanges['int64']!
    if (whole.every((number) => number >= least && number <= most)) return { dtype: 'int64', values: BigInt64Array.from(whole) }
    if (whole.every((number) => number > most)) return { dtype: 'object', values: cells }
  }
  return { dtype: 'float64', values: Float64Array.from(numbers, Number) }
}

function numberOf(cell: Cell): number | bigint {
  if (cell === null || cell === '' || (isCellMap(cell) && cell.size === 0) || (isList(cell) && cell.length === 0))
    return Number.NaN
  if (isArray(cell) && cell.shape[0] === 0) return Number.NaN
  if (typeof cell === 'number') return cell
  if (typeof cell === 'bigint') {
    if (!Number.isFinite(Number(cell))) throw new Refusal('beyond the range of float64', cell)
    return cell
  }
  if (typeof cell === 'boolean') return cell ? 1n : 0n
  const text = cell instanceof Uint8Array ? Buffer.from(cell).toString('latin1') : cell
  if (typeof text !== 'string') throw new Refusal('no number', cell)
  if (/^\s*[+-]?\d+\s*$/.test(text)) return BigInt(text.trim().replace(/^\+/, ''))
  if (numberText.test(text)) return Number(text)
  if (infinityText.test(text)) return text.trim().startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  throw new Refusal('no number', cell)
}
