/**
 * JSON as it is written: a number keeps its digits (a long beyond 2^53 stays itself), `NaN` and `Infinity` are read as Python
 * writes them, and an object is a Map, so that no key has a meaning of its own.
 */

/** A number by its digits. */
export interface NumberText {
  readonly number: string
}
export type JsonMap = ReadonlyMap<string, Json>
export type Json = null | boolean | string | NumberText | readonly Json[] | JsonMap

/** Deeper texts are refused, so that reading and writing may recurse. */
const deepest = 200

const numberAt = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity/y
const stringAt = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const spaceAt = /[ \t\n\r]*/y
const words: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

export function isMap(value: Json | undefined): value is JsonMap {
  return value instanceof Map
}

export function isNumber(value: Json | undefined): value is NumberText {
  return typeof value === 'object' && value !== null && 'number' in value
}

/** Reads one text. @throws SyntaxError with the place */
export function readJson(text: string): Json {
  let at = 0

  const fail = (what: string): never => {
    const before = text.slice(0, at).split('\n')
    throw new SyntaxError(`${what} at line ${before.length}, column ${before.at(-1)!.length + 1}`)
  }
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const next = (): string => {
    take(spaceAt)
    return text[at] ?? ''
  }

  function value(depth: number): Json {
    if (depth > deepest) fail('too deep')
    const first = next()
    if (first === '{') return object(depth)
    if (first === '[') return list(depth)
    if (first === '"') return string()
    for (const [word, meant] of words) {
      if (text.startsWith(word, at)) {
        at += word.length
        return meant
      }
    }
    const digits = take(numberAt)
    if (digits !== undefined) return { number: digits }
    return fail(first === '' ? 'it ends too soon' : `\`${first}\` is not expected`)
  }

  function string(): string {
    const quoted = take(stringAt) ?? fail('a text that does not end, or has a wrong character')
    return JSON.parse(quoted) as string
  }

  function list(depth: number): Json {
    const items: Json[] = []
    at++
    if (next() === ']') {
      at++
      return items
    }
    for (;;) {
      items.push(value(depth + 1))
      const after = next()
      at++
      if (after === ']') return items
      if (after !== ',') {
        at--
        fail('`,` or `]` is expected')
      }
    }
  }

  function object(depth: number): Json {
    const entries = new Map<string, Json>()
    at++
    if (next() === '}') {
      at++
      return entries
    }
    for (;;) {
      if (next() !== '"') fail('a name in double quotes is expected')
      const name = string()
      if (next() !== ':') fail('`:` is expected')
      at++
      entries.set(name, value(depth + 1))
      const after = next()
      at++
      if (after === '}') return entries
      if (after !== ',') {
        at--
        fail('`,` or `}` is expected')
      }
    }
  }

  const whole = value(0)
  if (next() !== '') fail('something follows the value')
  return whole
}

// What a terminal or an editor would not show, or would show in another order: as in src/show.ts, without what JSON escapes.
const invisible =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g

/** A text in quotes. What is escaped is escaped as Python and JavaScript read it too. */
export function writeText(text: string): string {
  return JSON.stringify(text).replace(invisible, (found) =>
    [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** Writes on one line. */
export function writeJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeText(value)
  if (isNumber(value)) return value.number
  if (isList(value)) return `[${value.map(writeJson).join(', ')}]`
  return `{${[...value].map(([name, inner]) => `${writeText(name)}: ${writeJson(inner)}`).join(', ')}}`
}

/** What fits on a line stays on it. */
const lineWidth = 76

/** Writes for reading: what fits on a line is on one line. */
export function prettyJson(value: Json, indent = 0): string {
  const line = writeJson(value)
  const isOpen = (isList(value) && value.length > 0) || (isMap(value) && value.size > 0)
  if (!isOpen || line.length + indent <= lineWidth) return line
  const [outer, inner] = [' '.repeat(indent), ' '.repeat(indent + 2)]
  if (isList(value)) return `[\n${value.map((item) => inner + prettyJson(item, indent + 2)).join(',\n')}\n${outer}]`
  const entries = [...(value as JsonMap)].map(
    ([name, item]) => `${inner}${writeText(name)}: ${prettyJson(item, indent + 2 + writeText(name).length + 2)}`,
  )
  return `{\n${entries.join(',\n')}\n${outer}}`
}

/** The number a value is; undefined for what is none, NaN for NaN. */
export function numberOf(value: Json | undefined): number | undefined {
  return isNumber(value) ? Number(value.number) : undefined
}

/** A cell as a person reads it: texts without quotes, the rest as JSON. */
export function plainText(value: Json | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : writeJson(value)
}
