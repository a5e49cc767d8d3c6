/**
 * Values of MLflow's Array, Object, Map and Any types, cell by cell. Over HTTP this runs twice, once to parse and once to
 * enforce, and the first result is not always a valid input of the second: both are followed exactly.
 *
 * @see mlflow/models/utils.py (_enforce_type and what it calls)
 */
import { dtypeOfDataType } from '../dtype.ts'
import type { ArrayType, MapType, ObjectType, ScalarType, ValueType } from '../signature.ts'
import { enforceSeries } from './columns.ts'
import { castLeaves, makeArray, subArray } from './numpy.ts'
import { seriesOfCells } from './pandas-frame.ts'
import { seriesOfArray } from './pandas-infer.ts'
import { typeNameOf } from './python.ts'
import { type Path, Refusal, raising } from './sink.ts'
import {
  arrayOf,
  type Cell,
  cellAt,
  cellsOf,
  isArray,
  isCellMap,
  isList,
  isMissing,
  isPlain,
  type NumpyArray,
  type Series,
  scalarOf,
  type ValueDtype,
} from './values.ts'

/** @throws Refusal with the place inside the value */
export function enforceCell(value: Cell, type: ValueType, required: boolean, path: Path = []): Cell {
  switch (type.kind) {
    case 'scalar':
      return enforceScalar(value, type, required, path)
    case 'array':
      return enforceArray(value, type, required, path)
    case 'sparkml_vector':
      return enforceArray(value, { kind: 'array', items: { kind: 'scalar', dataType: 'double' } }, required, path)
    case 'object':
      return enforceObject(value, type, required, path)
    case 'map':
      return enforceMap(value, type, required, path)
    case 'any':
      return value
  }
}

function enforceScalar(value: Cell, type: ScalarType, required: boolean, path: Path): Cell {
  if (!required && isMissing(value)) return null
  if (!isPlain(value)) throw new Refusal(`a single value is wanted, not ${typeNameOf(value)}`, value, path)
  const series = within(value, path, () => enforceSeries(seriesOfCells([value]), type.dataType))
  if (series.dtype === 'object' || series.dtype === 'str' || series.dtype === 'extension') return series.values[0]!
  return scalarOf(series.dtype, series.values)
}

function enforceArray(value: Cell, type: ArrayType, required: boolean, path: Path): Cell {
  const empty = (isList(value) && value.length === 0) || (isArray(value) && value.shape[0] === 0)
  if ((!required || type.items.kind === 'any') && (value === null || empty)) return value
  if (isList(value)) {
    if (type.items.kind !== 'scalar') return value.map((item, index) => enforceCell(item, type.items, required, [...path, index]))
    return value.length === 0
      ? value
      : listOf(within(value, path, () => toArray(enforceSeries(seriesOfCells(value), dataTypeOf(type)), type)))
  }
  if (!isArray(value)) throw new Refusal(`a list is wanted, not ${typeNameOf(value)}`, value, path)
  if (value.shape.length === 0) throw new Refusal('a list is wanted, not a single value', value, path)
  if (type.items.kind !== 'scalar') {
    const items = Array.from({ length: value.shape[0]! }, (_, index) =>
      enforceCell(subArray(value, index), type.items, required, [...path, index]),
    )
    return makeArray(items, undefined, raising)
  }
  if (value.shape[0] === 0) return value
  if (value.shape.length !== 1) throw new Refusal('a list of single values is wanted, not a list of lists', value, path)
  return within(value, path, () => toArray(enforceSeries(seriesOfArray(value), dataTypeOf(type)), type))
}

function dataTypeOf(type: ArrayType): ScalarType['dataType'] {
  return (type.items as ScalarType).dataType
}

/** `Series.to_numpy(dtype)`. Texts with a missing one among them are cut to a character each (rule L8). */
function toArray(series: Series, type: ArrayType): NumpyArray {
  const dtype = dtypeOfDataType[dataTypeOf(type)] as ValueDtype
  if (series.dtype === 'str' && series.values.includes(null)) {
    const cut = series.values.map((text) => [...(text ?? 'nan')].slice(0, 1).join(''))
    return castLeaves(cut, dtype, [cut.length], raising)
  }
  if (series.dtype === dtype) return arrayOf(dtype, [series.values.length], series.values)
  const cells = cellsOf(series)
  if ((dtype === 'string' || dtype === 'bytes') && cells.some(isList))
    throw new Refusal('a list of single values is wanted, not a list of lists')
  return castLeaves(cells, dtype, [cells.length], raising)
}

/** `ndarray.tolist()`: dates become nanoseconds. */
function listOf(array: NumpyArray): readonly Cell[] {
  return Array.from({ length: array.values.length }, (_, index) => {
    const cell = cellAt(array.dtype, array.values, index)
    if (array.dtype !== 'datetime64') return cell
    return isMissing(cell) ? null : (array.values as BigInt64Array)[index]!
  })
}

function enforceObject(value: Cell, type: ObjectType, required: boolean, path: Path): Cell {
  if (!required && (value === null || equalsEmpty(value))) return value
  if (!isCellMap(value)) throw new Refusal(`an object is wanted, not ${typeNameOf(value)}`, value, path)
  const missing = type.properties.filter((property) => property.required && !value.has(property.name))
  if (missing.length > 0)
    throw new Refusal(`the object lacks ${missing.map(({ name }) => `\`${name}\``).join(', ')}`, undefined, path)
  const enforced = new Map<string, Cell>()
  for (const [key, item] of value) {
    const property = type.properties.find(({ name }) => name === key)
    if (property === undefined) throw new Refusal(`the signature knows no property \`${key}\``, undefined, path)
    enforced.set(key, enforceCell(item, property.type, property.required, [...path, key]))
  }
  return enforced
}

/** Python's `value == {}`, which for an array of one object compares that. */
function equalsEmpty(value: Cell): boolean {
  if (isArray(value)) return value.dtype === 'object' && value.values.length === 1 && equalsEmpty(value.values[0]!)
  return isCellMap(value) && value.size === 0
}

function enforceMap(value: Cell, type: MapType, required: boolean, path: Path): Cell {
  if ((!required || type.values.kind === 'any') && (value === null || equalsEmpty(value))) return value
  if (!isCellMap(value)) throw new Refusal(`an object is wanted, not ${typeNameOf(value)}`, value, path)
  return new Map([...value].map(([key, item]) => [key, enforceCell(item, type.values, required, [...path, key])]))
}

/** Adds the place to a refusal that has none. */
function within<Result>(value: Cell, path: Path, convert: () => Result): Result {
  try {
    return convert()
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(error.message, error.found ?? value, [...path, ...error.path])
    throw error
  }
}

/** The signature's words for a type, as MLflow prints it. */
export function typeText(type: ValueType): string {
  switch (type.kind) {
    case 'scalar':
      return type.dataType
    case 'array':
      return `Array(${typeText(type.items)})`
    case 'sparkml_vector':
      return 'Array(double)'
    case 'object':
      return 'Object'
    case 'map':
      return `Map(${typeText(type.values)})`
    case 'any':
      return 'Any'
  }
}
