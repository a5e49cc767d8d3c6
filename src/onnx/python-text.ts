/** Python's `str()` of a value: what ONNX Runtime's Python binding makes of an element that is no text. */
import { type Cell, isCellMap, isMoment, isTensor } from '../batch.ts'
import { formatPythonFloat } from '../json.ts'

/**
 * Writes a value as Python's `str()` does. pandas turns NumPy's numbers into Python's where they meet text, so a float32 is
 * written as the double it is.
 *
 * @returns undefined for arrays, whose text depends on their width
 */
export function pythonText(value: Cell): string | undefined {
  return typeof value === 'string' ? value : repr(value)
}

function repr(value: Cell): string | undefined {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return floatText(value)
  if (typeof value === 'string') return textRepr(value)
  if (value instanceof Uint8Array) return `b${bytesRepr(value)}`
  if (isMoment(value) || isTensor(value)) return undefined
  const parts = isCellMap(value)
    ? [...value].map(([key, cell]) => joinedText(`${textRepr(key)}: `, repr(cell)))
    : value.map((cell) => repr(cell))
  if (parts.includes(undefined)) return undefined
  return isCellMap(value) ? `{${parts.join(', ')}}` : `[${parts.join(', ')}]`
}

/** JSON's words for these are others. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  return Number.isFinite(value) ? formatPythonFloat(value) : value > 0 ? 'inf' : '-inf'
}

const joinedText = (before: string, after: string | undefined) => (after === undefined ? undefined : before + after)

function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, quote === "'" ? "\\'" : quote)
  return `${quote}${escaped}${quote}`
}

function bytesRepr(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 0x5c) text += '\\\\'
    else if (byte === 10) text += '\\n'
    else if (byte === 13) text += '\\r'
    else if (byte === 9) text += '\\t'
    else if (byte < 32 || byte > 126) text += `\\x${byte.toString(16).padStart(2, '0')}`
    else text += String.fromCharCode(byte)
  }
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  return `${quote}${quote === "'" ? text.replaceAll("'", "\\'") : text}${quote}`
}
