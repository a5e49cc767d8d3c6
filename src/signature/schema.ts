/**
 * The inputs or outputs of a signature, from its JSON value to records: the rules of mlflow/types/schema.py, each of its
 * failures as a typed error with the place in the signature.
 */
import { type Cell, type CellMap, isCellMap } from '../batch.ts'
import { type DataType, dtypeOfDataType } from '../dtype.ts'
import { type Gather, stopAtFirst, watch } from '../errors/gather.ts'
import { type ErrorArguments, type ErrorCode, MlmodelError, type Where } from '../errors/index.ts'
import { defaultLimits } from '../limits.ts'
import { readNumpyDtype } from './numpy-dtype.ts'
import type { ColumnSpec, ObjectType, Property, Schema, TensorSpec, ValueType } from './spec.ts'

/** MLflow's column types by name. */
export const dataTypes = Object.keys(dtypeOfDataType) as readonly DataType[]

const complexTypes = ['array', 'object', 'map', 'any', 'sparkml_vector']
const knownTypes = [...dataTypes, ...complexTypes]

/**
 * Reads a schema: a JSON list of columns or of tensors.
 *
 * @param where the file, and in `path` the part, for example `signature.inputs`
 * @throws MlmodelError SIGNATURE_… and SCHEMA_… of kind `model`
 */
export function parseSchema(value: Cell, where: Where): Schema {
  return gatherSchema(value, where, stopAtFirst)!
}

/** As {@link parseSchema}; undefined where `gather` has kept an error. */
export function gatherSchema(value: Cell, where: Where, gather: Gather): Schema | undefined {
  return gather.attempt(() => readSchema(value, where, gather), undefined)
}

function readSchema(value: Cell, where: Where, gather: Gather): Schema | undefined {
  if (!Array.isArray(value))
    return fail('SIGNATURE_FIELD', { field: where.path ?? 'a schema', wanted: 'a list', found: cellKind(value) }, where)
  const own = watch(gather)
  const specs = (value as readonly Cell[]).map((item, index) => {
    const one = watch(own)
    const spec = one.attempt(() => parseSpec(item, at(where, `[${index}]`), one), undefined)
    return one.failed() ? undefined : spec
  })
  checkSchema(specs, where, own)
  if (own.failed()) return undefined
  return specs[0]!.kind === 'tensor'
    ? { kind: 'tensors', tensors: specs as readonly TensorSpec[] }
    : { kind: 'columns', columns: specs as readonly ColumnSpec[] }
}

function parseSpec(value: Cell, where: Where, gather: Gather): ColumnSpec | TensorSpec {
  if (!isCellMap(value)) return fail('SIGNATURE_FIELD', { field: 'a column', wanted: 'an object', found: cellKind(value) }, where)
  const type = value.get('type')
  if (type === undefined) return fail('SIGNATURE_MISSING_KEY', { what: 'a column', key: 'type' }, where)
  return type === 'tensor' ? parseTensor(value, where, gather) : parseColumn(value, where, gather)
}

/** The rules of `Schema.__init__`, for the specs that could be read. Duplicate names pass, as in MLflow. */
function checkSchema(specs: readonly (ColumnSpec | TensorSpec | undefined)[], where: Where, gather: Gather): void {
  const rule = <Code extends ErrorCode>(broken: boolean, code: Code, args: ErrorArguments<Code>, place: Where): void => {
    if (broken) gather.attempt(() => fail(code, args, place), undefined)
  }
  const read = specs.filter((spec) => spec !== undefined)
  rule(specs.length === 0, 'SCHEMA_EMPTY', {}, where)
  const unnamed = specs.findIndex((spec) => spec !== undefined && spec.name === undefined)
  const named = read.find((spec) => spec.name !== undefined)
  if (unnamed !== -1 && named !== undefined) {
    const args = { named: JSON.stringify(named.name), unnamed: unnamed + 1 }
    rule(true, 'SCHEMA_MIXED_NAMES', args, at(where, `[${unnamed}]`))
  }
  const tensors = read.filter((spec) => spec.kind === 'tensor').length
  rule(tensors > 0 && tensors < read.length, 'SCHEMA_MIXED_KINDS', {}, where)
  rule(tensors > 1 && unnamed !== -1, 'SCHEMA_UNNAMED_TENSORS', {}, where)
  const optional = read.some((spec) => spec.kind === 'column' && !spec.required && spec.requiredIsNull !== true)
  rule(unnamed !== -1 && optional, 'SCHEMA_UNNAMED_OPTIONAL', {}, where)
}

const anyType: ValueType = { kind: 'any' }

