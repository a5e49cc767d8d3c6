/**
 * Data on its way to a model and back: columns of a table, tensors, and cells where MLflow knows no type.
 * A column is contiguous; text stays as JavaScript strings, because JSON gives and ONNX Runtime takes nothing else.
 */
import type { ComplexDtype, Dtype, NumericArray, NumericDtype } from './dtype.ts'

/** A point in time in a cell: nanoseconds since 1970 (UTC), as Python's `datetime`, `date` or pandas' `Timestamp` hold it. */
export interface Moment {
  readonly kind: 'datetime' | 'date'
  readonly nanoseconds: bigint
}

/**
 * One value of no fixed type, as Python would hold it: bigint is an int, number a float, Map a dict with its order,
 * Tensor an ndarray.
 */
export type Cell = null | boolean | bigint | number | string | Uint8Array | Moment | Tensor | readonly Cell[] | CellMap
export type CellMap = ReadonlyMap<string, Cell>

interface ColumnName {
  /** A number is a position, as pandas names the columns of data without names. */
  readonly name: string | number
}

export interface NumericColumn extends ColumnName {
  readonly dtype: NumericDtype | 'datetime64'
  readonly values: NumericArray
  /** Arrow's bitmap, least significant bit first, a set bit for a value; absent when no value is missing. */
  readonly validity?: Uint8Array
  /**
   * What pandas would hold besides: a type that can miss integers and booleans (`Int64`, `boolean`), or dates with a time
   * zone. MLflow's enforcement treats both by rules of their own.
   */
  readonly pandas?: 'nullable' | 'zoned'
}

export interface StringColumn extends ColumnName {
  readonly dtype: 'string'
  readonly values: readonly (string | null)[]
  /**
   * How pandas 3 would hold the column: its string type (`str`), or Python objects. MLflow's ONNX wrapper refuses the
   * first where a graph has several inputs, so `--compat mlflow` must know.
   */
  readonly pandas: 'str' | 'object'
}

export interface BytesColumn extends ColumnName {
  readonly dtype: 'bytes'
  readonly values: readonly (Uint8Array | null)[]
}

export interface ObjectColumn extends ColumnName {
  readonly dtype: 'object'
  readonly values: readonly Cell[]
  /** pandas' name of the type that the cells stand for, where it is not `object`: `category`, `timedelta64[ns]`. */
  readonly pandas?: string
}

export type Column = NumericColumn | StringColumn | BytesColumn | ObjectColumn

/** An n-dimensional array in C order; shape `[]` is a scalar. float16 holds raw bits, bool 0 and 1, datetime64 nanoseconds. */
export type Tensor = NumericTensor | ComplexTensor | StringTensor | BytesTensor | ObjectTensor
interface Shaped {
  readonly shape: readonly number[]
}
export interface NumericTensor extends Shaped {
  readonly dtype: NumericDtype | 'datetime64'
  readonly values: NumericArray
}
/** Real and imaginary part in turn: twice as many values as elements. */
export interface ComplexTensor extends Shaped {
  readonly dtype: ComplexDtype
  readonly values: Float32Array | Float64Array
}
export interface StringTensor extends Shaped {
  readonly dtype: 'string'
  readonly values: readonly (string | null)[]
}
export interface BytesTensor extends Shaped {
  readonly dtype: 'bytes'
  readonly values: readonly (Uint8Array | null)[]
}
export interface ObjectTensor extends Shaped {
  readonly dtype: 'object'
  readonly values: readonly Cell[]
}

/** A table; `index` only where MLflow would keep row labels (never in a reply). */
export interface Frame {
  readonly kind: 'frame'
  readonly rows: number
  readonly columns: readonly Column[]
  readonly index?: readonly Cell[]
}

/** One array without a name. */
export interface ArrayBatch {
  readonly kind: 'array'
  readonly tensor: Tensor
}

/** Arrays (or cells, where a model has no signature) by name, in order. */
export interface NamedBatch {
  readonly kind: 'named'
  readonly items: ReadonlyMap<string, Tensor | Cell>
}

/** A plain value: the LLM form, a list of objects, a scalar. */
export interface ValueBatch {
  readonly kind: 'value'
  readonly value: Cell
}

export type Batch = Frame | ArrayBatch | NamedBatch | ValueBatch

/** Whether a value is a tensor and not another kind of cell. */
export function isTensor(value: Tensor | Cell | undefined): value is Tensor {
  return typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value
}

/** Whether a value is a date, and not another kind of cell. */
export function isMoment(value: Cell | undefined): value is Moment {
  return typeof value === 'object' && value !== null && 'nanoseconds' in value
}

/** Whether a value is an object of JSON or YAML: names and cells, in order. */
export function isCellMap(value: Cell | undefined): value is CellMap {
  return value instanceof Map
}

/** Whether row `row` of a column has a value. */
export function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || ((validity[row >> 3]! >> (row & 7)) & 1) === 1
}

/** The number of elements a shape has; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** The element type of any batch member, for messages. */
export function dtypeOf(value: Column | Tensor): Dtype {
  return value.dtype
}
