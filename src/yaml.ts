/**
 * YAML as plain data, with the values PyYAML's `safe_load` gives and the refusals an untrusted file needs: tags, duplicate
 * keys, several documents, control characters, circles, alias bombs, deep nesting.
 */

import { type Gather, stopAtFirst } from './errors/gather.ts'
import { type ErrorArguments, type ErrorCode, MlmodelError, type Where } from './errors/index.ts'
import { formatPythonFloat } from './json.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { readBlock } from './yaml/block.ts'
import { composeYaml, type MapNode, type ScalarNode, type YamlNode } from './yaml/compose.ts'
import { readPlain, readTagged } from './yaml/scalar.ts'

/** A plain YAML value. An int is a bigint and a float a number, as in a `Cell`; a date is its text; maps keep their order. */
export type YamlValue = null | boolean | number | bigint | string | readonly YamlValue[] | YamlMap
export type YamlMap = ReadonlyMap<string, YamlValue>
export type YamlPath = readonly (string | number)[]

export interface YamlDocument {
  readonly value: YamlValue
  /** 1-based line of the value at a path, such as `['flavors', 'onnx', 'data']`; undefined where there is none. */
  lineOf(path: YamlPath): number | undefined
  /** The scalar at a path as it is written, so that a version `3.10` does not become 3.1. */
  sourceOf(path: YamlPath): string | undefined
  /** Where the value at a path stands in {@link text}; for an alias, where its anchor does. */
  spanOf(path: YamlPath): YamlSpan | undefined
  /** What was read: without a byte order mark, each line break a line feed. */
  readonly text: string
}

export interface YamlSpan {
  readonly start: number
  readonly end: number
}

/** Whether a value is a mapping. */
export function isYamlMap(value: YamlValue | undefined): value is YamlMap {
  return value instanceof Map
}

/** Whether a value is a list. */
export function isYamlList(value: YamlValue | undefined): value is readonly YamlValue[] {
  return Array.isArray(value)
}

/** The kind of a value, for messages: `a mapping`, `a list`, `text`, … */
export function yamlKind(value: YamlValue | undefined): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (isYamlMap(value)) return 'a mapping'
  if (isYamlList(value)) return 'a list'
  if (typeof value === 'string') return 'text'
  return typeof value === 'boolean' ? 'a boolean' : 'a number'
}

/**
 * Reads one YAML document.
 *
 * @param input bytes (UTF-8, or UTF-16 with a byte order mark, as PyYAML takes them) or text
 * @param file the name for messages
 * @param gather duplicate keys (the last counts, as in PyYAML), tags and values of scalars need not end the reading
 * @throws MlmodelError with file, line and column: YAML_… and FILE_TOO_LARGE
 */
export function parseYaml(
  input: Uint8Array | string,
  file: string,
  limits: Limits = defaultLimits,
  gather: Gather = stopAtFirst,
): YamlDocument {
  const bytes = typeof input === 'string' ? input.length : input.byteLength
  if (bytes > limits.yamlBytes) throw new MlmodelError('FILE_TOO_LARGE', { bytes, limit: limits.yamlBytes }, { where: { file } })
  // Python opens text files with universal newlines.
  const text = (typeof input === 'string' ? input : decodeText(input, file)).replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  return new Reader(text, file, limits, gather).read()
}

/** Text of a file as Python reads it here: UTF-8, or UTF-16 where a byte order mark says so. YAML_ENCODING otherwise. */
export function decodeText(bytes: Uint8Array, file: string): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch (cause) {
    throw new MlmodelError('YAML_ENCODING', { encoding: encoding.toUpperCase() }, { where: { file }, cause })
  }
}

/** Where a value stands, beside the value itself. */
interface Place {
  readonly offset: number
  readonly end: number | undefined
  readonly source?: string
  readonly children?: ReadonlyMap<string | number, Place>
}

interface Read {
  readonly value: YamlValue
  readonly place: Place
  /** Values in it once aliases are written out, itself included. */
  readonly size: number
  readonly depth: number
}

