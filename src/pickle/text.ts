/** The text forms of protocol 0: numbers and strings written as lines. Each is read by a grammar, never evaluated. */

/** A whole number of INT and LONG: Python's machines also take spaces, signs, underscores and, one of them, octal; nobody writes them. */
export const plainInteger = /^-?(?:0|[1-9]\d{0,4299})$/

/** A number as Python's `repr` writes floats, and its words. */
const plainFloat = /^-?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,4})?$/

/** Reads the line of FLOAT; undefined where it is no number. */
export function parseFloatLine(line: string): number | undefined {
  if (plainFloat.test(line)) return Number(line)
  const word = line.toLowerCase()
  if (word === 'nan' || word === '-nan' || word === '+nan') return Number.NaN
  if (/^[-+]?inf(inity)?$/.test(word)) return word.startsWith('-') ? -Infinity : Infinity
  return undefined
}

const simpleEscapes: Readonly<Record<string, string>> = {
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
  '\n': '',
}

/**
 * Reads the line of STRING, a `repr` of bytes with its quotes, as `codecs.escape_decode` does; undefined where it is none.
 * The characters of the result are the bytes.
 */
export function parseStringLine(line: string): string | undefined {
  const quote = line[0]
  if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote) return undefined
  const body = line.slice(1, -1)
  if (!body.includes('\\')) return body
  let bad = false
  const text = body.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S]|$)/g, (whole, code: string) => {
    const simple = simpleEscapes[code]
    if (simple !== undefined) return simple
    if (/^x./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff)
    if (code === 'x' || code === '') bad = true
    // Python keeps the backslash of an escape that it does not know.
    return whole
  })
  return bad ? undefined : text
}

/** Reads the line of UNICODE (raw-unicode-escape): Latin-1 with `\uXXXX` and `\UXXXXXXXX`; undefined where it is broken. */
export function parseUnicodeLine(line: string): string | undefined {
  if (!line.includes('\\')) return line
  let bad = false
  // A backslash counts as an escape's only after an even number of others.
  const text = line.replace(/\\(\\|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|u|U)?/g, (whole, code: string | undefined) => {
    if (code === undefined || code === '\\') return whole
    const point = code.length > 1 ? Number.parseInt(code.slice(1), 16) : Number.POSITIVE_INFINITY
    if (point > 0x10ffff) {
      bad = true
      return whole
    }
    return String.fromCodePoint(point)
  })
  return bad ? undefined : text
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8 as Python's `surrogatepass` does: lone surrogates may stand in it; undefined where it is broken. */
export function decodeText(bytes: Uint8Array): string | undefined {
  // The same memory as a Buffer, whose decoder takes short texts without a call into C++ for each.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isAscii(bytes)) return buffer.toString('latin1')
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return decodeSurrogates(bytes)
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if (bytes[index]! >= 0x80) return false
  return true
}

/** Three-byte sequences ED A0..BF xx are surrogates; everything between them must be UTF-8. */
function decodeSurrogates(bytes: Uint8Array): string | undefined {
  const parts: string[] = []
  let start = 0
  try {
    for (let at = 0; at + 2 < bytes.length; at++) {
      const isSurrogate =
        bytes[at] === 0xed && bytes[at + 1]! >= 0xa0 && bytes[at + 1]! <= 0xbf && (bytes[at + 2]! & 0xc0) === 0x80
      if (!isSurrogate) continue
      parts.push(strictUtf8.decode(bytes.subarray(start, at)))
      parts.push(String.fromCharCode(0xd000 | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f)))
      start = at + 3
      at += 2
    }
    parts.push(strictUtf8.decode(bytes.subarray(start)))
  } catch {
    return undefined
  }
  return parts.join('')
}
