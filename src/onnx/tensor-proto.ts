/**
 * `TensorProto` of an ONNX file: its type, its dimensions and where its data lies, checked against each other. Weights are
 * never decoded here.
 */
import { MlmodelError } from '../errors/index.ts'
import {
  type Cursor,
  content,
  eachInt64,
  eachInteger,
  expectWire,
  int32,
  nextField,
  openField,
  openMessage,
  repeatedCount,
  text,
} from './protobuf.ts'

/** Where a tensor's data lies outside the file. */
export interface ExternalReference {
  /** As written, relative to the folder of the ONNX file. */
  readonly location: string
  readonly offset: number
  /** Bytes, which the dimensions decide; a length in the file has been checked to be the same. */
  readonly bytes: number
}

export interface OnnxTensor {
  readonly name: string
  readonly elementType: number
  readonly dims: readonly number[]
  readonly elements: number
  readonly external?: ExternalReference
  /** Where its message lies in the file. */
  readonly from: number
  readonly to: number
}

/** A field of typed data: how its numbers are written, and how many elements one number holds or needs. */
type DataField = 'float_data' | 'int32_data' | 'string_data' | 'int64_data' | 'double_data' | 'uint64_data'

interface ElementType {
  readonly name: string
  /** Bits of one element in `raw_data`; 0 for text, which has none. */
  readonly bits: number
  readonly field: DataField
  /** Numbers in the typed field for each element: 2 for complex. */
  readonly numbers?: number
}

/** `TensorProto.DataType`, up to ONNX 1.23. */
export const elementTypes: Readonly<Record<number, ElementType>> = {
  1: { name: 'float', bits: 32, field: 'float_data' },
  2: { name: 'uint8', bits: 8, field: 'int32_data' },
  3: { name: 'int8', bits: 8, field: 'int32_data' },
  4: { name: 'uint16', bits: 16, field: 'int32_data' },
  5: { name: 'int16', bits: 16, field: 'int32_data' },
  6: { name: 'int32', bits: 32, field: 'int32_data' },
  7: { name: 'int64', bits: 64, field: 'int64_data' },
  8: { name: 'string', bits: 0, field: 'string_data' },
  9: { name: 'bool', bits: 8, field: 'int32_data' },
  10: { name: 'float16', bits: 16, field: 'int32_data' },
  11: { name: 'double', bits: 64, field: 'double_data' },
  12: { name: 'uint32', bits: 32, field: 'uint64_data' },
  13: { name: 'uint64', bits: 64, field: 'uint64_data' },
  14: { name: 'complex64', bits: 64, field: 'float_data', numbers: 2 },
  15: { name: 'complex128', bits: 128, field: 'double_data', numbers: 2 },
  16: { name: 'bfloat16', bits: 16, field: 'int32_data' },
  17: { name: 'float8e4m3fn', bits: 8, field: 'int32_data' },
  18: { name: 'float8e4m3fnuz', bits: 8, field: 'int32_data' },
  19: { name: 'float8e5m2', bits: 8, field: 'int32_data' },
  20: { name: 'float8e5m2fnuz', bits: 8, field: 'int32_data' },
  21: { name: 'uint4', bits: 4, field: 'int32_data' },
  22: { name: 'int4', bits: 4, field: 'int32_data' },
  23: { name: 'float4e2m1', bits: 4, field: 'int32_data' },
  24: { name: 'float8e8m0', bits: 8, field: 'int32_data' },
  25: { name: 'uint2', bits: 2, field: 'int32_data' },
  26: { name: 'int2', bits: 2, field: 'int32_data' },
}

/** More elements than any real model has (GPT-4 class models have 2^41 over all tensors), and their bytes still a safe integer. */
const mostElements = 2n ** 40n
/** NumPy's limit; ONNX Runtime refuses far fewer. */
const mostDimensions = 64

const dataFields: Readonly<Record<number, DataField>> = {
  4: 'float_data',
  5: 'int32_data',
  6: 'string_data',
  7: 'int64_data',
  10: 'double_data',
  11: 'uint64_data',
}
const wireOf = { float_data: 5, int32_data: 0, int64_data: 0, double_data: 1, uint64_data: 0 } as const

