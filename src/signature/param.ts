/**
 * Params of a signature: their declarations, and the one conversion of a value to a param's type, which defaults here and
 * values of a request go through alike.
 */
import { type Cell, type CellMap, isCellMap, type Moment } from '../batch.ts'
import type { DataType } from '../dtype.ts'
import { type Gather, stopAtFirst, watch } from '../errors/gather.ts'
import { type ErrorArguments, type ErrorCode, MlmodelError, type Where } from '../errors/index.ts'
import { at, cellKind, isDataType, parseObjectType } from './schema.ts'
import type { ObjectType, ParamSpec, ScalarType, ValueType } from './spec.ts'

/**
 * Reads the params of a signature: a JSON list, possibly empty. MLflow 2.6 wrote `dtype` for `type`.
 *
 * @param where the file, and in `path` the part, for example `signature.params`
 * @throws MlmodelError SIGNATURE_… and PARAM_… of kind `model`
 */
export function parseParams(value: Cell, where: Where): readonly ParamSpec[] {
  return gatherParams(value, where, stopAtFirst)!
}

/** As {@link parseParams}; undefined where `gather` has kept an error. */
export function gatherParams(value: Cell, where: Where, gather: Gather): readonly ParamSpec[] | undefined {
  return gather.attempt(() => readParams(value, where, gather), undefined)
}

function readParams(value: Cell, where: Where, gather: Gather): readonly ParamSpec[] | undefined {
  if (!Array.isArray(value))
    return fail('SIGNATURE_FIELD', { field: where.path ?? 'params', wanted: 'a list', found: cellKind(value) }, where)
  const own = watch(gather)
  const params = (value as readonly Cell[]).map((item, index) =>
    own.attempt(() => parseParam(item, at(where, `[${index}]`), own), undefined),
  )
  const names = new Set<string>()
  for (const { name } of params.filter((param) => param !== undefined)) {
    if (names.has(name)) own.attempt(() => fail('PARAM_DUPLICATE', { name }, where), undefined)
    names.add(name)
  }
  return own.failed() ? undefined : (params as readonly ParamSpec[])
}

const anyType: ScalarType = { kind: 'scalar', dataType: 'string' }

function parseParam(value: Cell, where: Where, gather: Gather): ParamSpec {
  if (!isCellMap(value)) return fail('SIGNATURE_FIELD', { field: 'a param', wanted: 'an object', found: cellKind(value) }, where)
  for (const key of ['name', 'default']) if (!value.has(key)) fail('SIGNATURE_MISSING_KEY', { what: 'a param', key }, where)
  if (!value.has('type') && !value.has('dtype')) fail('SIGNATURE_MISSING_KEY', { what: 'a param', key: 'type' }, where)
  const name = gather.attempt(() => parseName(value.get('name')!, where), '')
  const own = watch(gather)
  const type = own.attempt(() => parseType(name, value, where), anyType)
  const shape = own.attempt(() => parseShape(name, value.get('shape') ?? null, where), null)
  // A default is of a type and a shape: without them nothing can be said of it.
  const given = value.get('default')!
  const fallback = own.failed() ? null : gather.attempt(() => parseDefault(name, given, type, shape, where), null)
  return { name, type, shape, default: fallback }
}

function parseDefault(name: string, value: Cell, type: ParamSpec['type'], shape: ParamSpec['shape'], where: Where): Cell {
  const converted = convertParam(value, type, shape)
  if ('reason' in converted) return fail('PARAM_DEFAULT', { name, reason: converted.reason }, at(where, '.default'))
  return converted.value
}

/** MLflow makes text of any name; integers are all that has been seen. */
function parseName(name: Cell, where: Where): string {
  if (typeof name === 'string') return name
  if (typeof name === 'bigint') return String(name)
  return fail('SIGNATURE_FIELD', { field: 'name', wanted: 'text', found: cellKind(name) }, at(where, '.name'))
}

