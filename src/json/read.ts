/**
 * The exact JSON reader: what Python's `json.loads` accepts, refuses and says, with the place in bytes and as a path.
 * No recursion, so a hostile body can exhaust neither the stack nor (beyond its own size) the memory.
 *
 * @see cpython Modules/_json.c
 */
import type { Cell } from '../batch.ts'
import { MlmodelError, type Where } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { checkOptions, type OptionTable } from '../options.ts'
import { jsonPath } from './path.ts'
import { decodeText, encodeText, type JsonText, originalByte, sliceSurrogates } from './text.ts'

/** A key that stands more than once in one object; the last value counts, at the place of the first. */
export interface DuplicateKey {
  readonly key: string
  /** Of the value, for example `$.inputs.age`. */
  readonly path: string
}

export interface JsonDocument {
  readonly value: Cell
  /** At most {@link longestDuplicates}; empty when all keys are different. */
  readonly duplicates: readonly DuplicateKey[]
}

export interface JsonOptions {
  /** What the errors' place starts from: a file's name, for example. */
  readonly where?: Where
  readonly limits?: Pick<Limits, 'jsonDepth' | 'jsonBytes' | 'integerDigits'>
}

const jsonOptions: OptionTable<JsonOptions> = { where: 'object', limits: 'object' }

/** Duplicate keys listed of one document; more would only cost memory. */
export const longestDuplicates = 100

interface Reader {
  readonly text: JsonText
  readonly bytes: Uint8Array
  readonly where: Where
  readonly digits: number
  at: number
  /** The containers being read, outermost first, and the key each object is at (none for an array, or between two values). */
  readonly containers: (Cell[] | Map<string, Cell>)[]
  readonly keys: (string | undefined)[]
}

const quote = 0x22
const backslash = 0x5c

/**
 * Parses a document. Integers become bigint, other numbers number, objects Map.
 *
 * @param input - bytes are decoded as `json.loads` does (UTF-8, UTF-16 or UTF-32); a string is taken as it is
 * @throws JSON_SYNTAX and JSON_ENCODING with Python's message; JSON_DEPTH, JSON_DIGITS, JSON_SIZE for limits
 */
export function parseJson(input: Uint8Array | string, options: JsonOptions = {}): JsonDocument {
  checkOptions('parseJson', options, jsonOptions)
  const limits = options.limits ?? defaultLimits
  const where = options.where ?? {}
  if (input.length > limits.jsonBytes)
    throw new MlmodelError('JSON_SIZE', { bytes: input.length, limit: limits.jsonBytes }, { where })
  const text = typeof input === 'string' ? encodeText(input) : decodeText(input)
  if ('message' in text)
    throw new MlmodelError('JSON_ENCODING', { message: text.message }, { where: { ...where, byte: text.byte } })
  const reader: Reader = { text, bytes: text.bytes, where, digits: limits.integerDigits, at: 0, containers: [], keys: [] }
  if (typeof input === 'string' && input.startsWith('\ufeff')) fail(reader, 'Unexpected UTF-8 BOM (decode using utf-8-sig)', 0)
  return readDocument(reader, limits.jsonDepth)
}

