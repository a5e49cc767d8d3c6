/**
 * `pandas.DataFrame(data, columns, index)` for everything that JSON can put there.
 *
 * @see pandas/core/frame.py and pandas/core/internals/construction.py (pandas 3.1)
 */

import { MlmodelError } from '../errors/index.ts'
import { defaultLimits } from '../limits.ts'
import { subArray } from './numpy.ts'
import { inferObjects, inferSeries, seriesOfArray } from './pandas-infer.ts'
import { typeNameOf } from './python.ts'
import { type Path, Refusal } from './sink.ts'
import {
  type Cell,
  cellAt,
  cellsOf,
  isArray,
  isCellMap,
  isList,
  isScalar,
  type NumpyArray,
  plainCell,
  type Series,
  scalarOf,
} from './values.ts'

export type Name = string | number

export interface TableColumn {
  readonly name: Name
  readonly series: Series
  /** The values as they were given, where they were given one by one. */
  readonly cells?: readonly Cell[]
  /** The position in the data, where it is not that of the column: for the path of a value. */
  readonly position?: number
}

/** A DataFrame while it is parsed. */
export interface Table {
  readonly rows: number
  readonly columns: readonly TableColumn[]
  /** Row labels; absent for 0, 1, 2, … */
  readonly index?: readonly Cell[]
}

export interface FrameOptions {
  readonly columns?: readonly Name[]
  readonly index?: readonly Cell[]
}

/** @throws Refusal where pandas raises */
export function makeTable(data: Cell, options: FrameOptions = {}): Table {
  if (isCellMap(data)) return tableOfMap(data, options)
  if (isList(data)) return tableOfList(data, options)
  if (isArray(data)) return tableOfArray(data)
  if (data === null) return emptyTable(options)
  if (options.columns === undefined || options.index === undefined) throw new Refusal(`${typeNameOf(data)} makes no table`, data)
  refuseSparse(options.index.length, options.columns.length, options.index.length + options.columns.length)
  const cells = options.index.map(() => data)
  return { rows: cells.length, columns: options.columns.map((name) => column(name, inferSeries(cells))), index: options.index }
}

/**
 * Refuses a table that is far larger than what was sent for it: 250 kB of objects, each with a key of its own, took 3.7 GB.
 *
 * @param sent - how many values there were
 * @throws MlmodelError TABLE_SPARSE
 */
export function refuseSparse(rows: number, columns: number, sent: number): void {
  const { tableCells, tableFill } = defaultLimits
  if (rows * columns > Math.max(tableCells, sent * tableFill)) throw new MlmodelError('TABLE_SPARSE', { rows, columns, sent })
}

function sizeOfMap(data: ReadonlyMap<string, Cell>): number {
  let size = 0
  for (const value of data.values())
    size += isCellMap(value) ? value.size : isList(value) ? value.length : isArray(value) ? (value.shape[0] ?? 1) : 1
  return size
}

/** The values of all rows together. */
export function sizesOf(rows: readonly Cell[]): number {
  return rows.reduce<number>((sum, row) => sum + (isCellMap(row) ? row.size : isList(row) ? row.length : 1), 0)
}

function column(name: Name, series: Series, cells?: readonly Cell[], position?: number): TableColumn {
  return { name, series, ...(cells !== undefined && { cells }), ...(position !== undefined && { position }) }
}

/** No data: columns of missing objects. */
function emptyTable({ columns = [], index }: FrameOptions): Table {
  const rows = index?.length ?? 0
  const values = Array.from({ length: rows }, () => Number.NaN)
  return finish(
    rows,
    columns.map((name) => column(name, { dtype: 'object', values })),
    index,
  )
}

function finish(rows: number, columns: readonly TableColumn[], index: readonly Cell[] | undefined): Table {
  return { rows, columns, ...(index !== undefined && { index }) }
}

function tableOfList(data: readonly Cell[], options: FrameOptions): Table {
  if (data.length === 0) return emptyTable(options)
  const first = data[0]!
  if (isCellMap(first)) return label(rowsOfMaps(data, options.columns), options)
  if (isList(first) || (isArray(first) && first.shape.length === 1)) return label(rowsOfLists(data, options.columns), options)
  if (options.columns !== undefined && options.columns.length !== 1) {
    throw new Refusal(`${options.columns.length} columns are named, the data has 1`)
  }
  return label(finish(data.length, [column(options.columns?.[0] ?? 0, inferSeries(data), data)], undefined), options)
}