function parseType(name: string, value: CellMap, where: Where): ScalarType | ObjectType {
  const type = value.get('type') || value.get('dtype')
  if (type === 'object') return parseObjectType(value, where)
  if (typeof type !== 'string' || !isDataType(type) || type === 'binary')
    return fail(
      'PARAM_TYPE',
      { name, type: typeof type === 'string' ? JSON.stringify(type) : cellKind(type) },
      at(where, '.type'),
    )
  return { kind: 'scalar', dataType: type }
}

function parseShape(name: string, shape: Cell, where: Where): null | readonly [-1] {
  if (shape === null) return null
  const list = Array.isArray(shape) ? (shape as readonly Cell[]) : undefined
  if (list?.length === 1 && list[0] === -1n) return [-1]
  const text =
    list === undefined
      ? cellKind(shape)
      : `[${list.map((item) => (typeof item === 'bigint' ? item : cellKind(item))).join(', ')}]`
  return fail('PARAM_SHAPE', { name, shape: text }, at(where, '.shape'))
}

export type ConvertedParam = { readonly value: Cell } | { readonly reason: string }

/**
 * Converts a value to a param's type as `ParamSpec.validate_type_and_shape` does: null stays null, integers pass for
 * float and double, a datetime is ISO text read as NumPy does; an object is checked and kept as it is.
 *
 * @returns the value, or the reason why not: a predicate such as `must be a list, not text`
 */
export function convertParam(value: Cell, type: ScalarType | ObjectType, shape: null | readonly [-1]): ConvertedParam {
  if (shape === null) return type.kind === 'object' ? convertObject(value, type) : convertScalarParam(value, type.dataType)
  if (!Array.isArray(value)) return { reason: `must be a list, not ${cellKind(value)}` }
  const items = value as readonly Cell[]
  if (items.some((item) => Array.isArray(item))) return { reason: 'must be a flat list' }
  const converted: Cell[] = []
  for (const [index, item] of items.entries()) {
    const result =
      type.kind === 'object' && item !== null
        ? { reason: 'cannot be an object' }
        : convertScalarParam(item, type.kind === 'object' ? 'string' : type.dataType)
    if ('reason' in result) return { reason: `at position ${index} ${result.reason}` }
    converted.push(result.value)
  }
  return { value: converted }
}

/** Converts one value that is no list and no object; {@link convertParam} for all. */
export function convertScalarParam(value: Cell, dataType: DataType): ConvertedParam {
  if (value === null) return { value: null }
  const mismatch = { reason: `must be ${wanted[dataType]}, not ${cellKind(value)}` }
  switch (dataType) {
    case 'boolean':
      return typeof value === 'boolean' ? { value } : mismatch
    case 'integer':
    case 'long':
      return typeof value === 'bigint' ? { value } : mismatch
    case 'float':
    case 'double': {
      if (typeof value === 'number') return { value }
      if (typeof value !== 'bigint') return mismatch
      // Python's float() raises OverflowError where JavaScript gives infinity.
      const number = Number(value)
      return Number.isFinite(number) ? { value: number } : { reason: 'is too large for a double' }
    }
    case 'string':
      return typeof value === 'string' ? { value } : mismatch
    case 'datetime': {
      if (typeof value !== 'string') return mismatch
      const moment = readNumpyDatetime(value)
      return moment === undefined
        ? { reason: 'is no ISO 8601 date between the years 1 and 9999, to the microsecond' }
        : { value: moment }
    }
    case 'binary':
      return { reason: 'cannot be binary' }
  }
}

const wanted: Readonly<Record<DataType, string>> = {
  boolean: 'true or false',
  integer: 'an integer',
  long: 'an integer',
  float: 'a number',
  double: 'a number',
  string: 'text',
  binary: 'binary',
  datetime: 'ISO 8601 text',
}

function convertObject(value: Cell, type: ObjectType): ConvertedParam {
  const reason = objectMismatch(value, type)
  return reason === undefined ? { value } : { reason }
}

