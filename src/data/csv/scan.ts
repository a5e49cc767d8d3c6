/** The state of one pass over a CSV. */
import { defaultLimits, type Limits } from '../../limits.ts'
import type { CellContext } from './cell.ts'
import { type ColumnState, isNumeric, kindOf, openStore, type Store } from './column.ts'
import { type Field, openField } from './field.ts'
import { openTally, type Tally } from './infer.ts'
import { openMisfits } from './misfits.ts'
import type { CsvOptions, CsvPlan } from './plan.ts'
import { openWindow, type Window } from './window.ts'

export interface Scan {
  readonly window: Window
  readonly plan: CsvPlan
  readonly limits: Limits
  readonly field: Field
  readonly context: CellContext
  columns: readonly ColumnState[]
  /** How many of the first columns are row labels. */
  leading: number
  /** For each column, the kind that the row loop looks at. */
  kinds: Uint8Array
  /** For each column, where the row loop had to give up the short path for numbers: it then does not try. */
  long: Uint8Array
  tallies: readonly (Tally | undefined)[]
  numericColumns: number
  store: Store
  /** Rows filled of the current frame. */
  rows: number
}

const defaultBlockBytes = 1 << 18

/** Begins to read a CSV; `file` is the name that errors show. No byte has been read, and no column is known. */
export function openScan(file: string, plan: CsvPlan, options: CsvOptions): Scan {
  const limits = options.limits ?? defaultLimits
  const window = openWindow(file, options.blockBytes ?? defaultBlockBytes, plan.nul !== 'keep', limits)
  return {
    window,
    plan,
    limits,
    field: openField(),
    context: { file, plan, fieldBytes: limits.csvFieldBytes, misfits: openMisfits(), line: 1, before: 0, row: 0 },
    columns: [],
    leading: 0,
    kinds: new Uint8Array(0),
    long: new Uint8Array(0),
    tallies: [],
    numericColumns: 0,
    store: openStore(0, 0),
    rows: 0,
  }
}

/** Sets the columns of the pass, with room for `capacity` rows. */
export function setColumns(scan: Scan, columns: readonly ColumnState[], leading: number, capacity: number): void {
  scan.columns = columns
  scan.leading = leading
  scan.kinds = Uint8Array.from(columns, ({ reading }) => kindOf(reading))
  scan.long = new Uint8Array(columns.length)
  scan.tallies = columns.map(({ reading }) => (reading.how === 'classify' ? openTally() : undefined))
  scan.numericColumns = columns.filter(({ reading }) => isNumeric(reading)).length
  scan.store = openStore(scan.numericColumns, capacity)
}