function readDocument(reader: Reader, deepest: number): JsonDocument {
  const { bytes, containers, keys } = reader
  const duplicates: DuplicateKey[] = []
  let current: Cell[] | Map<string, Cell> | undefined
  skipSpace(reader)
  for (;;) {
    let value: Cell
    const byte = bytes[reader.at]
    if (byte === quote) value = readString(reader)
    else if (byte === 0x5b || byte === 0x7b) {
      if (containers.length >= deepest)
        throw new MlmodelError('JSON_DEPTH', { limit: deepest }, { where: placeOf(reader, reader.at) })
      const opened: Cell[] | Map<string, Cell> = byte === 0x5b ? [] : new Map()
      containers.push(opened)
      keys.push(undefined)
      reader.at++
      skipSpace(reader)
      // `]` is `[` + 2, `}` is `{` + 2.
      if (bytes[reader.at] !== byte + 2) {
        current = opened
        if (byte === 0x7b) keys[keys.length - 1] = readKey(reader)
        continue
      }
      reader.at++
      containers.pop()
      keys.pop()
      value = opened
    } else value = readScalar(reader, byte)

    // The value is whole: put it where it belongs, and close what it closes.
    for (;;) {
      if (current === undefined) {
        skipSpace(reader)
        if (reader.at !== bytes.length) fail(reader, 'Extra data', reader.at)
        return { value, duplicates }
      }
      const isArray: boolean = Array.isArray(current)
      if (isArray) (current as Cell[]).push(value)
      else setKey(reader, current as Map<string, Cell>, value, duplicates)
      skipSpace(reader)
      const next = bytes[reader.at]
      if (next === 0x2c) {
        reader.at++
        skipSpace(reader)
        if (!isArray) {
          keys[keys.length - 1] = undefined
          keys[keys.length - 1] = readKey(reader)
        }
        break
      }
      if (next !== (isArray ? 0x5d : 0x7d)) fail(reader, "Expecting ',' delimiter", reader.at)
      reader.at++
      value = current as Cell
      containers.pop()
      keys.pop()
      current = containers.at(-1)
    }
  }
}

function setKey(reader: Reader, map: Map<string, Cell>, value: Cell, duplicates: DuplicateKey[]): void {
  const key = reader.keys.at(-1)!
  const size = map.size
  map.set(key, value)
  if (map.size === size && duplicates.length < longestDuplicates) duplicates.push({ key, path: pathOf(reader) })
}

/** Reads a key and its colon, up to the first byte of the value. */
function readKey(reader: Reader): string {
  const { bytes } = reader
  if (bytes[reader.at] !== quote) fail(reader, 'Expecting property name enclosed in double quotes', reader.at)
  const key = readString(reader)
  skipSpace(reader)
  if (bytes[reader.at] !== 0x3a) fail(reader, "Expecting ':' delimiter", reader.at)
  reader.at++
  skipSpace(reader)
  return key
}

function skipSpace(reader: Reader): void {
  const { bytes } = reader
  let { at } = reader
  for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = bytes[at]) at++
  reader.at = at
}

function readScalar(reader: Reader, byte: number | undefined): Cell {
  if (byte === 0x74 && takes(reader, 'true')) return true
  if (byte === 0x66 && takes(reader, 'false')) return false
  if (byte === 0x6e && takes(reader, 'null')) return null
  if (byte === 0x4e && takes(reader, 'NaN')) return Number.NaN
  if (byte === 0x49 && takes(reader, 'Infinity')) return Number.POSITIVE_INFINITY
  if (byte === 0x2d && takes(reader, '-Infinity')) return Number.NEGATIVE_INFINITY
  return readNumber(reader)
}

function takes(reader: Reader, word: string): boolean {
  const { bytes, at } = reader
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word.charCodeAt(index)) return false
  reader.at = at + word.length
  return true
}

/** A byte past the end must not count as a digit: `undefined - 48` is no number, and `>>> 0` would make it 0. */
function isDigit(byte: number | undefined): boolean {
  return ((byte! | 0) - 48) >>> 0 < 10
}

/** Takes the longest prefix that is a number, as Python does: `1.` is 1, then an error at the point. */
function readNumber(reader: Reader): number | bigint {
  const { bytes, at: start } = reader
  const negative = bytes[start] === 0x2d
  let at = negative ? start + 1 : start
  const first = at
  if (bytes[at] === 0x30) at++
  else while (isDigit(bytes[at])) at++
  if (at === first) fail(reader, 'Expecting value', start)
  const whole = at
  if (bytes[at] === 0x2e && isDigit(bytes[at + 1])) {
    at += 2
    while (isDigit(bytes[at])) at++
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d
    let digits = sign ? at + 2 : at + 1
    if (isDigit(bytes[digits])) {
      while (isDigit(bytes[digits])) digits++
      at = digits
    }
  }
  reader.at = at
  if (at !== whole) return Number(reader.text.bytes.toString('latin1', start, at))
  if (whole - first > reader.digits) {
    throw new MlmodelError('JSON_DIGITS', { digits: whole - first, limit: reader.digits }, { where: placeOf(reader, start) })
  }
  if (whole - first > 15) return BigInt(reader.text.bytes.toString('latin1', start, whole))
  let value = 0
  for (let index = first; index < whole; index++) value = value * 10 + bytes[index]! - 48
  return BigInt(negative ? -value : value)
}

