/** The type of a graph's input or output. */
import { type Dtype, dtypeOfOnnx } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import { type Cursor, int32, int64, nextField, openField, text } from './protobuf.ts'
import { elementTypes } from './tensor-proto.ts'

/** A dimension: a size, a name for a size that must agree wherever it stands, or null for any. */
export type Dimension = number | string | null

/** `TypeProto`. */
export type OnnxType =
  | { readonly kind: 'tensor' | 'sparse_tensor'; readonly elementType: number; readonly shape: readonly Dimension[] | undefined }
  | { readonly kind: 'sequence' | 'optional'; readonly items: OnnxType }
  | { readonly kind: 'map'; readonly keyType: number; readonly values: OnnxType }
  | { readonly kind: 'opaque' | 'unknown' }

export interface OnnxValue {
  readonly name: string
  readonly type: OnnxType
}

/** Reads a `ValueInfoProto`. */
export function readValue(cursor: Cursor): OnnxValue {
  let name = ''
  let type: OnnxType | undefined
  while (nextField(cursor)) {
    if (cursor.field === 1) name = text(cursor)
    else if (cursor.field === 2) {
      // Two would be merged field by field.
      if (type !== undefined) throw new MlmodelError('ONNX_BROKEN', { why: `the value \`${name}\` has two types` })
      type = readType(openField(cursor))
    }
  }
  return { name, type: type ?? { kind: 'unknown' } }
}

/** Reads a `TypeProto`. */
export function readType(cursor: Cursor): OnnxType {
  let type: OnnxType | undefined
  while (nextField(cursor)) {
    const found = readTypeField(cursor)
    if (found === undefined) continue
    if (type !== undefined) throw new MlmodelError('ONNX_BROKEN', { why: 'a type is two types' })
    type = found
  }
  return type ?? { kind: 'unknown' }
}

function readTypeField(cursor: Cursor): OnnxType | undefined {
  switch (cursor.field) {
    case 1:
      return readTensorType(openField(cursor), 'tensor')
    case 4:
      return { kind: 'sequence', items: readItems(openField(cursor)) }
    case 5:
      return readMap(openField(cursor))
    case 7:
      return { kind: 'opaque' }
    case 8:
      return readTensorType(openField(cursor), 'sparse_tensor')
    case 9:
      return { kind: 'optional', items: readItems(openField(cursor)) }
    default:
      return undefined
  }
}

function readItems(cursor: Cursor): OnnxType {
  let items: OnnxType = { kind: 'unknown' }
  while (nextField(cursor)) if (cursor.field === 1) items = readType(openField(cursor))
  return items
}

function readMap(cursor: Cursor): OnnxType {
  let keyType = 0
  let values: OnnxType = { kind: 'unknown' }
  while (nextField(cursor)) {
    if (cursor.field === 1) keyType = int32(cursor)
    else if (cursor.field === 2) values = readType(openField(cursor))
  }
  return { kind: 'map', keyType, values }
}

function readTensorType(cursor: Cursor, kind: 'tensor' | 'sparse_tensor'): OnnxType {
  let elementType = 0
  let shape: Dimension[] | undefined
  while (nextField(cursor)) {
    if (cursor.field === 1) elementType = int32(cursor)
    else if (cursor.field === 2) shape = [...(shape ?? []), ...readShape(openField(cursor))]
  }
  return { kind, elementType, shape }
}

function readShape(cursor: Cursor): Dimension[] {
  const shape: Dimension[] = []
  while (nextField(cursor)) if (cursor.field === 1) shape.push(readDimension(openField(cursor)))
  return shape
}

function readDimension(cursor: Cursor): Dimension {
  let dimension: Dimension = null
  while (nextField(cursor)) {
    if (cursor.field === 1) {
      const size = int64(cursor)
      // Some exporters write -1 or 0 for "any"; ONNX Runtime takes a negative size so.
      dimension = size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(size)
    } else if (cursor.field === 2) dimension = text(cursor) || null
  }
  return dimension
}

/** A type in ONNX's words, for example `tensor(float)` or `seq(map(int64,tensor(float)))`. */
export function typeText(type: OnnxType): string {
  switch (type.kind) {
    case 'tensor':
      return `tensor(${elementTypeName(type.elementType)})`
    case 'sparse_tensor':
      return `sparse_tensor(${elementTypeName(type.elementType)})`
    case 'sequence':
      return `seq(${typeText(type.items)})`
    case 'optional':
      return `optional(${typeText(type.items)})`
    case 'map':
      return `map(${elementTypeName(type.keyType)},${typeText(type.values)})`
    default:
      return type.kind
  }
}

/** ONNX's name of an element type; ours of those we can hold differ only in float and double. */
export function elementTypeName(elementType: number): string {
  return elementTypes[elementType]?.name ?? `element type ${elementType}`
}

/** Our element type of a tensor type, if it is one that can be handed to the runtime and back. */
export function dtypeOfType(type: OnnxType): Dtype | undefined {
  const dtype = type.kind === 'tensor' ? dtypeOfOnnx(type.elementType) : undefined
  return dtype === 'complex64' || dtype === 'complex128' ? undefined : dtype
}
