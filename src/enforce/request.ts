/** A scoring request: what MLflow's server makes of a body before the model sees it. */
import type { Batch } from '../batch.ts'
import { readParquet } from '../data/parquet/read.ts'
import type { Limits } from '../limits.ts'
import type { Signature } from '../signature.ts'
import { mediaTypeOf } from './content-type.ts'
import { readCsvRequest } from './csv.ts'
import { readJsonRequest } from './json-request.ts'
import type { Mode, Warning } from './report.ts'
import { enforceParams, enforceTyped } from './typed.ts'
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
 *   (`params`); CONTENT_TYPE_*; JSON_*, CSV_*, PARQUET_*
 */
export function readRequest(
  body: Uint8Array,
  contentType: string | undefined,
  signature: Signature | undefined,
  options: RequestOptions,
): EnforcedRequest {
  const media = mediaTypeOf(contentType, options.mode)
  if (media === 'parquet') return readParquetRequest(body, signature, options)
  if (media === 'csv') return readCsvRequest(body, signature, options)
  const typeHint = options.schemaFlags?.isSignatureFromTypeHint === true
  if (options.fast !== undefined && signature?.inputs !== undefined && signature.params === undefined && !typeHint) {
    const data = options.fast(body, signature)
    if (data !== undefined) return { data, params: new Map(), llm: false, warnings: [] }
  }
  return readJsonRequest(body, signature, options)
}

/** Parquet has its types: nothing is cast before enforcement. */
function readParquetRequest(body: Uint8Array, signature: Signature | undefined, options: RequestOptions): EnforcedRequest {
  const { data, warnings } = enforceTyped(readParquet(body, {}, options.limits), signature, options.mode)
  const params = enforceParams(undefined, signature, options.mode)
  return { data, params: params.params, llm: false, warnings: [...warnings, ...params.warnings] }
}
