/**
 * The forms `dataframe_split` and `dataframe_records`: a pandas DataFrame, each column of which is then cast to its type
 * (`astype`), much more loosely than enforcement would.
 *
 * @see mlflow/utils/proto_json_utils.py (dataframe_from_parsed_json, cast_df_types_according_to_schema)
 */
import { dtypeOfDataType } from '../dtype.ts'
import { type ColumnSpec, type Schema, specNames, specsOf, type TensorSpec } from '../signature.ts'
import { decodeBase64 } from './base64.ts'
import { datesOf } from './columns.ts'
import { enforceCell, typeText } from './nested.ts'
import { castSeries, toObjects, toTexts } from './pandas-astype.ts'
import { toDatetime } from './pandas-datetime.ts'
import { labelsOf, makeTable, namesOf, seriesOfCells, type Table, type TableColumn } from './pandas-frame.ts'
import { typeNameOf } from './python.ts'
import type { Place, Report } from './report.ts'
import { type Path, Refusal, raising, type Sink } from './sink.ts'
import { specDtype } from './tensors.ts'
import { type Cell, cellsOf, type FixedDtype, isCellMap, isFixed, isList, type Series, type ValueDtype } from './values.ts'

export type FrameForm = 'dataframe_split' | 'dataframe_records'

/** Reads the value under the form's key; undefined when it makes no table at all. */
export function readFrame(form: FrameForm, value: Cell, schema: Schema | undefined, report: Report): Table | undefined {
  let table: Table
  try {
    table = form === 'dataframe_split' ? splitTable(value) : recordsTable(value)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const at: Path = form === 'dataframe_split' && error.path.length > 0 ? [form, 'data', ...error.path] : [form, ...error.path]
    report.problem('parse', 'BODY_TABLE', { form, why: error.message }, placeOf(at))
    return undefined
  }
  return schema === undefined ? table : castTable(table, schema, report, cellPath(form, value))
}

function placeOf(path: Path): { readonly path: string } {
  return { path: `$${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')}` }
}

const splitKeys = new Set(['columns', 'data', 'index'])

