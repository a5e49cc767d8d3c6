/**
 * A JSON body with arrays, objects or maps that MLflow refuses, read column by column (rule X3): simple columns as their
 * form reads them, nested values exactly.
 */

import { dtypeOfDataType } from '../dtype.ts'
import { jsonPath } from '../json.ts'
import { type ColumnSchema, type ColumnSpec, specNames } from '../signature.ts'
import { enforceSeries } from './columns.ts'
import { convertExactly, type Exactness } from './exact.ts'
import { castToType } from './frame-forms.ts'
import type { Layout, RawColumn } from './layout.ts'
import { typeText } from './nested.ts'
import { makeArray } from './numpy.ts'
import type { Table, TableColumn } from './pandas-frame.ts'
import { inferSeries, seriesOfArray } from './pandas-infer.ts'
import type { Report } from './report.ts'
import { Refusal, type Sink } from './sink.ts'
import { isList, type Series, type ValueDtype } from './values.ts'

/** Whether the signature has columns that this reading is for. */
export function hasNested(schema: ColumnSchema): boolean {
  return schema.columns.some(isNested)
}

function isNested({ type }: ColumnSpec): boolean {
  return type.kind !== 'scalar' && type.kind !== 'any'
}

export interface Reading {
  readonly layout: Layout
  readonly overflows: ReadonlySet<string>
}

/** The table; undefined where it cannot be made, with the problems in the report, or where no rule of the list speaks. */
export function readExactly(reading: Reading, schema: ColumnSchema, report: Report): Table | undefined {
  const { layout } = reading
  const named = schema.columns[0]!.name !== undefined
  // Rule X3 is about the form: nested columns by name in `inputs` and `instances`, whatever a cell of them holds.
  let used = named && (layout.form === 'inputs' || layout.form === 'instances') && hasNested(schema)
  const use = () => {
    used = true
  }
  const columns: TableColumn[] = []
  if (schema.columns.some(({ name }) => name === '')) return undefined
  const names = specNames(schema)
  let rows: number | undefined
  for (const [position, spec] of schema.columns.entries()) {
    const raw = named ? layout.columns.find(({ name }) => name === names[position]) : layout.columns[position]
    if (raw === undefined) {
      if (spec.required) report.problem('enforce', 'COLUMNS_MISSING', { missing: [names[position]!], extra: [] })
      continue
    }
    rows ??= raw.cells.length
    if (rows !== raw.cells.length) {
      report.problem('enforce', 'DATA_FORM', {
        why: `the column \`${raw.name}\` has ${raw.cells.length} rows, the first ${rows}`,
      })
      continue
    }
    const series = readColumn(raw, spec, reading, use, report)
    if (series !== undefined) columns.push({ name: raw.name, series })
  }
  return report.hasProblems() || !used ? undefined : { rows: rows ?? 0, columns }
}

function readColumn(
  raw: RawColumn,
  spec: ColumnSpec,
  { layout, overflows }: Reading,
  use: () => void,
  report: Report,
): Series | undefined {
  const { type, required } = spec
  const wanted = typeText(type)
  const place = (row: number, inner: readonly (number | string)[]) => [...raw.path(row), ...inner]
  const sink: Sink = {
    refuse: ([row, ...inner], found, why) =>
      report.unreadable({ column: raw.name, path: place(row as number, inner) }, found, wanted, why),
  }
  try {
    if (type.kind === 'scalar') return simpleColumn(raw, spec, layout, sink)
    const values = raw.cells.map((cell, row) => {
      const context: Exactness = { overflows: (path) => overflows.has(jsonPath(place(row, path))), use }
      try {
        return convertExactly(cell, type, required, context)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        report.problem(
          'enforce',
          'COLUMN_TYPE',
          { column: raw.name, wanted, why: error.message },
          {
            column: raw.name,
            row: row + 1,
            path: jsonPath(place(row, error.path)),
          },
        )
        return null
      }
    })
    return { dtype: 'object', values }
  } catch (error) {
    report.refuse('enforce', error, { column: raw.name }, wanted)
    return undefined
  }
}

/** A simple column among nested ones, as its form reads it. */
function simpleColumn(raw: RawColumn, spec: ColumnSpec, layout: Layout, sink: Sink): Series {
  if (spec.type.kind !== 'scalar') throw new Error('a simple column is wanted')
  const cells = raw.cells.map((cell) => cell ?? (layout.form === 'instances' ? null : Number.NaN))
  if (layout.form === 'dataframe_split' || layout.form === 'dataframe_records') {
    return enforceSeries(castToType(inferSeries(cells), spec, sink), spec.type.dataType)
  }
  if (cells.some(isList)) throw new Refusal('single values are wanted, not lists')
  return enforceSeries(
    seriesOfArray(makeArray(cells, dtypeOfDataType[spec.type.dataType] as ValueDtype, sink)),
    spec.type.dataType,
  )
}
