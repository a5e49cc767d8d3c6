/** Our answer in strict mode, predicted from the signature, the input and what MLflow did. */
import { type Body, isList, isObject, readBody } from './body.ts'
import {
  type Atom,
  atomOfTag,
  type Canonical,
  type CanonicalFrame,
  type CanonicalTensor,
  canonicalOfOracle,
  type Foreign,
  settle,
} from './canonical.ts'
import { type Answer, read } from './reading.ts'
import { leafRules } from './rules/index.ts'
import { l7 } from './rules/l7.ts'
import { l12 } from './rules/l12.ts'
import type { Leaf } from './rules/leaf.ts'
import { contentTypeOf } from './rules/x7.ts'
import { readSpec, type Spec, type Type } from './spec.ts'
import { absent, type Form, type Layout, layOut, type RawCell } from './table.ts'
import { readTextTable, type TextTable } from './text-table.ts'

export interface Case {
  readonly schema: Foreign
  readonly params_schema?: Foreign
  readonly content_type: string
  readonly body: string
  readonly expect: Foreign
}

export interface Prediction {
  readonly rule: string
  /** Absent for X7 where only the product can read the body: then our answer to it under `sameAs`. */
  readonly answer?: Answer
  readonly sameAs?: string
}

const refusal: Answer = { ok: false, status: 400 }

/** MLflow's own answer. */
export function outcomeOf(expect: Foreign): Answer {
  if (!expect.ok) return { ok: false, status: expect.http_status }
  const params = expect.params === undefined ? {} : { params: atomOfTag(expect.params) }
  return { ok: true, parsed: canonicalOfOracle(expect.parsed), ...params }
}

/** The difference that the closed list asks for in this case; undefined when our answer is to be MLflow's. */
export function predict(given: Case): Prediction | undefined {
  const outcome = outcomeOf(given.expect)
  if (!outcome.ok && outcome.status === 500) return { rule: 'X8', answer: refusal }
  const spec = readSpec(given.schema)
  const type = contentTypeOf(given.content_type)
  if (type.spelled && !outcome.ok && outcome.status === 415) {
    const answer = read(spec, type.mime, given.body)
    // Accepted as such; what the body then meets (nothing, or an error of its own) is the reader's answer.
    return answer === undefined ? { rule: 'X7', sameAs: type.mime } : { rule: 'X7', answer: answer.answer }
  }
  if (!outcome.ok) {
    if (outcome.status !== 400) return undefined
    const answer = read(spec, type.mime, given.body)
    if (answer?.rule === undefined || !answer.answer.ok) return undefined
    return { rule: answer.rule, answer: answer.answer }
  }
  const body = type.mime === 'application/json' ? readBody(given.body) : undefined
  const csv = type.mime === 'text/csv' ? readTextTable(given.body) : undefined
  const layout = body === undefined ? undefined : layOut(body, spec)
  const whole = { duplicateKeys: body?.duplicateKeys === true, layout, duplicateHeader: csv?.duplicateNames === true }
  if (l7(whole)) return { rule: 'L7', answer: refusal }
  if (l12(whole)) return { rule: 'L12', answer: refusal }
  const judge = new Judge()
  const params = judgeParams(judge, given.params_schema, body)
  const parsed = spec === undefined ? outcome.parsed : judgeParsed(judge, spec, layout, csv, outcome.parsed)
  if (judge.refused !== undefined) return { rule: judge.refused, answer: refusal }
  if (judge.changed !== undefined) return { rule: judge.changed, answer: { ...outcome, parsed } }
  return params ? { rule: params, answer: refusal } : undefined
}

/** Asks the rules about each value, and keeps who spoke. */
class Judge {
  refused: string | undefined
  changed: string | undefined

  leaf(leaf: Leaf): Atom {
    let value = leaf.got
    for (const rule of leafRules) {
      const verdict = rule.judge({ ...leaf, got: value })
      if (verdict === 'error') {
        this.refused ??= rule.name
        return value
      }
      if (verdict !== undefined) {
        this.changed ??= rule.name
        value = verdict.value
      }
    }
    return value
  }
}

/** L6 in params: 1e400 for a float. The other rules find nothing there, as MLflow keeps what it is given. */
function judgeParams(judge: Judge, schema: Foreign, body: Body | undefined): string | undefined {
  const given = isObject(body?.value) ? body.value.pairs.get('params') : undefined
  if (schema === undefined || !isObject(given)) return undefined
  for (const param of schema as readonly Foreign[]) {
    const raw = given.pairs.get(param.name)
    if (raw === undefined || param.type === 'object') continue
    for (const cell of isList(raw) ? raw : [raw]) {
      if (typeof cell === 'object' && cell !== null && 'beyond' in cell && cell.beyond) {
        judge.leaf({ type: param.type, form: 'split', raw: cell, got: { float: cell.float }, nested: false })
      }
    }
  }
  return undefined
}