interface RawTensor {
  name: string
  elementType: number
  dims: bigint[]
  rawBytes?: number
  counts: Map<DataField, number>
  external: Map<string, string>
  isExternal: boolean
  segment: boolean
}

/**
 * Reads one tensor.
 *
 * @throws ONNX_INVALID when type, dimensions and data disagree; ONNX_EXTERNAL for a reference that says nothing sensible
 */
export function readTensor(cursor: Cursor): OnnxTensor {
  const { position: from, end: to } = cursor
  const raw: RawTensor = {
    name: '',
    elementType: 0,
    dims: [],
    counts: new Map(),
    external: new Map(),
    isExternal: false,
    segment: false,
  }
  while (nextField(cursor)) readTensorField(cursor, raw)
  const type = elementTypes[raw.elementType]
  const invalid = (why: string) => new MlmodelError('ONNX_INVALID', { why: `the tensor \`${raw.name}\` ${why}` })
  if (type === undefined) throw invalid(`has the unknown element type ${raw.elementType}`)
  if (raw.segment) throw invalid('is a segment of a tensor')
  const elements = countElements(raw.dims, invalid)
  const bytes = Math.ceil((elements * type.bits) / 8)
  const dims = raw.dims.map(Number)
  const shared = { name: raw.name, elementType: raw.elementType, dims, elements, from, to }
  const filled = [...raw.counts].filter(([, count]) => count > 0)
  if (raw.isExternal) {
    if (raw.rawBytes !== undefined || filled.length > 0) throw invalid('has data both in the file and outside')
    if (type.field === 'string_data') throw invalid('is of text and keeps its data outside the file')
    return { ...shared, external: externalReference(raw, bytes) }
  }
  if (raw.rawBytes !== undefined) {
    if (filled.length > 0) throw invalid(`has its data twice, in raw_data and ${filled[0]![0]}`)
    if (type.field === 'string_data') throw invalid('is of text and has raw_data')
    if (raw.rawBytes !== bytes) throw invalid(`has ${raw.rawBytes} bytes, and its dimensions need ${bytes}`)
    return shared
  }
  if (filled.length > 1 || (filled.length === 1 && filled[0]![0] !== type.field)) {
    throw invalid(`of element type ${type.name} has data in ${filled.map(([field]) => field).join(' and ')}`)
  }
  const count = filled[0]?.[1] ?? 0
  const perNumber = type.bits < 8 && type.bits > 0 ? 8 / type.bits : 1
  const needed = Math.ceil((elements * (type.numbers ?? 1)) / perNumber)
  if (count !== needed) throw invalid(`has ${count} values, and its dimensions need ${needed}`)
  return shared
}

function readTensorField(cursor: Cursor, raw: RawTensor): void {
  switch (cursor.field) {
    case 1:
      eachInt64(cursor, (value) => raw.dims.push(value))
      if (raw.dims.length > mostDimensions)
        throw new MlmodelError('ONNX_LIMIT', { what: 'a tensor with too many dimensions', limit: mostDimensions })
      return
    case 2:
      raw.elementType = int32(cursor)
      return
    case 3:
      raw.segment = true
      return
    case 8:
      raw.name = text(cursor)
      return
    case 9:
      raw.rawBytes = content(cursor).length
      return
    case 13:
      readExternalEntry(openField(cursor), raw)
      return
    case 14:
      raw.isExternal = int32(cursor) === 1
      return
    default: {
      const field = dataFields[cursor.field]
      if (field === undefined) return
      if (field === 'string_data') expectWire(cursor, 2)
      const added = field === 'string_data' ? 1 : repeatedCount(cursor, wireOf[field])
      raw.counts.set(field, (raw.counts.get(field) ?? 0) + added)
    }
  }
}

function readExternalEntry(cursor: Cursor, raw: RawTensor): void {
  let key = ''
  let value = ''
  while (nextField(cursor)) {
    if (cursor.field === 1) key = text(cursor)
    else if (cursor.field === 2) value = text(cursor)
  }
  if (raw.external.has(key))
    throw new MlmodelError('ONNX_INVALID', { why: `the tensor \`${raw.name}\` names the external ${key} twice` })
  raw.external.set(key, value)
}

