/** What one value becomes where MLflow refuses a body and a rule of the list accepts it: by type and by how it was sent. */
import { isFloat, isInteger, isList, isNumber, isObject, type Raw } from './body.ts'
import type { Atom } from './canonical.ts'
import { fitsNanoseconds, readIso } from './moment.ts'
import { isBase64 } from './rules/l11.ts'
import { isMissingRaw } from './rules/leaf.ts'
import { floatBits, integerRange, roundTo, type Scalar, type Type } from './spec.ts'
import { absent, type RawCell } from './table.ts'

/** The body is refused, by this rule or by MLflow's own. */
export class Refused extends Error {}

export function refuse(reason: string): never {
  throw new Refused(reason)
}

/** `frame`: dataframe_split and _records; `numpy`: instances and inputs; `typed`: the LLM form, enforced without a cast. */
export type Regime = 'frame' | 'numpy' | 'typed'

/** Takes down which rules made the difference. */
export type Used = (rule: string) => void

/** A scalar column's cell. */
export function convertScalar(type: Scalar, raw: RawCell, regime: Regime, used: Used): Atom {
  if (regime === 'typed') return convertTyped(type, raw, used)
  const missing = isMissingRaw(raw)
  switch (type) {
    case 'boolean':
      if (typeof raw === 'boolean') return raw
      if (raw !== absent && isNumber(raw)) {
        const number = isInteger(raw) ? Number(raw.integer) : raw.float
        if (number === 0 || number === 1) return number === 1
      }
      return refuse('boolean')
    case 'integer':
    case 'long':
      return convertInteger(type, raw)
    case 'float':
    case 'double':
      return convertFloat(type, raw)
    case 'string':
      if (missing) return null
      if (typeof raw === 'string') return raw
      return raw !== absent && isInteger(raw) ? String(raw.integer) : refuse('string')
    case 'binary':
      if (missing) return regime === 'numpy' ? null : refuse('null bytes')
      if (typeof raw !== 'string') return refuse('bytes')
      if (regime === 'frame') return isBase64(raw) ? { bytes: Buffer.from(raw, 'base64').toString('base64') } : refuse('base64')
      return asciiBytes(raw)
    case 'datetime':
      return convertMoment(raw, regime)
  }
}

function asciiBytes(text: string): Atom {
  return /^[\x00-\x7f]*$/.test(text) ? { bytes: Buffer.from(text, 'latin1').toString('base64') } : refuse('ASCII')
}

/** Python's `int()` of a JSON value, in range and without a fraction. */
function convertInteger(type: string, raw: RawCell): Atom {
  let integer: bigint
  if (typeof raw === 'boolean') integer = raw ? 1n : 0n
  else if (raw !== absent && isInteger(raw)) integer = raw.integer
  else if (raw !== absent && isFloat(raw) && Number.isInteger(raw.float)) integer = BigInt(raw.float)
  else if (typeof raw === 'string' && /^\s*[-+]?\d+(?:_\d+)*\s*$/.test(raw))
    integer = BigInt(raw.trim().replaceAll('_', '').replace(/^\+/, ''))
  else return refuse('integer')
  return inRange(type, integer)
}

function inRange(type: string, integer: bigint): Atom {
  const [lowest, highest] = integerRange(type)!
  return integer >= lowest && integer <= highest ? { integer } : refuse('range')
}

/** Python's `float()` of a JSON value, rounded to the type; infinity only where it is meant. */
function convertFloat(type: string, raw: RawCell): Atom {
  if (isMissingRaw(raw)) return { float: Number.NaN }
  if (typeof raw === 'boolean') return { float: raw ? 1 : 0 }
  const read =
    typeof raw === 'string'
      ? floatOfText(raw)
      : raw !== absent && isInteger(raw)
        ? { float: Number(raw.integer), beyond: false }
        : raw !== absent && isFloat(raw)
          ? raw
          : undefined
  if (read === undefined || read.beyond) return refuse('float')
  const rounded = roundTo(floatBits(type)!, read.float)
  return Number.isFinite(read.float) && !Number.isFinite(rounded) ? refuse('range') : { float: rounded }
}

