/**
 * A JSON reader of the judge's own: it keeps what the rules ask about (the text of a number, a key given twice) and
 * shares no line with the product. Grammar as Python's `json.loads`.
 */

export interface RawInteger {
  readonly integer: bigint
}
/** `beyond`: the text is a number, and no double holds it (`1e400`), which differs from the token `Infinity`. */
export interface RawFloat {
  readonly float: number
  readonly beyond: boolean
}
export interface RawObject {
  readonly pairs: ReadonlyMap<string, Raw>
}
export type Raw = null | boolean | string | RawInteger | RawFloat | readonly Raw[] | RawObject

export interface Body {
  readonly value: Raw
  /** Whether any object of the body has one key twice. */
  readonly duplicateKeys: boolean
}

export function isInteger(raw: Raw | undefined): raw is RawInteger {
  return typeof raw === 'object' && raw !== null && 'integer' in raw
}
export function isFloat(raw: Raw | undefined): raw is RawFloat {
  return typeof raw === 'object' && raw !== null && 'float' in raw
}
export function isObject(raw: Raw | undefined): raw is RawObject {
  return typeof raw === 'object' && raw !== null && 'pairs' in raw
}
export function isList(raw: Raw | undefined): raw is readonly Raw[] {
  return Array.isArray(raw)
}
export function isNumber(raw: Raw | undefined): raw is RawInteger | RawFloat {
  return isInteger(raw) || isFloat(raw)
}

/** Reads a body as Python's `json.loads` does; undefined when it is no JSON (or nested deeper than 900). */
export function readBody(text: string): Body | undefined {
  const reader = new Reader(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  try {
    const value = reader.document()
    return { value, duplicateKeys: reader.duplicateKeys }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const space = /[ \t\n\r]*/y
const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y
const words: readonly [string, Raw][] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', { float: Number.NaN, beyond: false }],
  ['Infinity', { float: Number.POSITIVE_INFINITY, beyond: false }],
  ['-Infinity', { float: Number.NEGATIVE_INFINITY, beyond: false }],
]

class Reader {
  duplicateKeys = false
  readonly #text: string
  #at = 0
  constructor(text: string) {
    this.#text = text
  }

  document(): Raw {
    const value = this.#value(0)
    this.#skip()
    if (this.#at !== this.#text.length) throw new SyntaxError('trailing text')
    return value
  }

  #skip(): void {
    space.lastIndex = this.#at
    space.test(this.#text)
    this.#at = space.lastIndex
  }

  #value(depth: number): Raw {
    if (depth > 900) throw new SyntaxError('too deep')
    this.#skip()
    const first = this.#text[this.#at]
    if (first === '"') return this.#string()
    if (first === '[') return this.#list(depth)
    if (first === '{') return this.#object(depth)
    for (const [word, value] of words) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length
        return value
      }
    }
    number.lastIndex = this.#at
    const match = number.exec(this.#text)
    if (match === null) throw new SyntaxError('no value')
    this.#at = number.lastIndex
    if (match[1] === undefined && match[2] === undefined) return { integer: BigInt(match[0]) }
    const float = Number(match[0])
    return { float, beyond: !Number.isFinite(float) }
  }

  #string(): string {
    // JSON.parse knows every escape; only raw control characters, which Python refuses too, need no other care.
    let end = this.#at + 1
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1
    const text = JSON.parse(this.#text.slice(this.#at, end + 1)) as string
    this.#at = end + 1
    return text
  }

  #list(depth: number): Raw[] {
    const list: Raw[] = []
    this.#at++
    this.#skip()
    if (this.#text[this.#at] === ']') {
      this.#at++
      return list
    }
    for (;;) {
      list.push(this.#value(depth + 1))
      if (this.#next(']')) return list
    }
  }

  #object(depth: number): RawObject {
    const pairs = new Map<string, Raw>()
    this.#at++
    this.#skip()
    if (this.#text[this.#at] === '}') {
      this.#at++
      return { pairs }
    }
    for (;;) {
      this.#skip()
      if (this.#text[this.#at] !== '"') throw new SyntaxError('no key')
      const key = this.#string()
      this.#skip()
      if (this.#text[this.#at++] !== ':') throw new SyntaxError('no colon')
      if (pairs.has(key)) this.duplicateKeys = true
      pairs.set(key, this.#value(depth + 1))
      if (this.#next('}')) return { pairs }
    }
  }

  /** After an element: true at the closing bracket, false at a comma. */
  #next(close: string): boolean {
    this.#skip()
    const character = this.#text[this.#at++]
    if (character === close) return true
    if (character !== ',') throw new SyntaxError('no comma')
    return false
  }
}
