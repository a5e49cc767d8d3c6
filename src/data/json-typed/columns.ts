/** The four forms of a table, from bytes to typed columns. */
import type { Column, Frame } from '../../batch.ts'
import {
  bail,
  type Cursor,
  closeList,
  closeObject,
  colon,
  comma,
  endOfBody,
  expect,
  hasMore,
  nextByte,
  openList,
  openObject,
  readText,
  reserve,
  type Stage,
  takes,
  takesNull,
} from './cursor.ts'
import { matrixKernel, readMatrix } from './matrix.ts'
import { readReal } from './numbers.ts'
import type { ColumnPlan, ColumnsPlan, Head, Layout, NameForms } from './plan.ts'
import { allocateColumns, fill, fillReal, readNumber, smallArray } from './stage.ts'

/** The columns of a table while it is read: numbers in the stage at `start + row × stride`, text apart. */
interface Table {
  readonly columns: readonly ColumnPlan[]
  readonly stage: Stage
  readonly texts: readonly (string | null)[][]
  /** `null` is a missing string in the table forms; NumPy makes a text of it in `inputs` and `instances`. */
  readonly nullText: boolean
}

/** Longest head kept and how many: clients control them. */
const longestHead = 16_384
const mostHeads = 4

/**
 * Reads the value of `dataframe_split` and the rest of the body.
 *
 * @param known - the head the body begins with, when it is one that was seen before: the cursor is behind it
 */
export function readSplit(cursor: Cursor, plan: ColumnsPlan, stage: Stage, known?: Head): Frame {
  const { columns, heads } = plan
  let layout = known?.layout
  let table: Table | undefined
  let rows = -1
  let labels = -1
  if (known !== undefined) {
    if (!known.layout.allReal) table = openTable(columns, stage, true)
    rows = readRows(cursor, stage, known.layout, table)
  } else expect(cursor, openObject)
  let first = known === undefined
  while (first || hasMore(cursor, closeObject)) {
    first = false
    nextByte(cursor)
    if (layout === undefined && takes(cursor, columnsKey)) {
      expect(cursor, colon)
      layout = readLayout(cursor, columns)
    } else if (rows < 0 && layout !== undefined && takes(cursor, dataKey)) {
      expect(cursor, colon)
      expect(cursor, openList)
      if (labels < 0) learnHead(cursor, heads, layout)
      if (!layout.allReal) table = openTable(columns, stage, true)
      rows = readRows(cursor, stage, layout, table)
    } else if (labels < 0 && takes(cursor, indexKey)) {
      expect(cursor, colon)
      labels = countPlainLabels(cursor)
    } else throw bail
  }
  if (layout === undefined || rows < 0 || (labels >= 0 && labels !== rows)) throw bail
  expect(cursor, closeObject)
  endOfBody(cursor)
  const { places } = layout
  const frame =
    table === undefined
      ? finishReal(columns, stage.values, places, rows)
      : finish(table, rows, (at) => places[at]!, columns.length)
  return labels < 0 ? frame : { ...frame, index: Array.from({ length: rows }, (_, row) => BigInt(row)) }
}

/** The head that the body begins with, if it was seen before; the cursor is then behind it. */
export function takesKnownHead(cursor: Cursor, heads: readonly Head[]): Head | undefined {
  for (const head of heads) if (takesHead(cursor, head.bytes)) return head
  return undefined
}

function takesHead(cursor: Cursor, head: Buffer): boolean {
  const { bytes } = cursor
  if (bytes.length <= head.length || head.compare(bytes, 0, head.length) !== 0) return false
  cursor.at = head.length
  return true
}

function learnHead(cursor: Cursor, heads: Head[], layout: Layout): void {
  if (cursor.at > longestHead) return
  if (heads.length === mostHeads) heads.pop()
  heads.unshift({ bytes: Buffer.from(cursor.bytes.subarray(0, cursor.at)), layout })
}

const columnsKey = Buffer.from('"columns"')
const dataKey = Buffer.from('"data"')
const indexKey = Buffer.from('"index"')