function splitTable(value: Cell): Table {
  if (!isCellMap(value)) throw new Refusal(`it must be an object with \`columns\` and \`data\`, not ${typeNameOf(value)}`)
  const strange = [...value.keys()].filter((key) => !splitKeys.has(key))
  if (strange.length > 0)
    throw new Refusal(`it takes \`columns\`, \`data\` and \`index\`, not ${strange.map((key) => `\`${key}\``).join(', ')}`)
  const data = value.get('data')
  if (data === undefined) throw new Refusal('it lacks `data`')
  const columns = value.get('columns') ?? null
  const index = value.get('index') ?? null
  return makeTable(data, {
    ...(columns !== null && { columns: namesOf(columns) }),
    ...(index !== null && { index: labelsOf(index) }),
  })
}

function recordsTable(value: Cell): Table {
  if (!isList(value)) throw new Refusal(`it must be a list of objects, not ${typeNameOf(value)}`)
  return makeTable(value)
}

/** The place of a cell in the body, from its column and row. */
export type CellPath = (column: TableColumn, row: number) => Path

function cellPath(form: FrameForm, value: Cell): CellPath {
  const data = form === 'dataframe_split' && isCellMap(value) ? value.get('data')! : value
  const base: Path = form === 'dataframe_split' ? [form, 'data'] : [form]
  return ({ name, position }, row) => {
    if (isCellMap(data)) return [...base, name, row]
    const index = isList(data) && data.length === 1 ? 0 : row
    const item = isList(data) ? data[index] : undefined
    if (isCellMap(item)) return [...base, index, name]
    return isList(item) ? [...base, index, position ?? 0] : [...base, index]
  }
}

/** Casts the columns that the schema has; a column that cannot be cast is reported and left as it is. */
export function castTable(table: Table, schema: Schema, report: Report, path: CellPath): Table {
  const specs = specsOf(schema)
  const names = specNames(schema)
  const unnamedTensor = schema.kind === 'tensors' && specs.length === 1 && specs[0]!.name === undefined
  const columns = table.columns.map((column, position) => {
    const at = unnamedTensor
      ? 0
      : specs[0]!.name === undefined
        ? position < specs.length
          ? position
          : -1
        : names.lastIndexOf(column.name)
    const spec = specs[at]
    return spec === undefined ? column : { ...column, series: castColumn(column, spec, table, report, path) }
  })
  return { ...table, columns }
}

function castColumn(column: TableColumn, spec: ColumnSpec | TensorSpec, table: Table, report: Report, path: CellPath): Series {
  const wanted = spec.kind === 'tensor' ? spec.numpyDtype : typeText(spec.type)
  const place: Place = { column: column.name }
  if (refusesTwins(spec) && table.columns.some((other) => other !== column && other.name === column.name)) {
    report.problem('parse', 'COLUMN_REPEATED', { column: column.name }, { column: column.name })
    return column.series
  }
  const sink: Sink = {
    refuse: ([row, ...inner], found, why) =>
      report.unreadable(
        { ...place, path: [...path(column, row as number), ...inner] },
        column.cells?.[row as number] ?? found,
        wanted,
        why,
      ),
  }
  try {
    return spec.kind === 'tensor' ? castToTensor(column.series, spec, table, sink) : castToType(column.series, spec, sink)
  } catch (error) {
    if (error instanceof Refusal && typeof error.path[0] === 'number') {
      const [row, ...inner] = error.path
      report.problem(
        'parse',
        'COLUMN_UNREADABLE',
        { column: column.name, wanted, why: error.message },
        {
          column: column.name,
          row: row + 1,
          ...placeOf([...path(column, row), ...inner]),
        },
      )
    } else report.refuse('parse', error, place, wanted)
    return column.series
  }
}

/** Columns of one name are a table to pandas: it casts numbers in it, but knows no dtype of it, and looks for dates by part. */
function refusesTwins(spec: ColumnSpec | TensorSpec): boolean {
  if (spec.kind === 'tensor') return spec.dtype === 'object' || spec.dtype === 'string' || spec.dtype === 'datetime64'
  return spec.type.kind === 'scalar' && (spec.type.dataType === 'string' || spec.type.dataType === 'datetime')
}

/** Converts a column of `dataframe_split` or `dataframe_records` as MLflow's parser does; losses go to the sink. */
export function castToType(series: Series, { type, required }: ColumnSpec, sink: Sink): Series {
  if (type.kind === 'any') return series
  if (type.kind !== 'scalar') {
    return seriesOfCells(cellsOf(series).map((cell, row) => enforceCell(cell, type, required, [row])))
  }
  switch (type.dataType) {
    case 'binary':
      return decodeColumn(series, sink)
    case 'datetime':
      return toDatetime(series, sink)
    case 'string':
      return toObjects(series)
    default:
      return castSeries(series, dtypeOfDataType[type.dataType] as FixedDtype, sink)
  }
}

function decodeColumn(series: Series, sink: Sink): Series {
  const values = cellsOf(series).map((cell, row) => {
    // Bytes come from a caller in this process, never from JSON.
    const bytes = typeof cell === 'string' ? decodeBase64(cell) : cell instanceof Uint8Array ? cell : 'base64 text is wanted'
    if (typeof bytes !== 'string') return bytes
    sink.refuse([row], cell, bytes)
    return null
  })
  return { dtype: 'object', values }
}

function castToTensor(series: Series, spec: TensorSpec, table: Table, sink: Sink): Series {
  const dtype = specDtype(spec)
  if (dtype === 'bytes') return bytesOfTexts(series, sink)
  if (table.rows === 0) throw new Refusal('there are no rows')
  if (series.dtype === 'object' && isList(series.values[0])) return series
  if (dtype === 'datetime64') return datesOfAny(series)
  if (dtype === 'string') return toTexts(series)
  return dtype !== undefined && isFixed(dtype) ? castSeries(series, dtype, sink) : toObjects(series)
}

/** `astype('datetime64[ns]')`: numbers and booleans count nanoseconds, each text is read by itself. */
function datesOfAny(series: Series): Series {
  if (series.dtype === 'bool')
    return toDatetime({ dtype: 'int64', values: BigInt64Array.from(series.values as Uint8Array, BigInt) }, raising)
  return isFixed(series.dtype as ValueDtype) ? toDatetime(series, raising) : datesOf(cellsOf(series))
}

function bytesOfTexts(series: Series, sink: Sink): Series {
  const values = cellsOf(series).map((cell, row) => {
    if (typeof cell === 'string') return Buffer.from(cell)
    sink.refuse([row], cell, 'text is wanted')
    return null
  })
  return { dtype: 'object', values }
}
