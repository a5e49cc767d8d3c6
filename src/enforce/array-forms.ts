/**
 * The forms `inputs` and `instances`: every value is set into a NumPy array of its column's type.
 *
 * @see mlflow/utils/proto_json_utils.py (_cast_schema_type, convert_data_type, parse_instances_data)
 */
import { dtypeOfDataType } from '../dtype.ts'
import type { ColumnSpec, Schema, TensorSpec } from '../signature.ts'
import { specsOf } from '../signature.ts'
import { enforceCell } from './nested.ts'
import { makeArray, subArray } from './numpy.ts'
import { typeNameOf } from './python.ts'
import type { Report } from './report.ts'
import { type Path, Refusal, raising, type Sink } from './sink.ts'
import { specDtype } from './tensors.ts'
import { type Cell, isArray, isCellMap, isList, isPlain, type Scalar, type ValueDtype } from './values.ts'

type Spec = ColumnSpec | TensorSpec

/** Reads `inputs`. @throws Refusal where MLflow refuses the form; what single values lack is reported. */
export function readInputs(
  value: Cell,
  schema: Schema | undefined,
  report: Report,
  form: 'inputs' | 'instances' = 'inputs',
): Cell {
  const types = typesByName(schema)
  if (schema !== undefined) {
    if (types.size === 1 && isList(value) && !value.some(isCellMap)) {
      const [[name, spec]] = [...types] as [[string | number, Spec]]
      const converted = convert(value, spec, report, [form], name)
      // A numbered column is the first of an array without names.
      return typeof name === 'number' ? converted : new Map([[name, converted]])
    }
    if (types.size === 0 && !isList(value) && !isPlain(value)) {
      throw new Refusal(
        `the signature has no names, so \`${form}\` must be a list or a single value, not ${typeNameOf(value)}`,
        value,
      )
    }
  }
  if (isCellMap(value)) {
    return new Map([...value].map(([name, item]) => [name, convert(item, types.get(name), report, [form, name], name)]))
  }
  if (isList(value) && value.every(isCellMap)) {
    return value.map(
      (row, index) =>
        new Map([...row].map(([name, item]) => [name, convert(item, types.get(name), report, [form, index, name], name)])),
    )
  }
  const spec = schema === undefined ? undefined : specsOf(schema)[0]
  return convert(value, spec, report, [form], spec?.name)
}

/** Reads `instances`: rows of objects become an array per name, each in the order in which the rows have it. */
export function readInstances(value: Cell, schema: Schema | undefined, report: Report): Cell {
  const data =
    isList(value) && isCellMap(value[0]) ? columnsOfRows(value, schema, report) : readInputs(value, schema, report, 'instances')
  if (isCellMap(data)) checkLengths(data, schema)
  return data
}

function columnsOfRows(rows: readonly Cell[], schema: Schema | undefined, report: Report): Cell {
  const types = typesByName(schema)
  const columns = new Map<string, Cell[]>()
  rows.forEach((row, index) => {
    if (!isCellMap(row)) throw new Refusal('every row must be an object, as the first is', row, [index])
    for (const [name, item] of row) {
      const cells = columns.get(name) ?? []
      columns.set(name, cells)
      cells.push(convert(item, types.get(name), report, ['instances', index, name], name))
    }
  })
  return new Map([...columns].map(([name, cells]) => [name, stack(cells, report, name)]))
}

function stack(cells: readonly Cell[], report: Report, name: string): Cell {
  if (report.failed(name)) return null
  try {
    return makeArray(cells, undefined, raising)
  } catch (error) {
    return report.refuse('parse', error, { column: name, path: ['instances'] }, 'an array')
  }
}

/** Required columns must be equally long; arrays may differ, being taken for one row. */
function checkLengths(data: ReadonlyMap<string, Cell>, schema: Schema | undefined): void {
  const specs = schema === undefined || specsOf(schema)[0]?.name === undefined ? undefined : specsOf(schema)
  const lengths = new Map<string, number>()
  for (const [name, value] of data) {
    const spec = specs?.find((candidate) => candidate.name === name)
    if (specs !== undefined && (spec === undefined || name === '' || !isChecked(spec))) continue
    if (isList(value)) lengths.set(name, value.length)
    if (isArray(value)) lengths.set(name, value.shape[0] ?? Number.NaN)
  }
  const distinct = new Set(lengths.values())
  const single = [...lengths].find(([, length]) => Number.isNaN(length))
  if (single !== undefined) throw new Refusal(`\`${single[0]}\` is a single value, not a list of rows`)
  if (distinct.size > 1) {
    throw new Refusal(`columns of different lengths: ${[...lengths].map(([name, length]) => `\`${name}\` ${length}`).join(', ')}`)
  }
}

function isChecked(spec: Spec): boolean {
  if (spec.kind === 'tensor') return true
  return spec.required && spec.type.kind !== 'array' && spec.type.kind !== 'sparkml_vector'
}

function typesByName(schema: Schema | undefined): ReadonlyMap<string | number, Spec> {
  const types = new Map<string | number, Spec>()
  if (schema === undefined) return types
  for (const spec of specsOf(schema)) if (spec.name !== undefined) types.set(spec.name, spec)
  return types
}

/** `convert_data_type`; null stands for what was refused and reported. */
function convert(value: Cell, spec: Spec | undefined, report: Report, path: Path, name: string | number | undefined): Cell {
  const column = name === undefined ? {} : { column: name }
  const sink: Sink = {
    refuse: (inner, found, why) => report.unreadable({ ...column, path: [...path, ...inner] }, found, wordOf(spec), why),
  }
  try {
    if (spec === undefined) return makeArray(value, undefined, sink)
    if (spec.kind === 'tensor') return makeArray(value, specDtype(spec), sink)
    const { type } = spec
    if (type.kind === 'scalar') {
      const dtype = dtypeOfDataType[type.dataType] as ValueDtype
      if (isList(value)) return makeArray(value, dtype, sink)
      const single: Sink = { refuse: (_, found, why) => sink.refuse([], found, why) }
      return subArray(makeArray([value], dtype, single), 0) as Scalar
    }
    const enforced = enforceCell(value, type, spec.required)
    return type.kind === 'array' || type.kind === 'sparkml_vector' ? makeArray(enforced, undefined, raising) : enforced
  } catch (error) {
    return report.refuse('parse', error, { ...column, path }, wordOf(spec))
  }
}

function wordOf(spec: Spec | undefined): string {
  if (spec === undefined) return 'an array'
  return spec.kind === 'tensor' ? spec.numpyDtype : spec.type.kind === 'scalar' ? spec.type.dataType : spec.type.kind
}