/** Puts labels on the rows; a single row is repeated for as many labels as there are. */
function label(table: Table, { index }: FrameOptions): Table {
  if (index === undefined) return table
  if (index.length === table.rows || table.columns.length === 0) return { ...table, rows: index.length, index }
  if (table.rows !== 1) throw new Refusal(`${index.length} row labels for ${table.rows} rows`)
  refuseSparse(index.length, table.columns.length, index.length + table.columns.length)
  return { ...repeatRow(table, index.length), index }
}

function repeatRow(table: Table, rows: number): Table {
  const columns = table.columns.map(({ name, series }) => {
    const cell = cellAt(series.dtype, series.values, 0)
    const values = Array.from({ length: rows }, () => cell)
    return column(name, series.dtype === 'object' ? { dtype: 'object', values } : inferSeries(values))
  })
  return { rows, columns }
}

function rowsOfLists(data: readonly Cell[], names: readonly Name[] | undefined): Table {
  const rows = data.map((row, index) => listOfRow(row, [index]))
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), 0)
  if (names !== undefined && names.length !== width)
    throw new Refusal(`${names.length} columns are named, the rows have ${width}`)
  refuseSparse(rows.length, width, sizesOf(rows))
  const columns = Array.from({ length: width }, (_, position) => {
    const cells = rows.map((row) => row[position] ?? null)
    return column(names?.[position] ?? position, inferSeries(cells), cells, position)
  })
  return { rows: rows.length, columns }
}

function listOfRow(row: Cell, path: Path): readonly Cell[] {
  if (isList(row)) return row
  if (isCellMap(row)) return [...row.keys()]
  if (typeof row === 'string') return [...row]
  if (isArray(row) && row.shape.length > 0) return Array.from({ length: row.shape[0]! }, (_, index) => subArray(row, index))
  throw new Refusal('every row must be a list, as the first is', row, path)
}

function rowsOfMaps(data: readonly Cell[], names: readonly Name[] | undefined): Table {
  const rows = data.map((row, index) => mapOfRow(row, [index]))
  const keys = names ?? [...new Set(rows.flatMap((row) => [...row.keys()]))]
  refuseSparse(rows.length, keys.length, sizesOf(rows))
  const columns = keys.map((name) => {
    const cells = rows.map((row) => (typeof name === 'string' ? row.get(name) : undefined) ?? missingIn(row, name))
    return column(name, inferSeries(cells), cells)
  })
  return { rows: rows.length, columns }
}

function missingIn(row: ReadonlyMap<string, Cell>, name: Name): Cell {
  return typeof name === 'string' && row.has(name) ? null : Number.NaN
}

/** `dict(row)`: pairs make an object too. */
function mapOfRow(row: Cell, path: Path): ReadonlyMap<string, Cell> {
  if (isCellMap(row)) return row
  if (isList(row)) {
    const pairs = row.map((pair) =>
      typeof pair === 'string' ? [...pair] : isList(pair) ? pair : isCellMap(pair) ? [...pair.keys()] : [],
    )
    if (pairs.every((pair) => pair.length === 2 && typeof pair[0] === 'string'))
      return new Map(pairs as unknown as [string, Cell][])
  }
  if (row === '') return new Map()
  throw new Refusal('every row must be an object, as the first is', row, path)
}

function tableOfMap(data: ReadonlyMap<string, Cell>, { columns: names, index }: FrameOptions): Table {
  const labels = index ?? labelsOfMap(data, names)
  const wanted: readonly Name[] = names ?? [...data.keys()]
  refuseSparse(typeof labels === 'number' ? labels : labels.length, wanted.length, sizeOfMap(data) + wanted.length)
  const columns = wanted.map((name) => columnOfMap(name, typeof name === 'string' ? data.get(name) : undefined, labels))
  const rows = Array.isArray(labels) ? labels.length : (labels as number)
  return finish(rows, columns, Array.isArray(labels) ? labels : undefined)
}

type Labels = readonly Cell[] | number