/** Python's `float()` of a text. */
export function floatOfText(text: string): { readonly float: number; readonly beyond: boolean } | undefined {
  const plain = text.trim().replace(/(?<=\d)_(?=\d)/g, '')
  if (/^[-+]?(inf|infinity)$/i.test(plain))
    return { float: plain.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, beyond: false }
  if (/^[-+]?nan$/i.test(plain)) return { float: Number.NaN, beyond: false }
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain)) return undefined
  const float = Number(plain)
  return { float, beyond: !Number.isFinite(float) }
}

function convertMoment(raw: RawCell, regime: Regime): Atom {
  if (isMissingRaw(raw)) return { moment: null, date: false }
  if (raw !== absent && isInteger(raw)) return moment(raw.integer)
  if (raw !== absent && isFloat(raw))
    return regime === 'frame' && Number.isInteger(raw.float) ? moment(BigInt(raw.float)) : refuse('datetime')
  if (typeof raw !== 'string') return refuse('datetime')
  if (raw === '') return { moment: null, date: false }
  const read = readIso(raw)
  if (read === undefined || read.finer || (regime === 'frame' && read.zoned)) return refuse('datetime')
  return moment(read.nanoseconds)
}

function moment(nanoseconds: bigint): Atom {
  return fitsNanoseconds(nanoseconds) ? { moment: nanoseconds, date: false } : refuse('datetime range')
}

/** X2: ISO 8601 text of a CSV cell or of an array; in UTC when it names a zone. */
export function isoMoment(text: string): Atom {
  const read = readIso(text)
  return read === undefined || read.finer ? refuse('ISO 8601') : moment(read.nanoseconds)
}

/** A value enforced without a cast: exact widening, and with X1 exact narrowing. */
function convertTyped(type: Scalar, raw: RawCell, used: Used): Atom {
  if (raw === absent || raw === null) {
    if (type === 'double') return { float: Number.NaN }
    if (type === 'datetime') return { moment: null, date: false }
    return type === 'string' || type === 'binary' || type === 'boolean' ? null : refuse('null')
  }
  switch (type) {
    case 'boolean':
      return typeof raw === 'boolean' ? raw : refuse('boolean')
    case 'long':
      return isInteger(raw) ? inRange(type, raw.integer) : refuse('long')
    case 'integer': {
      const value = isInteger(raw) ? inRange(type, raw.integer) : refuse('integer')
      used('X1')
      return value
    }
    case 'double':
      if (isFloat(raw)) return raw.beyond ? refuse('range') : { float: raw.float }
      return isInteger(raw) ? exact(64, raw.integer, used) : refuse('double')
    case 'float':
      if (isInteger(raw)) return exact(32, raw.integer, used)
      return isFloat(raw) ? exactSingle(raw.float, raw.beyond, used) : refuse('float')
    case 'string':
      return typeof raw === 'string' ? raw : refuse('string')
    case 'binary':
      return typeof raw === 'string' ? raw : refuse('binary')
    default:
      return refuse(type)
  }
}

/** X1: an integer for a float, exact; MLflow takes 0 and 1. */
function exact(bits: 32 | 64, integer: bigint, used: Used): Atom {
  const float = Number(integer)
  if (BigInt(float) !== integer || roundTo(bits, float) !== float) return refuse('inexact')
  if (integer !== 0n && integer !== 1n) used('X1')
  return { float }
}

function exactSingle(float: number, beyond: boolean, used: Used): Atom {
  if (beyond || !Object.is(Math.fround(float), float)) return refuse('inexact')
  used('X1')
  return { float }
}

