/**
 * From YAML text to nodes, by the `yaml` package; nothing is resolved here. With the refusals that must come before its
 * composer, which recurses and forgives.
 */
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  Parser,
  type Scalar,
} from 'yaml'
import type { ErrorArguments, ErrorCode } from '../errors/index.ts'
import type { Limits } from '../limits.ts'

/** Throws an error at an offset of the text. */
export type Fail = <Code extends ErrorCode>(code: Code, args: ErrorArguments<Code>, offset: number) => never

interface NodeProperties {
  /** Of the value itself, after its tag and anchor. */
  readonly offset: number
  /** Where the value ends, comments behind it left out; `readBlock` leaves it out. */
  readonly end?: number
  /** In full, for example `tag:yaml.org,2002:int`; `!` alone is possible. */
  readonly tag?: string
  readonly anchor?: string
}
export interface AliasNode extends NodeProperties {
  readonly kind: 'alias'
  readonly name: string
}
export interface ScalarNode extends NodeProperties {
  readonly kind: 'scalar'
  readonly text: string
  /** Neither quoted nor a block text. */
  readonly isPlain: boolean
}
export interface ListNode extends NodeProperties {
  readonly kind: 'list'
  readonly items: readonly YamlNode[]
}
export interface MapNode extends NodeProperties {
  readonly kind: 'map'
  readonly pairs: readonly (readonly [key: YamlNode, value: YamlNode])[]
}
export type YamlNode = AliasNode | ScalarNode | ListNode | MapNode

/**
 * Reads the one document of a text into nodes, none deeper than `limits.depth`.
 *
 * @returns undefined where the text holds no document
 * @throws YAML_SYNTAX, also for what the `yaml` package takes and PyYAML does not; YAML_DOCUMENTS; YAML_DEPTH and YAML_NODES
 * for what would make the parser slow
 */
export function composeYaml(text: string, limits: Limits, fail: Fail): YamlNode | undefined {
  // `failsafe` leaves every scalar as text; tags and duplicate keys are judged by the caller.
  const composer = new Composer({
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    strict: true,
    logLevel: 'silent',
  })
  let document: Document.Parsed | undefined
  try {
    const tokens: CST.Token[] = []
    let dropped: number | undefined
    for (const token of parse(text, limits, fail)) {
      dropped ??= check(token as CstToken, limits, fail)
      tokens.push(token)
    }
    for (const next of composer.compose(tokens)) {
      const problem = next.errors[0] ?? next.warnings.find((warning) => !warning.message.startsWith('Unresolved tag'))
      if (problem !== undefined) fail('YAML_SYNTAX', { reason: problem.message }, problem.pos[0])
      if (dropped !== undefined) fail('YAML_SYNTAX', { reason: 'a value without a colon before it' }, dropped)
      if (document !== undefined) fail('YAML_DOCUMENTS', {}, next.range[0])
      document = next as Document.Parsed
    }
  } catch (error) {
    // The parser recurses once a level when many levels end at once.
    if (error instanceof RangeError) fail('YAML_DEPTH', { limit: limits.depth }, 0)
    throw error
  }
  const problem = document === undefined ? composer.streamInfo().errors[0] : undefined
  if (problem !== undefined) fail('YAML_SYNTAX', { reason: problem.message }, problem.pos[0])
  return document === undefined ? undefined : convert(document.contents, 0, text)
}

function convert(node: Node | null, absentAt: number, text: string): YamlNode {
  if (node === null) return { kind: 'scalar', offset: absentAt, end: absentAt, text: '', isPlain: true }
  const offset = node.range?.[0] ?? absentAt
  const end = node.range?.[1] ?? offset
  if (isAlias(node)) return { kind: 'alias', offset, end, name: node.source }
  const { tag, anchor } = node as { readonly tag?: string; readonly anchor?: string }
  const properties = { offset, end, ...(tag !== undefined && { tag }), ...(anchor !== undefined && { anchor }) }
  if (isMap(node)) {
    const pairs = (node.items as readonly Pair<Node | null, Node | null>[]).map((pair) => {
      const key = convert(pair.key, offset, text)
      return [key, convert(pair.value, key.offset, text)] as const
    })
    return { kind: 'map', ...properties, pairs }
  }
  if (isSeq(node))
    return { kind: 'list', ...properties, items: node.items.map((item) => convert(item as Node | null, offset, text)) }
  const scalar = node as Scalar
  return { kind: 'scalar', ...properties, text: scalarText(scalar, text), isPlain: isScalar(node) && scalar.type === 'PLAIN' }
}

