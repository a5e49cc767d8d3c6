/** Holds what MLflow made of a JSON body against what was sent, by the closed list: strict mode refuses or mends, compat mode counts. */

import { jsonPath } from '../json.ts'
import { type Schema, specNames, specsOf, type ValueType } from '../signature.ts'
import type { Layout, RawColumn } from './layout.ts'
import { judge, type Visit, walk } from './losses.ts'
import type { Table, TableColumn } from './pandas-frame.ts'
import { inferObjects } from './pandas-infer.ts'
import type { Report } from './report.ts'
import type { Fitted } from './schema-input.ts'
import { wholeList } from './schema-input.ts'
import type { Path } from './sink.ts'
import { specDtype } from './tensors.ts'
import { arrayOf, type Cell, cellAt, cellsOf, isList, type NumpyArray, type Series, withoutScalars } from './values.ts'

interface Review {
  readonly layout: Layout
  readonly report: Report
  readonly overflows: ReadonlySet<string>
}

/** Gives the data to go on with; losses are in the report. */
export function reviewData(
  fitted: Fitted,
  schema: Schema,
  layout: Layout,
  overflows: ReadonlySet<string>,
  report: Report,
): Fitted {
  const review = { layout, report, overflows }
  if (fitted.kind === 'table') return { kind: 'table', table: reviewTable(fitted.table, schema, review) }
  const specs = specsOf(schema)
  if (fitted.kind === 'array')
    return { kind: 'array', array: reviewTensor(fitted.array, specs[0]!, rawLeaves(layout, undefined), review) }
  const names = specNames(schema)
  const arrays = [...fitted.arrays].map(([name, array]) => {
    const spec = specs[names.findIndex((candidate) => String(candidate) === name)]!
    return [name, reviewTensor(array, spec, rawLeaves(layout, name), review)] as const
  })
  return { kind: 'named', arrays: new Map(arrays) }
}

function reviewTable(table: Table, schema: Schema, review: Review): Table {
  if (schema.kind !== 'columns') return table
  const names = specNames(schema)
  const named = schema.columns[0]!.name !== undefined
  const columns = table.columns.map((column, position) => {
    const spec = schema.columns[named ? names.lastIndexOf(column.name) : position]
    const raw = rawColumn(review.layout, column, named, position)
    if (spec === undefined || raw === undefined || spec.type.kind === 'any') return column
    const repeat = raw.cells.length === 1 && table.rows > 1
    if (!repeat && raw.cells.length !== table.rows) return column
    const made = cellsOf(column.series)
    const values = made.map((got, row) => {
      const at = repeat ? 0 : row
      if (isKept(spec.type, raw.cells[at], got)) return got
      const visit = visitor(review, column.name, (inner) => [...raw.path(at), ...inner])
      const whole = wholeList(got)
      const kept = walk(spec.type, raw.cells[at], whole, visit)
      return Object.is(kept, whole) ? got : kept
    })
    return values.every((value, row) => Object.is(value, made[row]))
      ? column
      : { ...column, series: mended(column.series, values) }
  })
  return { ...table, columns }
}

/** The common case, told without further ado: a value that is what was sent, and of its type. */
function isKept(type: ValueType, raw: Cell | undefined, got: Cell): boolean {
  if (type.kind !== 'scalar') return false
  switch (type.dataType) {
    case 'float':
    case 'double':
      return typeof got === 'number' && Number.isFinite(got)
    case 'integer':
    case 'long':
      return typeof got === 'bigint' && got === raw
    case 'boolean':
      return typeof got === 'boolean' && got === raw
    case 'string':
      return typeof got === 'string' && got === raw
    default:
      return false
  }
}

function mended(series: Series, values: readonly Cell[]): Series {
  return series.dtype === 'str' || series.dtype === 'object' || series.dtype === 'bytes' ? inferObjects(values) : series
}

function rawColumn(layout: Layout, column: TableColumn, named: boolean, position: number): RawColumn | undefined {
  const byName = layout.columns.find(({ name }) => name === column.name || (named && String(name) === String(column.name)))
  return byName ?? layout.columns[position]
}

function visitor(
  { layout, report, overflows }: Review,
  column: string | number | undefined,
  place: (inner: Path) => Path,
): Visit {
  return (leaf, inner) => {
    const got = withoutScalars(leaf.got)
    const infinite = typeof leaf.raw === 'number' && Math.abs(leaf.raw) === Number.POSITIVE_INFINITY
    const overflow = infinite && overflows.has(jsonPath(place(inner)))
    const verdict = judge({ ...leaf, got, form: layout.form, overflow })
    if (verdict === undefined) return leaf.got
    const mends = verdict.value !== undefined && report.mode === 'strict'
    if (!mends) report.lost(verdict.rule, { column, path: place(inner) }, leaf.raw ?? null, leaf.type)
    return mends ? verdict.value! : leaf.got
  }
}

interface RawLeaf {
  readonly value: Cell | undefined
  readonly path: Path
}

function reviewTensor(
  array: NumpyArray,
  spec: ReturnType<typeof specsOf>[number],
  leaves: readonly RawLeaf[],
  review: Review,
): NumpyArray {
  const type = spec.kind === 'tensor' ? specDtype(spec) : undefined
  if (type === undefined || type === 'object' || leaves.length !== array.values.length) return array
  let changed = false
  const values = leaves.map(({ value, path }, index) => {
    const got = cellAt(array.dtype, array.values, index)
    const kept = visitor(review, spec.name, (inner) => [...path, ...inner])({ type, raw: value, got, nested: false }, [])
    changed ||= !Object.is(kept, got)
    return kept
  })
  return changed ? arrayOf(array.dtype, array.shape, values as NumpyArray['values']) : array
}

/** The values of a tensor in the order of its elements. */
function rawLeaves(layout: Layout, name: string | undefined): readonly RawLeaf[] {
  const form = layout.form
  if (layout.bare !== undefined) return flat(layout.bare, [form])
  if (name !== undefined) {
    const whole = layout.named?.get(name)
    if (whole !== undefined) return flat(whole, [form, name])
    const column = layout.columns.find((candidate) => candidate.name === name)
    return column === undefined ? [] : column.cells.flatMap((cell, row) => flat(cell, column.path(row)))
  }
  const rows = layout.columns[0]?.cells.length ?? 0
  return Array.from({ length: rows }, (_, row) =>
    layout.columns.flatMap((column) => flat(column.cells[row], column.path(row))),
  ).flat()
}

function flat(value: Cell | undefined, path: Path): readonly RawLeaf[] {
  return value !== undefined && isList(value) ? value.flatMap((item, index) => flat(item, [...path, index])) : [{ value, path }]
}
