/**
 * `Series.astype` of pandas 3: what the forms `dataframe_split` and `dataframe_records` are typed with. Much looser than
 * enforcement: a typed column wraps and cuts like C, a column of objects follows Python value by value.
 *
 * @see pandas/core/dtypes/astype.py
 */
import { trimEndOf } from '../trim.ts'
import { castNumber, setItem } from './numpy.ts'
import { textOf } from './python.ts'
import { Refusal, type Sink } from './sink.ts'
import { cellAt, cellsOf, type FixedDtype, isFixed, isFloat, isInteger, newValues, type Series, setValue } from './values.ts'

/** Casts to a number or boolean dtype; what Python refuses is reported by row. */
export function castSeries(series: Series, dtype: FixedDtype, sink: Sink): Series {
  if (series.dtype === dtype) return series
  if (isFixed(series.dtype)) return castFixed(series.dtype, series, dtype, sink)
  const length = series.values.length
  const values = newValues(dtype, length)
  const missing = series.dtype === 'str' ? Number.NaN : null
  for (let row = 0; row < length; row++) {
    // pandas hands out a missing text as NaN, which is true.
    const cell = series.dtype === 'object' ? series.values[row]! : (series.values[row] ?? missing)
    const value = setItem(cell, dtype)
    if (typeof value === 'string') sink.refuse([row], cell, value)
    else setValue(values, dtype, row, value)
  }
  return { dtype, values }
}

function castFixed(from: FixedDtype, series: Series, dtype: FixedDtype, sink: Sink): Series {
  const length = series.values.length
  const values = newValues(dtype, length)
  const toInteger = isInteger(dtype) && isFloat(from)
  if (toInteger && dtype.startsWith('u') && !noneNegative(series)) throw new Refusal(`numbers below zero do not fit ${dtype}`)
  for (let row = 0; row < length; row++) {
    const cell = cellAt(from, series.values, row)
    if (toInteger && !Number.isFinite(cell)) sink.refuse([row], cell, 'no whole number')
    else setValue(values, dtype, row, castNumber(cell as number, dtype))
  }
  return { dtype, values }
}

// NaN counts as negative: pandas asks whether all values are at least zero.
function noneNegative(series: Series): boolean {
  return !Array.from({ length: series.values.length }, (_, row) => cellAt(series.dtype, series.values, row) as number).some(
    (value) => value < 0 && Number.isFinite(value),
  )
}

/** `astype(object)`; a column of pandas' own string type is left as it is, as MLflow does. */
export function toObjects(series: Series): Series {
  return series.dtype === 'str' || series.dtype === 'object' ? series : { dtype: 'object', values: cellsOf(series) }
}

/** `astype(str)` of NumPy's `str`: every value's text, missing ones too. */
export function toTexts(series: Series): Series {
  if (series.dtype === 'str') return series
  return { dtype: 'object', values: cellsOf(series).map((cell) => trimEndOf(textOf(cell), '\0')) }
}
