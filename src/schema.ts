/** Checks values against the JSON Schemas of schemas/, which are compiled to code when this package is built. */
import * as validators from './schemas.generated.ts'

/** A schema by the name of its file in schemas/. */
export type SchemaName = keyof typeof validators

/** One thing that a schema forbids. */
export interface SchemaProblem {
  /** JSON pointer into the value; empty for the whole. */
  readonly path: string
  /** What it must be, for example `must be string`. */
  readonly message: string
}

interface ValidatorError {
  readonly instancePath: string
  readonly message?: string
  readonly params?: { readonly additionalProperty?: string; readonly allowedValues?: readonly unknown[] }
}

/** What ajv compiles a schema to. */
interface Validator {
  (value: unknown): boolean
  readonly errors?: readonly ValidatorError[] | null
}

/**
 * Checks a value against a schema.
 *
 * @param value JSON as `JSON.parse` gives it, or a value of ours: maps count as objects, bigints as integers
 * @returns what is wrong; empty when the value is valid
 */
export function checkSchema(name: SchemaName, value: unknown): readonly SchemaProblem[] {
  const validator = (validators as unknown as Record<SchemaName, Validator>)[name]
  if (validator(toJson(value))) return []
  return (validator.errors ?? []).map(({ instancePath, message = 'is not valid', params }) => {
    const { additionalProperty: extra, allowedValues: allowed } = params ?? {}
    if (extra !== undefined) return { path: instancePath, message: `must not have the key ${JSON.stringify(extra)}` }
    return { path: instancePath, message: allowed === undefined ? message : `must be one of ${allowed.map(String).join(', ')}` }
  })
}

/** Plain JavaScript objects without a prototype: a key `__proto__` is a key like any other. */
function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Map) {
    const object = Object.create(null)
    for (const [key, item] of value) Object.defineProperty(object, key, { value: toJson(item), enumerable: true })
    return object
  }
  return Array.isArray(value) ? value.map(toJson) : value
}
