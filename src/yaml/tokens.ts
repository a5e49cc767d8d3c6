/** The tokens of a YAML text, with the refusals that must come before the composer, which recurses and forgives. */
import { type CST, Lexer, Parser } from 'yaml'
import type { ErrorArguments, ErrorCode } from '../errors/index.ts'
import type { Limits } from '../limits.ts'

/** Throws an error at an offset of the text. */
export type Fail = <Code extends ErrorCode>(code: Code, args: ErrorArguments<Code>, offset: number) => never

export interface Tokens {
  readonly tokens: readonly CST.Token[]
  /** Offset of a value that the composer would drop: after `? key`, without a colon. An error unless it finds another. */
  readonly dropped: number | undefined
}

/**
 * Reads a text into tokens, trees of the concrete syntax.
 *
 * @throws YAML_DEPTH and YAML_NODES for what would make the parser slow; YAML_SYNTAX for what the `yaml` package takes and
 * PyYAML does not: tabs outside quotes, block texts and comments; quotes that only seem closed
 */
export function readTokens(text: string, limits: Limits, fail: Fail): Tokens {
  const tokens: CST.Token[] = []
  let dropped: number | undefined
  for (const token of parse(text, limits, fail)) {
    dropped ??= check(token as CstToken, limits, fail)
    tokens.push(token)
  }
  return { tokens, dropped }
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