function parseColumn(value: CellMap, where: Where, gather: Gather): ColumnSpec {
  const name = gather.attempt(() => parseName(value, where), {})
  const type = value.get('type')
  if (typeof type === 'string' && complexTypes.includes(type)) {
    // Without the key MLflow holds None: optional, and exempt from the rule on unnamed columns.
    const required = gather.attempt(() => parseRequired(value, null, where), null)
    const read = gather.attempt(() => parseType(value, where, 0, gather), anyType)
    const column = { kind: 'column', ...name, type: read, required: required === true } as const
    return required === null ? { ...column, requiredIsNull: true } : column
  }
  const unknown = [...value.keys()].filter((key) => key !== 'type' && key !== 'name' && key !== 'required' && key !== 'optional')
  for (const key of unknown) gather.attempt(() => fail('SIGNATURE_UNKNOWN_KEY', { key }, at(where, `.${key}`)), undefined)
  const required = gather.attempt(() => parseRequired(value, parseOptional(value, where) ?? true, where), true)
  const scalar = gather.attempt(() => parseScalarType(type, where), anyType)
  const column = { kind: 'column', ...name, type: scalar, required: required === true } as const
  return required === null ? { ...column, requiredIsNull: true } : column
}

function parseRequired(value: CellMap, absent: boolean | null, where: Where): boolean | null {
  const required = value.get('required')
  if (required === undefined) return absent
  if (required === null || typeof required === 'boolean') return required
  return fail(
    'SIGNATURE_FIELD',
    { field: 'required', wanted: 'true or false', found: cellKind(required) },
    at(where, '.required'),
  )
}

/** MLflow 2.6 to 2.13 wrote `"optional": true`, which today's MLflow refuses; `required` counts where both stand. */
function parseOptional(value: CellMap, where: Where): boolean | undefined {
  const optional = value.get('optional')
  if (optional === undefined || optional === null) return undefined
  if (typeof optional === 'boolean') return !optional
  return fail(
    'SIGNATURE_FIELD',
    { field: 'optional', wanted: 'true or false', found: cellKind(optional) },
    at(where, '.optional'),
  )
}

function parseName(value: CellMap, where: Where): { readonly name?: string | number } {
  const name = value.get('name')
  if (name === undefined || name === null) return {}
  if (typeof name === 'string') return { name }
  // DataFrames with numbered columns give integer names.
  if (typeof name === 'bigint' && BigInt.asIntN(53, name) === name) return { name: Number(name) }
  return fail('SIGNATURE_FIELD', { field: 'name', wanted: 'text or an integer', found: cellKind(name) }, at(where, '.name'))
}

/** Reads `{"type": …}` of a column, an item, a value or a property; keys that the type does not use are ignored, as in MLflow. */
function parseType(value: CellMap, where: Where, depth: number, gather: Gather): ValueType {
  if (depth > defaultLimits.depth) fail('SIGNATURE_DEPTH', { limit: defaultLimits.depth }, where)
  const type = value.get('type')
  switch (type) {
    case 'array':
      return { kind: 'array', items: parseInner(value, 'items', 'an array', where, depth, gather) }
    case 'map': {
      const values = parseInner(value, 'values', 'a map', where, depth, gather)
      // MLflow 3.17 returns the vector itself here, without the map around it.
      return values.kind === 'sparkml_vector' ? values : { kind: 'map', values }
    }
    case 'object':
      return parseObjectType(value, where, depth, gather)
    case 'any':
      return anyType
    case 'sparkml_vector':
      return { kind: 'sparkml_vector' }
    default:
      return parseScalarType(type, where)
  }
}

function parseScalarType(type: Cell | undefined, where: Where): ValueType {
  if (typeof type !== 'string')
    return fail('SIGNATURE_FIELD', { field: 'type', wanted: 'text', found: cellKind(type) }, at(where, '.type'))
  if (!isDataType(type)) return fail('SIGNATURE_TYPE', { type, known: knownTypes }, at(where, '.type'))
  return { kind: 'scalar', dataType: type }
}

/** Whether a text names one of MLflow's column types. */
export function isDataType(text: string): text is DataType {
  return (dataTypes as readonly string[]).includes(text)
}

function parseInner(
  value: CellMap,
  key: 'items' | 'values',
  what: string,
  where: Where,
  depth: number,
  gather: Gather,
): ValueType {
  const inner = value.get(key)
  const place = at(where, `.${key}`)
  if (inner === undefined) return fail('SIGNATURE_MISSING_KEY', { what, key }, where)
  if (!isCellMap(inner)) return fail('SIGNATURE_FIELD', { field: key, wanted: 'an object', found: cellKind(inner) }, place)
  if (!inner.has('type')) fail('SIGNATURE_MISSING_KEY', { what: `${key} of ${what}`, key: 'type' }, place)
  return parseType(inner, place, depth + 1, gather)
}

/**
 * Reads an object type: `{"type": "object", "properties": {name: {"type": …, "required": …}}}`, at least one property.
 *
 * @throws MlmodelError SIGNATURE_…
 */
