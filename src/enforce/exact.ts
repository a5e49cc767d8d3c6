/**
 * What strict mode accepts although MLflow refuses it (rules X1, X2, X3): whole numbers for floats, narrower types where
 * the value fits exactly, ISO 8601 texts as dates in arrays, and arrays and objects however they are sent. Anything that
 * is not exact is refused.
 */
import type { ArrayType, ObjectType, ScalarType, ValueType } from '../signature.ts'
import { integerRanges } from './numpy.ts'
import { parseNumpyDatetime } from './numpy-datetime.ts'
import { typeNameOf } from './python.ts'
import { type Path, Refusal } from './sink.ts'
import { type Cell, isCellMap, isList, isMissing, notATimeCell } from './values.ts'

export interface Exactness {
  /** Whether the number at a place in the value was written beyond the range of a double. */
  overflows(path: Path): boolean
  /** Told of each rule that let something pass. */
  use(rule: 'X1' | 'X2' | 'X3'): void
}

/** @throws Refusal with the place inside the value */
export function convertExactly(
  value: Cell | undefined,
  type: ValueType,
  required: boolean,
  context: Exactness,
  path: Path = [],
): Cell {
  if (value === undefined) {
    if (required) throw new Refusal('there is no value', undefined, path)
    return null
  }
  switch (type.kind) {
    case 'any':
      return value
    case 'scalar':
      return convertScalar(value, type, required, context, path)
    case 'array':
      return convertArray(value, type, required, context, path)
    case 'sparkml_vector':
      return convertArray(value, { kind: 'array', items: { kind: 'scalar', dataType: 'double' } }, required, context, path)
    case 'object':
      return convertObject(value, type, required, context, path)
    case 'map':
      if ((!required || type.values.kind === 'any') && value === null) return null
      if (!isCellMap(value)) throw new Refusal(`an object is wanted, not ${typeNameOf(value)}`, value, path)
      return new Map([...value].map(([key, item]) => [key, convertExactly(item, type.values, required, context, [...path, key])]))
  }
}

function convertScalar(value: Cell, type: ScalarType, required: boolean, context: Exactness, path: Path): Cell {
  if (value === null && !required) return null
  if (value === null || isList(value) || isCellMap(value))
    throw new Refusal(`a ${type.dataType} is wanted, not ${typeNameOf(value)}`, value, path)
  const converted = convertTyped(value, type.dataType, context.overflows(path), context)
  if (converted === undefined) throw new Refusal(`a ${type.dataType} is wanted`, value, path)
  return converted
}

/** A single value, by its own kind and without reading texts. */
function convertTyped(value: Cell, dataType: string, overflow: boolean, context: Exactness): Cell | undefined {
  switch (dataType) {
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'integer':
    case 'long': {
      const [least, most] = integerRanges[dataType === 'integer' ? 'int32' : 'int64']!
      if (dataType === 'integer') context.use('X1')
      return typeof value === 'bigint' && value >= least && value <= most ? value : undefined
    }
    case 'float':
    case 'double':
      // MLflow takes 0 and 1 for a float, and a double for a double.
      if (value !== 0n && value !== 1n && !(dataType === 'double' && typeof value === 'number')) context.use('X1')
      return overflow ? undefined : exactFloat(value, dataType === 'float')
    case 'string':
    case 'binary':
      return typeof value === 'string' ? value : undefined
    default:
      return undefined
  }
}

/** The same number as a float; undefined where it would be another. */
export function exactFloat(value: Cell, single: boolean): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const double = Number(value)
  if (typeof value === 'bigint' && (!Number.isFinite(double) || BigInt(double) !== value)) return undefined
  return !single || Object.is(Math.fround(double), double) ? double : undefined
}

