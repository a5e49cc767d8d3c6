/**
 * Data that has types already (NPY, NPZ, columns of a file), enforced as `PyFuncModel.predict` does in process. Strict mode
 * takes what fits exactly as well (rules X1 and X4).
 */
import { type Batch, isTensor } from '../batch.ts'
import type { ColumnSchema, Schema, Signature, TensorSchema, TensorSpec } from '../signature.ts'
import { specNames } from '../signature.ts'
import { batchOfFitted } from './batch.ts'
import { enforceSeries } from './columns.ts'
import { convertExactly, type Exactness, exactFloat } from './exact.ts'
import { typeText } from './nested.ts'
import { castLeaves, castNumber, integerRanges } from './numpy.ts'
import type { Table, TableColumn } from './pandas-frame.ts'
import { checkParams } from './params.ts'
import { type Mode, openReport, type Report, type Warning } from './report.ts'
import { enforceSchema, type Fitted, hasColumns, type Parsed, tableOfCell } from './schema-input.ts'
import { Refusal, raising } from './sink.ts'
import { tableOfFrame } from './table-of-frame.ts'
import { enforceTensor, matrixOf, specDtype } from './tensors.ts'
import {
  arrayOf,
  type Cell,
  cellAt,
  cellsOf,
  type FixedDtype,
  isArray,
  isCellMap,
  isFixed,
  isFloat,
  isInteger,
  type NumpyArray,
  newValues,
  type Series,
  setValue,
} from './values.ts'

/**
 * Fits typed data to the signature; without one it passes as it is.
 *
 * @param name - what the errors call the data
 * @throws DATA_MISMATCH (kind `signature`) with all problems
 */
export function enforceTyped(
  data: Batch,
  signature: Signature | undefined,
  mode: Mode,
  name?: string,
): { readonly data: Batch; readonly warnings: readonly Warning[] } {
  const schema = signature?.inputs
  if (schema === undefined) return { data, warnings: [] }
  const parsed = parsedOf(data)
  const report = openReport(mode, name)
  const fitted = enforceSchema(parsed, schema, report)
  if (mode === 'compat' || !report.hasProblems()) {
    report.finish()
    return { data: batchOfFitted(fitted ?? report.fail(), schema), warnings: report.warnings }
  }
  const exact = openReport(mode, name)
  const taken = fitExactly(parsed, schema, exact)
  // The exact reading's problems say what would have been enough.
  exact.finish()
  return { data: batchOfFitted(taken ?? report.fail(), schema), warnings: exact.warnings }
}

/** Params as a caller gives them: checked, with the defaults added. */
export function enforceParams(
  params: Cell | undefined,
  signature: Signature | undefined,
  mode: Mode,
): { readonly params: ReadonlyMap<string, Cell>; readonly warnings: readonly Warning[] } {
  const report = openReport(mode)
  const checked = checkParams(params, signature?.params, report)
  report.finish()
  return { params: checked, warnings: report.warnings }
}

function parsedOf(data: Batch): Parsed {
  switch (data.kind) {
    case 'frame':
      return { kind: 'table', table: tableOfFrame(data) }
    case 'array':
      return { kind: 'cell', value: data.tensor }
    case 'named':
      return { kind: 'cell', value: data.items as ReadonlyMap<string, Cell> }
    case 'value':
      return { kind: 'cell', value: data.value }
  }
}

/** Rules X1 and X4; problems go to the report. */
export function fitExactly(data: Parsed, schema: Schema, report: Report): Fitted | undefined {
  try {
    return schema.kind === 'columns' ? fitColumns(data, schema, report) : fitTensors(data, schema, report)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    report.problem('enforce', 'DATA_FORM', { why: error.message })
    return undefined
  }
}

function fitColumns(data: Parsed, schema: ColumnSchema, report: Report): Fitted | undefined {
  const given = data.kind === 'table' ? data.table : tableOfCell(data.value, schema)
  const names = specNames(schema)
  const named = schema.columns[0]!.name !== undefined
  const table = data.kind === 'cell' && isArray(data.value) && named ? nameColumns(given, names) : given
  if (
    named &&
    !hasColumns(
      table.columns.map(({ name }) => name),
      schema,
      report,
    )
  )
    return undefined
  if (!named && table.columns.length < names.length) {
    report.problem('enforce', 'COLUMNS_TOO_FEW', { wanted: names.length, found: table.columns.length })
    return undefined
  }
  const columns: TableColumn[] = []
  for (const [position, { type, required }] of schema.columns.entries()) {
    const found = named ? table.columns.filter(({ name }) => name === names[position]) : [table.columns[position]!]
    if (found.length === 0) continue
    const column = found[0]!
    if (found.length > 1) report.problem('enforce', 'COLUMN_REPEATED', { column: column.name }, { column: column.name })
    try {
      const series =
        type.kind === 'scalar'
          ? fitSeries(column.series, type.dataType)
          : {
              dtype: 'object' as const,
              values: cellsOf(column.series).map((cell, row) => convertExactly(listed(cell), type, required, leniently, [row])),
            }
      columns.push({ name: column.name, series })
    } catch (error) {
      report.refuse('enforce', error, { column: column.name }, typeText(type))
    }
  }
  return { kind: 'table', table: { ...table, columns } }
}