/** Reads the names of the columns: those of the signature, in any order, and no others. */
function readLayout(cursor: Cursor, columns: readonly ColumnPlan[]): Layout {
  expect(cursor, openList)
  const order: number[] = []
  const seen = new Uint8Array(columns.length)
  let places: ReadonlyMap<string, number> | undefined
  do {
    nextByte(cursor)
    // In the signature's order most of the time.
    let at = order.length
    if (at >= columns.length) throw bail
    if (!takesName(cursor, columns[at]!.forms)) {
      places ??= new Map(columns.map(({ name }, place) => [name, place]))
      at = places.get(readText(cursor)) ?? -1
    }
    if (at < 0 || seen[at] === 1) throw bail
    seen[at] = 1
    order.push(at)
  } while (hasMore(cursor, closeList))
  if (order.length !== columns.length) throw bail
  const placeOf = columns.map(() => 0)
  for (const [place, at] of order.entries()) placeOf[at] = place
  const ordered = order.map((at) => columns[at]!)
  return { order, places: placeOf, columns: ordered, allReal: ordered.every((column) => column.reading === 'real') }
}

function takesName(cursor: Cursor, forms: NameForms): boolean {
  for (const form of forms) if (takes(cursor, form)) return true
  return false
}

/** Row labels 0, 1, 2, … as pandas writes them. */
function countPlainLabels(cursor: Cursor): number {
  expect(cursor, openList)
  let rows = 0
  const label = new Float64Array(1)
  do {
    nextByte(cursor)
    const { at } = cursor
    cursor.at = readReal(cursor.bytes, at, label, 0)
    if (label[0] !== rows || cursor.at - at !== String(rows).length) throw bail
    rows++
  } while (hasMore(cursor, closeList))
  return rows
}

/** Reads the rows behind the `[` of `data`, as lists of as many values as there are columns; with a table where not all are real. */
function readRows(cursor: Cursor, stage: Stage, { order, columns: ordered }: Layout, table: Table | undefined): number {
  const width = order.length
  const kernel = table === undefined ? matrixKernel(cursor, 2) : undefined
  if (kernel !== undefined) {
    const shape = [0, width]
    readMatrix(kernel, cursor, stage, shape, 1, 'real')
    return shape[0]!
  }
  let rows = 0
  do {
    expect(cursor, openList)
    reserve(stage, width)
    if (table === undefined) readRealRow(cursor, stage, width)
    else {
      for (let at = 0; at < width; at++) {
        if (at > 0) expect(cursor, comma)
        nextByte(cursor)
        readCell(cursor, ordered[at]!, table, order[at]!, stage.used + at)
      }
      expect(cursor, closeList)
    }
    stage.used += width
    rows++
  } while (hasMore(cursor, closeList))
  return rows
}

/** The hot loop: `number, number, …]`, with at most one space behind a comma. */
function readRealRow(cursor: Cursor, stage: Stage, width: number): void {
  const { bytes } = cursor
  const { values, used } = stage
  let { at } = cursor
  for (let place = 0; place < width; place++) {
    if (bytes[at] === 0x20) at++
    if (bytes[at]! <= 0x20) at = skipTo(cursor, at)
    at = readReal(bytes, at, values, used + place)
    if (bytes[at]! <= 0x20) at = skipTo(cursor, at)
    if (bytes[at] !== (place === width - 1 ? closeList : comma)) throw bail
    at++
  }
  cursor.at = at
}

function skipTo(cursor: Cursor, at: number): number {
  cursor.at = at
  nextByte(cursor)
  return cursor.at
}

/** Reads a list of objects, each with all columns in the signature's order: `dataframe_records`, `instances`, `inputs`. */
export function readRecords(cursor: Cursor, columns: readonly ColumnPlan[], stage: Stage, nullText: boolean): Frame {
  const table = openTable(columns, stage, nullText)
  const width = columns.length
  let rows = 0
  do {
    expect(cursor, openObject)
    reserve(stage, width)
    for (let at = 0; at < width; at++) {
      if (at > 0) expect(cursor, comma)
      nextByte(cursor)
      const column = columns[at]!
      if (!takesName(cursor, column.forms)) throw bail
      expect(cursor, colon)
      nextByte(cursor)
      readCell(cursor, column, table, at, stage.used + at)
    }
    expect(cursor, closeObject)
    stage.used += width
    rows++
  } while (hasMore(cursor, closeList))
  expect(cursor, closeObject)
  endOfBody(cursor)
  return finish(table, rows, (at) => at, width)
}

