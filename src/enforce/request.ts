/** A scoring request: what MLflow's server makes of a body before the model sees it. */
import { MlmodelError } from '../errors/index.ts'
import type { Signature } from '../signature.ts'
import { mediaTypeOf } from './content-type.ts'
import { readCsvRequest } from './csv.ts'
import type { EnforcedRequest, RequestOptions } from './enforced.ts'
import { readJsonRequest } from './json-request.ts'

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
  return readJsonRequest(body, signature, options)
}
