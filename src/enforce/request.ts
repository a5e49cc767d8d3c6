/** A scoring request: what MLflow's server makes of a body before the model sees it. */
import type { Batch } from '../batch.ts'
import { MlmodelError } from '../errors/index.ts'
import { parseJson } from '../json.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import type { Signature } from '../signature.ts'
import { readInputs, readInstances } from './array-forms.ts'
import { batchOfFitted, batchOfParsed } from './batch.ts'
import { mediaTypeOf } from './content-type.ts'
import { readCsvRequest } from './csv.ts'
import { type BodyForm, formOf } from './forms.ts'
import { readFrame } from './frame-forms.ts'
import { checkParams } from './params.ts'
import { type Mode, openReport, type Report, type Warning } from './report.ts'
import { enforceSchema, type Parsed } from './schema-input.ts'
import { Refusal } from './sink.ts'
import type { Cell } from './values.ts'

export interface RequestOptions {
  readonly mode: Mode
  readonly limits?: Limits
  readonly schemaFlags?: { readonly isSignatureFromTypeHint?: boolean | undefined }
  /** A faster reader of ordinary JSON bodies; undefined means that it leaves the body to the exact path. */
  readonly fast?: ((body: Uint8Array, signature: Signature) => Batch | undefined) | undefined
}

export interface EnforcedRequest {
  readonly data: Batch
  readonly params: ReadonlyMap<string, Cell>
  /** Whether the body was an LLM request: then the reply has no `predictions` around it. */
  readonly llm: boolean
  readonly warnings: readonly Warning[]
}

/**
 * Parses a body by its content type and the signature, and enforces both data and params.
 *
 * @throws MlmodelError with all `problems`: DATA_UNREADABLE (`body`), DATA_MISMATCH (`signature`), PARAMS_INVALID
 *   (`params`); CONTENT_TYPE_*; JSON_*, CSV_*; kind `unsupported` for Parquet
 */
export function readRequest(
  body: Uint8Array,
  contentType: string | undefined,
  signature: Signature | undefined,
  options: RequestOptions,
): EnforcedRequest {
  const media = mediaTypeOf(contentType, options.mode)
  if (media === 'parquet') throw new MlmodelError('PARQUET_UNSUPPORTED', {})
  if (media === 'csv') return readCsvRequest(body, signature, options)
  const typeHint = options.schemaFlags?.isSignatureFromTypeHint === true
  if (options.fast !== undefined && signature?.inputs !== undefined && signature.params === undefined && !typeHint) {
    const data = options.fast(body, signature)
    if (data !== undefined) return { data, params: new Map(), llm: false, warnings: [] }
  }
  return readJsonRequest(body, signature, typeHint, options)
}

function readJsonRequest(body: Uint8Array, signature: Signature | undefined, typeHint: boolean, options: RequestOptions): EnforcedRequest {
  const document = parseJson(body, { limits: options.limits ?? defaultLimits })
  const report = openReport(options.mode)
  const form = formOf(document.value, { params: signature?.params, typeHint }, report)
  if (form === undefined) {
    report.finish()
    throw new Error('a body without a form has a problem')
  }
  const data = typeHint ? batchOfParsed({ kind: 'cell', value: form.value }) : readData(form, signature, report)
  const params = checkParams(form.params, signature?.params, report)
  report.finish()
  return { data: data!, params, llm: form.kind === 'llm', warnings: report.warnings }
}

function readData(form: BodyForm, signature: Signature | undefined, report: Report): Batch | undefined {
  const schema = signature?.inputs
  const parsed = parseForm(form, signature, report)
  if (parsed === undefined || report.hasProblems('parse')) return undefined
  if (schema === undefined) return batchOfParsed(parsed)
  const fitted = enforceSchema(parsed, schema, report)
  return fitted === undefined || report.hasProblems() ? undefined : batchOfFitted(fitted, schema)
}

function parseForm(form: BodyForm, signature: Signature | undefined, report: Report): Parsed | undefined {
  const schema = signature?.inputs
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
