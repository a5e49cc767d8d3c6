/** A frame as pandas holds it: missing integers make floats, missing booleans objects. */
import { type Column, type Frame, isValid } from '../batch.ts'
import { notATime } from '../dtype.ts'
import type { Table } from './pandas-frame.ts'
import { type Cell, cellAt, type FixedDtype, isFloat, newValues, type Series, setValue } from './values.ts'

/** Gives a frame the types that pandas would hold it in. */
export function tableOfFrame(frame: Frame): Table {
  const columns = frame.columns.map((column) => ({ name: column.name, series: seriesOfColumn(column) }))
  return { rows: frame.rows, columns, ...(frame.index !== undefined && { index: frame.index }) }
}

function seriesOfColumn(column: Column): Series {
  switch (column.dtype) {
    case 'string':
      return column.pandas === 'str' ? { dtype: 'str', values: column.values } : { dtype: 'object', values: column.values }
    case 'bytes':
      return { dtype: 'object', values: column.values }
    case 'object':
      return column.pandas === undefined
        ? { dtype: 'object', values: column.values }
        : { dtype: 'extension', name: column.pandas, values: column.values }
    default:
      if (column.pandas === 'nullable') return nullable(column)
      if (column.pandas === 'zoned') return { dtype: 'datetime64', values: column.values, zoned: true }
      return column.validity === undefined ? { dtype: column.dtype, values: column.values } : withMissing(column, column.validity)
  }
}

/** `Int64`, `boolean` and the like keep missing values as they are. */
function nullable(column: Extract<Column, { values: ArrayLike<number> | ArrayLike<bigint> }>): Series {
  const { dtype, values, validity } = column as Extract<Column, { pandas?: 'nullable' | 'zoned' }> & {
    dtype: FixedDtype
    values: Extract<Series, { zoned?: true }>['values']
    validity?: Uint8Array
  }
  const cells = Array.from({ length: values.length }, (_, row) => (isValid(validity, row) ? cellAt(dtype, values, row) : null))
  return { dtype: 'extension', name: dtype, base: dtype, values: cells }
}

function withMissing(column: Extract<Column, { values: ArrayLike<number> | ArrayLike<bigint> }>, validity: Uint8Array): Series {
  const { dtype, values } = column as Extract<Series, { zoned?: true }>
  const rows = values.length
  const cell = (row: number): Cell => (isValid(validity, row) ? cellAt(dtype, values, row) : null)
  if (dtype === 'bool') return { dtype: 'object', values: Array.from({ length: rows }, (_, row) => cell(row)) }
  const target = dtype === 'datetime64' || isFloat(dtype) ? dtype : 'float64'
  const filled = newValues(target, rows)
  for (let row = 0; row < rows; row++) {
    const value = isValid(validity, row) ? cellAt(dtype, values, row) : null
    if (target === 'datetime64') setValue(filled, target, row, value === null ? notATime : (values[row] as bigint))
    else setValue(filled, target, row, value === null ? Number.NaN : (value as number | bigint))
  }
  return { dtype: target, values: filled }
}
