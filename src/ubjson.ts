/**
 * Reads UBJSON, draft 12, as XGBoost writes it: big-endian, keys with a length of any integer type, optimised containers.
 * Every length is held against the bytes that are left before anything is made of it.
 *
 * @see https://ubjson.org/
 */
import { MlmodelError } from './errors/index.ts'
import { defaultLimits, type Limits } from './limits.ts'

/** Numbers of one type, as an optimised container holds them. */
export type UbjsonNumbers = Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array | BigInt64Array

/** A value: objects are maps, so that no key means anything to JavaScript. */
export type UbjsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | UbjsonNumbers
  | readonly UbjsonValue[]
  | ReadonlyMap<string, UbjsonValue>

interface Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  at: number
}

type Container = {
  readonly items: UbjsonValue[] | Map<string, UbjsonValue>
  /** Values still to come; undefined where a closing bracket ends the container. */
  left: number | undefined
  /** The marker of all values; undefined where each has its own. */
  readonly type: number | undefined
  key: string
}

const code = (marker: string) => marker.charCodeAt(0)
const [openArray, closeArray, openObject, closeObject] = [code('['), code(']'), code('{'), code('}')]
const [typeMark, countMark] = [code('$'), code('#')]

/** Bytes of each type of number. */
const sizes: Readonly<Record<string, number>> = { i: 1, U: 1, I: 2, l: 4, L: 8, d: 4, D: 8 }

/**
 * Parses a document of one value. No recursion.
 *
 * @throws UBJSON_BROKEN with the byte; UBJSON_LIMIT for nesting
 */
export function parseUbjson(bytes: Uint8Array, limits: Pick<Limits, 'ubjsonDepth'> = defaultLimits): UbjsonValue {
  const reader: Reader = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 }
  const open: Container[] = []
  for (;;) {
    const container = open.at(-1)
    let value: UbjsonValue | Container
    if (container === undefined) value = readValue(reader, readMarker(reader))
    else if (isEnd(reader, container)) {
      open.pop()
      value = container.items
    } else {
      if (!Array.isArray(container.items)) container.key = readKey(reader, container.items as Map<string, UbjsonValue>)
      value = readValue(reader, container.type ?? readMarker(reader))
    }
    if (isContainer(value)) {
      if (open.length >= limits.ubjsonDepth)
        throw new MlmodelError(
          'UBJSON_LIMIT',
          { what: 'deeper nesting', limit: limits.ubjsonDepth },
          { where: { byte: reader.at } },
        )
      open.push(value)
      continue
    }
    const parent = open.at(-1)
    if (parent === undefined) {
      if (reader.at !== bytes.length) throw broken(reader, 'something follows the document')
      return value
    }
    if (Array.isArray(parent.items)) parent.items.push(value)
    else (parent.items as Map<string, UbjsonValue>).set(parent.key, value)
  }
}

function isContainer(value: UbjsonValue | Container): value is Container {
  return typeof value === 'object' && value !== null && 'items' in value
}

function isEnd(reader: Reader, container: Container): boolean {
  if (container.left !== undefined) return container.left-- === 0
  const close = Array.isArray(container.items) ? closeArray : closeObject
  if (reader.bytes[reader.at] !== close) return false
  reader.at++
  return true
}

/** The next marker that is no padding. */
function readMarker(reader: Reader): number {
  for (;;) {
    const marker = reader.bytes[reader.at++]
    if (marker === undefined) throw broken(reader, 'it ends within a container', reader.bytes.length)
    if (marker !== code('N')) return marker
  }
}

function readValue(reader: Reader, marker: number): UbjsonValue | Container {
  switch (String.fromCharCode(marker)) {
    case 'Z':
      return null
    case 'T':
      return true
    case 'F':
      return false
    case 'S':
      return readText(reader, readLength(reader))
    case 'C': {
      const value = take(reader, 1)
      if (reader.bytes[value]! > 127) throw broken(reader, 'a character is not ASCII', value)
      return String.fromCharCode(reader.bytes[value]!)
    }
    case 'H':
      return readHighPrecision(reader)
    case '[':
      return readContainer(reader, [])
    case '{':
      return readContainer(reader, new Map())
    default:
      return readNumber(reader, marker)
  }
}

