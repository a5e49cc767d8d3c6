/**
 * The Content-Type of a request. MLflow compares it letter by letter; strict mode forgives what rule X7 names.
 *
 * @see mlflow/pyfunc/scoring_server/__init__.py (invocations)
 */
import { MlmodelError } from '../errors/index.ts'
import type { Mode } from './report.ts'

export type MediaType = 'json' | 'csv' | 'parquet'

const mediaTypes: Readonly<Record<string, MediaType>> = {
  'application/json': 'json',
  'text/csv': 'csv',
  'application/vnd.apache.parquet': 'parquet',
}

/**
 * Tells the format of a body from its header.
 *
 * @throws CONTENT_TYPE_* (kind `content-type`, HTTP 415)
 */
export function mediaTypeOf(header: string | undefined, mode: Mode): MediaType {
  if (header === undefined) throw new MlmodelError('CONTENT_TYPE_MISSING', {})
  const [mime = '', ...parameters] = header.split(';').map((part) => part.trim())
  const charsets: string[] = []
  const unknown: string[] = []
  for (const parameter of parameters) {
    const [name = '', value = ''] = splitOnce(parameter)
    if (name === 'charset') charsets.push(mode === 'strict' ? unquote(value) : value)
    else if (parameter !== '' || mode === 'compat') unknown.push(parameter)
  }
  // MLflow keeps the last of several.
  const charset = charsets.at(-1) ?? 'utf-8'
  if (charset.toLowerCase() !== 'utf-8') throw new MlmodelError('CONTENT_TYPE_CHARSET', { charset })
  if (unknown.length > 0) throw new MlmodelError('CONTENT_TYPE_PARAMETER', { parameter: unknown[0]! })
  const known = mediaTypes[mode === 'strict' ? mime.toLowerCase() : mime]
  if (known === undefined) throw new MlmodelError('CONTENT_TYPE_UNKNOWN', { given: header })
  return known
}

function splitOnce(parameter: string): readonly string[] {
  const at = parameter.indexOf('=')
  return at < 0 ? [parameter] : [parameter.slice(0, at), parameter.slice(at + 1)]
}

function unquote(value: string): string {
  return /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(.)/gs, '$1') ?? value
}