/** The rows that the values agree on: labels of objects, or the length of lists. */
function labelsOfMap(data: ReadonlyMap<string, Cell>, names: readonly Name[] | undefined): Labels {
  const values = [...data].filter(([key]) => names?.includes(key) ?? true).map(([, value]) => value)
  if (values.length === 0) return 0
  const lengths = new Set<number>()
  for (const value of values) {
    if (isArray(value) && value.shape.length > 1)
      throw new Refusal('an array with more than one dimension makes no column', value)
    const length = isList(value) ? value.length : isArray(value) ? value.shape[0] : undefined
    if (length !== undefined) lengths.add(length)
  }
  const maps = values.filter((value) => isCellMap(value))
  if (maps.length === 0 && lengths.size === 0) throw new Refusal('single values need row labels to make a table')
  if (lengths.size > 1) throw new Refusal(`columns of different lengths: ${[...lengths].join(', ')}`)
  if (maps.length === 0) return [...lengths][0]!
  if (lengths.size > 0) throw new Refusal('objects beside lists make no table')
  return [...new Set(maps.flatMap((map) => [...map.keys()]))]
}

function columnOfMap(name: Name, value: Cell | undefined, labels: Labels): TableColumn {
  const rows = Array.isArray(labels) ? labels.length : (labels as number)
  if (value === undefined) return column(name, { dtype: 'object', values: Array.from({ length: rows }, () => Number.NaN) })
  if (isCellMap(value)) {
    const cells = (labels as readonly Cell[]).map((key) =>
      typeof key === 'string' && value.has(key) ? value.get(key)! : Number.NaN,
    )
    const byText = cells.length > 0 && (labels as readonly Cell[]).some((label) => typeof label === 'string')
    return column(name, byText ? inferSeries(cells) : reindexed(inferSeries([...value.values()]), cells), cells)
  }
  if (isList(value)) return columnOfList(name, value, rows)
  if (isArray(value) && value.shape.length > 0) {
    const series = seriesOfArray(value)
    if (value.shape[0] === rows)
      return column(name, series.dtype === 'bytes' ? { dtype: 'object', values: series.values } : series)
    if (value.shape[0] === 1)
      return column(name, inferSeries(Array.from({ length: rows }, () => cellAt(series.dtype, series.values, 0))))
    throw new Refusal(`${value.shape[0]} values for ${rows} rows`)
  }
  const keys = isArray(value) && value.dtype === 'object' ? value.values[0] : undefined
  // An object in an array is to pandas the list of its keys.
  if (isCellMap(keys)) return column(name, { dtype: 'object', values: repeated([...keys.keys()], rows) })
  const cells = Array.from({ length: rows }, () => value)
  return column(name, broadcast(value, rows), cells)
}

/** A column of an object's values, put in the order of labels: those without a value are missing. */
function reindexed(own: Series, cells: readonly Cell[]): Series {
  if (cells.length === 0) return emptyFloats
  if (own.values.length > 0 && own.dtype === 'object') return { dtype: 'object', values: cells }
  if (own.dtype === 'str') return { dtype: 'str', values: cells.map((cell) => (typeof cell === 'string' ? cell : null)) }
  return inferSeries(cells)
}

const emptyFloats: Series = { dtype: 'float64', values: new Float64Array(0) }

function columnOfList(name: Name, value: readonly Cell[], rows: number): TableColumn {
  const cells = repeated(value, rows)
  return column(name, cells.length === 0 ? emptyFloats : inferSeries(cells), cells)
}

/** As many values as rows, or one for all. */
function repeated(values: readonly Cell[], rows: number): readonly Cell[] {
  if (values.length === rows) return values
  if (values.length !== 1) throw new Refusal(`${values.length} values for ${rows} rows`)
  return Array.from({ length: rows }, () => values[0]!)
}

/** One value for every row: a NumPy value keeps its type. */
function broadcast(value: Cell, rows: number): Series {
  if (rows === 0) return withoutRows(broadcast(value, 1))
  const values = Array.from({ length: rows }, () => value)
  if (!isArray(value)) return inferSeries(values)
  const plain = values.map(plainCell)
  return value.dtype === 'object'
    ? { dtype: 'object', values: plain }
    : inferSeries(values.map((cell) => scalarOf(value.dtype, (cell as NumpyArray).values)))
}