// PyYAML's reader.py allows the rest; U+0085, U+2028 and U+2029 are line breaks to it and ordinary characters to others.
const refusedCharacter = /[^\t\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

const namespace = 'tag:yaml.org,2002:'

/** Leaves every text to the `yaml` package. */
const composing: typeof readBlock = () => undefined

class Reader {
  readonly #text: string
  readonly #file: string
  readonly #limits: Limits
  readonly #gather: Gather
  readonly #lines: number[] = [0]
  /** Undefined while the anchored value is still being read: an alias to it would be a circle. */
  readonly #anchors = new Map<string, Read | undefined>()
  #size = 0

  constructor(text: string, file: string, limits: Limits, gather: Gather) {
    this.#text = text
    this.#file = file
    this.#limits = limits
    this.#gather = gather
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#lines.push(at + 1)
  }

  /** @param plain - a faster reader of some texts, which leaves out where values end */
  read(plain = readBlock): YamlDocument {
    const refused = refusedCharacter.exec(this.#text)
    if (refused !== null) this.#fail('YAML_CHARACTER', { code: refused[0].codePointAt(0)! }, refused.index)
    const node =
      plain(this.#text, this.#limits) ??
      composeYaml(this.#text, this.#limits, (code, args, offset) => this.#fail(code, args, offset))
    if (node === undefined) this.#fail('YAML_EMPTY', {}, 0)
    const root = this.#node(node, 0)
    const find = (path: YamlPath): Place | undefined =>
      path.reduce<Place | undefined>((place, step) => place?.children?.get(step), root.place)
    return {
      value: root.value,
      lineOf: (path) => {
        const place = find(path)
        return place === undefined ? undefined : this.#position(place.offset).line
      },
      sourceOf: (path) => find(path)?.source,
      spanOf: (path) => {
        const place = find(path)
        if (place === undefined) return undefined
        // Plain YAML was read without ends; few ask for them.
        if (place.end === undefined)
          return new Reader(this.#text, this.#file, this.#limits, stopAtFirst).read(composing).spanOf(path)
        return { start: place.offset, end: place.end }
      },
      text: this.#text,
    }
  }

  #node(node: YamlNode, depth: number): Read {
    const { offset, anchor } = node
    if (depth > this.#limits.depth) this.#fail('YAML_DEPTH', { limit: this.#limits.depth }, offset)
    if (node.kind === 'alias') return this.#alias(node.name, offset, depth)
    if (anchor !== undefined) {
      // Elsewhere PyYAML ends the name, and goes on with the rest as text.
      if (!/^[A-Za-z0-9_-]+$/.test(anchor))
        this.#fail('YAML_SYNTAX', { reason: `the anchor &${anchor} has an unusual name` }, offset)
      if (this.#anchors.has(anchor)) this.#fail('YAML_SYNTAX', { reason: `the anchor &${anchor} stands twice` }, offset)
      this.#anchors.set(anchor, undefined)
    }
    this.#spend(1, offset)
    const read = this.#content(node, depth)
    if (anchor !== undefined) this.#anchors.set(anchor, read)
    return read
  }

  #content(node: Exclude<YamlNode, { readonly kind: 'alias' }>, depth: number): Read {
    const { offset, end, tag } = node
    if (node.kind === 'scalar') {
      return {
        value: this.#gather.attempt<YamlValue>(() => this.#scalar(node), null),
        place: { offset, end, source: node.text },
        size: 1,
        depth: 0,
      }
    }
    const own = node.kind === 'map' ? 'map' : 'seq'
    if (tag !== undefined && tag !== '!' && tag !== `${namespace}${own}`) this.#fail('YAML_TAG', { tag: shortTag(tag) }, offset)
    if (node.kind === 'map') return this.#map(node, depth)
    const items = node.items.map((item) => this.#node(item, depth + 1))
    const children = new Map(items.map((item, index) => [index, item.place] as const))
    return {
      value: items.map((item) => item.value),
      place: { offset, end, children },
      size: items.reduce((sum, item) => sum + item.size, 1),
      depth: items.reduce((most, item) => Math.max(most, item.depth + 1), 1),
    }
  }

  #scalar({ text, tag, isPlain, offset }: ScalarNode): YamlValue {
    // A lone `!` makes PyYAML read the text as if it stood without quotes.
    const isUntagged = tag === '!' || (tag === undefined && isPlain)
    if (!isUntagged && (tag === undefined || tag === `${namespace}str`)) return text
    if (tag === `${namespace}null`) return null
    const type = tag?.startsWith(namespace) === true ? tag.slice(namespace.length) : tag
    if (!isUntagged && type !== 'bool' && type !== 'int' && type !== 'float' && type !== 'timestamp')
      this.#fail('YAML_TAG', { tag: shortTag(tag ?? '') }, offset)
    const scalar = isUntagged ? readPlain(text) : readTagged(type as 'bool', text)
    switch (scalar.type) {
      case 'null':
        return null
      case 'text':
        return text
      case 'invalid':
        return this.#fail('YAML_VALUE', { text: text.slice(0, 60), type: scalar.as }, offset)
      case 'merge':
      case 'value':
        // PyYAML gives these their own tags, which safe_load cannot construct as values.
        return this.#fail('YAML_TAG', { tag: `!!${scalar.type}` }, offset)
      default:
        return scalar.value
    }
  }

  /** A mapping with its merge keys: merged entries come first, own entries win. */
  #map({ pairs, offset, end }: MapNode, depth: number): Read {
    const merged: Entry[] = []
    const own: Entry[] = []
    const lines = new Map<string, number>()
    let size = 1
    let deepest = 1
    for (const [key, value] of pairs) {
      if (isMergeKey(key)) {
        for (const entry of this.#merge(this.#node(value, depth), key.offset)) merged.push(entry)
        continue
      }
      const name = this.#key(key, depth)
      const firstLine = lines.get(name)
      if (firstLine !== undefined)
        this.#gather.attempt(() => this.#fail('YAML_DUPLICATE_KEY', { key: name, firstLine }, key.offset), undefined)
      lines.set(name, this.#position(key.offset).line)
      const read = this.#node(value, depth + 1)
      own.push({ name, value: read.value, place: read.place })
      size += read.size + 1
      deepest = Math.max(deepest, read.depth + 1)
    }
    this.#spend(merged.length, offset)
    const values = new Map<string, YamlValue>()
    const children = new Map<string | number, Place>()
    for (const entry of [...merged, ...own]) {
      values.set(entry.name, entry.value)
      children.set(entry.name, entry.place)
    }
    return { value: values, place: { offset, end, children }, size: size + merged.length, depth: deepest }
  }

  #merge(read: Read, offset: number): Entry[] {
    const entries = (value: YamlValue, place: Place): Entry[] => {
      if (!isYamlMap(value)) this.#fail('YAML_MERGE', { found: yamlKind(value) }, offset)
      return [...value].map(([name, value]) => ({ name, value, place: place.children?.get(name) ?? place }))
    }
    if (!isYamlList(read.value)) return entries(read.value, read.place)
    // Of several mappings the first wins, so the last is laid down first.
    return read.value
      .map((value, index) => entries(value, read.place.children?.get(index) ?? read.place))
      .reverse()
      .flat()
  }

  /** A key as text: MLflow's own JSON of a mapping writes numbers, booleans and null as Python's json does. */
  #key(key: YamlNode, depth: number): string {
    if (isPlainText(key, '=')) return '='
    // PyYAML has no key without text but after a question mark, where nobody wants one.
    if (isPlainText(key, '')) this.#fail('YAML_KEY', { found: 'nothing' }, key.offset)
    const { value } = this.#node(key, depth + 1)
    if (isYamlMap(value) || isYamlList(value)) this.#fail('YAML_KEY', { found: yamlKind(value) }, key.offset)
    return typeof value === 'number' ? formatPythonFloat(value) : String(value)
  }

  #alias(name: string, offset: number, depth: number): Read {
    const read = this.#anchors.get(name)
    if (read === undefined) {
      const reason = this.#anchors.has(name) ? 'stands inside its own anchor' : 'has no anchor before it'
      this.#fail('YAML_ANCHOR', { name, reason }, offset)
    }
    this.#spend(read.size, offset)
    if (depth + read.depth > this.#limits.depth) this.#fail('YAML_DEPTH', { limit: this.#limits.depth }, offset)
    return read
  }

  #spend(values: number, offset: number): void {
    this.#size += values
    if (this.#size > this.#limits.yamlNodes) this.#fail('YAML_NODES', { limit: this.#limits.yamlNodes }, offset)
  }

  #position(offset: number): { line: number; column: number } {
    let low = 0
    let high = this.#lines.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#lines[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - this.#lines[low]! + 1 }
  }

  #fail<Code extends ErrorCode>(code: Code, args: ErrorArguments<Code>, offset: number): never {
    const where: Where = { file: this.#file, ...this.#position(offset) }
    throw new MlmodelError(code, args, { where })
  }
}

interface Entry {
  readonly name: string
  readonly value: YamlValue
  readonly place: Place
}

function isMergeKey(key: YamlNode): boolean {
  return isPlainText(key, '<<') || (key.kind === 'scalar' && key.tag === '!' && key.text === '<<')
}

function isPlainText(node: YamlNode, text: string): boolean {
  return node.kind === 'scalar' && node.isPlain && node.tag === undefined && node.text === text
}

function shortTag(tag: string): string {
  return tag.startsWith(namespace) ? `!!${tag.slice(namespace.length)}` : tag
}
