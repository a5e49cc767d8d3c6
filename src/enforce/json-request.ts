/** JSON bodies: MLflow's own way first; then, in strict mode, what the closed list changes. */
import type { Batch } from '../batch.ts'
import { type JsonDocument, jsonPath, parseJson } from '../json.ts'
import { defaultLimits } from '../limits.ts'
import type { ParamSpec, Schema, Signature } from '../signature.ts'
import { readInputs, readInstances } from './array-forms.ts'
import { batchOfFitted, batchOfParsed } from './batch.ts'
import type { EnforcedRequest, RequestOptions } from './enforced.ts'
import { hasNested, type Reading, readExactly } from './exact-columns.ts'
import { type BodyForm, formOf } from './forms.ts'
import { readFrame } from './frame-forms.ts'
import { type Layout, layOut } from './layout.ts'
import { findOverflows } from './overflow.ts'
import { checkParams } from './params.ts'
import { openReport, type Report } from './report.ts'
import { reviewData } from './review.ts'
import { enforceSchema, type Fitted, type Parsed } from './schema-input.ts'
import { Refusal } from './sink.ts'
import { fitExactly } from './typed.ts'
import { type Cell, isCellMap, isList } from './values.ts'

/** @throws MlmodelError with all problems; JSON_* */
export function readJsonRequest(body: Uint8Array, signature: Signature | undefined, options: RequestOptions): EnforcedRequest {
  const where = options.name === undefined ? {} : { file: options.name }
  const document = parseJson(body, { where, limits: options.limits ?? defaultLimits })
  return enforceDocument(document, () => findOverflows(body, document.value), signature, options)
}

/**
 * A body that a caller holds as values, not as text: nothing is written twice in it, and an infinity is meant.
 *
 * @throws MlmodelError with all problems
 */
export function enforceBody(
  body: ReadonlyMap<string, Cell>,
  signature: Signature | undefined,
  options: RequestOptions,
): EnforcedRequest {
  return enforceDocument({ value: body, duplicates: [] }, () => new Set(), signature, options)
}

function enforceDocument(
  document: JsonDocument,
  overflows: () => ReadonlySet<string>,
  signature: Signature | undefined,
  options: RequestOptions,
): EnforcedRequest {
  const typeHint = options.schemaFlags?.isSignatureFromTypeHint === true
  const report = openReport(options.mode, options.name)
  if (options.mode === 'strict') {
    for (const { key, path } of document.duplicates) report.problem('rule', 'KEY_REPEATED', { key }, { path })
  }
  const form = formOf(document.value, { params: signature?.params, typeHint }, report)
  if (form === undefined) return report.fail()
  const schema = typeHint ? undefined : signature?.inputs
  const data = typeHint ? batchOfParsed({ kind: 'cell', value: form.value }) : readData(form, schema, overflows, report)
  const params = checkParams(form.params, signature?.params, report)
  reviewParams(form, signature?.params, overflows, report)
  report.finish()
  return { data: data ?? report.fail(), params, llm: form.kind === 'llm', warnings: report.warnings }
}

function readData(
  form: BodyForm,
  schema: Schema | undefined,
  overflows: () => ReadonlySet<string>,
  report: Report,
): Batch | undefined {
  const mlflow = openReport(report.mode)
  const parsed = parseForm(form, schema, mlflow)
  if (schema === undefined) {
    checkLayout(form, undefined, report)
    report.adopt(mlflow)
    return parsed === undefined || report.hasProblems() ? undefined : batchOfParsed(parsed)
  }
  const fitted = parsed === undefined ? undefined : fitWhatIsRead(parsed, schema, mlflow)
  if (fitted !== undefined && !mlflow.hasProblems()) {
    const layout = checkLayout(form, schema, report)
    report.adopt(mlflow)
    const reviewed = reviewData(fitted, schema, layout, overflows(), report)
    return report.hasProblems() ? undefined : batchOfFitted(reviewed, schema)
  }
  const exact = report.mode === 'strict' ? readStrictly(form, schema, overflows(), report) : 'none'
  if (exact === 'none') {
    report.adopt(mlflow)
    const layout = checkLayout(form, schema, report)
    if (fitted !== undefined) reviewData(fitted, schema, layout, overflows(), report)
  }
  return exact === 'none' || exact === undefined || report.hasProblems() ? undefined : batchOfFitted(exact, schema)
}

