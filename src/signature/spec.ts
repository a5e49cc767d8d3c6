/** The records of a signature: columns or tensors, and params. */
import type { Cell } from '../batch.ts'
import type { DataType, Dtype } from '../dtype.ts'

export interface ScalarType {
  readonly kind: 'scalar'
  readonly dataType: DataType
}
export interface ArrayType {
  readonly kind: 'array'
  readonly items: ValueType
}
export interface Property {
  readonly name: string
  readonly type: ValueType
  readonly required: boolean
}
export interface ObjectType {
  readonly kind: 'object'
  /** Sorted by name, as MLflow writes them. */
  readonly properties: readonly Property[]
}
export interface MapType {
  readonly kind: 'map'
  readonly values: ValueType
}
export interface AnyType {
  readonly kind: 'any'
}
/** Enforced as an array of doubles. */
export interface SparkVectorType {
  readonly kind: 'sparkml_vector'
}
export type ValueType = ScalarType | ArrayType | ObjectType | MapType | AnyType | SparkVectorType

export interface ColumnSpec {
  readonly kind: 'column'
  /** Absent where the signature names no columns. An empty name counts as its position, as in MLflow. */
  readonly name?: string | number
  readonly type: ValueType
  readonly required: boolean
  /** MLflow holds `required` as None here (an array, object or map without the key): optional, and written as null. */
  readonly requiredIsNull?: true
}

export interface TensorSpec {
  readonly kind: 'tensor'
  readonly name?: string | number
  /** Undefined for element types we cannot hold (timedelta, …): such a model is described, not scored. */
  readonly dtype: Dtype | undefined
  /** The element type as MLflow writes it, for example `float32`, `str`, `datetime64[ns]`. */
  readonly numpyDtype: string
  /** -1 is any size; a `null` entry fits nothing, as in MLflow. */
  readonly shape: readonly (number | null)[]
}

export interface ParamSpec {
  readonly name: string
  readonly type: ScalarType | ObjectType
  /** `[-1]` is a list of values. */
  readonly shape: null | readonly [-1]
  /** Already converted to the param's type. */
  readonly default: Cell
}

export interface ColumnSchema {
  readonly kind: 'columns'
  readonly columns: readonly ColumnSpec[]
}
export interface TensorSchema {
  readonly kind: 'tensors'
  readonly tensors: readonly TensorSpec[]
}
export type Schema = ColumnSchema | TensorSchema

export interface Signature {
  readonly inputs?: Schema
  readonly outputs?: Schema
  readonly params?: readonly ParamSpec[]
}

/** The columns or tensors of a schema as one list. */
export function specsOf(schema: Schema): readonly (ColumnSpec | TensorSpec)[] {
  return schema.kind === 'columns' ? schema.columns : schema.tensors
}

/** The names of a schema as MLflow looks them up (`name or index`): an absent or empty name is its position. */
export function specNames(schema: Schema): readonly (string | number)[] {
  return specsOf(schema).map((spec, index) => spec.name || index)
}
