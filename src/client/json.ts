/** JSON as scoring servers of Python speak it: whole numbers keep their digits, NaN and Infinity are bare words. */
import { MlmodelError } from '../errors/index.ts'

/** Nesting of a reply. CWE-674. */
const deepest = 200

/** Reads a reply: a whole number is a number where that is exact, else a bigint. @throws CLIENT_REPLY */
export function readReply(text: string): unknown {
  let at = 0

  function fail(): never {
    throw new MlmodelError('CLIENT_REPLY', { why: `no JSON at character ${at}: ${JSON.stringify(text.slice(at, at + 40))}` })
  }

  function skip(): void {
    while (text.charCodeAt(at) <= 0x20 && at < text.length) at++
  }

  function word(): unknown {
    const found = /-?[A-Za-z]+/y
    found.lastIndex = at
    const [name = ''] = found.exec(text) ?? []
    if (!Object.hasOwn(words, name)) return fail()
    at += name.length
    return words[name]
  }

  function number(): unknown {
    const found = /-?\d+(\.\d+)?([eE][-+]?\d+)?/y
    found.lastIndex = at
    const match = found.exec(text)
    if (match === null) return word()
    at += match[0].length
    const value = Number(match[0])
    const isWhole = match[1] === undefined && match[2] === undefined
    return isWhole && !Number.isSafeInteger(value) ? BigInt(match[0]) : value
  }

  function string(): string {
    const start = at++
    for (; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++
    at++
    try {
      return JSON.parse(text.slice(start, at)) as string
    } catch {
      at = start
      return fail()
    }
  }

  function members(depth: number, close: string, member: () => void): void {
    if (depth > deepest) fail()
    at++
    skip()
    if (text[at] === close) {
      at++
      return
    }
    for (;;) {
      member()
      skip()
      const mark = text[at++]
      if (mark === close) return
      if (mark !== ',') fail()
      skip()
    }
  }

  function value(depth: number): unknown {
    skip()
    const first = text[at]
    if (first === '"') return string()
    if (first === '[') {
      const list: unknown[] = []
      members(depth, ']', () => list.push(value(depth + 1)))
      return list
    }
    if (first === '{') {
      const entries: [string, unknown][] = []
      members(depth, '}', () => {
        if (text[at] !== '"') fail()
        const key = string()
        skip()
        if (text[at++] !== ':') fail()
        entries.push([key, value(depth + 1)])
      })
      return Object.fromEntries(entries)
    }
    return number()
  }

  const whole = value(0)
  skip()
  if (at < text.length) fail()
  return whole
}

const words: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

/** A float that keeps its point: `1.0`, so that Python reads no integer. */
export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/** Writes a request. A Date is ISO 8601 in UTC without a zone, as MLflow's datetime; bytes are base64. @throws CLIENT_INPUT */
export function writeRequest(value: unknown, depth = 0): string {
  if (depth > deepest) throw new MlmodelError('CLIENT_INPUT', { why: 'it is nested too deep' })
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'bigint':
      return String(value)
    case 'number':
      return Object.is(value, -0) ? '-0.0' : String(value)
    case 'undefined':
      return 'null'
    case 'object':
      return value === null ? 'null' : writeObject(value, depth)
    default:
      throw new MlmodelError('CLIENT_INPUT', { why: `a ${typeof value} is no data` })
  }
}

function writeObject(value: object, depth: number): string {
  if (value instanceof Float) {
    const text = writeRequest(value.value)
    return /^-?\d+$/.test(text) ? `${text}.0` : text
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new MlmodelError('CLIENT_INPUT', { why: 'a Date is invalid' })
    return JSON.stringify(value.toISOString().slice(0, -1))
  }
  if (value instanceof Uint8Array) return JSON.stringify(base64(value))
  if (Array.isArray(value)) return `[${value.map((item) => writeRequest(item, depth + 1)).join(', ')}]`
  if (ArrayBuffer.isView(value)) throw new MlmodelError('CLIENT_INPUT', { why: 'a typed array stands where a value should' })
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  const members = entries.filter(([, item]) => item !== undefined)
  return `{${members.map(([key, item]) => `${JSON.stringify(String(key))}: ${writeRequest(item, depth + 1)}`).join(', ')}}`
}

/** Base64 without Node's Buffer. */
export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}
