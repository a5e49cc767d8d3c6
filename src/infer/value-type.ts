/**
 * The column type of values, as MLflow infers it from Python's values.
 *
 * @see mlflow/types/utils.py (_infer_datatype) and mlflow/types/schema.py (the `_merge` methods)
 */
import { type Cell, isCellMap, isMoment, isTensor } from '../batch.ts'
import type { DataType, Dtype } from '../dtype.ts'
import { subArray } from '../enforce/numpy.ts'
import { Refusal } from '../enforce/sink.ts'
import { isScalar, type NumpyArray } from '../enforce/values.ts'
import { byName } from '../signature/schema.ts'
import type { ObjectType, Property, ValueType } from '../signature.ts'

const any: ValueType = { kind: 'any' }

/** MLflow's type for a NumPy scalar; other element types have none. */
const typeOfScalar: Partial<Record<Dtype, DataType>> = {
  bool: 'boolean',
  int32: 'integer',
  int64: 'long',
  float32: 'float',
  float64: 'double',
  string: 'string',
  bytes: 'binary',
}

/**
 * The type of one value: an object for a dict, an array for a list, any for None, NaN and what is empty.
 *
 * @returns undefined for an empty ndarray, of which MLflow says nothing
 * @throws Refusal where MLflow raises: lists of values of different types
 */
export function inferType(value: Cell): ValueType | undefined {
  if (isUnknown(value)) return any
  if (isCellMap(value)) return inferObject(value)
  if (Array.isArray(value)) return inferArray(value as readonly Cell[])
  if (isTensor(value) && !isScalar(value)) {
    if (value.shape.length === 0) throw new Refusal('an array without dimensions has no items', value)
    return inferArray(Array.from({ length: value.shape[0]! }, (_, index) => subArray(value as NumpyArray, index)))
  }
  return { kind: 'scalar', dataType: inferScalar(value) }
}

/**
 * The type that the items of a list have in common.
 *
 * @returns undefined when there are none, or only empty ndarrays
 * @throws Refusal as {@link inferType}
 */
export function inferItems(items: readonly Cell[]): ValueType | undefined {
  let common: ValueType | undefined
  for (const item of items) {
    const type = inferType(item)
    if (type === undefined) continue
    common = common === undefined ? type : mergeTypes(common, type)
  }
  return common
}

/** None, NaN, and lists and dicts without anything in them. */
function isUnknown(value: Cell): boolean {
  return isMissingValue(value) || (Array.isArray(value) && value.length === 0) || (isCellMap(value) && value.size === 0)
}

/** `_is_none_or_nan`: of NumPy's scalars only float64 is a Python float. */
export function isMissingValue(value: Cell): boolean {
  if (value === null) return true
  if (typeof value === 'number') return Number.isNaN(value)
  return isScalar(value) && value.dtype === 'float64' && Number.isNaN((value.values as Float64Array)[0])
}

function inferArray(items: readonly Cell[]): ValueType | undefined {
  const type = inferItems(items)
  return type === undefined ? undefined : { kind: 'array', items: type }
}

function inferObject(value: ReadonlyMap<string, Cell>): ObjectType {
  const properties = [...value].map(([name, item]): Property => {
    const type = inferType(item)
    if (type === undefined) throw new Refusal(`\`${name}\` is an empty array`, item)
    return { name, type, required: type.kind !== 'any' }
  })
  return { kind: 'object', properties: properties.sort(byName) }
}

function inferScalar(value: Cell): DataType {
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'bigint') return 'long'
  if (typeof value === 'number') return 'double'
  if (typeof value === 'string') return 'string'
  if (value instanceof Uint8Array) return 'binary'
  if (isMoment(value)) return 'datetime'
  const type = isTensor(value) ? typeOfScalar[value.dtype] : undefined
  if (type === undefined) throw new Refusal('the value has a type that no column can have', value)
  return type
}

/**
 * The type of values of both types: any gives way to every other, and what only one of two objects has is optional.
 *
 * @throws Refusal where there is none
 */
export function mergeTypes(first: ValueType, second: ValueType): ValueType {
  if (first.kind === 'any') return second.kind === 'any' || second.kind === 'scalar' ? second : mergeTypes(second, any)
  if (first.kind === 'scalar') {
    if (second.kind === 'any' || (second.kind === 'scalar' && second.dataType === first.dataType)) return first
  } else if (first.kind === 'object') {
    if (second.kind === 'any') return { kind: 'object', properties: first.properties.map(optional) }
    if (second.kind === 'object') return mergeObjects(first, second)
  } else if (second.kind === 'any') return first
  else if (first.kind === 'array' && second.kind === 'array') {
    return { kind: 'array', items: mergeTypes(first.items, second.items) }
  }
  throw new Refusal('the values of a list must all be of one type')
}

function mergeObjects(first: ObjectType, second: ObjectType): ObjectType {
  const others = new Map(second.properties.map((property) => [property.name, property]))
  const names = new Set(first.properties.map(({ name }) => name))
  const merged = first.properties.map((property): Property => {
    const other = others.get(property.name)
    if (other === undefined) return optional(property)
    const type = mergeTypes(property.type, other.type)
    return { name: property.name, type, required: property.required && other.required }
  })
  const added = second.properties.filter(({ name }) => !names.has(name)).map(optional)
  return { kind: 'object', properties: [...merged, ...added].sort(byName) }
}

function optional(property: Property): Property {
  return { ...property, required: false }
}
