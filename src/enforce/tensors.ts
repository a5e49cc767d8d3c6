/**
 * Tensor signatures: shapes and element types must match exactly; columns of a table are put together first.
 *
 * @see mlflow/models/utils.py (_enforce_tensor_schema, _reshape_and_cast_pandas_column_values)
 */
import { elementCount } from '../batch.ts'
import type { TensorSpec } from '../signature.ts'
import { castArray, castLeaves, makeArray, promote } from './numpy.ts'
import type { Table, TableColumn } from './pandas-frame.ts'
import { Refusal, raising } from './sink.ts'
import {
  arrayOf,
  type Cell,
  cellAt,
  cellsOf,
  isArray,
  isList,
  isPlain,
  type NumpyArray,
  type Series,
  shapeText,
  type ValueDtype,
} from './values.ts'

/** The element type of a spec that data can have; undefined for what a request never brings (complex numbers, durations). */
export function specDtype(spec: TensorSpec): ValueDtype | undefined {
  return spec.dtype === undefined || spec.dtype === 'complex64' || spec.dtype === 'complex128' ? undefined : spec.dtype
}

/** @throws Refusal for another shape or element type */
export function enforceTensor(array: NumpyArray, spec: TensorSpec): NumpyArray {
  const { shape } = spec
  // MLflow's ways of saying "anything", and "ragged".
  if (spec.dtype === 'object' && shape.length === 1 && shape[0] === -1) return array
  if (shape.length > 1 && shape.slice(1).includes(-1) && array.shape.length === 1 && array.dtype === 'object') return array
  const fits = shape.length === array.shape.length && shape.every((size, axis) => size === -1 || size === array.shape[axis])
  if (!fits) throw new Refusal(`the shape is ${shapeText(array.shape)}, the signature asks for ${shapeText(shape)}`)
  if (array.dtype !== specDtype(spec))
    throw new Refusal(`the element type is ${array.dtype}, the signature asks for ${spec.numpyDtype}`)
  return array
}

/** A column of a table as a tensor: one value a row, or one flat list a row. */
export function tensorOfColumn(column: TableColumn, table: Table, spec: TensorSpec): NumpyArray {
  const [first, ...rest] = spec.shape
  if (first !== -1 || rest.includes(-1)) {
    throw new Refusal(`a table makes a tensor of one free dimension, the first; the signature asks for ${shapeText(spec.shape)}`)
  }
  const { series } = column
  const row = firstRow(table)
  if (row < 0) throw new Refusal('there is no row labelled 0 to tell the shape from')
  const value = cellAt(series.dtype, series.values, row)
  const missing = value === null && series.dtype === 'str'
  if (isPlain(value) || missing) return tensorOfScalars(series, spec)
  if (isList(value) && value.length > 0 && isPlain(value[0]!)) return tensorOfLists(series, table.rows, spec, true)
  if (isArray(value)) return tensorOfLists(series, table.rows, spec, false)
  throw new Refusal('the rows must hold single values or flat lists of them', value)
}

/** The row that pandas finds under the label 0. */
function firstRow(table: Table): number {
  if (table.rows === 0) return -1
  return table.index === undefined ? 0 : table.index.findIndex((label) => label === 0n || label === 0 || label === false)
}

function tensorOfScalars(series: Series, spec: TensorSpec): NumpyArray {
  const { shape } = spec
  if (shape.length > 2 || (shape.length === 2 && shape[1] !== 1)) {
    throw new Refusal(`the rows hold single values, the signature asks for ${shapeText(shape)}`)
  }
  const rows = series.values.length
  const array = arrayOfSeries(series)
  const cast = array.dtype === spec.dtype ? array : castArray(array, specDtype(spec) ?? array.dtype, raising)
  return enforceTensor(arrayOf(cast.dtype, shape.length === 1 ? [rows] : [rows, 1], cast.values), spec)
}

function arrayOfSeries(series: Series): NumpyArray {
  if (series.dtype === 'extension') {
    // pandas' own numbers are NumPy's where none is missing, else objects.
    const { base, values } = series
    return base === undefined || values.includes(null)
      ? arrayOf('object', [values.length], values)
      : castLeaves(values, base, [values.length], raising)
  }
  // pandas hands out a missing text as NaN.
  if (series.dtype === 'str')
    return arrayOf('object', [series.values.length], series.values.map((text) => text ?? Number.NaN) as readonly Cell[])
  return arrayOf(series.dtype, [series.values.length], series.values)
}

/** `vstack`, `reshape`, and for lists a cast without a check. */
function tensorOfLists(series: Series, rows: number, spec: TensorSpec, cast: boolean): NumpyArray {
  const parts = cellsOf(series).map((cell) => makeArray(cell, undefined, raising))
  const width = parts[0]!.shape.length === 0 ? 1 : parts[0]!.shape[0]!
  if (parts.some((part) => part.shape.length > 2 || (part.shape.at(-1) ?? 1) !== (parts[0]!.shape.at(-1) ?? 1))) {
    throw new Refusal('the rows hold lists of unequal length')
  }
  const dtype = parts.map((part) => part.dtype).reduce(promote)
  const leaves = parts.flatMap((part) =>
    Array.from({ length: part.values.length }, (_, index) => cellAt(part.dtype, part.values, index)),
  )
  const fixed = elementCount(spec.shape.slice(1) as readonly number[])
  if (fixed === 0 || leaves.length % fixed !== 0 || leaves.length / fixed !== rows) {
    throw new Refusal(`rows of ${width} values do not make ${shapeText(spec.shape)}`)
  }
  const shape = [rows, ...(spec.shape.slice(1) as readonly number[])]
  const stacked = castLeaves(leaves, dtype, shape, raising)
  return cast ? castArray(stacked, specDtype(spec) ?? dtype, raising) : stacked
}

/** A table for one tensor without a name. */
export function tensorOfTable(table: Table, spec: TensorSpec): NumpyArray {
  const width = table.columns.length
  if (width === 0 || table.rows === 0) throw new Refusal('the table is empty')
  if (width === 1) return tensorOfColumn(table.columns[0]!, table, spec)
  if (spec.shape.length !== 2 || spec.shape[0] !== -1 || spec.shape[1] !== width) {
    throw new Refusal(
      `a table of ${width} columns makes the shape (-1, ${width}), the signature asks for ${shapeText(spec.shape)}`,
    )
  }
  return enforceTensor(matrixOf(table), spec)
}

/** `DataFrame.to_numpy()`: the type all columns share, row by row. */
export function matrixOf(table: Table): NumpyArray {
  const arrays = table.columns.map(({ series }) => arrayOfSeries(series))
  const dtypes = new Set(arrays.map(({ dtype }) => dtype))
  // pandas mixes booleans with nothing.
  const dtype = dtypes.size > 1 && dtypes.has('bool') ? 'object' : [...dtypes].reduce(promote)
  const leaves = Array.from({ length: table.rows * arrays.length }, (_, index) => {
    const array = arrays[index % arrays.length]!
    return cellAt(array.dtype, array.values, Math.floor(index / arrays.length))
  })
  return castLeaves(leaves, dtype === 'bytes' ? 'object' : dtype, [table.rows, arrays.length], raising)
}
