/**
 * The plain block YAML that MLflow writes, read line by line: mappings and lists by their indentation, plain and quoted
 * scalars. Loading and warming the `yaml` package costs a short command 20 ms, as much as everything else it does with a
 * model; whatever is not seen here at once to be plain is left to it.
 */
import type { Limits } from '../limits.ts'
import { trimEndOf } from '../trim.ts'
import type { MapNode, ScalarNode, YamlNode } from './compose.ts'

interface Line {
  /** Of the first character that is no space. */
  readonly offset: number
  readonly indent: number
  /** Without the spaces around it. */
  readonly text: string
}

interface Cursor {
  readonly lines: Line[]
  at: number
  readonly deepest: number
}

const entryStart = /^([A-Za-z0-9_][A-Za-z0-9_./-]{0,99}):(?: +|$)/
// The first characters that need no thought; `-` also begins a list.
const plainText = /^(?:[A-Za-z0-9_./~+(]|-[A-Za-z0-9.-])/
const plainEnd = /: |:$| #/

/**
 * Reads a document of plain block YAML into the nodes that `composeYaml` would give.
 *
 * @param text with `\n` line ends and no characters that YAML refuses
 * @returns undefined for everything else, wrong or right: comments, blank lines, anchors, tags, flow collections but `[]` and
 * `{}`, block texts, escapes, absent values, …
 */
export function readBlock(text: string, limits: Limits): YamlNode | undefined {
  // No token, and so no value, is shorter than a character: within this the limit of nodes is far.
  if (text.length > limits.yamlNodes || /[\t\ufeff]/.test(text)) return undefined
  const cursor = { lines: splitLines(text), at: 0, deepest: limits.depth / 2 }
  const node = readNode(cursor, -1, 0)
  // A scalar alone may as well be a mark such as `---`.
  return cursor.at === cursor.lines.length && node?.kind !== 'scalar' ? node : undefined
}

function splitLines(text: string): Line[] {
  const lines: Line[] = []
  let start = 0
  for (const line of text.split('\n')) {
    // Not `trim`, which takes other white space too.
    const indent = line.search(/[^ ]|$/)
    lines.push({ offset: start + indent, indent, text: trimEndOf(line.slice(indent), ' ') })
    start += line.length + 1
  }
  if (lines.at(-1)!.text === '') lines.pop()
  return lines
}

/** Reads what begins at the current line, which is indented more than its parent. */
function readNode(cursor: Cursor, parent: number, depth: number): YamlNode | undefined {
  const line = cursor.lines[cursor.at]
  if (line === undefined || line.indent <= parent || depth > cursor.deepest) return undefined
  if (line.text.startsWith('- ')) return readList(cursor, line, depth)
  return entryStart.test(line.text) ? readMap(cursor, line, depth) : readScalar(cursor, line, parent)
}

function readMap(cursor: Cursor, { offset, indent }: Line, depth: number): MapNode | undefined {
  const pairs: [ScalarNode, YamlNode][] = []
  for (let line = cursor.lines[cursor.at]; line !== undefined && line.indent >= indent; line = cursor.lines[cursor.at]) {
    const [start = '', name = ''] = (line.indent === indent && entryStart.exec(line.text)) || []
    if (start === '') return undefined
    const value = readValue(cursor, line, start.length, depth)
    if (value === undefined) return undefined
    pairs.push([{ kind: 'scalar', offset: line.offset, text: name, isPlain: true }, value])
  }
  return { kind: 'map', offset, pairs }
}

/** Reads what follows a key of `length` characters: the rest of the line, or the lines below. */
function readValue(cursor: Cursor, line: Line, length: number, depth: number): YamlNode | undefined {
  if (line.text.length > length) {
    return readScalar(cursor, { ...line, offset: line.offset + length, text: line.text.slice(length) }, line.indent)
  }
  cursor.at++
  // A list may stand right below its key, without indentation.
  const isList = cursor.lines[cursor.at]?.text.startsWith('- ') === true
  return readNode(cursor, isList ? line.indent - 1 : line.indent, depth + 1)
}

function readList(cursor: Cursor, { offset, indent }: Line, depth: number): YamlNode | undefined {
  const items: YamlNode[] = []
  for (
    let line = cursor.lines[cursor.at];
    line?.indent === indent && line.text.startsWith('- ');
    line = cursor.lines[cursor.at]
  ) {
    const text = line.text.slice(1).replace(/^ +/, '')
    const skipped = line.text.length - text.length
    if (text.startsWith('- ')) return undefined
    // A mapping in the list goes on below its own first key.
    cursor.lines[cursor.at] = { offset: line.offset + skipped, indent: indent + skipped, text }
    const item = readNode(cursor, indent, depth + 1)
    if (item === undefined) return undefined
    items.push(item)
  }
  return { kind: 'list', offset, items }
}

function readScalar(cursor: Cursor, line: Line, parent: number): YamlNode | undefined {
  const { offset, text } = line
  if (text.startsWith("'")) return readSingleQuoted(cursor, line, parent)
  if (plainText.test(text)) return readPlainText(cursor, line, parent)
  cursor.at++
  if (text === '[]') return { kind: 'list', offset, items: [] }
  if (text === '{}') return { kind: 'map', offset, pairs: [] }
  return /^"[^"\\]*"$/.test(text) ? { kind: 'scalar', offset, text: text.slice(1, -1), isPlain: false } : undefined
}

/** A plain scalar with the lines that go on with it, which are indented more than its parent. */
function readPlainText(cursor: Cursor, { offset, text }: Line, parent: number): ScalarNode | undefined {
  const parts: string[] = []
  let part = text
  for (;;) {
    if (!plainText.test(part) || plainEnd.test(part)) return undefined
    parts.push(part)
    const next = cursor.lines[++cursor.at]
    if (next === undefined || next.indent <= parent) break
    part = next.text
  }
  return { kind: 'scalar', offset, text: parts.join(' '), isPlain: true }
}

/** A quoted scalar: a line end is a space, and n blank lines are n line ends. */
function readSingleQuoted(cursor: Cursor, { offset, text }: Line, parent: number): ScalarNode | undefined {
  let value = ''
  let part = text.slice(1)
  for (let breaks = 0; ; ) {
    const end = quoteEnd(part)
    if (end === part.length - 1) value += part.slice(0, -1)
    else if (end === -1) value += part
    else return undefined
    cursor.at++
    if (end !== -1) return { kind: 'scalar', offset, text: value.replaceAll("''", "'"), isPlain: false }
    for (breaks = 0; cursor.lines[cursor.at]?.text === ''; breaks++) cursor.at++
    const next = cursor.lines[cursor.at]
    if (next === undefined || next.indent <= parent) return undefined
    value += breaks === 0 ? ' ' : '\n'.repeat(breaks)
    part = next.text
  }
}

/** Where a quote stands that is not doubled; -1 when the text goes on below. */
function quoteEnd(text: string): number {
  let at = text.indexOf("'")
  while (at !== -1 && text[at + 1] === "'") at = text.indexOf("'", at + 2)
  return at
}
