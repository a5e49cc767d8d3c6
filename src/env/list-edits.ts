/** Items of a YAML list replaced, taken out and added in the text of the file; everything else stays as it is. */

import { readPlain } from '../yaml/scalar.ts'
import { writeText } from '../yaml/write.ts'
import { isYamlList, isYamlMap, type YamlDocument, type YamlPath, type YamlValue } from '../yaml.ts'

export interface TextEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface ListEdit {
  /** Index → new text, null where the item goes. */
  readonly replaced: ReadonlyMap<number, string | null>
  readonly appended: readonly string[]
}

/** A text as an item of a list in lines of its own, on one line: plain where that reads back as the same text, as PyYAML writes it. */
export function yamlText(text: string): string {
  const isPlain = /^[A-Za-z0-9][^\n]*[^\s:]$/.test(text) && !/: | #/.test(text) && /^[\u0020-\u007e]*$/.test(text)
  if (isPlain && readPlain(text).type === 'text') return text
  return writeText(text, 0, 0).replace(/\n */g, ' ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * Edits of a list at a path: one in lines of its own, one in brackets, one that is empty, or the list for pip that conda.yaml
 * does not have yet.
 */
export function editYamlList(
  document: YamlDocument,
  path: YamlPath,
  edit: ListEdit,
  refuse: (why: string) => never,
): readonly TextEdit[] {
  const value = valueAt(document.value, path)
  const items = isYamlList(value) ? value : []
  const span = document.spanOf(path)
  if (value === undefined || span === undefined) return addList(document, path, edit.appended, refuse)
  if (document.text[span.start] === '*' || document.text[span.start] === '&')
    return refuse('the list is shared with another place')
  const isFlow = document.text[span.start] === '['
  const left = items.filter((_, index) => edit.replaced.get(index) !== null).length + edit.appended.length
  if (isFlow || items.length === 0 || left === 0) return [wholeList(document, path, items, edit, isFlow, refuse)]
  const edits: TextEdit[] = []
  for (const [index, text] of edit.replaced) {
    const item = document.spanOf([...path, index])
    if (item === undefined || /^[*&!|>]/.test(document.text.slice(item.start, item.start + 1))) refuse('an item is no plain text')
    if (text === null) edits.push(lineOfItem(document, item!, refuse))
    else edits.push({ start: item!.start, end: trimmed(document, item!), text: yamlText(text) })
  }
  if (edit.appended.length > 0) edits.push(appendBlock(document, path, items.length - 1, edit.appended))
  return edits
}

function trimmed(document: YamlDocument, span: { readonly start: number; readonly end: number }): number {
  return span.start + document.text.slice(span.start, span.end).trimEnd().length
}

/** The whole line, comment and line break: an item has its line to itself. */
function lineOfItem(
  document: YamlDocument,
  span: { readonly start: number; readonly end: number },
  refuse: (why: string) => never,
): TextEdit {
  const { text } = document
  const start = text.lastIndexOf('\n', span.start - 1) + 1
  if (!/^\s*-\s+$/.test(text.slice(start, span.start))) refuse('an item shares its line with something else')
  const end = text.indexOf('\n', trimmed(document, span))
  return { start, end: end === -1 ? text.length : end + 1, text: '' }
}

function appendBlock(document: YamlDocument, path: YamlPath, last: number, appended: readonly string[]): TextEdit {
  const { text } = document
  const first = document.spanOf([...path, 0])!
  const indent = /^\s*(?=-)/.exec(text.slice(text.lastIndexOf('\n', first.start - 1) + 1))?.[0] ?? ''
  const item = document.spanOf([...path, last])!
  const found = text.indexOf('\n', trimmed(document, item))
  const at = found === -1 ? text.length : found
  const lines = appended.map((each) => `\n${indent}- ${yamlText(each)}`)
  return { start: at, end: at, text: lines.join('') }
}

/** A list in brackets, or one that is or becomes empty, is written anew. */
function wholeList(
  document: YamlDocument,
  path: YamlPath,
  items: readonly YamlValue[],
  { replaced, appended }: ListEdit,
  isFlow: boolean,
  refuse: (why: string) => never,
): TextEdit {
  const texts = items.flatMap((item, index) => {
    const text = replaced.get(index)
    if (text === undefined) return typeof item === 'string' ? [item] : refuse('an item is no text')
    return text === null ? [] : [text]
  })
  const written = `[${[...texts, ...appended].map(quoted).join(', ')}]`
  const span = document.spanOf(path)!
  if (isFlow) return { start: span.start, end: trimmed(document, span), text: written }
  // From behind the colon: the value may begin on a line below, or not be written at all.
  const before = document.text.slice(0, Math.max(span.start, 0))
  const colon = before.search(/:[^\S\n]*(?:#[^\n]*)?\n?(?:[^\S\n]*(?:#[^\n]*)?\n)*[^\S\n]*-?[^\S\n]*$/)
  const start = colon === -1 ? span.start : colon + 1
  return { start, end: Math.max(start, trimmed(document, span)), text: ` ${written}` }
}

/** A list that is not there: `- pip:` behind the other dependencies. */
function addList(
  document: YamlDocument,
  path: YamlPath,
  appended: readonly string[],
  refuse: (why: string) => never,
): readonly TextEdit[] {
  if (appended.length === 0) return []
  const [, index] = path
  const owner = document.spanOf(['dependencies'])
  if (owner === undefined || index === undefined || index === 0) return refuse('it has no dependencies')
  const { text } = document
  if (text[owner.start] === '[') {
    const close = text.lastIndexOf(']', owner.end - 1)
    return [{ start: close, end: close, text: `, {pip: [${appended.map(quoted).join(', ')}]}` }]
  }
  const first = document.spanOf(['dependencies', 0])!
  const indent = /^\s*(?=-)/.exec(text.slice(text.lastIndexOf('\n', first.start - 1) + 1))?.[0] ?? ''
  const last = document.spanOf(['dependencies', (index as number) - 1])!
  const found = text.indexOf('\n', trimmed(document, last))
  const at = found === -1 ? text.length : found
  const lines = appended.map((each) => `\n${indent}  - ${yamlText(each)}`)
  return [{ start: at, end: at, text: `\n${indent}- pip:${lines.join('')}` }]
}

/** Edits the text as it was given: the reader saw it without a byte order mark and with line feeds only. */
export function applyEdits(given: string, bytes: Uint8Array, document: YamlDocument, edits: readonly TextEdit[]): Uint8Array {
  const isWindows = /^[^\n]*\r\n/.test(given)
  const bare = given.replace(/^\ufeff/, '')
  const positions = originalPositions(bare, document.text.length)
  let text = bare
  for (const { start, end, text: replacement } of [...edits].sort((a, b) => b.start - a.start || b.end - a.end)) {
    const inserted = isWindows ? replacement.replaceAll('\n', '\r\n') : replacement
    text = text.slice(0, positions(start)) + inserted + text.slice(positions(end))
  }
  return encode(text, bytes)
}

/** Where a position of the text with line feeds stands in the text as it is. */
function originalPositions(given: string, length: number): (position: number) => number {
  if (given.length === length) return (position) => position
  const dropped: number[] = []
  for (let at = given.indexOf('\r\n'); at !== -1; at = given.indexOf('\r\n', at + 2)) dropped.push(at - dropped.length)
  return (position) => position + dropped.filter((at) => at < position).length
}

/** In the encoding of the file, with its byte order mark. */
function encode(text: string, like: Uint8Array): Uint8Array {
  const isUtf16 = (like[0] === 0xff && like[1] === 0xfe) || (like[0] === 0xfe && like[1] === 0xff)
  if (!isUtf16) return Buffer.from(like[0] === 0xef && like[1] === 0xbb && like[2] === 0xbf ? `\ufeff${text}` : text)
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return like[0] === 0xff ? bytes : bytes.swap16()
}

function valueAt(value: YamlValue, path: YamlPath): YamlValue | undefined {
  return path.reduce<YamlValue | undefined>((found, step) => {
    if (typeof step === 'number') return isYamlList(found) ? found[step] : undefined
    return isYamlMap(found) ? found.get(step) : undefined
  }, value)
}
