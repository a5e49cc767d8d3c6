/**
 * CSV: read by the signature as MLflow's server reads it (`pandas.read_csv(dtype=…)`), or without it and then enforced, as
 * `mlflow models predict -t csv` does. Strict mode reads dates (rule X2) and tensors (rule X4) too.
 */
import type { Batch, Column, Frame, NumericColumn } from '../batch.ts'
import type { CsvPlan, CsvType } from '../data/csv/plan.ts'
import { readCsvBytes } from '../data/csv/read.ts'
import { type Dtype, dtypeOfDataType, float16ToNumber, numberToFloat16 } from '../dtype.ts'
import type { Problem } from '../errors/index.ts'
import { defaultLimits } from '../limits.ts'
import { type ColumnSchema, type Schema, type Signature, specNames, type TensorSchema, type TensorSpec } from '../signature.ts'
import { batchOfFitted } from './batch.ts'
import type { EnforcedRequest, RequestOptions } from './enforced.ts'
import { isoNanoseconds } from './exact.ts'
import { castLeaves } from './numpy.ts'
import type { Table } from './pandas-frame.ts'
import { inferObjects } from './pandas-infer.ts'
import { checkParams } from './params.ts'
import { type Mode, openReport, type Report, type Warning } from './report.ts'
import { enforceSchema, hasColumns } from './schema-input.ts'
import { Refusal, raising } from './sink.ts'
import { tableOfFrame } from './table-of-frame.ts'
import { specDtype } from './tensors.ts'
import {
  arrayOf,
  type Cell,
  cellAt,
  type FixedDtype,
  isFixed,
  type NumpyArray,
  newValues,
  shapeText,
  type ValueDtype,
} from './values.ts'

/** `server`: types from the signature; `untyped`: pandas' own inference, then enforcement. */
export type CsvRegime = 'server' | 'untyped'

/** A plan that remembers how it came to be, so that `finishCsv` can end what it began. */
export interface EnforcedCsvPlan extends CsvPlan {
  readonly regime: CsvRegime
}

/**
 * Says how each column is to be read.
 *
 * @throws DATA_UNREADABLE (kind `body`) for signatures that MLflow cannot read a CSV with
 */
export function csvPlan(signature: Signature | undefined, regime: CsvRegime, mode: Mode): EnforcedCsvPlan {
  const strict = mode === 'strict'
  const pandas = {
    duplicates: strict ? 'error' : 'rename',
    implicitIndex: 'index',
    // A NUL is no text of a table: ONNX Runtime's binding would cut there in silence.
    nul: strict ? 'error' : 'keep',
    overflow: strict ? 'error' : 'infinity',
  } as const
  const schema = signature?.inputs
  if (schema === undefined || regime === 'untyped') return { ...pandas, regime, typeOf: () => 'infer' }
  const report = openReport(mode)
  const types = schema.kind === 'columns' ? columnTypes(schema, report) : tensorTypes(schema, mode, report)
  report.finish()
  const first = schema.kind === 'tensors' && schema.tensors.length === 1 ? [...types.values()][0] : undefined
  // A column is asked for by its name, then by its position, as pandas does.
  const typeOf = (name: string, position: number): CsvType | undefined => first ?? types.get(name) ?? types.get(position)
  const problemsOfHeader = (names: readonly string[]) => missingColumns(names, schema, mode)
  return { ...pandas, regime, typeOf, problemsOfHeader, ...(strict && { datetime: isoNanoseconds }) }
}

/** What the signature asks for by name and the header does not have. */
function missingColumns(header: readonly string[], schema: Schema, mode: Mode): readonly Problem[] {
  const isNamed = schema.kind === 'columns' ? schema.columns[0]?.name !== undefined : schema.tensors.length > 1
  const report = openReport(mode)
  if (isNamed) hasColumns(header, schema, report)
  else if (schema.kind === 'columns' && header.length < schema.columns.length)
    report.problem('enforce', 'COLUMNS_TOO_FEW', { wanted: schema.columns.length, found: header.length })
  return report.problems.map(({ problem }) => problem)
}

/** Where a frame's rows stand in the input. */
export interface FramePlace {
  readonly file: string
  /** Rows before the frame's first. */
  readonly before: number
}