/** PyYAML ends a block text with a line break only where the file has one. */
function scalarText(node: Scalar, text: string): string {
  const value = String(node.value)
  const isOpen = node.type?.startsWith('BLOCK') === true && node.range?.[1] === text.length && !text.endsWith('\n')
  return isOpen ? value.replace(/\n$/, '') : value
}

/** Stops at deep brackets, at rows of `- - -` and at floods of marks, each of which costs the parser far more than a scalar. */
function* parse(text: string, limits: Limits, fail: Fail): Generator<CST.Token> {
  const parser = new Parser()
  let offset = 0
  let brackets = 0
  let marks = 0
  let isText = false
  let left = limits.yamlNodes * 3
  for (const lexeme of new Lexer().lex(text)) {
    // Control characters are marks of the lexer itself; U+001F announces text that may look like a bracket.
    if (!isText) {
      if (lexeme === '[' || lexeme === '{') brackets++
      else if (lexeme === ']' || lexeme === '}') brackets--
      else if (lexeme === '-' || lexeme === '?') marks++
      else if (lexeme === '\n') marks = 0
    }
    if (brackets > limits.depth || marks > limits.depth) fail('YAML_DEPTH', { limit: limits.depth }, offset)
    if (left-- === 0) fail('YAML_NODES', { limit: limits.yamlNodes }, offset)
    isText = lexeme === '\u001f'
    if (!/^[\u0002\u0018\u001f\ufeff]$/.test(lexeme)) offset += lexeme.length
    yield* parser.next(lexeme)
  }
  yield* parser.end()
}

/** The parts of a token that are looked at. */
interface CstToken {
  readonly type: string
  readonly offset?: number
  readonly source?: string
  readonly value?: CstToken
  readonly start?: CstToken | readonly CstToken[]
  readonly end?: CstToken | readonly CstToken[]
  readonly props?: readonly CstToken[]
  readonly items?: readonly {
    readonly start?: readonly CstToken[]
    readonly key?: CstToken | null
    readonly sep?: readonly CstToken[]
    readonly value?: CstToken
  }[]
}

/** Walks a tree without recursion. */
function check(root: CstToken, limits: Limits, fail: Fail): number | undefined {
  let dropped: number | undefined
  const stack: { token: CstToken; depth: number }[] = [{ token: root, depth: 0 }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { token, depth } = next
    if (depth > limits.depth) fail('YAML_DEPTH', { limit: limits.depth }, token.offset ?? 0)
    const tab = token.type === 'space' || token.type === 'scalar' ? (token.source?.indexOf('\t') ?? -1) : -1
    if (tab !== -1) fail('YAML_SYNTAX', { reason: 'a tab outside quotes' }, (token.offset ?? 0) + tab)
    if (!isClosed(token)) fail('YAML_SYNTAX', { reason: 'a quote that is not closed' }, token.offset ?? 0)
    for (const item of token.items ?? []) {
      if (item.key) stack.push({ token: item.key, depth: depth + 1 })
      if (item.value) stack.push({ token: item.value, depth: depth + 1 })
      for (const mark of [...(item.start ?? []), ...(item.sep ?? [])]) stack.push({ token: mark, depth })
      if (token.type === 'block-map' && item.value && !item.sep?.some((mark) => mark.type === 'map-value-ind'))
        dropped = item.value.offset
    }
    for (const mark of [token.start, token.end, token.props].flat()) if (mark) stack.push({ token: mark, depth })
    if (token.value) stack.push({ token: token.value, depth })
  }
  return dropped
}

/** The composer looks at the last character only, which may be half of an escaped quote. */
function isClosed({ type, source = '' }: CstToken): boolean {
  if (type === 'single-quoted-scalar') return source.length > 1 && !source.slice(1, -1).replaceAll("''", '').includes("'")
  if (type === 'double-quoted-scalar') return source.slice(1).replace(/\\./gs, '').indexOf('"') !== -1
  return true
}
