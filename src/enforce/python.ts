/**
 * What Python does with one value: its text, its truth, `int()` and `float()` of a text. MLflow's parsing is Python's,
 * so compat mode needs it to the letter.
 *
 * @see https://docs.python.org/3/library/functions.html#int and #float (underscores, any Unicode digit, surrounding space)
 */

import { formatPythonFloat } from '../json.ts'
import { type Cell, isCellMap, isMoment, isTensor, notATimeCell } from './values.ts'

const decimalDigit = /\p{Nd}/u
const zeroOfDigit = /\p{Nd}/gu

/** The digits 0-9 for any decimal digit of Unicode: blocks of ten begin at a code point found by stepping back. */
function asciiDigits(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text
  return text.replace(zeroOfDigit, (digit) => {
    const point = digit.codePointAt(0)!
    let zero = point
    while (point - zero < 9 && decimalDigit.test(String.fromCodePoint(zero - 1))) zero -= 1
    // Mathematical digits lie in adjacent blocks of ten from U+1D7CE.
    return String(point >= 0x1d7ce && point <= 0x1d7ff ? (point - 0x1d7ce) % 10 : point - zero)
  })
}

// What str.strip() removes; JavaScript's trim lacks U+001C..U+001F and U+0085, and has U+FEFF.
const space = /[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

// Not one pattern for both ends, which costs the square of the blanks in the middle (CWE-1333).
function strip(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && space.test(text[start]!)) start += 1
  while (end > start && space.test(text[end - 1]!)) end -= 1
  return text.slice(start, end)
}

const integerText = /^[+-]?\d+(?:_\d+)*$/
const floatText = /^[+-]?(?:(?:\d+(?:_\d+)*)(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/
const namedFloat = /^([+-]?)(nan|inf|infinity)$/i

/** `int(text)`; undefined where Python raises ValueError. */
export function integerOfText(text: string): bigint | undefined {
  const digits = asciiDigits(strip(text))
  if (!integerText.test(digits)) return undefined
  const plain = digits.replaceAll('_', '')
  const magnitude = plain.replace(/^[+-]/, '')
  if (magnitude.length > 4300) return undefined
  return plain.startsWith('-') ? -BigInt(magnitude) : BigInt(magnitude)
}

/** `float(text)`; undefined where Python raises ValueError. */
export function floatOfText(text: string): number | undefined {
  const digits = asciiDigits(strip(text))
  const named = namedFloat.exec(digits)
  if (named !== null) {
    if (named[2]!.toLowerCase() === 'nan') return Number.NaN
    return named[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  return floatText.test(digits) ? Number(digits.replaceAll('_', '')) : undefined
}

/** `bool(value)`. */
export function truthOf(value: Cell): boolean {
  if (value === null) return false
  if (typeof value === 'boolean') return value
  if (typeof value === 'bigint') return value !== 0n
  if (typeof value === 'number') return value !== 0
  if (typeof value === 'string') return value !== ''
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length > 0
  if (isCellMap(value)) return value.size > 0
  if (isTensor(value)) return value.values.length === 1 ? truthOf(tensorCell(value.values[0], value.dtype)) : true
  return true
}

function tensorCell(value: unknown, dtype: string): Cell {
  return dtype === 'bool' ? value === 1 : (value as Cell)
}

/** `str(value)`. */
export function textOf(value: Cell): string {
  return typeof value === 'string' ? value : representationOf(value)
}

// str.isprintable(): everything but Other and Separator, save the space itself.
const unprintable = /(?! )[\p{C}\p{Z}]/u

/** `repr(value)` of what JSON can hold, and of bytes. */
export function representationOf(value: Cell): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return floatTextOf(value)
  if (typeof value === 'string') return quote(value)
  if (value instanceof Uint8Array) return `b${quoteBytes(value)}`
  if (isCellMap(value)) return `{${[...value].map(([key, item]) => `${quote(key)}: ${representationOf(item)}`).join(', ')}}`
  if (Array.isArray(value)) return `[${(value as readonly Cell[]).map(representationOf).join(', ')}]`
  if (isMoment(value)) return value.nanoseconds === notATimeCell.nanoseconds ? 'NaT' : String(value.nanoseconds)
  return '[array]'
}

function floatTextOf(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return formatPythonFloat(value)
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  let out = mark
  for (const character of text) {
    const point = character.codePointAt(0)!
    if (character === mark || character === '\\') out += `\\${character}`
    else if (character === '\n') out += '\\n'
    else if (character === '\r') out += '\\r'
    else if (character === '\t') out += '\\t'
    else if (!unprintable.test(character)) out += character
    else if (point < 0x100) out += `\\x${point.toString(16).padStart(2, '0')}`
    else if (point < 0x10000) out += `\\u${point.toString(16).padStart(4, '0')}`
    else out += `\\U${point.toString(16).padStart(8, '0')}`
  }
  return out + mark
}

function quoteBytes(bytes: Uint8Array): string {
  const text = [...bytes].map((byte) =>
    byte < 0x7f && byte > 0x1f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  )
  return `'${text.join('')}'`
}

/** Python's name of a value's type, for messages. */
export function typeNameOf(value: Cell): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'a boolean'
  if (typeof value === 'bigint') return 'a whole number'
  if (typeof value === 'number') return 'a number'
  if (typeof value === 'string') return 'a text'
  if (value instanceof Uint8Array) return 'bytes'
  if (isCellMap(value)) return 'an object'
  if (Array.isArray(value)) return 'a list'
  return isMoment(value) ? 'a date' : 'an array'
}
