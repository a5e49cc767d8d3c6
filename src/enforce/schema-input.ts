/**
 * MLflow's `_enforce_schema`: data of any form fitted to the signature's columns or tensors. The last step of every
 * request, and the whole of it for data from files.
 */
import { type ColumnSchema, type Schema, specNames, type TensorSchema } from '../signature.ts'
import { enforceSeries } from './columns.ts'
import { enforceCell, typeText } from './nested.ts'
import { makeTable, type Name, seriesOfCells, type Table, type TableColumn, tableOfRow } from './pandas-frame.ts'
import { representationOf, typeNameOf } from './python.ts'
import type { Report } from './report.ts'
import { Refusal } from './sink.ts'
import { enforceTensor, tensorOfColumn, tensorOfTable } from './tensors.ts'
import { type Cell, cellAt, cellsOf, isArray, isCellMap, isList, isPlain, type NumpyArray } from './values.ts'

/** Parsed data: a table, or an array, object, list or value. */
export type Parsed = { readonly kind: 'table'; readonly table: Table } | { readonly kind: 'cell'; readonly value: Cell }

/** Enforced data; what failed is in the report. */
export type Fitted =
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'array'; readonly array: NumpyArray }
  | { readonly kind: 'named'; readonly arrays: ReadonlyMap<string, NumpyArray> }

/**
 * Fits data to the inputs of a signature as MLflow's `_enforce_schema` does. What does not fit goes to the report; undefined
 * where nothing can be made of the data.
 */
export function enforceSchema(data: Parsed, schema: Schema, report: Report): Fitted | undefined {
  try {
    return schema.kind === 'columns' ? enforceColumns(data, schema, report) : enforceTensors(data, schema, report)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    report.problem('enforce', 'DATA_FORM', { why: error.message })
    return undefined
  }
}

function enforceColumns(data: Parsed, schema: ColumnSchema, report: Report): Fitted | undefined {
  const table = data.kind === 'table' ? data.table : tableOfCell(data.value, schema)
  const named = schema.columns[0]!.name !== undefined
  if (named) {
    if (
      !hasColumns(
        table.columns.map(({ name }) => name),
        schema,
        report,
      )
    )
      return undefined
  } else if (table.columns.length < schema.columns.length) {
    report.problem('enforce', 'COLUMNS_TOO_FEW', { wanted: schema.columns.length, found: table.columns.length })
    return undefined
  }
  if (schema.columns.some(({ name }) => name === '')) throw new Refusal('the signature has a column whose name is empty')
  const columns: TableColumn[] = []
  const names = specNames(schema)
  for (const [position, spec] of schema.columns.entries()) {
    const name = named ? names[position]! : table.columns[position]!.name
    const found = table.columns.filter((column) => column.name === name)
    if (found.length === 0) continue
    if (found.length > 1) {
      report.problem('enforce', 'COLUMN_REPEATED', { column: name }, { column: name })
      continue
    }
    if (columns.some((column) => column.name === name)) continue
    const { type, required } = lastSpec(schema, name) ?? spec
    try {
      const series =
        type.kind === 'scalar'
          ? enforceSeries(found[0]!.series, type.dataType)
          : seriesOfCells(cellsOf(found[0]!.series).map((cell, row) => enforceCell(cell, type, named ? required : true, [row])))
      columns.push({ ...found[0]!, series })
    } catch (error) {
      report.refuse('enforce', error, { column: name }, typeText(type))
    }
  }
  // A table of no columns has no rows either.
  return { kind: 'table', table: columns.length === 0 ? { rows: 0, columns } : { ...table, columns } }
}

/** Where a signature has a name twice, the last counts. */
function lastSpec(schema: ColumnSchema, name: Name) {
  return schema.columns[0]!.name === undefined
    ? undefined
    : schema.columns.findLast((spec, index) => (spec.name || index) === name)
}

/** Checks names; extra ones are dropped with a warning. */
export function hasColumns(given: readonly Name[], schema: Schema, report: Report): boolean {
  const names = specNames(schema)
  const required = schema.kind === 'tensors' ? names : names.filter((_, index) => schema.columns[index]!.required)
  const missing = required.filter((name) => !given.includes(name))
  const extra = [...new Set(given)].filter((name) => !names.includes(name))
  if (missing.length > 0) {
    report.problem('enforce', 'COLUMNS_MISSING', { missing, extra })
    return false
  }
  if (extra.length > 0) report.warn('COLUMNS_IGNORED', { columns: extra })
  return true
}

