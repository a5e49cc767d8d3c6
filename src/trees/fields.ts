/** Fields of a booster's document, JSON or UBJSON, taken one by one and checked: a field that is absent or of another type is an error with its path. */
import { MlmodelError } from '../errors/index.ts'
import { parseJson } from '../json.ts'
import type { Limits } from '../limits.ts'

/** The libraries whose files are read here, as errors name them. */
export type Library = 'XGBoost' | 'LightGBM' | 'CatBoost'

/** An object of a document. `path` is where it stands, for errors. */
export interface Fields {
  readonly path: string
  readonly keys: readonly string[]
  has(key: string): boolean
  /** The value as it stands; undefined where the key is absent. */
  get(key: string): unknown
  text(key: string): string
  /** A whole number, or text of one, as XGBoost writes its parameters. */
  integer(key: string, least: number, most: number): number
  /** A finite number. */
  number(key: string): number
  fields(key: string): Fields
  list(key: string): readonly unknown[]
  texts(key: string): readonly string[]
  /** Whole numbers of 32 bits; booleans count as 0 and 1. */
  integers(key: string, length?: number): Int32Array
  /** Numbers, infinite and NaN ones as well. */
  numbers(key: string, length?: number): Float64Array
}

/** Makes the error of a library's file. */
export function brokenBooster(library: Library, why: string, path?: string): MlmodelError {
  return new MlmodelError('BOOSTER_BROKEN', { library, why }, path === undefined ? {} : { where: { path } })
}

/**
 * Parses the JSON of a booster: `JSON.parse`, which is several times as fast as our exact reader on megabytes of numbers, and
 * the exact one for the error's place and for NaN and Infinity, which the libraries write too.
 *
 * @throws BOOSTER_LIMIT, JSON_SYNTAX, JSON_ENCODING, JSON_DEPTH
 */
export function parseBoosterJson(bytes: Uint8Array, library: Library, limits: Limits): unknown {
  if (bytes.length > limits.boosterBytes)
    throw new MlmodelError('BOOSTER_LIMIT', { library, what: `${bytes.length} bytes`, limit: limits.boosterBytes })
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return parseJson(bytes, { limits }).value
  }
}

/**
 * Looks at a value as an object.
 *
 * @throws BOOSTER_BROKEN
 */
export function fieldsOf(value: unknown, library: Library, path = '$'): Fields {
  const isMap = value instanceof Map
  if (!isMap && (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)))
    throw brokenBooster(library, `${path} is no object`, path)
  const record = value as Record<string, unknown>
  const has = (key: string) => (isMap ? value.has(key) : Object.hasOwn(record, key))
  const get = (key: string): unknown => (isMap ? value.get(key) : Object.hasOwn(record, key) ? record[key] : undefined)
  const at = (key: string) => `${path}.${key}`
  const fail = (key: string, what: string) => brokenBooster(library, `${at(key)} ${has(key) ? what : 'is missing'}`, at(key))
  const list = (key: string): readonly unknown[] | ArrayLike<number | bigint> => {
    const items = get(key)
    if (!Array.isArray(items) && !ArrayBuffer.isView(items)) throw fail(key, 'is no list')
    return items as readonly unknown[]
  }
  const expectLength = (key: string, found: number, length: number | undefined) => {
    if (length !== undefined && found !== length) throw fail(key, `has ${found} values, not ${length}`)
  }
  return {
    path,
    keys: isMap ? [...value.keys()].map(String) : Object.keys(record),
    has,
    get,
    text: (key) => {
      const text = get(key)
      if (typeof text !== 'string') throw fail(key, 'is no text')
      return text
    },
    integer: (key, least, most) => {
      const number = wholeNumber(get(key))
      if (number === undefined || number < least || number > most) throw fail(key, `is no whole number from ${least} to ${most}`)
      return number
    },
    number: (key) => {
      const number = toNumber(get(key))
      if (number === undefined || !Number.isFinite(number)) throw fail(key, 'is no finite number')
      return number
    },
    fields: (key) => {
      if (!has(key)) throw fail(key, '')
      return fieldsOf(get(key), library, at(key))
    },
    list: (key) => {
      const items = list(key)
      return Array.isArray(items) ? items : Array.from(items as ArrayLike<unknown>)
    },
    texts: (key) => {
      const items = list(key)
      if (!Array.isArray(items) || items.some((item) => typeof item !== 'string')) throw fail(key, 'is no list of texts')
      return items
    },
    integers: (key, length) => {
      const items = list(key)
      expectLength(key, items.length, length)
      if (items instanceof Int32Array) return items
      const values = new Int32Array(items.length)
      for (let index = 0; index < values.length; index++) {
        const number = toNumber(items[index])
        if (number === undefined || (number | 0) !== number) throw badItem(key, index, 'a whole number of 32 bits')
        values[index] = number
      }
      return values
    },
    numbers: (key, length) => {
      const items = list(key)
      expectLength(key, items.length, length)
      if (items instanceof Float64Array) return items
      const values = new Float64Array(items.length)
      for (let index = 0; index < values.length; index++) {
        const number = toNumber(items[index])
        if (number === undefined) throw badItem(key, index, 'a number')
        values[index] = number
      }
      return values
    },
  }
  function badItem(key: string, index: number, what: string): MlmodelError {
    return brokenBooster(library, `${at(key)}[${index}] is not ${what}`, `${at(key)}[${index}]`)
  }
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'boolean' ? Number(value) : undefined
}

function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'string') return /^-?\d{1,15}$/.test(value) ? Number(value) : undefined
  const number = typeof value === 'boolean' ? undefined : toNumber(value)
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined
}
