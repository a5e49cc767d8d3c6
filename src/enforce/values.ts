/**
 * Values between JSON and a model, as Python would hold them: cells, NumPy scalars (which keep their element type in a
 * list, unlike Python numbers), arrays, and pandas' columns while they are converted.
 */
import {
  type BytesTensor,
  type Cell,
  isTensor,
  type Moment,
  type NumericTensor,
  type ObjectTensor,
  type StringTensor,
} from '../batch.ts'
import { arrayOfDtype, float16ToNumber, type NumericArray, type NumericDtype, notATime, numberToFloat16 } from '../dtype.ts'

export { type Cell, isCellMap, isMoment, isTensor } from '../batch.ts'

/** The element types that parsing and enforcement work with; complex numbers never come from a request. */
export type ValueDtype = NumericDtype | 'datetime64' | 'string' | 'bytes' | 'object'
export type FixedDtype = NumericDtype | 'datetime64'
export type NumpyArray = NumericTensor | StringTensor | BytesTensor | ObjectTensor

/** One NumPy scalar, `np.float32(1.5)`: shape `[]` like a zero-dimensional array, but no array to pandas. */
export type Scalar = NumpyArray & { readonly scalar: true }

export const notATimeCell: Moment = { kind: 'datetime', nanoseconds: notATime }

/** Whether a cell is a NumPy scalar; zero-dimensional arrays are none. */
export function isScalar(value: Cell | undefined): value is Scalar {
  return isTensor(value) && 'scalar' in value
}

/** An ndarray, zero-dimensional ones included, scalars not. */
export function isArray(value: Cell | undefined): value is NumpyArray {
  return isTensor(value) && !('scalar' in value)
}

/** Whether a cell is a Python list. */
export function isList(value: Cell | undefined): value is readonly Cell[] {
  return Array.isArray(value)
}

/** Python's `np.isscalar`: numbers, texts, bytes, NumPy scalars; not null. */
export function isPlain(value: Cell): boolean {
  return (
    typeof value === 'boolean' ||
    typeof value === 'bigint' ||
    typeof value === 'number' ||
    typeof value === 'string' ||
    value instanceof Uint8Array ||
    isScalar(value)
  )
}

/** One column as pandas holds it. `str` is pandas 3's string type, `bytes` NumPy's `S`, which only arrays can bring. */
export type Series =
  | { readonly dtype: FixedDtype; readonly values: NumericArray; readonly zoned?: true }
  | { readonly dtype: 'str'; readonly values: readonly (string | null)[] }
  | { readonly dtype: 'bytes'; readonly values: readonly (Uint8Array | null)[] }
  | { readonly dtype: 'object'; readonly values: readonly Cell[] }
  /** A type of pandas' own: `base` where it is NumPy's with missing values (`Int64`), else nothing that MLflow takes. */
  | { readonly dtype: 'extension'; readonly name: string; readonly base?: FixedDtype; readonly values: readonly Cell[] }

/** Whether elements of the type have a fixed size, and so lie in a typed array. */
export function isFixed(dtype: ValueDtype | 'str' | 'extension'): dtype is FixedDtype {
  return dtype !== 'string' && dtype !== 'extension' && dtype !== 'str' && dtype !== 'bytes' && dtype !== 'object'
}

/** Whether a dtype is one of the integers, signed or not. */
export function isInteger(dtype: string): boolean {
  return /^u?int/.test(dtype)
}

/** Whether a dtype is one of the floats. */
export function isFloat(dtype: string): boolean {
  return dtype.startsWith('float')
}

/** Makes `length` zeros of a type (float16 as its bits, datetime64 as nanoseconds). */
export function newValues(dtype: FixedDtype, length: number): NumericArray {
  return new arrayOfDtype[dtype](length)
}

/** Writes a number already in range of `dtype`. */
export function setValue(values: NumericArray, dtype: FixedDtype, index: number, value: number | bigint): void {
  if (dtype === 'int64' || dtype === 'uint64' || dtype === 'datetime64') {
    ;(values as BigInt64Array)[index] = typeof value === 'bigint' ? value : BigInt(value)
  } else {
    ;(values as Float64Array)[index] = dtype === 'float16' ? numberToFloat16(Number(value)) : Number(value)
  }
}

/** Element `index` as Python's `.item()` gives it. */
export function cellAt(dtype: ValueDtype | 'str' | 'extension', values: Series['values'], index: number): Cell {
  const value = values[index] as Cell
  switch (dtype) {
    case 'bool':
      return value === 1
    case 'float16':
      return float16ToNumber(value as number)
    case 'float32':
    case 'float64':
      return value
    case 'datetime64':
      return { kind: 'datetime', nanoseconds: value as bigint }
    case 'string':
    case 'str':
    case 'bytes':
    case 'object':
    case 'extension':
      return value
    default:
      return typeof value === 'number' ? BigInt(value) : value
  }
}

/** A column as Python objects, as `Series.tolist()` gives them. */
export function cellsOf(series: Series): readonly Cell[] {
  if (series.dtype === 'object' || series.dtype === 'extension') return series.values
  return Array.from({ length: series.values.length }, (_, index) => cellAt(series.dtype, series.values, index))
}

/** Makes a NumPy scalar of the one element in `values`. */
export function scalarOf(dtype: ValueDtype, values: NumpyArray['values']): Scalar {
  return { dtype, shape: [], values, scalar: true } as Scalar
}

/** A scalar or zero-dimensional array as the plain cell it holds. */
export function plainCell(value: Cell): Cell {
  return isTensor(value) && value.shape.length === 0 && value.dtype !== 'complex64' && value.dtype !== 'complex128'
    ? cellAt(value.dtype as ValueDtype, value.values, 0)
    : value
}

/** Replaces NumPy scalars by plain cells, all the way down: what leaves enforcement. */
export function withoutScalars(value: Cell): Cell {
  if (isScalar(value)) return plainCell(value)
  if (isList(value)) return value.map(withoutScalars)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, withoutScalars(item)]))
  if (isTensor(value) && value.dtype === 'object') return { ...value, values: value.values.map(withoutScalars) }
  return value
}

/** Missing to pandas: None, NaN, NaT. */
export function isMissing(value: Cell): boolean {
  if (value === null) return true
  if (typeof value === 'number') return Number.isNaN(value)
  if (isScalar(value)) return isMissing(plainCell(value))
  return typeof value === 'object' && 'nanoseconds' in value && value.nanoseconds === notATime
}

/** Makes an ndarray of elements in row-major order. */
export function arrayOf(dtype: ValueDtype, shape: readonly number[], values: NumpyArray['values']): NumpyArray {
  return { dtype, shape, values } as NumpyArray
}

/** The shape as Python prints a tuple. */
export function shapeText(shape: readonly (number | null)[]): string {
  const inner = shape.map((dimension) => (dimension === null ? 'None' : String(dimension)))
  return inner.length === 1 ? `(${inner[0]},)` : `(${inner.join(', ')})`
}