/** Reads a string from its opening quote on, and leaves the reader behind the closing one. */
function readString(reader: Reader): string {
  const { bytes, at: start } = reader
  let escaped = false
  let at = start + 1
  for (;;) {
    const byte = bytes[at]
    if (byte === quote) break
    if (byte === undefined) fail(reader, 'Unterminated string starting at', start)
    if (byte < 0x20) fail(reader, 'Invalid control character at', at)
    if (byte === backslash) {
      escaped = true
      at = skipEscape(reader, start, at)
    } else at++
  }
  reader.at = at + 1
  const { text } = reader
  const content = text.surrogates
    ? sliceSurrogates(bytes, start + 1, at)
    : text.bytes.toString(text.ascii ? 'latin1' : 'utf8', start + 1, at)
  return escaped ? (JSON.parse(`"${content}"`) as string) : content
}

/** Checks one escape and gives the place behind it. */
function skipEscape(reader: Reader, start: number, at: number): number {
  const { bytes } = reader
  const kind = bytes[at + 1]
  if (kind === undefined) fail(reader, 'Unterminated string starting at', start)
  if (kind !== 0x75) {
    if (!'"\\/bfnrt'.includes(String.fromCharCode(kind))) fail(reader, 'Invalid \\escape', at)
    return at + 2
  }
  for (let digit = at + 2; digit < at + 6; digit++) if (!isHexDigit(bytes[digit])) fail(reader, 'Invalid \\uXXXX escape', at + 1)
  // CPython wants one more character behind the digits before it looks at them.
  if (at + 6 >= bytes.length) fail(reader, 'Invalid \\uXXXX escape', at + 1)
  return at + 6
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || ((byte! | 0x20) - 0x61) >>> 0 < 6
}

/** Of the text shown on each side of a syntax error. */
const contextBytes = 20

/** A piece of the text, without the halves of characters at its ends. */
function textOf(piece: Uint8Array): string {
  return Buffer.from(piece)
    .toString('utf8')
    .replace(/^\ufffd+|\ufffd+$/g, '')
}

/** Throws JSON_SYNTAX with Python's words and counts. */
function fail(reader: Reader, reason: string, at: number): never {
  const { bytes } = reader
  // Python counts characters, not bytes: all but the continuation bytes.
  let character = 0
  let line = 1
  let column = 1
  for (let index = 0; index < at; index++) {
    const byte = bytes[index]!
    if ((byte & 0xc0) === 0x80) continue
    character++
    column++
    if (byte === 0x0a) {
      line++
      column = 1
    }
  }
  const before = textOf(bytes.subarray(Math.max(0, at - contextBytes), at))
  const after = textOf(bytes.subarray(at, at + contextBytes))
  throw new MlmodelError(
    'JSON_SYNTAX',
    { reason, line, column, character, before, after },
    { where: { ...placeOf(reader, at), line, column } },
  )
}

function placeOf(reader: Reader, at: number): Where {
  return { ...reader.where, path: pathOf(reader), byte: originalByte(reader.text, at) }
}

/** The path of the value being read: an array holds the values before it. */
function pathOf(reader: Reader): string {
  const parts = reader.containers.map((container, depth) => (Array.isArray(container) ? container.length : reader.keys[depth]))
  return jsonPath(parts.filter((part) => part !== undefined))
}
