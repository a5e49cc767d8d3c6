/**
 * YAML as plain data, with the values PyYAML's `safe_load` gives and the refusals an untrusted file needs: tags, duplicate
 * keys, several documents, control characters, circles, alias bombs, deep nesting.
 */
import { Composer, type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml'
import { type ErrorArguments, type ErrorCode, MlmodelError, type Where } from './errors/index.ts'
import { formatPythonFloat } from './json.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { readPlain, readTagged } from './yaml/scalar.ts'
import { readTokens } from './yaml/tokens.ts'

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
 * @throws MlmodelError with file, line and column: YAML_… and FILE_TOO_LARGE
 */
export function parseYaml(input: Uint8Array | string, file: string, limits: Limits = defaultLimits): YamlDocument {
  const bytes = typeof input === 'string' ? input.length : input.byteLength
  if (bytes > limits.yamlBytes) throw new MlmodelError('FILE_TOO_LARGE', { bytes, limit: limits.yamlBytes }, { where: { file } })
  // Python opens text files with universal newlines.
  const text = (typeof input === 'string' ? input : decodeText(input, file)).replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  return new Reader(text, file, limits).read()
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

class Reader {
  readonly #text: string
  readonly #file: string
  readonly #limits: Limits
  readonly #lines: number[] = [0]
  /** Undefined while the anchored value is still being read: an alias to it would be a circle. */
  readonly #anchors = new Map<string, Read | undefined>()
  #size = 0

  constructor(text: string, file: string, limits: Limits) {
    this.#text = text
    this.#file = file
    this.#limits = limits
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#lines.push(at + 1)
  }

  read(): YamlDocument {
    const refused = refusedCharacter.exec(this.#text)
    if (refused !== null) this.#fail('YAML_CHARACTER', { code: refused[0].codePointAt(0)! }, refused.index)
    const document = this.#compose()
    if (document === undefined) this.#fail('YAML_EMPTY', {}, 0)
    const root = this.#node(document.contents, 0)
    const find = (path: YamlPath): Place | undefined =>
      path.reduce<Place | undefined>((place, step) => place?.children?.get(step), root.place)
    return {
      value: root.value,
      lineOf: (path) => {
        const place = find(path)
        return place === undefined ? undefined : this.#position(place.offset).line
      },
      sourceOf: (path) => find(path)?.source,
    }
  }

  #compose(): Document.Parsed | undefined {
    // `failsafe` leaves every scalar as text: what it means is decided here. Tags and duplicate keys are judged here too.
    const composer = new Composer({
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      strict: true,
      logLevel: 'silent',
    })
    let document: Document.Parsed | undefined
    try {
      const { tokens, dropped } = readTokens(this.#text, this.#limits, (code, args, offset) => this.#fail(code, args, offset))
      for (const next of composer.compose(tokens)) {
        const problem = next.errors[0] ?? next.warnings.find((warning) => !warning.message.startsWith('Unresolved tag'))
        if (problem !== undefined) this.#fail('YAML_SYNTAX', { reason: problem.message }, problem.pos[0])
        if (dropped !== undefined) this.#fail('YAML_SYNTAX', { reason: 'a value without a colon before it' }, dropped)
        if (document !== undefined) this.#fail('YAML_DOCUMENTS', {}, next.range[0])
        document = next as Document.Parsed
      }
    } catch (error) {
      // The parser recurses once a level when many levels end at once.
      if (error instanceof RangeError) this.#fail('YAML_DEPTH', { limit: this.#limits.depth }, 0)
      throw error
    }
    if (document === undefined) {
      const problem = composer.streamInfo().errors[0]
      if (problem !== undefined) this.#fail('YAML_SYNTAX', { reason: problem.message }, problem.pos[0])
    }
    return document
  }

  #node(node: Node | null, depth: number): Read {
    if (depth > this.#limits.depth) this.#fail('YAML_DEPTH', { limit: this.#limits.depth }, node?.range?.[0] ?? 0)
    if (node === null) return this.#count({ value: null, place: { offset: 0, source: '' }, size: 1, depth: 0 }, 0)
    const offset = node.range?.[0] ?? 0
    if (isAlias(node)) return this.#alias(node.source, offset, depth)
    const anchor = (node as { anchor?: string }).anchor
    if (anchor !== undefined) {
      // Elsewhere PyYAML ends the name, and goes on with the rest as text.
      if (!/^[A-Za-z0-9_-]+$/.test(anchor))
        this.#fail('YAML_SYNTAX', { reason: `the anchor &${anchor} has an unusual name` }, offset)
      if (this.#anchors.has(anchor)) this.#fail('YAML_SYNTAX', { reason: `the anchor &${anchor} stands twice` }, offset)
      this.#anchors.set(anchor, undefined)
    }
    const read = this.#count(this.#plain(node, offset, depth), offset)
    if (anchor !== undefined) this.#anchors.set(anchor, read)
    return read
  }

  #plain(node: Node, offset: number, depth: number): Read {
    const tag = (node as { tag?: string }).tag
    if (isMap(node)) {
      if (tag !== undefined && tag !== '!' && tag !== `${namespace}map`) this.#fail('YAML_TAG', { tag: shortTag(tag) }, offset)
      return this.#map(node, offset, depth)
    }
    if (isSeq(node)) {
      if (tag !== undefined && tag !== '!' && tag !== `${namespace}seq`) this.#fail('YAML_TAG', { tag: shortTag(tag) }, offset)
      const items = node.items.map((item) => this.#node(item as Node | null, depth + 1))
      const children = new Map(items.map((item, index) => [index, item.place] as const))
      return {
        value: items.map((item) => item.value),
        place: { offset, children },
        size: items.reduce((sum, item) => sum + item.size, 1),
        depth: items.reduce((most, item) => Math.max(most, item.depth + 1), 1),
      }
    }
    const { value, source } = this.#scalar(node as Scalar, offset)
    return { value, place: { offset, source }, size: 1, depth: 0 }
  }

  #scalar(node: Scalar, offset: number): { value: YamlValue; source: string } {
    const source = this.#sourceOf(node)
    const tag = node.tag
    // A lone `!` makes PyYAML read the text as if it stood without quotes.
    const isPlain = tag === '!' || (tag === undefined && node.type === 'PLAIN')
    if (!isPlain && (tag === undefined || tag === `${namespace}str`)) return { value: source, source }
    if (tag === `${namespace}null`) return { value: null, source }
    const type = tag?.startsWith(namespace) === true ? tag.slice(namespace.length) : tag
    if (!isPlain && type !== 'bool' && type !== 'int' && type !== 'float' && type !== 'timestamp')
      this.#fail('YAML_TAG', { tag: shortTag(tag ?? '') }, offset)
    const scalar = isPlain ? readPlain(source) : readTagged(type as 'bool', source)
    switch (scalar.type) {
      case 'null':
        return { value: null, source }
      case 'text':
        return { value: source, source }
      case 'invalid':
        return this.#fail('YAML_VALUE', { text: source.slice(0, 60), type: scalar.as }, offset)
      case 'merge':
      case 'value':
        // PyYAML gives these their own tags, which safe_load cannot construct as values.
        return this.#fail('YAML_TAG', { tag: `!!${scalar.type}` }, offset)
      default:
        return { value: scalar.value, source }
    }
  }

  /** PyYAML ends a block text with a line break only where the file has one. */
  #sourceOf(node: Scalar): string {
    const source = String(node.value)
    const isOpen = node.type?.startsWith('BLOCK') === true && node.range?.[1] === this.#text.length && !this.#text.endsWith('\n')
    return isOpen ? source.replace(/\n$/, '') : source
  }

  /** A mapping with its merge keys: merged entries come first, own entries win. */
  #map(node: YAMLMap, offset: number, depth: number): Read {
    const merged: Entry[] = []
    const own: Entry[] = []
    const lines = new Map<string, number>()
    let size = 1
    let deepest = 1
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const key = pair.key
      const value = pair.value ?? null
      const keyOffset = key?.range?.[0] ?? offset
      if (isMergeKey(key)) {
        for (const entry of this.#merge(this.#node(value, depth), value, keyOffset)) merged.push(entry)
        continue
      }
      const name = this.#key(key, keyOffset, depth)
      const firstLine = lines.get(name)
      if (firstLine !== undefined) this.#fail('YAML_DUPLICATE_KEY', { key: name, firstLine }, keyOffset)
      lines.set(name, this.#position(keyOffset).line)
      const read = this.#node(value, depth + 1)
      own.push({ name, value: read.value, place: value === null ? { ...read.place, offset: keyOffset } : read.place })
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
    return { value: values, place: { offset, children }, size: size + merged.length, depth: deepest }
  }

  #merge(read: Read, node: Node | null, offset: number): Entry[] {
    const entries = (value: YamlValue, place: Place): Entry[] => {
      if (!isYamlMap(value)) this.#fail('YAML_MERGE', { found: yamlKind(value) }, offset)
      return [...value].map(([name, value]) => ({ name, value, place: place.children?.get(name) ?? place }))
    }
    if (node === null || !isYamlList(read.value)) return entries(read.value, read.place)
    // Of several mappings the first wins, so the last is laid down first.
    return read.value
      .map((value, index) => entries(value, read.place.children?.get(index) ?? read.place))
      .reverse()
      .flat()
  }

  /** A key as text: MLflow's own JSON of a mapping writes numbers, booleans and null as Python's json does. */
  #key(key: Node | null, offset: number, depth: number): string {
    if (isScalar(key) && key.value === '=' && key.type === 'PLAIN' && key.tag === undefined) return '='
    const { value } = this.#node(key, depth + 1)
    if (isYamlMap(value) || isYamlList(value)) this.#fail('YAML_KEY', { found: yamlKind(value) }, offset)
    // PyYAML has no key without text but after a question mark, where nobody wants one.
    if (value === null && (!isScalar(key) || key.value === '')) this.#fail('YAML_KEY', { found: 'nothing' }, offset)
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

  #count(read: Read, offset: number): Read {
    this.#spend(1, offset)
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

function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && key.value === '<<' && (key.tag === '!' || (key.type === 'PLAIN' && key.tag === undefined))
}

function shortTag(tag: string): string {
  return tag.startsWith(namespace) ? `!!${tag.slice(namespace.length)}` : tag
}