function objectMismatch(value: Cell, type: ObjectType): string | undefined {
  if (!isCellMap(value)) return `must be an object, not ${cellKind(value)}`
  const known = new Map(type.properties.map((property) => [property.name, property]))
  for (const property of type.properties)
    if (property.required && !value.has(property.name)) return `has no property ${JSON.stringify(property.name)}`
  for (const [name, item] of value) {
    const property = known.get(name)
    if (property === undefined) return `has the unknown property ${JSON.stringify(name)}`
    const reason = item === null && !property.required ? undefined : valueMismatch(item, property.type)
    if (reason !== undefined) return `in the property ${JSON.stringify(name)} ${reason}`
  }
  return undefined
}

function valueMismatch(value: Cell, type: ValueType): string | undefined {
  switch (type.kind) {
    case 'any':
      return undefined
    case 'object':
      return objectMismatch(value, type)
    case 'map': {
      if (!isCellMap(value)) return `must be an object, not ${cellKind(value)}`
      for (const item of value.values()) {
        const reason = valueMismatch(item, type.values)
        if (reason !== undefined) return reason
      }
      return undefined
    }
    case 'array':
    case 'sparkml_vector': {
      if (!Array.isArray(value)) return `must be a list, not ${cellKind(value)}`
      const items: ValueType = type.kind === 'array' ? type.items : { kind: 'scalar', dataType: 'double' }
      for (const item of value as readonly Cell[]) {
        const reason = valueMismatch(item, items)
        if (reason !== undefined) return reason
      }
      return undefined
    }
    case 'scalar': {
      if (type.dataType === 'binary') return typeof value === 'string' ? undefined : `must be text, not ${cellKind(value)}`
      const result = convertScalarParam(value, type.dataType)
      return 'reason' in result ? result.reason : undefined
    }
  }
}

const isoText =
  /^[ \t\n\v\f\r]*([-+]?)([0-9]+)(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]*))?)?)?(?:Z|([-+])([0-9]{2})(?::?([0-9]{2}))?)?[ \t\n\v\f\r]*)?)?)?$/

/**
 * `numpy.datetime64(text).item()`: a date or a moment in UTC; null for NaT and empty text; undefined for any other text and
 * for what Python's datetime cannot hold (years beyond 1 to 9999, more than six digits of a second).
 */
function readNumpyDatetime(text: string): Moment | null | undefined {
  if (text === '' || /^nat$/i.test(text)) return null
  const parts = isoText.exec(text)
  if (parts === null || parts[1] === '-' || (parts[8]?.length ?? 0) > 6) return undefined
  const number = (index: number, absent: number): number => Number(parts[index] ?? absent)
  const [year, month, day] = [number(2, 1), number(3, 1), number(4, 1)]
  const date = new Date(0)
  if (year > 9999) return undefined
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const [hour, minute, second] = [number(5, 0), number(6, 0), number(7, 0)]
  const [zoneHour, zoneMinute] = [number(10, 0), number(11, 0)]
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined
  // NumPy wants the minutes of a zone unless the text ends there.
  if (parts[10] !== undefined && parts[11] === undefined && /\s$/.test(text)) return undefined
  const zone = (zoneHour * 60 + zoneMinute) * (parts[9] === '-' ? -1 : 1)
  const milliseconds = date.getTime() + ((hour * 60 + minute - zone) * 60 + second) * 1000
  const result = new Date(milliseconds).getUTCFullYear()
  if (result < 1 || result > 9999) return undefined
  const nanoseconds = BigInt(milliseconds) * 1_000_000n + BigInt((parts[8] ?? '').padEnd(9, '0'))
  return { kind: parts[5] === undefined ? 'date' : 'datetime', nanoseconds }
}

function fail<Code extends ErrorCode>(code: Code, args: ErrorArguments<Code>, where: Where): never {
  throw new MlmodelError(code, args, { where })
}
