/** String literals of Python, as `ast.literal_eval` reads those in markers. */

const plainEscapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const escapeSequence = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/gu

/**
 * The text of a literal in single or double quotes, without a prefix.
 *
 * @returns undefined where Python finds no literal, and for `\N{…}`, the names of whose characters are not known here
 */
export function readPythonString(literal: string): string | undefined {
  // Python reads any line break as a line feed; only one behind a backslash may stand in such a literal.
  const body = literal.slice(1, -1).replace(/\r\n?/g, '\n')
  if (body.includes('\0') || endsInBackslash(body)) return undefined
  let isValid = true
  const plain = body.replace(/\\[\s\S]/g, '')
  if (plain.includes('\n')) return undefined
  const text = body.replace(escapeSequence, (all, octal, hex, short, long, character) => {
    const digits = hex ?? short ?? long
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
    if (digits !== undefined) {
      const point = Number.parseInt(digits, 16)
      if (point <= 0x10ffff) return String.fromCodePoint(point)
      isValid = false
      return ''
    }
    // The first three were escapes if their digits were all there.
    if (/[xuUN]/.test(character)) isValid = false
    return plainEscapes[character] ?? all
  })
  return isValid ? text : undefined
}

/** A backslash at the end would take the closing quote along. */
function endsInBackslash(body: string): boolean {
  let count = 0
  while (body[body.length - 1 - count] === '\\') count++
  return count % 2 === 1
}

/** A text as a literal that `packaging` reads as the same text; without both kinds of quotes it is as it is written there. */
export function quoteMarkerValue(text: string): string {
  if (!text.includes('"')) return `"${text}"`
  if (!text.includes("'")) return `'${text}'`
  // `packaging` cannot print such a value, and no literal of its grammar holds its own quote unescaped.
  return `"${text.replaceAll('"', '\\x22')}"`
}
