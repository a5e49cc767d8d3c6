/** Python's `str()` of a value: what ONNX Runtime's Python binding makes of an element that is no text. */
import { type Cell, isCellMap, isMoment, isTensor } from '../batch.ts'
import { type Dtype, float16ToNumber } from '../dtype.ts'

/**
 * Writes a value as Python's `str()` does.
 *
 * @param dtype - of a NumPy number, where it decides (bool, float16, float32); absent for Python's own values
 */
export function pythonText(value: Cell, dtype?: Dtype): string {
  if (value === null) return 'None'
  if (dtype === 'bool') return value ? 'True' : 'False'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') {
    if (dtype === 'float16') return floatText(float16ToNumber(value), 5)
    if (dtype === 'float32') return floatText(value, 9)
    if (dtype !== undefined && dtype !== 'float64') return String(value)
    return floatText(value, 17)
  }
  return typeof value === 'string' ? value : repr(value)
}

function repr(value: Cell): string {
  if (typeof value === 'string') return textRepr(value)
  if (value instanceof Uint8Array) return `b${bytesRepr(value)}`
  if (isMoment(value))
    return new Date(Number(value.nanoseconds / 1_000_000n))
      .toISOString()
      .replace('T', ' ')
      .replace(/(\.000)?Z$/, '')
  if (isTensor(value)) return `[${[...value.values].map((cell) => pythonText(cell as Cell, value.dtype)).join(' ')}]`
  if (isCellMap(value)) return `{${[...value].map(([key, cell]) => `${textRepr(key)}: ${repr(cell)}`).join(', ')}}`
  if (Array.isArray(value)) return `[${value.map((cell) => repr(cell as Cell)).join(', ')}]`
  return pythonText(value)
}

/** Python's shortest text of a float; `digits` is how many its type needs at most. */
function floatText(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  let shortest = value
  if (digits < 17) {
    for (let precision = 1; precision <= digits; precision++) {
      shortest = Number(value.toPrecision(precision))
      if (digits === 9 ? Math.fround(shortest) === value : shortest === value) break
    }
  }
  const magnitude = Math.abs(shortest)
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    return shortest.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  }
  const text = String(shortest)
  return /[.e]/.test(text) ? text : `${text}.0`
}

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
