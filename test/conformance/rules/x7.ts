export interface ContentType {
  readonly mime: string
  /** Whether MLflow refuses the spelling alone, and X7 reads it: case, a quoted charset, a trailing `;`. */
  readonly spelled: boolean
}

/** X7: the media type that a header means. */
export function contentTypeOf(header: string): ContentType {
  const [mime = '', ...parameters] = header.split(';').map((part) => part.trim())
  const unquoted = parameters.map((parameter) => parameter.replace(/^charset="(.*)"$/i, 'charset=$1'))
  const lower = mime.toLowerCase()
  const known = ['application/json', 'text/csv', 'application/vnd.apache.parquet'].includes(lower)
  const fits = unquoted.every((parameter) => parameter === '' || /^charset=utf-8$/i.test(parameter))
  const odd = lower !== mime || unquoted.some((parameter, position) => parameter === '' || parameter !== parameters[position])
  return { mime: lower, spelled: known && fits && odd }
}
