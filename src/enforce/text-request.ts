/** A scoring request of text: JSON or CSV. Apart from Parquet, whose reader most commands need not load. */
import type { Signature } from '../signature.ts'
import { readCsvRequest } from './csv.ts'
import type { EnforcedRequest, RequestOptions } from './enforced.ts'
import { readJsonRequest } from './json-request.ts'

/**
 * Parses a body and enforces both data and params.
 *
 * @throws MlmodelError with all `problems`: DATA_UNREADABLE (`body`), DATA_MISMATCH (`signature`), PARAMS_INVALID
 *   (`params`); JSON_*, CSV_*
 */
export function readTextRequest(
  body: Uint8Array,
  media: 'json' | 'csv',
  signature: Signature | undefined,
  options: RequestOptions,
): EnforcedRequest {
  if (media === 'csv') return readCsvRequest(body, signature, options)
  const typeHint = options.schemaFlags?.isSignatureFromTypeHint === true
  if (options.fast !== undefined && signature?.inputs !== undefined && signature.params === undefined && !typeHint) {
    const data = options.fast(body, signature)
    if (data !== undefined) return { data, params: new Map(), llm: false, warnings: [] }
  }
  return readJsonRequest(body, signature, options)
}