function columnTypes(schema: Extract<Schema, { kind: 'columns' }>, report: Report): ReadonlyMap<string | number, CsvType> {
  const names = specNames(schema)
  return new Map(
    schema.columns.map(({ type }, index) => {
      if (type.kind === 'scalar') return [names[index]!, type.dataType]
      report.problem('parse', 'COLUMN_UNREADABLE', {
        column: names[index],
        wanted: type.kind,
        why: 'CSV holds single values only',
      })
      return [names[index]!, 'infer']
    }),
  )
}

/** Rule X4. MLflow knows no dtype for a tensor in a CSV. */
function tensorTypes(schema: TensorSchema, mode: Mode, report: Report): ReadonlyMap<string | number, CsvType> {
  const names = specNames(schema)
  return new Map(
    schema.tensors.map((spec, index) => {
      const type = mode === 'strict' ? tensorType(spec) : undefined
      if (type !== undefined) return [names[index]!, type]
      report.problem('parse', 'COLUMN_UNREADABLE', {
        column: spec.name,
        wanted: `a tensor of ${spec.numpyDtype}`,
        why: 'MLflow reads no tensors from CSV',
      })
      return [names[index]!, 'infer']
    }),
  )
}

function tensorType(spec: TensorSpec): CsvType | undefined {
  const dtype = specDtype(spec)
  // A half is read whole, to see whether it is exact.
  if (dtype === 'float16') return 'float64'
  if (dtype === 'string' || dtype === 'object') return 'string'
  return dtype === 'bytes' || dtype === undefined ? undefined : dtype === 'datetime64' ? 'datetime' : dtype
}

/**
 * Fits a frame, or one block of rows of it, to the signature.
 *
 * @param place - where the block stands, for errors
 * @throws DATA_MISMATCH (kind `signature`)
 */
export function finishCsv(
  frame: Frame,
  signature: Signature | undefined,
  plan: CsvPlan,
  mode: Mode,
  place?: FramePlace,
): { readonly data: Batch; readonly warnings: readonly Warning[] } {
  const schema = signature?.inputs
  if (schema === undefined) return { data: frame, warnings: [] }
  if (schema.kind === 'columns' && fitsAlready(frame, schema)) return { data: frame, warnings: [] }
  const report = openReport(mode, place?.file)
  const untyped = 'regime' in plan && plan.regime === 'untyped'
  if (schema.kind === 'tensors' && !untyped) {
    const data = tensorsOfFrame(frame, schema, report, place?.before ?? 0)
    report.finish()
    return { data, warnings: report.warnings }
  }
  const table = tableOfFrame(frame)
  const named = untyped || specNames(schema)[0] !== 0 || schema.kind === 'tensors'
  const fitted = enforceSchema({ kind: 'table', table: named ? table : inferTexts(table) }, schema, report)
  report.finish()
  return { data: batchOfFitted(fitted ?? report.fail(), schema), warnings: report.warnings }
}

/** Whether the columns are the signature's, in its order and of its types, so that nothing would change. Texts are looked at cell by cell. */
function fitsAlready({ columns, index }: Frame, schema: ColumnSchema): boolean {
  const names = specNames(schema)
  if (index !== undefined || columns.length !== names.length || new Set(names).size < names.length) return false
  return columns.every((column, position) => {
    const { type } = schema.columns[position]!
    const wanted = type.kind === 'scalar' ? dtypeOfDataType[type.dataType] : undefined
    return column.name === names[position] && isFilled(column, wanted)
  })
}

/** Whether a column is of a fixed type, this one, with nothing missing. */
function isFilled(column: Column, dtype: Dtype | undefined): column is NumericColumn {
  return column.dtype === dtype && isFixed(column.dtype) && (column as NumericColumn).validity === undefined
}

/** pandas keeps texts as objects where the dtype was asked for by name; by position it infers its string type. */
function inferTexts(table: Table): Table {
  return {
    ...table,
    columns: table.columns.map((column) => ({
      ...column,
      series: column.series.dtype === 'object' ? inferObjects(column.series.values) : column.series,
    })),
  }
}