/** Reads `{"name": [values], …}` with all columns in the signature's order and as long as one another. */
export function readColumnLists(cursor: Cursor, columns: readonly ColumnPlan[], stage: Stage): Frame {
  const table = openTable(columns, stage, false)
  const starts: number[] = []
  let rows = -1
  for (let at = 0; at < columns.length; at++) {
    if (at > 0) expect(cursor, comma)
    nextByte(cursor)
    if (!takesName(cursor, columns[at]!.forms)) throw bail
    expect(cursor, colon)
    expect(cursor, openList)
    starts.push(stage.used)
    const length = readList(cursor, table, at)
    if (rows >= 0 && length !== rows) throw bail
    rows = length
  }
  expect(cursor, closeObject)
  expect(cursor, closeObject)
  endOfBody(cursor)
  return finish(table, rows, (at) => starts[at]!, 1)
}

/** Reads `[values]` for the only column, behind its `[`. */
export function readOnlyColumn(cursor: Cursor, columns: readonly ColumnPlan[], stage: Stage): Frame {
  const table = openTable(columns, stage, false)
  const rows = readList(cursor, table, 0)
  expect(cursor, closeObject)
  endOfBody(cursor)
  return finish(table, rows, () => 0, 1)
}

function readList(cursor: Cursor, table: Table, column: number): number {
  const { stage } = table
  const plan = table.columns[column]!
  let rows = 0
  do {
    nextByte(cursor)
    reserve(stage, 1)
    readCell(cursor, plan, table, column, stage.used)
    stage.used++
    rows++
  } while (hasMore(cursor, closeList))
  return rows
}

function readCell(cursor: Cursor, plan: ColumnPlan, table: Table, column: number, index: number): void {
  if (plan.reading !== 'text') readNumber(cursor, plan.reading, table.stage, index, false)
  else if (table.nullText && takesNull(cursor)) table.texts[column]!.push(null)
  else {
    const text = readText(cursor)
    // NumPy's text ends at its last character that is not NUL.
    if (!table.nullText && text.endsWith('\0')) throw bail
    table.texts[column]!.push(text)
  }
}

const noTexts: string[] = []

function openTable(columns: readonly ColumnPlan[], stage: Stage, nullText: boolean): Table {
  return { columns, stage, texts: columns.map((column) => (column.reading === 'text' ? [] : noTexts)), nullText }
}

/**
 * Makes columns of floats alone, read row by row, `places` telling the place of each in its row. For a request of one row this
 * is half of the work, so it makes nothing but the columns.
 */
function finishReal(plans: readonly ColumnPlan[], values: Float64Array, places: readonly number[], rows: number): Frame {
  const width = plans.length
  const columns = new Array<Column>(width)
  const apart = rows * 8 <= smallArray ? undefined : allocateColumns(plans, rows)
  for (let at = 0; at < width; at++) {
    const { name, dtype } = plans[at]!
    const target = (apart?.[at] ?? (dtype === 'float32' ? new Float32Array(rows) : new Float64Array(rows))) as Float32Array
    fillReal(target, dtype === 'float32', values, places[at]!, width)
    columns[at] = { name, dtype: dtype as 'float32', values: target }
  }
  return { kind: 'frame', rows, columns }
}

/** Makes the columns; `startOf` gives where the numbers of a column begin in the stage, `stride` apart. */
function finish(table: Table, rows: number, startOf: (column: number) => number, stride: number): Frame {
  const arrays = allocateColumns(table.columns, rows)
  const columns = table.columns.map(({ name, dtype }, at): Column => {
    if (dtype === 'string') {
      const values = table.texts[at]!
      // A column of nothing but null is no text to pandas.
      if (table.nullText && values.every((text) => text === null)) throw bail
      return { name, dtype, values, pandas: 'str' }
    }
    const values = arrays[at]!
    fill(values, dtype, table.stage, startOf(at), stride)
    return { name, dtype, values }
  })
  return { kind: 'frame', rows, columns }
}