function convertArray(value: Cell, type: ArrayType, required: boolean, context: Exactness, path: Path): Cell {
  if ((!required || type.items.kind === 'any') && value === null) return null
  if (!isList(value)) throw new Refusal(`a list is wanted, not ${typeNameOf(value)}`, value, path)
  const { items } = type
  if (items.kind !== 'scalar') return value.map((item, index) => convertExactly(item, items, required, context, [...path, index]))
  // pandas gives the whole list one type: whole numbers beside a null or a fraction are floats to it.
  const present = value.filter((item) => !isMissing(item))
  const wholes = present.length > 0 && present.every((item) => typeof item === 'bigint')
  const complete = present.length === value.length
  if (
    (items.dataType === 'string' && wholes) ||
    ((items.dataType === 'long' || items.dataType === 'integer') && value.length > 0 && !(wholes && complete))
  ) {
    throw new Refusal(`a list of ${items.dataType} is wanted`, value, path)
  }
  if (value.length > 0 && (items.dataType === 'integer' || items.dataType === 'float')) context.use('X3')
  if (present.length > 0 && items.dataType === 'datetime') context.use('X2')
  return value.map((item, index) => {
    const converted = convertItem(item, items.dataType, wholes && complete, context.overflows([...path, index]), context)
    if (converted === undefined) throw new Refusal(`a ${items.dataType} is wanted`, item, [...path, index])
    return converted
  })
}

function convertItem(item: Cell, dataType: string, wholes: boolean, overflow: boolean, context: Exactness): Cell | undefined {
  const missing = isMissing(item)
  switch (dataType) {
    case 'string':
      return missing ? null : typeof item === 'bigint' ? String(item) : typeof item === 'string' ? item : undefined
    case 'binary':
      return missing ? null : typeof item === 'string' && /^[\x00-\x7f]*$/.test(item) ? Buffer.from(item, 'latin1') : undefined
    case 'datetime':
      return missing ? notATimeCell : typeof item === 'string' ? isoMoment(item) : undefined
    case 'double':
      if (missing) return Number.NaN
      if (overflow) return undefined
      // Whole numbers beside others were rounded by pandas already, as MLflow lets them be.
      if (wholes && item !== 0n && item !== 1n) context.use('X1')
      return wholes
        ? exactFloat(item, false)
        : typeof item === 'bigint' || typeof item === 'number'
          ? finite(Number(item), item)
          : undefined
    case 'float':
      if (missing) return Number.NaN
      return overflow ? undefined : exactFloat(item, true)
    default:
      return convertTyped(item, dataType, overflow, context)
  }
}

function finite(number: number, item: Cell): number | undefined {
  return typeof item === 'bigint' && !Number.isFinite(number) ? undefined : number
}

function isoMoment(text: string): Cell | undefined {
  const nanoseconds = isoNanoseconds(text)
  return nanoseconds === undefined ? undefined : { kind: 'datetime', nanoseconds }
}

/** A date text of ISO 8601, as nanoseconds since 1970 in UTC (rule X2); undefined for any other text. */
export function isoNanoseconds(text: string): bigint | undefined {
  const match = isoText.exec(text)
  if (match === null || /[1-9]/.test(match[5]?.slice(9) ?? '')) return undefined
  const [, date, hour, minute, second, fraction = '', zone = ''] = match
  const time = hour === undefined ? '' : `T${hour}:${minute ?? '00'}:${second ?? '00'}.${fraction}`
  const parsed = parseNumpyDatetime(`${date}${time}${zone}`)
  if (typeof parsed === 'string') return undefined
  const [least, most] = integerRanges['int64']!
  return parsed.nanoseconds > least && parsed.nanoseconds <= most ? parsed.nanoseconds : undefined
}

const isoText = /^([+-]?\d{4,}-\d\d-\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/

function convertObject(value: Cell, type: ObjectType, required: boolean, context: Exactness, path: Path): Cell {
  if (!required && value === null) return null
  if (!isCellMap(value)) throw new Refusal(`an object is wanted, not ${typeNameOf(value)}`, value, path)
  if (!required && value.size === 0) return value
  const missing = type.properties.filter((property) => property.required && !value.has(property.name))
  if (missing.length > 0)
    throw new Refusal(`the object lacks ${missing.map(({ name }) => `\`${name}\``).join(', ')}`, undefined, path)
  return new Map(
    [...value].map(([key, item]) => {
      const property = type.properties.find(({ name }) => name === key)
      if (property === undefined) throw new Refusal(`the signature knows no property \`${key}\``, undefined, path)
      return [key, convertExactly(item, property.type, property.required, context, [...path, key])]
    }),
  )
}