/** Rule X4: one tensor takes all columns in the order of the file, several a column each by name. */
function tensorsOfFrame(frame: Frame, schema: TensorSchema, report: Report, before: number): Batch {
  const names = specNames(schema)
  const arrays = new Map<string, NumpyArray>()
  for (const [index, spec] of schema.tensors.entries()) {
    const columns = schema.tensors.length === 1 ? frame.columns : frame.columns.filter(({ name }) => name === names[index])
    try {
      if (columns.length === 0 && schema.tensors.length > 1) throw new Refusal('there is no such column')
      if (specDtype(spec) === 'float16' && !areHalves(columns, before, report)) continue
      arrays.set(String(names[index]), tensorOfColumns(frame.rows, columns, spec))
    } catch (error) {
      // A single tensor's name is none of the file's.
      const column = schema.tensors.length > 1 ? spec.name : undefined
      report.refuse('enforce', error, { column }, `a tensor of ${spec.numpyDtype}`)
    }
  }
  if (report.hasProblems()) report.fail()
  const only = schema.tensors[0]!
  return only.name === undefined ? { kind: 'array', tensor: arrays.get(String(names[0]))! } : { kind: 'named', items: arrays }
}

/** Whether all cells are exact in float16; takes down those that are not, with the file's column. */
function areHalves(columns: Frame['columns'], before: number, report: Report): boolean {
  let exact = true
  for (const { name, dtype, values } of columns) {
    if (dtype !== 'float64') continue
    for (const [row, value] of (values as Float64Array).entries()) {
      const nearest = float16ToNumber(numberToFloat16(value))
      if (nearest === value || Number.isNaN(value)) continue
      exact = false
      const args = { found: String(value), wanted: 'float16', nearest: String(nearest) }
      report.problem('enforce', 'VALUE_INEXACT', args, { row: before + row + 1, column: name })
    }
  }
  return exact
}

/** The matrix rows × columns; a vector for a signature of one dimension. */
export function tensorOfColumns(rows: number, columns: Frame['columns'], spec: TensorSpec): NumpyArray {
  const shape = spec.shape.length === 1 && columns.length === 1 ? [rows] : [rows, columns.length]
  const dtype = specDtype(spec)
  if (dtype === undefined || dtype === 'bytes') throw new Refusal(`no ${spec.numpyDtype} is read from CSV`)
  const array =
    isFixed(dtype) && columns.every((column) => isFilled(column, dtype))
      ? sideBySide(columns as readonly NumericColumn[], dtype, shape)
      : castCells(rows, columns, dtype, shape)
  const fits = shape.length === spec.shape.length && spec.shape.every((size, axis) => size === -1 || size === shape[axis])
  if (!fits) throw new Refusal(`${rows} rows of ${columns.length} columns do not make the shape ${shapeText(spec.shape)}`)
  return array
}

/** Columns of the tensor's own type. */
function sideBySide(columns: readonly NumericColumn[], dtype: FixedDtype, shape: readonly number[]): NumpyArray {
  const width = columns.length
  const values = newValues(dtype, (shape[0] ?? 0) * width)
  for (const [position, column] of columns.entries()) {
    for (let row = 0, at = position; row < column.values.length; row++, at += width) values[at] = column.values[row]!
  }
  return arrayOf(dtype, shape, values)
}

function castCells(rows: number, columns: readonly Column[], dtype: ValueDtype, shape: readonly number[]): NumpyArray {
  const held = tableOfFrame({ kind: 'frame', rows, columns }).columns.map(({ series }) => series)
  const leaves = Array.from({ length: rows * columns.length }, (_, index): Cell => {
    const series = held[index % columns.length]!
    return cellAt(series.dtype, series.values, Math.floor(index / columns.length))
  })
  return isFixed(dtype) ? castLeaves(leaves, dtype, shape, raising) : arrayOf(dtype, shape, leaves as NumpyArray['values'])
}

/** A CSV as the body of a request. */
export function readCsvRequest(body: Uint8Array, signature: Signature | undefined, options: RequestOptions): EnforcedRequest {
  const plan = csvPlan(signature, 'server', options.mode)
  const file = options.name ?? 'request body'
  const frame = readCsvBytes(body, file, plan, options.limits ?? defaultLimits)
  const { data, warnings } = finishCsv(frame, signature, plan, options.mode, { file, before: 0 })
  const report = openReport(options.mode)
  const params = checkParams(undefined, signature?.params, report)
  report.finish()
  return { data, params, llm: false, warnings: [...warnings, ...report.warnings] }
}
