/** Tensors of the Open Inference Protocol, in a browser too: values to bytes or JSON, and back. */
import {
  arrayOfDtype,
  type Dtype,
  dtypes,
  float16ToNumber,
  type NumericArray,
  type NumericDtype,
  numberToFloat16,
} from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import type { TensorOutput } from '../javascript/tensor.ts'
import { isNumbers, isoOf, isTensor } from './input.ts'
import { base64, Float, writeRequest } from './json.ts'

export interface WireTensor {
  readonly shape: readonly number[]
  readonly datatype: string
  /** Numbers in the array of their type, or BYTES as texts, bytes and nulls. */
  readonly values: NumericArray | readonly (string | Uint8Array | null)[]
}

const dtypeOfDatatype = new Map<string, NumericDtype>(
  Object.entries(dtypes).flatMap(([dtype, { openInference }]) =>
    openInference === undefined || openInference === 'BYTES' ? [] : [[openInference, dtype as NumericDtype]],
  ),
)

/** Datatypes of what has no metadata. */
const datatypeOfArray: Readonly<Record<string, string>> = {
  Int8Array: 'INT8',
  Uint8Array: 'UINT8',
  Int16Array: 'INT16',
  Uint16Array: 'UINT16',
  Int32Array: 'INT32',
  Uint32Array: 'UINT32',
  BigInt64Array: 'INT64',
  BigUint64Array: 'UINT64',
  Float32Array: 'FP32',
  Float64Array: 'FP64',
}

/**
 * Reads what a caller gave for one input.
 *
 * @param datatype - what the server wants, where it says so
 * @throws CLIENT_INPUT
 */
export function wireTensor(name: string, given: unknown, datatype: string | undefined): WireTensor {
  if (isTensor(given)) {
    const own = dtypes[given.dtype as Dtype]?.openInference ?? 'BYTES'
    // A typed array of half precision holds its bits already.
    const isRaw = isNumbers(given.data) && (datatype === undefined || datatype === own) && own !== 'BYTES'
    const items = Array.from(given.data as ArrayLike<unknown>, (item) =>
      given.dtype === 'datetime64' && typeof item === 'bigint' ? isoOf(item) : item,
    )
    const values = isRaw ? (given.data as NumericArray) : valuesOf(name, items, datatype ?? own)
    return { shape: given.shape, datatype: datatype ?? own, values }
  }
  if (isNumbers(given) && !(given instanceof Uint8Array && datatype === 'BYTES')) {
    const own = datatypeOfArray[Object.prototype.toString.call(given).slice(8, -1)] ?? 'UINT8'
    if (datatype === undefined || datatype === own) return { shape: [given.length], datatype: own, values: given }
    return { shape: [given.length], datatype, values: valuesOf(name, Array.from(given as ArrayLike<unknown>), datatype) }
  }
  const flat: unknown[] = []
  const shape: number[] = []
  flatten(name, given, 0, shape, flat)
  const chosen = datatype ?? guess(flat)
  return { shape, datatype: chosen, values: valuesOf(name, flat, chosen) }
}

function flatten(name: string, value: unknown, axis: number, shape: number[], flat: unknown[]): void {
  const isList = Array.isArray(value) || (isNumbers(value) && !(value instanceof Uint8Array))
  if (!isList) {
    if (axis < shape.length) throw noForm(name, 'its lists are uneven')
    flat.push(value)
    return
  }
  const items = value as ArrayLike<unknown>
  if (axis === shape.length) {
    if (flat.length > 0) throw noForm(name, 'its lists are uneven')
    shape.push(items.length)
  } else if (shape[axis] !== items.length) throw noForm(name, 'its lists are uneven')
  for (let at = 0; at < items.length; at++) flatten(name, items[at], axis + 1, shape, flat)
}

function guess(values: readonly unknown[]): string {
  if (values.every((value) => typeof value === 'boolean')) return 'BOOL'
  if (values.every((value) => typeof value === 'bigint' || Number.isSafeInteger(value))) return 'INT64'
  return values.every((value) => typeof value === 'number') ? 'FP64' : 'BYTES'
}

function valuesOf(name: string, values: readonly unknown[], datatype: string): WireTensor['values'] {
  if (datatype === 'BYTES') return values.map(textOf)
  const dtype = dtypeOfDatatype.get(datatype)
  if (dtype === undefined) throw noForm(name, `the server wants ${datatype}`)
  const array = new arrayOfDtype[dtype](values.length)
  for (const [index, value] of values.entries()) {
    const element = elementOf(value, dtype)
    if (element === undefined) throw noForm(name, `element ${index} (${String(value)}) is no ${datatype}`)
    array[index] = element
    const isExact = dtype.startsWith('float') || array[index] === element
    if (!isExact) throw noForm(name, `element ${index} (${String(value)}) is beyond ${datatype}`)
  }
  return array
}