const leniently: Exactness = { overflows: () => false, use: () => {} }

function listed(cell: Cell): Cell {
  return isArray(cell) && cell.shape.length === 1
    ? Array.from({ length: cell.values.length }, (_, index) => cellAt(cell.dtype, cell.values, index))
    : cell
}

/** A matrix for named columns of that width: by position (rule X4). */
function nameColumns(table: Table, names: readonly (string | number)[]): Table {
  if (table.columns.length !== names.length)
    throw new Refusal(
      `the array has ${table.columns.length} ${table.columns.length === 1 ? 'column' : 'columns'}, the signature ${names.length}`,
    )
  return { ...table, columns: table.columns.map((column, position) => ({ ...column, name: names[position]! })) }
}

/** A column in the signature's type, as MLflow fits it or exactly (rule X1). */
function fitSeries(series: Series, dataType: Parameters<typeof enforceSeries>[1]): Series {
  try {
    return enforceSeries(series, dataType)
  } catch (error) {
    const target =
      dataType === 'integer' ? 'int32' : dataType === 'float' ? 'float32' : dataType === 'double' ? 'float64' : undefined
    const from = series.dtype === 'extension' ? (series.base ?? 'object') : series.dtype
    if (!(error instanceof Refusal) || target === undefined || !narrows(from, target)) throw error
    const values = newValues(target, series.values.length)
    for (let row = 0; row < values.length; row++)
      setValue(values, target, row, exactNumber(cellAt(series.dtype, series.values, row), target, [row]))
    return { dtype: target, values }
  }
}

/** The pairs of types of rule X1. */
function narrows(from: Exclude<Series['dtype'], 'extension'> | NumpyArray['dtype'], to: string): boolean {
  if (isInteger(from)) return isFloat(to) || (from === 'int64' && to === 'int32')
  return from === 'float64' && to === 'float32'
}

function exactNumber(value: Cell, dtype: FixedDtype, path: readonly number[]): number | bigint {
  if (isInteger(dtype)) {
    const [least, most] = integerRanges[dtype]!
    if (typeof value === 'bigint' && value >= least && value <= most) return value
    throw new Refusal(`${String(value)} is out of the range of ${dtype}`, value, path)
  }
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return Number.NaN
  const number = exactFloat(value, dtype === 'float32')
  if (number === undefined || (dtype === 'float16' && castNumber(number, dtype) !== number))
    throw new Refusal(`${String(value)} is not exact in ${dtype}`, value, path)
  return number
}

function fitTensors(data: Parsed, schema: TensorSchema, report: Report): Fitted | undefined {
  const only = schema.tensors[0]!
  if (schema.tensors.length === 1) {
    const array = oneArray(data, only)
    if (array !== undefined) {
      const fitted = fitTensor(array, only)
      return only.name === undefined
        ? { kind: 'array', array: fitted }
        : { kind: 'named', arrays: new Map([[String(only.name), fitted]]) }
    }
  }
  const given =
    data.kind === 'table'
      ? data.table.columns.map(({ name }) => String(name))
      : isCellMap(data.value)
        ? [...data.value.keys()]
        : []
  if (!hasColumns(given, schema, report)) return undefined
  const arrays = new Map<string, NumpyArray>()
  for (const spec of schema.tensors) {
    const name = String(spec.name)
    try {
      const array =
        data.kind === 'table' ? columnArray(data.table, name, spec) : (data.value as ReadonlyMap<string, Cell>).get(name)!
      if (!isArray(array)) throw new Refusal('an array is wanted')
      arrays.set(name, fitTensor(array, spec))
    } catch (error) {
      report.refuse('enforce', error, { column: name }, `a tensor of ${spec.numpyDtype}`)
    }
  }
  return { kind: 'named', arrays }
}

/** The one array, whatever its name; a table is its matrix (rule X4). */
function oneArray(data: Parsed, spec: TensorSpec): NumpyArray | undefined {
  if (data.kind === 'table') {
    const matrix = matrixOf(data.table)
    return spec.shape.length === 1 && matrix.shape[1] === 1 ? arrayOf(matrix.dtype, [matrix.shape[0]!], matrix.values) : matrix
  }
  return isArray(data.value) ? data.value : undefined
}

function columnArray(table: Table, name: string, spec: TensorSpec): NumpyArray {
  const columns = table.columns.filter((column) => String(column.name) === name)
  if (columns.length > 1) throw new Refusal('the column is there more than once')
  const matrix = matrixOf({ ...table, columns })
  return spec.shape.length === 1 ? arrayOf(matrix.dtype, [table.rows], matrix.values) : matrix
}

function fitTensor(array: NumpyArray, spec: TensorSpec): NumpyArray {
  const dtype = specDtype(spec)
  if (dtype === undefined || array.dtype === dtype || !isTensor(array)) return enforceTensor(array, spec)
  if (!isFixed(dtype) || !narrows(array.dtype, dtype)) return enforceTensor(array, spec)
  const leaves = Array.from({ length: array.values.length }, (_, index) =>
    exactNumber(cellAt(array.dtype, array.values, index), dtype, [index]),
  )
  return enforceTensor(castLeaves(leaves, dtype, array.shape, raising), spec)
}