/** Fits the columns that could be read, so that all problems of a body are found at once. */
function fitWhatIsRead(parsed: Parsed, schema: Schema, report: Report): Fitted | undefined {
  if (!report.hasProblems()) return enforceSchema(parsed, schema, report)
  if (schema.kind !== 'columns' || schema.columns[0]!.name === undefined) return undefined
  const left = schema.columns.filter(({ name }) => name !== undefined && !report.failed(name))
  if (left.length === 0) return undefined
  const isLeft = (name: string | number) => !report.failed(name)
  const data: Parsed =
    parsed.kind === 'table'
      ? { kind: 'table', table: { ...parsed.table, columns: parsed.table.columns.filter(({ name }) => isLeft(name)) } }
      : { kind: 'cell', value: pick(parsed.value, isLeft) }
  return enforceSchema(data, { kind: 'columns', columns: left }, report)
}

function pick(value: Cell, isLeft: (name: string) => boolean): Cell {
  if (isCellMap(value)) return new Map([...value].filter(([name]) => isLeft(name)))
  return isList(value) ? value.map((row) => (isCellMap(row) ? pick(row, isLeft) : row)) : value
}

/** Rule L6: MLflow takes params as they are, a number beyond the range among them. */
function reviewParams(
  form: BodyForm,
  specs: readonly ParamSpec[] | undefined,
  overflows: () => ReadonlySet<string>,
  report: Report,
): void {
  if (!isCellMap(form.params)) return
  const base = form.kind === 'llm' ? [] : ['params']
  for (const { name, type } of specs ?? []) {
    const given = form.params.get(name)
    if (given === undefined || type.kind !== 'scalar') continue
    const cells = isList(given)
      ? given.map((cell, index) => [cell, [...base, name, index]] as const)
      : [[given, [...base, name]] as const]
    for (const [cell, path] of cells) {
      if (typeof cell === 'number' && !Number.isFinite(cell) && overflows().has(jsonPath(path)))
        report.lost('L6', { path }, cell, type.dataType)
    }
  }
}

/** Rules L7 and L12, about a body as a whole. */
function checkLayout(form: BodyForm, schema: Schema | undefined, report: Report): Layout {
  const layout = layOut(form, schema)
  if (report.mode === 'compat') return layout
  if (layout.repeated !== undefined)
    report.problem('rule', 'KEY_REPEATED', { key: String(layout.repeated) }, { column: layout.repeated })
  if (layout.uneven !== undefined) report.problem('rule', 'ROWS_UNEVEN', layout.uneven, { row: layout.uneven.row })
  return layout
}

/** What strict mode takes although MLflow does not; `none` where no rule speaks, so that MLflow's problems stand. */
function readStrictly(
  form: BodyForm,
  schema: Schema,
  overflows: ReadonlySet<string>,
  report: Report,
): Fitted | undefined | 'none' {
  if (schema.kind !== 'columns') return 'none'
  if (form.kind !== 'llm' && !hasNested(schema)) return 'none'
  const layout = layOut(form, schema)
  if (layout.repeated !== undefined || layout.uneven !== undefined) return 'none'
  if (form.kind === 'llm') {
    const fitted = fitExactly({ kind: 'cell', value: form.value }, schema, report)
    return fitted === undefined || report.hasProblems() ? undefined : reviewData(fitted, schema, layout, overflows, report)
  }
  for (const reading of readingsOf(layout, overflows)) {
    const trial = openReport('strict')
    const table = readExactly(reading, schema, trial)
    if (table === undefined) continue
    const reviewed = reviewData({ kind: 'table', table }, schema, reading.layout, overflows, trial)
    report.adopt(trial)
    return reviewed
  }
  return 'none'
}

/** `inputs` with an object of values: first one row of whole values, as MLflow takes it, else a list of cells for each column. */
function readingsOf(layout: Layout, overflows: ReadonlySet<string>): readonly Reading[] {
  if (layout.named === undefined) return [{ layout, overflows }]
  const named = [...layout.named]
  const whole = named.map(([name, value]) => ({ name, cells: [value], path: () => [layout.form, name] }))
  const first = { layout: { ...layout, columns: whole }, overflows }
  if (!named.every(([, value]) => isList(value))) return [first]
  const cells = named.map(([name, value]) => ({
    name,
    cells: value as readonly Cell[],
    path: (row: number) => [layout.form, name, row],
  }))
  return [first, { layout: { ...layout, columns: cells }, overflows }]
}

function parseForm(form: BodyForm, schema: Schema | undefined, report: Report): Parsed | undefined {
  if (form.kind === 'llm') return { kind: 'cell', value: form.value }
  if (form.form === 'dataframe_split' || form.form === 'dataframe_records') {
    const table = readFrame(form.form, form.value, schema, report)
    return table === undefined ? undefined : { kind: 'table', table }
  }
  try {
    const value = form.form === 'instances' ? readInstances(form.value, schema, report) : readInputs(form.value, schema, report)
    return { kind: 'cell', value }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    report.problem('parse', 'BODY_VALUE', { form: form.form, why: error.message }, { path: `$.${form.form}` })
    return undefined
  }
}