function elementOf(value: unknown, dtype: NumericDtype): number | bigint | undefined {
  if (dtype === 'bool') return typeof value === 'boolean' ? Number(value) : value === 0 || value === 1 ? value : undefined
  if (dtype.startsWith('float')) {
    if (value === null || value === undefined) return dtype === 'float16' ? numberToFloat16(Number.NaN) : Number.NaN
    if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
    return dtype === 'float16' ? numberToFloat16(Number(value)) : Number(value)
  }
  if (typeof value === 'bigint') return dtype.endsWith('int64') ? value : Number(value)
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined
  return dtype.endsWith('int64') ? BigInt(value) : value
}

/** Objects and lists in a column go as texts of JSON. */
function textOf(value: unknown): string | Uint8Array | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (value instanceof Date) return value.toISOString().slice(0, -1)
  return writeRequest(value)
}

function noForm(name: string, why: string): MlmodelError {
  return new MlmodelError('CLIENT_INPUT', { why: `\`${name}\`: ${why}` })
}

/** The elements as binary data, little-endian; undefined where JSON alone can hold them (missing texts). */
export function binaryOf({ values, datatype }: WireTensor): Uint8Array | undefined {
  if (datatype !== 'BYTES') {
    const { buffer, byteOffset, byteLength } = values as NumericArray
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
  }
  const items = values as readonly (string | Uint8Array | null)[]
  if (items.includes(null)) return undefined
  const parts = items.map((item) => (typeof item === 'string' ? new TextEncoder().encode(item) : item!))
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const part of parts) {
    view.setUint32(at, part.length, true)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  return bytes
}

/** The elements as JSON. @throws CLIENT_INPUT for what JSON has no form for */
export function jsonOf(name: string, { values, datatype }: WireTensor): readonly unknown[] {
  if (datatype === 'FP16') throw noForm(name, 'FP16 goes as binary data only, which the server does not take')
  return Array.from(values as ArrayLike<unknown>, (value) => {
    if (datatype === 'BOOL') return value === 1
    if (value instanceof Uint8Array) return base64(value)
    if (typeof value !== 'number' || !datatype.startsWith('FP')) return value
    if (!Number.isFinite(value)) throw noForm(name, `${value} goes as binary data only, which the server does not take`)
    return new Float(value)
  })
}

/** Elements per element of binary data. */
export function sizeOf(datatype: string): number | undefined {
  const dtype = dtypeOfDatatype.get(datatype)
  return dtype === undefined ? undefined : dtypes[dtype].size
}

/** Reads an output of binary data. @throws CLIENT_REPLY */
export function readBinary(datatype: string, shape: readonly number[], bytes: Uint8Array): TensorOutput {
  const count = shape.reduce((product, size) => product * size, 1)
  if (datatype === 'BYTES') return { dtype: 'string', shape, data: readTexts(bytes, count) }
  const dtype = dtypeOfDatatype.get(datatype)
  if (dtype === undefined || bytes.length !== count * dtypes[dtype].size)
    throw new MlmodelError('CLIENT_REPLY', { why: `${bytes.length} bytes are no ${datatype} of the shape [${shape.join(', ')}]` })
  // A copy: the array must begin at a multiple of its element's size.
  return { dtype, shape, data: new arrayOfDtype[dtype](bytes.slice().buffer) }
}

function readTexts(bytes: Uint8Array, count: number): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: string[] = []
  let at = 0
  while (at + 4 <= bytes.length && texts.length < count) {
    const length = view.getUint32(at, true)
    if (at + 4 + length > bytes.length) break
    texts.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  if (at !== bytes.length || texts.length !== count)
    throw new MlmodelError('CLIENT_REPLY', { why: `${bytes.length} bytes are not ${count} texts` })
  return texts
}

/** Reads an output of JSON, flat or nested. @throws CLIENT_REPLY */
export function readJson(datatype: string, shape: readonly number[], data: unknown): TensorOutput {
  const flat = Array.isArray(data) ? (data.flat(64) as unknown[]) : []
  const count = shape.reduce((product, size) => product * size, 1)
  if (flat.length !== count)
    throw new MlmodelError('CLIENT_REPLY', { why: `${flat.length} elements, and the shape is [${shape.join(', ')}]` })
  if (datatype === 'BYTES') return { dtype: 'string', shape, data: flat as readonly (string | null)[] }
  return { dtype: dtypeOfDatatype.get(datatype) ?? 'object', shape, data: valuesOf('output', flat, datatype) } as TensorOutput
}

/** An output as nested lists of plain values: half precision as numbers, booleans, int64 as a number where that is exact. */
export function plainOf({ dtype, shape, data }: TensorOutput): unknown {
  const read = (index: number): unknown => {
    const value = (data as ArrayLike<unknown>)[index]
    if (dtype === 'bool') return value === 1
    if (dtype === 'float16') return float16ToNumber(value as number)
    if (typeof value !== 'bigint') return value
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
  let at = 0
  const build = (axis: number): unknown =>
    axis === shape.length ? read(at++) : Array.from({ length: shape[axis]! }, () => build(axis + 1))
  return build(0)
}
