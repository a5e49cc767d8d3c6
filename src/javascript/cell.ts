/** JavaScript's values as the cells that enforcement takes, and back. */
import { type Cell, isMoment, isTensor, type Tensor } from '../batch.ts'
import { arrayOfDtype, float16ToNumber, type NumericArray, type NumericDtype, notATime } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import { isoMoment } from '../json/write.ts'
import { jsonPath } from '../json.ts'
import type { ValueType } from '../signature.ts'

export type Path = readonly (string | number)[]

/** How an int64 is given back: as a number where a double holds it exactly, else (or always) as a bigint. */
export type Int64 = 'number' | 'bigint'

/** Nesting of a value; what loops has no end. CWE-674. */
const deepest = 200

const dtypeOfArray: ReadonlyMap<string, NumericDtype> = new Map<string, NumericDtype>([
  ['Int8Array', 'int8'],
  ['Uint8Array', 'uint8'],
  ['Uint8ClampedArray', 'uint8'],
  ['Int16Array', 'int16'],
  ['Uint16Array', 'uint16'],
  ['Int32Array', 'int32'],
  ['Uint32Array', 'uint32'],
  ['BigInt64Array', 'int64'],
  ['BigUint64Array', 'uint64'],
  // From Node 24.
  ['Float16Array', 'float16'],
  ['Float32Array', 'float32'],
  ['Float64Array', 'float64'],
])

export function isTypedArray(value: unknown): value is NumericArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}

/** The values of a typed array with their element type; the memory is shared. A Buffer is a Uint8Array. */
export function typedValues(array: NumericArray): { readonly dtype: NumericDtype; readonly values: NumericArray } {
  const dtype = dtypeOfArray.get(Object.prototype.toString.call(array).slice(8, -1)) ?? 'uint8'
  const Held = arrayOfDtype[dtype]
  return {
    dtype,
    values: array instanceof Held ? array : new Held(array.buffer as ArrayBuffer, array.byteOffset, array.length),
  }
}

/**
 * Reads a value as JSON would carry it: a whole number is an int, any other a float, an object
 * a dict. What JSON lacks: a bigint is an int; a Date is a datetime without a zone, in UTC; a Uint8Array is binary.
 *
 * @param type - what the signature wants there: a Date is none but for a datetime, bytes are none but for binary
 * @throws VALUE_NO_DATA with the path
 */
export function cellOf(value: unknown, type: ValueType | undefined, path: Path): Cell {
  switch (typeof value) {
    case 'undefined':
      return null
    case 'boolean':
    case 'string':
    case 'bigint':
      return value
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
    case 'object':
      return value === null ? null : cellOfObject(value, type, path)
    default:
      return refuse(nameOf(value), path)
  }
}

function cellOfObject(value: object, type: ValueType | undefined, path: Path): Cell {
  if (path.length > deepest) return refuse('The value', path, `it is nested more than ${deepest} levels deep`)
  if (value instanceof Date) return dateOf(value, type, path)
  if (isTypedArray(value)) return arrayCell(value, type, path)
  if (Array.isArray(value)) {
    const items = type?.kind === 'array' ? type.items : undefined
    return Array.from(value, (item, index) => cellOf(item, items, [...path, index]))
  }
  const entries = entriesOf(value)
  if (entries === undefined) return refuse(nameOf(value), path)
  const cells = new Map<string, Cell>()
  for (const [key, item] of entries) {
    // As JSON.stringify: a key without a value is no key.
    if (item === undefined) continue
    const inner =
      type?.kind === 'map'
        ? type.values
        : type?.kind === 'object'
          ? type.properties.find(({ name }) => name === key)?.type
          : undefined
    cells.set(key, cellOf(item, inner, [...path, key]))
  }
  return cells
}

function dateOf(date: Date, type: ValueType | undefined, path: Path): Cell {
  const milliseconds = date.getTime()
  if (Number.isNaN(milliseconds)) return refuse('An invalid Date', path)
  if (type !== undefined && type.kind !== 'any' && !(type.kind === 'scalar' && type.dataType === 'datetime')) {
    return refuse('A Date', path, `the signature wants ${wordOf(type)}`)
  }
  const nanoseconds = BigInt(milliseconds) * 1_000_000n
  if (nanoseconds !== BigInt.asIntN(64, nanoseconds)) return refuse('A Date', path, 'it is outside of 1677-09-21 to 2262-04-11')
  return { kind: 'datetime', nanoseconds }
}

function arrayCell(array: NumericArray, type: ValueType | undefined, path: Path): Cell {
  if (array instanceof Uint8Array && type?.kind !== 'array' && type?.kind !== 'sparkml_vector') {
    const wanted = type === undefined || type.kind === 'any' || (type.kind === 'scalar' && type.dataType === 'binary')
    return wanted ? array : refuse(`${array.length} bytes`, path, `the signature wants ${wordOf(type)}`)
  }
  const { dtype, values } = typedValues(array)
  return Array.from(values as ArrayLike<number | bigint>, (value) => numberCell(value, dtype))
}

