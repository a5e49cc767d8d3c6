/** A signature as the oracle and an MLmodel file write it, read by the judge itself. */
import type { Foreign } from './canonical.ts'

export type Scalar = 'boolean' | 'integer' | 'long' | 'float' | 'double' | 'string' | 'binary' | 'datetime'

export type Type =
  | { readonly kind: 'scalar'; readonly name: Scalar }
  | { readonly kind: 'array'; readonly items: Type }
  | { readonly kind: 'object'; readonly properties: ReadonlyMap<string, { readonly type: Type; readonly required: boolean }> }
  | { readonly kind: 'map'; readonly values: Type }
  | { readonly kind: 'any' }

export interface ColumnSpec {
  readonly name?: string
  readonly type: Type
  readonly required: boolean
}
export interface TensorSpec {
  readonly name?: string
  /** NumPy's name. */
  readonly dtype: string
  readonly shape: readonly number[]
}
export type Spec =
  | { readonly kind: 'columns'; readonly columns: readonly ColumnSpec[] }
  | { readonly kind: 'tensors'; readonly tensors: readonly TensorSpec[] }

/** Reads the list of specs; undefined where there is no signature. */
export function readSpec(schema: Foreign): Spec | undefined {
  if (schema === null || schema === undefined) return undefined
  if (schema[0]?.type === 'tensor') {
    return {
      kind: 'tensors',
      tensors: schema.map((spec: Foreign) => ({
        ...(spec.name === undefined ? {} : { name: spec.name }),
        dtype: spec['tensor-spec'].dtype,
        shape: spec['tensor-spec'].shape,
      })),
    }
  }
  return {
    kind: 'columns',
    columns: schema.map((spec: Foreign) => {
      const type = readType(spec)
      // A complex column without `required` counts as optional, a scalar one as required.
      const required = spec.required ?? type.kind === 'scalar'
      return { ...(spec.name === undefined ? {} : { name: spec.name }), type, required: Boolean(required) }
    }),
  }
}

/** Reads one type, `{"type": …}`. */
export function readType(json: Foreign): Type {
  switch (json.type) {
    case 'array':
      return { kind: 'array', items: readType(json.items) }
    case 'map':
      return { kind: 'map', values: readType(json.values) }
    case 'object':
      return {
        kind: 'object',
        properties: new Map(
          Object.entries(json.properties as Record<string, Foreign>).map(([name, property]) => [
            name,
            { type: readType(property), required: property.required ?? true },
          ]),
        ),
      }
    case 'any':
      return { kind: 'any' }
    case 'sparkml_vector':
      return { kind: 'array', items: { kind: 'scalar', name: 'double' } }
    default:
      return { kind: 'scalar', name: json.type }
  }
}

/** The range of an integer type of MLflow or NumPy; undefined for other types. */
export function integerRange(type: string): readonly [bigint, bigint] | undefined {
  const match = /^(u?)int(\d+)$/.exec(type === 'integer' ? 'int32' : type === 'long' ? 'int64' : type)
  if (match === null) return undefined
  const bits = BigInt(match[2]!)
  return match[1] === 'u' ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
}

/** The bits of a floating-point type; undefined for other types. */
export function floatBits(type: string): 16 | 32 | 64 | undefined {
  if (type === 'float' || type === 'float32') return 32
  if (type === 'double' || type === 'float64') return 64
  return type === 'float16' ? 16 : undefined
}

/** Rounds to the nearest value of a floating-point type, ties to even. */
export function roundTo(bits: 16 | 32 | 64, value: number): number {
  if (bits === 64) return value
  if (bits === 32) return Math.fround(value)
  if (!Number.isFinite(value) || value === 0) return value
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value))))
  const unit = 2 ** (exponent - 10)
  const scaled = value / unit
  const floor = Math.floor(scaled)
  const rest = scaled - floor
  const whole = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
  const rounded = whole * unit
  return Math.abs(rounded) > 65504 ? Math.sign(value) * Number.POSITIVE_INFINITY : rounded === 0 && value < 0 ? -0 : rounded
}

/** NumPy's name of a column type after enforcement. */
export const dtypeOfScalar: Readonly<Record<Scalar, string>> = {
  boolean: 'bool',
  integer: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  string: 'str',
  binary: 'bytes',
  datetime: 'datetime64[ns]',
}