/** A cell of an array, object, map or any column. */
export function convertNested(type: Type, raw: RawCell, required: boolean, used: Used): Atom {
  if (raw === absent) return required ? refuse('missing') : null
  switch (type.kind) {
    case 'any':
      return plain(raw)
    case 'scalar':
      if (!required && isMissingRaw(raw)) return null
      if (raw === null) return refuse('null')
      if (isList(raw) || isObject(raw)) return refuse('scalar')
      return type.name === 'datetime' ? refuse('datetime') : convertTyped(type.name, raw, used)
    case 'array':
      if ((!required || type.items.kind === 'any') && raw === null) return null
      if (!isList(raw)) return refuse('array')
      if (type.items.kind !== 'scalar') return raw.map((item) => convertNested(type.items, item, required, used))
      return convertArray(type.items.name, raw, used)
    case 'object': {
      if (!required && raw === null) return null
      if (!isObject(raw)) return refuse('object')
      if (!required && raw.pairs.size === 0) return { pairs: [] }
      for (const [name, property] of type.properties) if (property.required && !raw.pairs.has(name)) refuse('property')
      const pairs = [...raw.pairs].map(([key, value]) => {
        const property = type.properties.get(key) ?? refuse('unknown property')
        return [key, convertNested(property.type, value, property.required, used)] as const
      })
      return { pairs }
    }
    case 'map': {
      if ((!required || type.values.kind === 'any') && raw === null) return null
      if (!isObject(raw)) return refuse('map')
      return { pairs: [...raw.pairs].map(([key, value]) => [key, convertNested(type.values, value, required, used)] as const) }
    }
  }
}

/** An array of scalars: pandas gives the whole list one dtype first. */
function convertArray(type: Scalar, raw: readonly Raw[], used: Used): Atom {
  if (raw.length === 0) return []
  const nulls = raw.some(isMissingRaw)
  const present = raw.filter((item) => !isMissingRaw(item))
  const allIntegers = present.length > 0 && present.every(isInteger)
  const allNumbers = present.every(isNumber)
  switch (type) {
    case 'boolean':
      return raw.every((item) => typeof item === 'boolean') ? [...raw] : refuse('booleans')
    case 'long':
      return allIntegers && !nulls ? raw.map((item) => convertInteger('long', item)) : refuse('longs')
    case 'integer': {
      if (!allIntegers || nulls) return refuse('integers')
      const values = raw.map((item) => convertInteger('integer', item))
      used('X3')
      return values
    }
    case 'double':
      if (!allNumbers) return refuse('doubles')
      // Integers among floats or nulls are rounded by pandas, as MLflow lets them be; integers alone must be exact (X1).
      return raw.map((item) =>
        allIntegers && !nulls && isInteger(item) ? exact(64, item.integer, used) : convertFloat('double', item),
      )
    case 'float': {
      if (!allNumbers) return refuse('floats')
      const values = raw.map((item) => {
        const value = convertFloat('double', item) as { readonly float: number }
        if (isInteger(item) && BigInt(value.float) !== item.integer) refuse('inexact')
        return Number.isNaN(value.float) || Object.is(Math.fround(value.float), value.float) ? value : refuse('inexact')
      })
      used('X3')
      return values
    }
    case 'string':
      if (present.some((item) => typeof item !== 'string' && !isInteger(item))) return refuse('strings')
      // Nothing but integers is an integer array to pandas, which MLflow refuses; beside text they are objects.
      if (allIntegers) return refuse('strings')
      return raw.map((item) => (isMissingRaw(item) ? null : isInteger(item) ? String(item.integer) : (item as string)))
    case 'binary':
      return raw.map((item) => (isMissingRaw(item) ? null : typeof item === 'string' ? asciiBytes(item) : refuse('bytes')))
    case 'datetime': {
      if (present.some((item) => typeof item !== 'string')) return refuse('datetimes')
      const values = raw.map((item) => (isMissingRaw(item) ? { moment: null, date: false } : isoMoment(item as string)))
      if (present.length > 0) used('X2')
      return values
    }
  }
}

/** A value of an Any column, as it is. */
export function plain(raw: Raw): Atom {
  if (raw === null || typeof raw === 'boolean' || typeof raw === 'string') return raw
  if (isInteger(raw)) return { integer: raw.integer }
  if (isFloat(raw)) return { float: raw.float }
  if (isList(raw)) return raw.map(plain)
  return { pairs: [...raw.pairs].map(([key, value]) => [key, plain(value)] as const) }
}