function numberCell(value: number | bigint, dtype: NumericDtype): Cell {
  if (dtype === 'float16') return float16ToNumber(value as number)
  return dtype.startsWith('float') || typeof value === 'bigint' ? value : BigInt(value)
}

function wordOf(type: ValueType): string {
  return type.kind === 'scalar' ? type.dataType : type.kind
}

/** The own entries of a plain object, an instance of a caller's class, or a Map; undefined for Node's and JavaScript's own. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (value instanceof Map) return [...value].map(([key, item]) => [String(key), item])
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.prototype.toString.call(value) === '[object Object]' ? Object.entries(value) : undefined
}

/** A value by its sort, for messages. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  if (Array.isArray(value)) return 'a list'
  return `an object of the class ${Object.prototype.toString.call(value).slice(8, -1)}`
}

function refuse(found: string, path: Path, why?: string): never {
  const row = path.find((part) => typeof part === 'number')
  const column = path.find((part) => typeof part === 'string' && !formNames.has(part))
  throw new MlmodelError(
    'VALUE_NO_DATA',
    { found, ...(why !== undefined && { why }) },
    { where: { path: jsonPath(path), ...(row !== undefined && { row: row + 1 }), ...(column !== undefined && { column }) } },
  )
}

const formNames = new Set<string | number>(['dataframe_records', 'dataframe_split', 'data', 'inputs', 'params'])

/** Params as MLflow takes them, which knows dates only as text. */
export function paramsCell(params: unknown): Cell | undefined {
  if (params === undefined) return undefined
  return withDatesAsText(cellOf(params, undefined, ['params']))
}

function withDatesAsText(cell: Cell): Cell {
  if (isMoment(cell)) return isoMoment(cell)
  if (Array.isArray(cell)) return cell.map(withDatesAsText)
  if (cell instanceof Map) return new Map([...cell].map(([key, item]) => [key, withDatesAsText(item)]))
  return cell
}

/**
 * A cell as a JavaScript value: an int is a number where that is exact, a datetime a Date (rounded down to milliseconds),
 * NaT null, a dict an object, an array nested lists.
 */
export function javascriptOf(cell: Cell, int64: Int64): unknown {
  if (cell === null || typeof cell !== 'object') return typeof cell === 'bigint' ? integer(cell, int64) : cell
  if (cell instanceof Uint8Array) return cell
  if (Array.isArray(cell)) return cell.map((item) => javascriptOf(item, int64))
  if (cell instanceof Map) return objectOf([...cell].map(([key, item]) => [key, javascriptOf(item, int64)]))
  if (isMoment(cell)) return dateOfNanoseconds(cell.nanoseconds)
  if (isTensor(cell)) return nestedList(cell, int64)
  return cell
}

function integer(value: bigint, int64: Int64): number | bigint {
  return int64 === 'number' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

function dateOfNanoseconds(nanoseconds: bigint): Date | null {
  if (nanoseconds === notATime) return null
  // BigInt division cuts towards zero; before 1970 that would round up.
  const milliseconds = nanoseconds / 1_000_000n - (nanoseconds % 1_000_000n < 0n ? 1n : 0n)
  return new Date(Number(milliseconds))
}

/** Own keys only: `__proto__` as a name is a name. */
export function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries)
}

/** A reader of the elements of a tensor or column as JavaScript values. */
export function elementReader(dtype: Tensor['dtype'], values: Tensor['values'], int64: Int64): (index: number) => unknown {
  switch (dtype) {
    case 'bool':
      return (index) => values[index] === 1
    case 'float16':
      return (index) => float16ToNumber(values[index] as number)
    case 'int64':
    case 'uint64':
      return (index) => integer(values[index] as bigint, int64)
    case 'datetime64':
      return (index) => dateOfNanoseconds(values[index] as bigint)
    case 'object':
      return (index) => javascriptOf(values[index] as Cell, int64)
    case 'complex64':
    case 'complex128':
      return (index) => [values[2 * index], values[2 * index + 1]]
    default:
      return (index) => values[index]
  }
}

/** A tensor as lists in lists; a scalar as its value. */
export function nestedList(tensor: Tensor, int64: Int64): unknown {
  const read = elementReader(tensor.dtype, tensor.values, int64)
  const { shape } = tensor
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const build = (axis: number, offset: number): unknown =>
    axis === shape.length
      ? read(offset)
      : Array.from({ length: shape[axis]! }, (_, index) => build(axis + 1, offset + index * strides[axis]!))
  return build(0, 0)
}