export function parseObjectType(value: CellMap, where: Where, depth = 0, gather: Gather = stopAtFirst): ObjectType {
  const properties = value.get('properties')
  const place = at(where, '.properties')
  if (properties === undefined) return fail('SIGNATURE_MISSING_KEY', { what: 'an object', key: 'properties' }, where)
  if (!isCellMap(properties) || properties.size === 0)
    return fail(
      'SIGNATURE_FIELD',
      { field: 'properties', wanted: 'an object with a key or more', found: cellKind(properties) },
      place,
    )
  const parsed = [...properties].map(([name, property]) =>
    gather.attempt(() => parseProperty(name, property, at(place, `.${name}`), depth, gather), {
      name,
      type: anyType,
      required: true,
    }),
  )
  return { kind: 'object', properties: parsed.sort(byName) }
}

function parseProperty(name: string, value: Cell, where: Where, depth: number, gather: Gather): Property {
  if (!isCellMap(value))
    return fail('SIGNATURE_FIELD', { field: 'a property', wanted: 'an object', found: cellKind(value) }, where)
  if (!value.has('type')) fail('SIGNATURE_MISSING_KEY', { what: `the property ${JSON.stringify(name)}`, key: 'type' }, where)
  const type = parseType(value, where, depth + 1, gather)
  // MLflow loses the property's name here and refuses the object.
  if (type.kind === 'sparkml_vector')
    fail('SIGNATURE_TYPE', { type: type.kind, known: knownTypes.slice(0, -1) }, at(where, '.type'))
  return { name, type, required: parseRequired(value, true, where) === true }
}

/** Orders properties as Python orders their names: by code point. */
export function byName(left: Property, right: Property): number {
  const a = [...left.name]
  const b = [...right.name]
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = a[index]!.codePointAt(0)! - b[index]!.codePointAt(0)!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function parseTensor(value: CellMap, where: Where, gather: Gather): TensorSpec {
  const info = value.get('tensor-spec')
  const place = at(where, '.tensor-spec')
  if (info === undefined) return fail('SIGNATURE_MISSING_KEY', { what: 'a tensor', key: 'tensor-spec' }, where)
  if (!isCellMap(info))
    return fail('SIGNATURE_FIELD', { field: 'tensor-spec', wanted: 'an object', found: cellKind(info) }, place)
  return {
    kind: 'tensor',
    ...gather.attempt(() => parseName(value, where), {}),
    ...gather.attempt(() => parseDtype(info, place), { dtype: undefined, numpyDtype: 'object' }),
    shape: gather.attempt(() => parseShape(info, place, gather), []),
  }
}

function parseDtype(info: CellMap, where: Where): Pick<TensorSpec, 'dtype' | 'numpyDtype'> {
  const dtype = info.get('dtype')
  if (dtype === undefined) return fail('SIGNATURE_MISSING_KEY', { what: 'a tensor-spec', key: 'dtype' }, where)
  const place = at(where, '.dtype')
  if (typeof dtype !== 'string') return fail('SIGNATURE_FIELD', { field: 'dtype', wanted: 'text', found: cellKind(dtype) }, place)
  const read = readNumpyDtype(dtype)
  if ('reason' in read) return fail('SIGNATURE_DTYPE', { dtype, reason: read.reason }, place)
  return { dtype: read.dtype, numpyDtype: read.name }
}

function parseShape(info: CellMap, where: Where, gather: Gather): readonly (number | null)[] {
  const shape = info.get('shape')
  if (shape === undefined) return fail('SIGNATURE_MISSING_KEY', { what: 'a tensor-spec', key: 'shape' }, where)
  const place = at(where, '.shape')
  if (!Array.isArray(shape)) return fail('SIGNATURE_FIELD', { field: 'shape', wanted: 'a list', found: cellKind(shape) }, place)
  return (shape as readonly Cell[]).map((dimension, index) =>
    gather.attempt(() => {
      if (dimension === null) return null
      if (typeof dimension === 'bigint' && dimension >= -1n && dimension <= 2n ** 53n) return Number(dimension)
      const text = typeof dimension === 'bigint' || typeof dimension === 'number' ? String(dimension) : cellKind(dimension)
      return fail('SIGNATURE_SHAPE', { dimension: text }, at(place, `[${index}]`))
    }, null),
  )
}

/** The kind of a value, for messages. */
export function cellKind(value: Cell | undefined): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (isCellMap(value)) return value.size === 0 ? 'an empty object' : 'an object'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'bigint') return 'an integer'
  if (typeof value === 'number') return 'a number'
  return typeof value === 'boolean' ? `${value}` : 'another value'
}

/** The place one step further in. */
export function at(where: Where, step: string): Where {
  return { ...where, path: `${where.path ?? ''}${step}` }
}

function fail<Code extends ErrorCode>(code: Code, args: ErrorArguments<Code>, where: Where): never {
  throw new MlmodelError(code, args, { where })
}