function readNumber(reader: Reader, marker: number): number | bigint {
  const { view } = reader
  const type = String.fromCharCode(marker)
  const size = Object.hasOwn(sizes, type) ? sizes[type]! : 0
  if (size === 0) throw broken(reader, `the marker 0x${marker.toString(16)} is unknown`, reader.at - 1)
  const at = take(reader, size)
  switch (type) {
    case 'i':
      return view.getInt8(at)
    case 'U':
      return view.getUint8(at)
    case 'I':
      return view.getInt16(at)
    case 'l':
      return view.getInt32(at)
    case 'd':
      return view.getFloat32(at)
    case 'D':
      return view.getFloat64(at)
    default: {
      const value = view.getBigInt64(at)
      return Number.isSafeInteger(Number(value)) ? Number(value) : value
    }
  }
}

/** A number as decimal text, by the grammar of JSON. */
function readHighPrecision(reader: Reader): number {
  const at = reader.at
  const text = readText(reader, readLength(reader))
  if (text.length > 400 || !/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text))
    throw broken(reader, 'a high-precision number is malformed', at)
  return Number(text)
}

function readLength(reader: Reader): number {
  const at = reader.at
  const marker = readMarker(reader)
  if (!'iUIlL'.includes(String.fromCharCode(marker))) throw broken(reader, 'a length is no integer', at)
  const length = Number(readNumber(reader, marker))
  if (length < 0) throw broken(reader, `a length is ${length}`, at)
  return length
}

/** The place of the next bytes, which are there. */
function take(reader: Reader, length: number): number {
  const { at } = reader
  if (length > reader.bytes.length - at) throw broken(reader, `${length} bytes should follow, ${reader.bytes.length - at} do`, at)
  reader.at += length
  return at
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readText(reader: Reader, length: number): string {
  const at = take(reader, length)
  try {
    return decoder.decode(reader.bytes.subarray(at, at + length))
  } catch {
    throw broken(reader, 'a text is not UTF-8', at)
  }
}

function readKey(reader: Reader, object: ReadonlyMap<string, UbjsonValue>): string {
  const at = reader.at
  const key = readText(reader, readLength(reader))
  if (object.has(key)) throw broken(reader, 'a key stands twice in one object', at)
  return key
}

/** A container's head: `[`, then perhaps `$` and a type, then perhaps `#` and a count. Numbers of one type are read at once. */
function readContainer(reader: Reader, items: Container['items']): UbjsonNumbers | Container {
  let type: number | undefined
  let left: number | undefined
  if (reader.bytes[reader.at] === typeMark) {
    reader.at++
    type = reader.bytes[take(reader, 1)]!
    if (reader.bytes[reader.at] !== countMark) throw broken(reader, 'a container has a type and no count')
  }
  if (reader.bytes[reader.at] === countMark) {
    reader.at++
    left = readLength(reader)
    const each = smallest(reader, type) + (Array.isArray(items) ? 0 : 2)
    if (left * each > reader.bytes.length - reader.at)
      throw broken(reader, `a container says that it has ${left} values, and ${reader.bytes.length - reader.at} bytes follow`)
  }
  if (type !== undefined && Array.isArray(items) && Object.hasOwn(sizes, String.fromCharCode(type)))
    return readNumbers(reader, type, left!)
  return { items, left, type, key: '' }
}

/** Bytes that a value of a type takes at least. A type whose values take none would make any number of them of nothing. */
function smallest(reader: Reader, type: number | undefined): number {
  if (type === undefined) return 1
  const marker = String.fromCharCode(type)
  if (Object.hasOwn(sizes, marker)) return sizes[marker]!
  if (marker === 'S' || marker === 'H') return 2
  if (marker === 'C' || type === openArray || type === openObject) return 1
  throw broken(reader, `a container has the type 0x${type.toString(16)}, whose values take no bytes`)
}

function readNumbers(reader: Reader, type: number, count: number): UbjsonNumbers {
  const marker = String.fromCharCode(type)
  const size = sizes[marker]!
  const at = take(reader, count * size)
  // A copy, so that it is aligned and can be swapped.
  const own = new Uint8Array(reader.bytes.subarray(at, at + count * size))
  const swap = Buffer.from(own.buffer)
  if (size === 2) swap.swap16()
  else if (size === 4) swap.swap32()
  else if (size === 8) swap.swap64()
  const { buffer } = own
  switch (marker) {
    case 'i':
      return new Int8Array(buffer)
    case 'U':
      return own
    case 'I':
      return new Int16Array(buffer)
    case 'l':
      return new Int32Array(buffer)
    case 'd':
      return new Float32Array(buffer)
    case 'D':
      return new Float64Array(buffer)
    default:
      return new BigInt64Array(buffer)
  }
}

function broken(reader: Reader, why: string, byte: number = reader.at): MlmodelError {
  return new MlmodelError('UBJSON_BROKEN', { why }, { where: { byte } })
}