/** The table that MLflow makes of an array, an object, a list or a value. */
export function tableOfCell(value: Cell, schema: ColumnSchema): Table {
  if (isPlain(value)) return makeTable([value])
  if (isCellMap(value)) return tableOfNamed(value, schema)
  if (isList(value) || isArray(value)) return makeTable(value)
  throw new Refusal(`a table is wanted, not ${typeNameOf(value)}`)
}

/** One row of whole values, or a column for each. */
function tableOfNamed(values: ReadonlyMap<string, Cell>, schema: ColumnSchema): Table {
  const complex = schema.columns.some(
    ({ type }) => type.kind === 'array' || type.kind === 'object' || type.kind === 'sparkml_vector',
  )
  const items = [...values.values()]
  if (complex || items.every(isRowValue) || items.every(isTextArray)) return tableOfRow(values)
  if (!items.some((item) => isArray(item) && item.shape.length > 1)) return makeTable(values)
  return makeTable(
    new Map([...values].map(([name, item]) => [name, isArray(item) && item.shape.length > 1 ? listOf(item) : item])),
  )
}

function isRowValue(value: Cell): boolean {
  return value === null || isPlain(value) || (isList(value) && value.every((item) => typeof item === 'string'))
}

function isTextArray(value: Cell): boolean {
  return isArray(value) && value.dtype === 'string' && value.shape.length === 0
}

/** A value with its arrays as lists. */
export function wholeList(value: Cell): Cell {
  return isArray(value) && value.shape.length > 0 ? listOf(value) : value
}

/** `ndarray.tolist()` of any rank. */
function listOf(array: NumpyArray): Cell {
  const build = (axis: number, offset: number): Cell => {
    if (axis === array.shape.length) return cellAt(array.dtype, array.values, offset)
    const stride = array.shape.slice(axis + 1).reduce((product, size) => product * size, 1)
    return Array.from({ length: array.shape[axis]! }, (_, index) => build(axis + 1, offset + index * stride))
  }
  return build(0, 0)
}

function enforceTensors(data: Parsed, schema: TensorSchema, report: Report): Fitted | undefined {
  const only = schema.tensors[0]!
  if (only.name === undefined) {
    if (data.kind === 'table') return { kind: 'array', array: tensorOfTable(data.table, only) }
    if (isArray(data.value)) return { kind: 'array', array: enforceTensor(data.value, only) }
    throw new Refusal(`an array is wanted, not ${typeNameOf(data.value)}`)
  }
  const names = specNames(schema)
  const bare = data.kind === 'cell' && isArray(data.value) && new Set(names).size === 1
  const value = data.kind === 'table' ? undefined : bare ? new Map([[String(names[0]), data.value]]) : data.value
  const given =
    data.kind === 'table' ? data.table.columns.map(({ name }) => name) : bare ? names : isCellMap(value) ? [...value.keys()] : []
  if (!hasColumns(given, schema, report)) return undefined
  const arrays = new Map<string, NumpyArray>()
  for (const [index, spec] of schema.tensors.entries()) {
    const name = names[index]!
    try {
      if (data.kind === 'table') arrays.set(String(name), tensorOfNamedColumn(data.table, name, spec))
      else arrays.set(String(name), tensorOfValue((value as ReadonlyMap<string, Cell>).get(String(name))!, spec))
    } catch (error) {
      report.refuse('enforce', error, { column: name }, `Tensor ${spec.numpyDtype}`)
    }
  }
  return { kind: 'named', arrays }
}

function tensorOfValue(value: Cell, spec: TensorSchema['tensors'][number]): NumpyArray {
  if (!isArray(value)) throw new Refusal(`an array is wanted, not ${typeNameOf(value)} (${representationOf(value).slice(0, 40)})`)
  return enforceTensor(value, spec)
}

function tensorOfNamedColumn(table: Table, name: Name, spec: TensorSchema['tensors'][number]): NumpyArray {
  const found = table.columns.filter((column) => column.name === name)
  if (found.length > 1) throw new Refusal('the column is there more than once')
  return tensorOfColumn(found[0]!, table, spec)
}
