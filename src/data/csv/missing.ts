/** The words of a CSV cell that are no numbers: missing values, booleans, infinities. All as in pandas' C parser. */

/** pandas' `STR_NA_VALUES`: exact, no blanks trimmed, quoted or not. */
export const missingWords: readonly string[] = [
  '',
  'NA',
  'nan',
  'NaN',
  'N/A',
  'n/a',
  '#NA',
  'null',
  'NULL',
  'None',
  '-NaN',
  '-nan',
  '<NA>',
  '#N/A',
  '1.#IND',
  '1.#QNAN',
  '-1.#IND',
  '-1.#QNAN',
  '#N/A N/A',
]

const longest = 8
/** By length, then the bytes of each word. */
const byLength: readonly (readonly Uint8Array[])[] = Array.from({ length: longest + 1 }, (_, length) =>
  missingWords.filter((word) => word.length === length).map((word) => Uint8Array.from(Buffer.from(word))),
)

/** Whether a cell's bytes mean a missing value. */
export function isMissing(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length === 0) return true
  if (length > longest) return false
  for (const word of byLength[length]!) {
    let index = 0
    while (index < length && bytes[start + index] === word[index]) index++
    if (index === length) return true
  }
  return false
}

/** `true` and `false` in any case, without blanks; undefined for all else. */
export function booleanWord(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  if (matches(bytes, start, end, 'true')) return true
  return matches(bytes, start, end, 'false') ? false : undefined
}

/** `inf` and `infinity` in any case with an optional sign, without blanks; undefined for all else. */
export function infinityWord(bytes: Uint8Array, start: number, end: number): number | undefined {
  const sign = bytes[start]
  const first = sign === 43 || sign === 45 ? start + 1 : start
  if (!matches(bytes, first, end, 'inf') && !matches(bytes, first, end, 'infinity')) return undefined
  return sign === 45 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

function matches(bytes: Uint8Array, start: number, end: number, lowerCase: string): boolean {
  if (end - start !== lowerCase.length) return false
  for (let index = 0; index < lowerCase.length; index++) {
    if ((bytes[start + index]! | 32) !== lowerCase.charCodeAt(index)) return false
  }
  return true
}

/** C's `isspace` in ASCII: what pandas skips around a number. */
export function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13)
}