function judgeParsed(
  judge: Judge,
  spec: Spec,
  layout: Layout | undefined,
  csv: TextTable | undefined,
  parsed: Canonical,
): Canonical {
  if (spec.kind === 'tensors') return layout === undefined ? parsed : judgeTensors(judge, spec, layout, parsed)
  if (parsed.kind !== 'frame') return parsed
  const columns = parsed.columns.map((column) => {
    const position = spec.columns.findIndex(({ name }) => name === column.name)
    const at = position >= 0 ? position : parsed.columns.indexOf(column)
    const type = spec.columns[at]?.type
    const cells =
      csv === undefined
        ? cellsOf(layout, column.name, at)
        : csv.rows.map((row) => row[csv.names.indexOf(String(column.name))] ?? null)
    if (type === undefined || cells === undefined) return column
    const raw = spread(cells, parsed.rows)
    if (raw === undefined) return column
    const form = csv === undefined ? layout!.form : 'csv'
    const values = column.values.map((value, row) => walk(judge, type, form, raw[row]!, value, false))
    const same = values.every((value, row) => value === column.values[row])
    return same
      ? column
      : settle(
          column.name,
          type.kind === 'scalar' && (type.name === 'string' || type.name === 'binary') ? 'object' : column.dtype,
          values,
        )
  })
  return { ...parsed, columns } satisfies CanonicalFrame
}

function cellsOf(layout: Layout | undefined, name: string | number, position: number): readonly RawCell[] | undefined {
  if (layout === undefined) return undefined
  return layout.columns.get(name) ?? layout.columns.get(String(name)) ?? [...layout.columns.values()][position]
}

/** pandas repeats a single row when it is given more labels than rows. */
function spread(cells: readonly RawCell[], rows: number): readonly RawCell[] | undefined {
  if (cells.length === rows) return cells
  return cells.length === 1 ? new Array<RawCell>(rows).fill(cells[0]!) : undefined
}

function walk(judge: Judge, type: Type, form: Form, raw: RawCell, got: Atom, nested: boolean): Atom {
  switch (type.kind) {
    case 'scalar':
      return judge.leaf({ type: type.name, form, raw, got, nested })
    case 'array': {
      if (raw === absent || !isList(raw) || !Array.isArray(got) || raw.length !== got.length) return got
      const values = raw.map((item, position) => walk(judge, type.items, form, item, got[position] as Atom, true))
      return values.every((value, position) => value === got[position]) ? got : values
    }
    case 'object':
    case 'map': {
      if (raw === absent || !isObject(raw) || typeof got !== 'object' || got === null || !('pairs' in got)) return got
      const pairs = got.pairs.map(([key, value]) => {
        const inner = type.kind === 'map' ? type.values : type.properties.get(key)?.type
        const cell = raw.pairs.get(key)
        return [key, inner === undefined || cell === undefined ? value : walk(judge, inner, form, cell, value, true)] as const
      })
      return pairs.every(([, value], position) => value === got.pairs[position]![1]) ? got : { pairs }
    }
    case 'any':
      return got
  }
}

function judgeTensors(judge: Judge, spec: Extract<Spec, { kind: 'tensors' }>, layout: Layout, parsed: Canonical): Canonical {
  if (parsed.kind === 'tensor') {
    return judgeTensor(judge, spec.tensors[0]!.dtype, layout, leavesOf(layout, undefined), parsed)
  }
  if (parsed.kind !== 'named') return parsed
  const items = parsed.items.map(([name, item]) => {
    const tensor = spec.tensors.find((one) => one.name === name)
    if (tensor === undefined || item.kind !== 'tensor') return [name, item] as const
    return [name, judgeTensor(judge, tensor.dtype, layout, leavesOf(layout, name), item)] as const
  })
  return { kind: 'named', items }
}

function judgeTensor(
  judge: Judge,
  dtype: string,
  layout: Layout,
  leaves: readonly RawCell[],
  tensor: CanonicalTensor,
): CanonicalTensor {
  if (leaves.length !== tensor.values.length) return tensor
  const values = tensor.values.map((got, position) =>
    judge.leaf({ type: dtype, form: layout.form, raw: leaves[position]!, got, nested: false }),
  )
  return values.every((value, position) => value === tensor.values[position]) ? tensor : { ...tensor, values }
}

/** The values of a tensor in the order of the body; row by row where it is given as columns. */
function leavesOf(layout: Layout, name: string | undefined): readonly RawCell[] {
  const flat = (raw: RawCell): readonly RawCell[] => (raw !== absent && isList(raw) ? raw.flatMap(flat) : [raw])
  if (layout.bare !== undefined) return flat(layout.bare)
  if (name !== undefined) {
    const whole = layout.named?.get(name)
    return whole === undefined ? (layout.columns.get(name) ?? []).flatMap(flat) : flat(whole)
  }
  const columns = [...layout.columns.values()]
  const rows = columns[0]?.length ?? 0
  return Array.from({ length: rows }, (_, row) => columns.flatMap((cells) => flat(cells[row] ?? absent))).flat()
}
