/** A reply as a table, and what of it can be drawn. */
import { isList, isMap, type Json, numberOf } from './json.ts'

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (Json | undefined)[])[]
}

/** Bars of one row, from 0 to 1; or values along the rows or along a list. */
export type Chart =
  | { readonly kind: 'probabilities'; readonly row: number; readonly bars: readonly Bar[] }
  | { readonly kind: 'series'; readonly name: string; readonly values: readonly number[]; readonly isProbability: boolean }

export interface Bar {
  readonly label: string
  readonly value: number
}

/** The table of a reply; undefined for what is no table. */
export function tableOf(reply: Json): Table | undefined {
  const predictions = isMap(reply) ? (reply.get('predictions') ?? undefined) : reply
  if (predictions === undefined) return undefined
  if (isList(predictions)) return tableOfRows(predictions)
  if (isMap(predictions)) return tableOfColumns(predictions)
  return { columns: ['prediction'], rows: [[predictions]] }
}

function tableOfRows(rows: readonly Json[]): Table {
  if (rows.length > 0 && rows.every(isMap)) {
    const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))]
    return { columns, rows: rows.map((row) => columns.map((name) => row.get(name))) }
  }
  // Rows of short lists of plain values are columns without names.
  const widest = Math.max(0, ...rows.map((row) => (isList(row) ? row.length : 0)))
  const isFlat = rows.every((row) => isList(row) && !row.some((cell) => isList(cell) || isMap(cell)))
  if (rows.length > 0 && isFlat && widest > 1 && widest <= mostColumns)
    return {
      columns: Array.from({ length: widest }, (_, index) => String(index)),
      rows: rows.map((row) => Array.from({ length: widest }, (_, index) => (row as readonly Json[])[index])),
    }
  return { columns: ['prediction'], rows: rows.map((row) => [isList(row) && row.length === 1 ? row[0] : row]) }
}

/** Wider lists stay a list in one cell. */
const mostColumns = 50

function tableOfColumns(columns: ReadonlyMap<string, Json>): Table {
  const names = [...columns.keys()]
  const lists = [...columns.values()]
  const length = isList(lists[0]) ? lists[0].length : -1
  if (length >= 0 && lists.every((list) => isList(list) && list.length === length))
    return {
      columns: names,
      rows: Array.from({ length }, (_, row) =>
        lists.map((list) => {
          const cell = (list as readonly Json[])[row]!
          return isList(cell) && cell.length === 1 ? cell[0]! : cell
        }),
      ),
    }
  return { columns: names, rows: [lists] }
}

/** How far from 1 the sum of probabilities may be: float32. */
const tolerance = 1e-3
/** Fewer values are no series. */
const shortestSeries = 3

/**
 * What to draw for the row that is looked at; undefined when nothing is a probability or a series.
 *
 * @param labels - what a classifier can answer, in the order of its probabilities
 */
export function chartOf({ columns, rows }: Table, row: number, labels: readonly string[] = []): Chart | undefined {
  const cells = rows[row]
  if (cells === undefined) return undefined
  const bars = probabilitiesOf(columns, cells, labels)
  if (bars !== undefined && (bars.length > 1 || rows.length < shortestSeries)) return { kind: 'probabilities', row, bars }
  // A list in a cell: a series of its own.
  for (const [index, cell] of cells.entries()) {
    const values = isList(cell) ? cell.map((each) => numberOf(each)) : []
    if (values.length >= shortestSeries && values.every((value) => value !== undefined))
      return { kind: 'series', name: columns[index]!, values, isProbability: false }
  }
  if (rows.length < shortestSeries) return undefined
  for (const [index, name] of columns.entries()) {
    const values = rows.map((each) => numberOf(each[index]))
    if (values.every((value) => value !== undefined))
      return { kind: 'series', name, values, isProbability: isProbability(name) && values.every(isUnit) }
  }
  return undefined
}

function probabilitiesOf(
  columns: readonly string[],
  cells: readonly (Json | undefined)[],
  labels: readonly string[],
): readonly Bar[] | undefined {
  const bars = cells.flatMap((cell, index): readonly Bar[] => {
    const value = numberOf(cell)
    return value === undefined ? [] : [{ label: columns[index]!, value }]
  })
  // Columns without names are classes in their order.
  const isUnnamed = bars.every(({ label }, index) => label === String(index))
  if (isDistribution(bars)) return isUnnamed ? labelled(bars, labels) : bars
  for (const [index, cell] of cells.entries()) {
    const inner = barsOf(cell)
    if (isDistribution(inner)) return isList(cell) ? labelled(inner, labels) : inner
    const value = numberOf(cell)
    if (value !== undefined && isUnit(value) && isProbability(columns[index]!)) {
      // The one word beside it says of what.
      const words = cells.filter((each) => typeof each === 'string')
      return [{ label: words.length === 1 ? `${words[0]}` : columns[index]!, value }]
    }
  }
  return undefined
}

function labelled(bars: readonly Bar[], labels: readonly string[]): readonly Bar[] {
  return labels.length === bars.length ? bars.map(({ value }, index) => ({ label: labels[index]!, value })) : bars
}

function barsOf(cell: Json | undefined): readonly Bar[] {
  const entries: readonly (readonly [string, Json])[] = isMap(cell)
    ? [...cell]
    : isList(cell)
      ? cell.map((each, index) => [String(index), each])
      : []
  const bars = entries.map(([label, value]) => ({ label, value: numberOf(value) ?? Number.NaN }))
  return bars.every(({ value }) => isUnit(value)) ? bars : []
}

function isDistribution(bars: readonly Bar[]): boolean {
  const sum = bars.reduce((total, { value }) => total + value, 0)
  return bars.length > 1 && bars.every(({ value }) => isUnit(value)) && Math.abs(sum - 1) <= tolerance
}

function isProbability(name: string): boolean {
  return /prob|score|confidence/i.test(name)
}

function isUnit(value: number): boolean {
  return value >= 0 && value <= 1
}
