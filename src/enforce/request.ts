/** A scoring request: what MLflow's server makes of a body before the model sees it. */
import { readParquet } from '../data/parquet/read.ts'
import { checkOptions, type OptionTable } from '../options.ts'
import type { Signature } from '../signature.ts'
import { mediaTypeOf } from './content-type.ts'
import type { EnforcedRequest, RequestOptions } from './enforced.ts'
import { readTextRequest } from './text-request.ts'
import { enforceParams, enforceTyped } from './typed.ts'

const requestOptions: OptionTable<RequestOptions> = {
  mode: ['strict', 'compat'],
  limits: 'object',
  name: 'text',
  schemaFlags: 'object',
  fast: 'function',
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
  checkOptions('readRequest', options, requestOptions)
  const media = mediaTypeOf(contentType, options.mode)
  return media === 'parquet' ? readParquetRequest(body, signature, options) : readTextRequest(body, media, signature, options)
}

/** Parquet has its types: nothing is cast before enforcement. */
function readParquetRequest(body: Uint8Array, signature: Signature | undefined, options: RequestOptions): EnforcedRequest {
  const { data, warnings } = enforceTyped(readParquet(body, {}, options.limits), signature, options.mode)
  const params = enforceParams(undefined, signature, options.mode)
  return { data, params: params.params, llm: false, warnings: [...warnings, ...params.warnings] }
}
