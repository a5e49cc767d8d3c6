/** The values of a JSON body by column, as they were sent, each with its place: what losses are judged by. */
import { type Schema, specsOf } from '../signature.ts'
import type { BodyForm, Form } from './forms.ts'
import { type Name, namesOf, refuseSparse, sizesOf } from './pandas-frame.ts'
import { type Path, Refusal } from './sink.ts'
import { type Cell, isCellMap, isList } from './values.ts'

export interface RawColumn {
  readonly name: Name
  /** Undefined where a row has no such key. */
  readonly cells: readonly (Cell | undefined)[]
  path(row: number): Path
}

export interface Layout {
  readonly form: Form | 'llm'
  readonly columns: readonly RawColumn[]
  /** `inputs` with one object: whole values by name, before they are columns or one row. */
  readonly named?: ReadonlyMap<string, Cell>
  /** `inputs` or `instances` with a list or a single value, no objects. */
  readonly bare?: Cell
  /** `instances` whose rows have other keys than the first: where, and which. */
  readonly uneven?: { readonly row: number; readonly missing: readonly string[]; readonly extra: readonly string[] }
  readonly repeated?: Name
}

/** Finds in the form of a body which cell stands in which row and column, and at which JSON path. */
export function layOut(form: BodyForm, schema: Schema | undefined): Layout {
  if (form.kind === 'llm') return { form: 'llm', columns: ofNamed(form.value, [], schema, true), named: form.value }
  const { value } = form
  switch (form.form) {
    case 'dataframe_split':
      return isCellMap(value) ? splitLayout(value) : { form: form.form, columns: [] }
    case 'dataframe_records':
      return { form: form.form, columns: ofRows(value, ['dataframe_records'], undefined) }
    case 'instances':
      if (isList(value) && isCellMap(value[0])) {
        const uneven = unevenRow(value)
        return { form: 'instances', columns: ofRows(value, ['instances'], undefined), ...(uneven !== undefined && { uneven }) }
      }
      return arrayLayout(form.form, value, schema)
    default:
      return arrayLayout(form.form, value, schema)
  }
}

function splitLayout(value: ReadonlyMap<string, Cell>): Layout {
  const data = value.get('data') ?? null
  const names = namesIn(value.get('columns'))
  const seen = new Set<Name>()
  const repeated = names?.find((name) => !Number.isNaN(name) && seen.size === seen.add(name).size)
  const base: Path = ['dataframe_split', 'data']
  const columns = isCellMap(data)
    ? [...data].map(([name, cells]) => ({
        name,
        cells: isList(cells) ? cells : [cells],
        path: (row: number): Path => (isList(cells) ? [...base, name, row] : [...base, name]),
      }))
    : ofRows(data, base, names)
  return { form: 'dataframe_split', columns, ...(repeated !== undefined && { repeated }) }
}

function namesIn(value: Cell | undefined): readonly Name[] | undefined {
  if (value === undefined || value === null) return undefined
  try {
    return namesOf(value)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** Rows of objects or lists, or single values. */
function ofRows(rows: Cell, base: Path, names: readonly Name[] | undefined): RawColumn[] {
  if (!isList(rows)) return []
  const keyed = isCellMap(rows[0])
  const keys = new Map<Name, Name>()
  for (const row of rows) {
    if (isCellMap(row)) for (const key of row.keys()) keys.set(key, key)
    else if (isList(row)) for (const index of row.keys()) keys.set(names?.[index] ?? index, index)
    else keys.set(names?.[0] ?? 0, 0)
  }
  refuseSparse(rows.length, keys.size, sizesOf(rows))
  return [...keys].map(([name, key]) => ({
    name,
    cells: rows.map((row) =>
      isCellMap(row) ? row.get(String(key)) : isList(row) ? row[key as number] : key === 0 ? row : undefined,
    ),
    path: (row: number): Path => (keyed || isList(rows[row]) ? [...base, row, key] : [...base, row]),
  }))
}

function unevenRow(rows: readonly Cell[]): Layout['uneven'] {
  const first = new Set(isCellMap(rows[0]) ? rows[0].keys() : [])
  for (const [index, row] of rows.entries()) {
    if (!isCellMap(row)) continue
    const missing = [...first].filter((key) => !row.has(key))
    const extra = [...row.keys()].filter((key) => !first.has(key))
    if (missing.length > 0 || extra.length > 0) return { row: index + 1, missing, extra }
  }
  return undefined
}

function arrayLayout(form: Form, value: Cell, schema: Schema | undefined): Layout {
  if (isCellMap(value)) return { form, columns: ofNamed(value, [form], schema, false), named: value }
  if (isList(value) && value.length > 0 && value.every(isCellMap)) return { form, columns: ofRows(value, [form], undefined) }
  if (!isList(value)) return { form, columns: [{ name: 0, cells: [value], path: () => [form] }], bare: value }
  const only = onlyName(schema)
  if (only === undefined || value.some(isCellMap)) return { form, columns: ofRows(value, [form], undefined), bare: value }
  const [column] = ofNamed(new Map([[String(only), value]]), [], schema, false)
  return {
    form,
    columns: [{ ...column!, path: (row) => (column!.cells.length === value.length ? [form, row] : [form]) }],
    bare: value,
  }
}

function onlyName(schema: Schema | undefined): Name | undefined {
  if (schema === undefined) return undefined
  const names = new Set(specsOf(schema).map(({ name }) => name))
  return names.size === 1 ? [...names][0] : undefined
}

/** Values by name: a column each, or one row of whole values (as `tableOfNamed` in schema-input.ts decides). */
function ofNamed(values: ReadonlyMap<string, Cell>, base: Path, schema: Schema | undefined, untyped: boolean): RawColumn[] {
  const row = isOneRow(values, schema, untyped)
  return [...values].map(([name, value]) =>
    row || !isList(value)
      ? { name, cells: [value], path: () => [...base, name] }
      : { name, cells: value, path: (index: number) => [...base, name, index] },
  )
}

function isOneRow(values: ReadonlyMap<string, Cell>, schema: Schema | undefined, untyped: boolean): boolean {
  if (schema?.kind !== 'columns') return false
  if (schema.columns.some(({ type }) => type.kind === 'array' || type.kind === 'object' || type.kind === 'sparkml_vector'))
    return true
  const texts = (value: Cell) => untyped && isList(value) && value.every((item) => typeof item === 'string')
  return [...values.values()].every((value) => (!isList(value) && !isCellMap(value)) || texts(value))
}
