/** A body read as the list of differences asks, where MLflow refuses it: X1, X2, X3, X4 and X7. */
import { isList, readBody } from './body.ts'
import { type Atom, type Canonical, type CanonicalColumn, settle } from './canonical.ts'
import { convertNested, convertScalar, Refused, type Regime, refuse, type Used } from './convert.ts'
import { readCsv } from './rules/x2-x4.ts'
import { type ColumnSpec, dtypeOfScalar, type Spec, type Type } from './spec.ts'
import { type Layout, layOut, type RawCell } from './table.ts'

/** What MLflow did, or what we do instead: an error with an HTTP status, or values. */
export type Answer =
  | { readonly ok: false; readonly status: number }
  | { readonly ok: true; readonly parsed: Canonical; readonly params?: Atom }

export interface Reading {
  readonly answer: Answer
  /** The rule that let something in which MLflow refuses. */
  readonly rule?: string
}

/** Reads a body; undefined where this reader cannot tell (no signature, tensors as JSON, Parquet, unnamed data by name). */
export function read(spec: Spec | undefined, mime: string, text: string): Reading | undefined {
  if (spec === undefined) return undefined
  let rule: string | undefined
  const used: Used = (name) => {
    rule ??= name
  }
  try {
    const parsed =
      mime === 'text/csv' ? readCsv(spec, text, used) : mime === 'application/json' ? readJson(spec, text, used) : undefined
    return parsed === undefined ? undefined : { answer: { ok: true, parsed }, ...(rule === undefined ? {} : { rule }) }
  } catch (error) {
    if (error instanceof Refused) return { answer: { ok: false, status: 400 } }
    throw error
  }
}

function readJson(spec: Spec, text: string, used: Used): Canonical | undefined {
  if (spec.kind === 'tensors') return undefined
  const body = readBody(text)
  if (body === undefined || body.duplicateKeys) return refuse('body')
  const layout = layOut(body, spec)
  if (layout === undefined || layout.unevenRows || layout.duplicateNames) return refuse('form')
  const complex = spec.columns.some(({ type }) => isComplex(type))
  if (complex && layout.form === 'instances') noteNested(spec.columns, layout.columns, used)
  if (complex && layout.form === 'inputs') return readInputs(spec.columns, layout, used)
  return readColumns(spec.columns, layout.columns, regimeOf(layout), used)
}

function isComplex(type: Type): boolean {
  return type.kind !== 'scalar' && type.kind !== 'any'
}

/** X3 is about columns of arrays, objects and maps by name, whatever a cell of them holds. */
function noteNested(specs: readonly ColumnSpec[], columns: ReadonlyMap<string | number, readonly RawCell[]>, used: Used): void {
  for (const { name, type } of specs) if (isComplex(type) && name !== undefined && columns.has(name)) used('X3')
}

function regimeOf({ form }: Layout): Regime {
  return form === 'split' || form === 'records' ? 'frame' : form === 'llm' ? 'typed' : 'numpy'
}

/**
 * `inputs` with arrays, objects or maps by name: one row of whole values, as MLflow reads what it does not refuse, else a
 * list of cells per column (X3).
 */
function readInputs(specs: readonly ColumnSpec[], layout: Layout, used: Used): Canonical {
  if (layout.named === undefined) {
    noteNested(specs, layout.columns, used)
    return readColumns(specs, layout.columns, 'numpy', used)
  }
  const noted: string[] = []
  try {
    const whole = new Map<string, readonly RawCell[]>([...layout.named].map(([name, value]) => [name, [value]]))
    // A list for a scalar column is a column of cells, never one cell.
    for (const { name, type } of specs) {
      if (type.kind === 'scalar' && isList(layout.named.get(name ?? ''))) refuse('column')
    }
    noteNested(specs, whole, (rule) => noted.push(rule))
    const parsed = readColumns(specs, whole, 'numpy', (rule) => noted.push(rule))
    for (const rule of noted) used(rule)
    return parsed
  } catch (error) {
    if (!(error instanceof Refused)) throw error
  }
  const cells = new Map<string, readonly RawCell[]>()
  for (const [name, value] of layout.named) cells.set(name, isList(value) ? value : refuse('cells'))
  noteNested(specs, cells, used)
  return readColumns(specs, cells, 'numpy', used)
}

function readColumns(
  specs: readonly ColumnSpec[],
  given: ReadonlyMap<string | number, readonly RawCell[]>,
  regime: Regime,
  used: Used,
): Canonical {
  const columns: CanonicalColumn[] = []
  const positions = [...given]
  let rows: number | undefined
  for (const [position, spec] of specs.entries()) {
    const name = spec.name ?? positions[position]?.[0]
    const cells = spec.name === undefined ? positions[position]?.[1] : given.get(spec.name)
    if (cells === undefined || name === undefined) {
      if (spec.required) refuse('missing column')
      continue
    }
    rows ??= cells.length
    if (rows !== cells.length) refuse('lengths')
    const values = Array.from(cells, (cell) =>
      spec.type.kind === 'scalar'
        ? convertScalar(spec.type.name, cell, regime, used)
        : convertNested(spec.type, cell, spec.required, used),
    )
    if (spec.type.kind === 'scalar' && spec.type.name === 'datetime' && regime === 'frame' && !oneFormat(cells)) refuse('formats')
    const dtype = spec.type.kind === 'scalar' ? dtypeOfScalar[spec.type.name] : 'object'
    columns.push(settle(name, dtype === 'bool' && values.includes(null) ? 'object' : dtype, values))
  }
  return { kind: 'frame', rows: rows ?? 0, columns }
}

/** pandas guesses the format of dates from the first and demands it of all. */
function oneFormat(cells: readonly RawCell[]): boolean {
  const formats = cells
    .filter((cell) => typeof cell === 'string' && cell !== '')
    .map((cell) => (cell as string).replace(/\d+/g, '0'))
  return new Set(formats).size <= 1
}