function countElements(dims: readonly bigint[], invalid: (why: string) => MlmodelError): number {
  let product = 1n
  for (const size of dims) {
    if (size < 0n) throw invalid(`has the dimension ${size}`)
    // Each by itself as well: zero times a huge number is no honest shape.
    if (size > mostElements) throw invalid(`has the dimension ${size}`)
    product *= size === 0n ? 1n : size
    if (product > mostElements) throw invalid('has more than 2^40 elements')
  }
  return dims.includes(0n) ? 0 : Number(product)
}

function externalReference(raw: RawTensor, bytes: number): ExternalReference {
  const location = raw.external.get('location') ?? ''
  const refuse = (why: string) => new MlmodelError('ONNX_EXTERNAL', { tensor: raw.name, location, why })
  const number = (key: 'offset' | 'length', absent: number) => {
    const written = raw.external.get(key)
    if (written === undefined) return absent
    if (!/^\d{1,15}$/.test(written)) throw refuse(`with the ${key} \`${written}\``)
    return Number(written)
  }
  if (location === '') throw refuse('which is no file name')
  // ONNX Runtime's own mark of "the offset is an address in my memory".
  if (location.includes('_ORT_MEM_ADDR_')) throw refuse('a mark for memory addresses')
  const length = number('length', bytes)
  if (length !== bytes) throw refuse(`${length} bytes where its dimensions need ${bytes}`)
  return { location, offset: number('offset', 0), bytes }
}

/** A sparse tensor: two tensors and the dimensions they stand for. */
export interface OnnxSparseTensor {
  readonly values: OnnxTensor
  readonly indices: OnnxTensor
}

/**
 * Reads a `SparseTensorProto`.
 *
 * @throws ONNX_INVALID as {@link readTensor}, and when values and indices differ in number
 */
export function readSparseTensor(cursor: Cursor): OnnxSparseTensor {
  let values: OnnxTensor | undefined
  let indices: OnnxTensor | undefined
  const dims: number[] = []
  while (nextField(cursor)) {
    if (cursor.field === 1 && values === undefined) values = readTensor(openField(cursor))
    else if (cursor.field === 2 && indices === undefined) indices = readTensor(openField(cursor))
    else if (cursor.field === 1 || cursor.field === 2)
      throw new MlmodelError('ONNX_INVALID', { why: 'a sparse tensor has its parts twice' })
    else if (cursor.field === 3) eachInteger(cursor, (value) => dims.push(value))
  }
  const name = values?.name ?? ''
  const invalid = (why: string) => new MlmodelError('ONNX_INVALID', { why: `the sparse tensor \`${name}\` ${why}` })
  if (values === undefined || indices === undefined) throw invalid('lacks values or indices')
  countElements(
    dims.map((size) => BigInt(Math.trunc(size))),
    invalid,
  )
  if (values.dims.length !== 1 || indices.elementType !== 7)
    throw invalid('has values that are no list, or indices that are no int64')
  if (
    indices.dims[0] !== values.dims[0] ||
    (indices.dims.length === 2 && indices.dims[1] !== dims.length) ||
    indices.dims.length > 2
  ) {
    throw invalid('has indices that do not fit its values')
  }
  return { values, indices }
}

/**
 * The values of a short int64 tensor that lies in the file, such as axes or a shape.
 *
 * @returns undefined for other tensors
 */
export function smallIntegers(bytes: Uint8Array, tensor: OnnxTensor): readonly number[] | undefined {
  if (tensor.elementType !== 7 || tensor.external !== undefined || tensor.elements > 64) return undefined
  const values: number[] = []
  const cursor = openMessage(bytes.subarray(tensor.from, tensor.to), 2)
  while (nextField(cursor)) {
    if (cursor.field === 7) eachInteger(cursor, (value) => values.push(value))
    else if (cursor.field === 9) {
      const raw = content(cursor)
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
      for (let at = 0; at < raw.length; at += 8) values.push(Number(view.getBigInt64(at, true)))
    }
  }
  return values
}