function tableOfArray(array: NumpyArray): Table {
  if (array.shape.length === 1) return finish(array.shape[0]!, [column(0, seriesOfArray(array))], undefined)
  if (array.shape.length !== 2) throw new Refusal('a table takes arrays of one or two dimensions', array)
  const [rows, width] = array.shape as [number, number]
  // The names alone often say that it will not do: the columns are taken out when one is looked at.
  let series: readonly Series[] | undefined
  const seriesAt = (position: number): Series => {
    series ??=
      array.dtype === 'float64'
        ? splitDoubles(array.values as Float64Array, rows, width).map((values) => ({ dtype: 'float64', values }))
        : Array.from({ length: width }, (_, at) => columnOfArray(array, rows, width, at))
    return series[position]!
  }
  const columnAt = (position: number): TableColumn => ({
    name: position,
    get series() {
      return seriesAt(position)
    },
  })
  return { rows, columns: Array.from({ length: width }, (_, position) => columnAt(position)) }
}

/** Rows split at a time, so that they stay in the cache while each column takes its part. */
const tileRows = 512

/** The columns of the usual matrix, in loops of one array type and four columns at a time: a third of the time of one by one. */
function splitDoubles(all: Float64Array, rows: number, width: number): Float64Array[] {
  const columns = Array.from({ length: width }, () => new Float64Array(rows))
  for (let from = 0; from < rows; from += tileRows) {
    const to = Math.min(rows, from + tileRows)
    let position = 0
    for (; position + 4 <= width; position += 4) splitFour(all, columns, position, from, to)
    for (; position < width; position++) splitOne(all, columns[position]!, position, width, from, to)
  }
  return columns
}

function splitFour(all: Float64Array, columns: readonly Float64Array[], position: number, from: number, to: number): void {
  const width = columns.length
  const first = columns[position]!
  const second = columns[position + 1]!
  const third = columns[position + 2]!
  const fourth = columns[position + 3]!
  for (let row = from, at = from * width + position; row < to; row++, at += width) {
    first[row] = all[at]!
    second[row] = all[at + 1]!
    third[row] = all[at + 2]!
    fourth[row] = all[at + 3]!
  }
}

function splitOne(all: Float64Array, column: Float64Array, position: number, width: number, from: number, to: number): void {
  for (let row = from, at = from * width + position; row < to; row++, at += width) column[row] = all[at]!
}

function columnOfArray(array: NumpyArray, rows: number, width: number, position: number): Series {
  if (array.dtype === 'object')
    return inferObjects(Array.from({ length: rows }, (_, row) => array.values[row * width + position]!))
  const all = array.values as Float64Array
  const values = (Array.isArray(all) ? new Array(rows) : new (all.constructor as Float64ArrayConstructor)(rows)) as Float64Array
  for (let row = 0; row < rows; row++) values[row] = all[row * width + position]!
  return seriesOfArray({ ...array, shape: [rows], values } as NumpyArray)
}

function withoutRows(series: Series): Series {
  return { ...series, values: series.values.slice(0, 0) } as Series
}

/** One row whose cells are the values themselves, `DataFrame([values])`. */
export function tableOfRow(values: ReadonlyMap<string, Cell>): Table {
  const columns = [...values].map(([name, value]) => column(name, inferSeries([value]), [value]))
  return { rows: 1, columns }
}

/** A column of values, each typed by itself: `pandas.Series(values)`. */
export function seriesOfCells(cells: readonly Cell[]): Series {
  if (cells.length === 0) return { dtype: 'object', values: [] }
  return inferSeries(cells)
}

/** The names that `columns` of a body gives; `null` where pandas takes no list. */
export function namesOf(value: Cell): readonly Name[] {
  const list = isCellMap(value) ? [...value.keys()] : value
  if (!isList(list)) throw new Refusal('column names must be a list', value)
  return list.map((name) => {
    if (typeof name === 'string' || typeof name === 'number') return name
    if (typeof name === 'bigint') return Number(name)
    if (typeof name === 'boolean') return name ? 1 : 0
    if (name === null) return Number.NaN
    throw new Refusal('a column name must be a text', name)
  })
}

/** The row labels that `index` of a body gives. */
export function labelsOf(value: Cell): readonly Cell[] {
  if (isCellMap(value)) return [...value.keys()]
  if (!isList(value)) throw new Refusal('row labels must be a list', value)
  if (value.some((label) => isList(label) || isCellMap(label) || isScalar(label)))
    throw new Refusal('a row label must be a text or a number', value)
  return cellsOf(inferSeries(value)).map((label) => (label === null ? Number.NaN : label))
}
