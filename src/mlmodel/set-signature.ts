/** A signature written into the text of an MLmodel file, everything else left byte for byte. */
import { MlmodelError } from '../errors/index.ts'
import { writeJsonValue } from '../json.ts'
import type { Signature } from '../signature/spec.ts'
import { signatureToJson } from '../signature/write.ts'
import { writeText, writeYaml } from '../yaml/write.ts'
import {
  decodeText,
  isYamlList,
  isYamlMap,
  parseYaml,
  type YamlDocument,
  type YamlMap,
  type YamlSpan,
  type YamlValue,
} from '../yaml.ts'

const parts = ['inputs', 'outputs', 'params'] as const

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * Puts the given parts of a signature into an MLmodel file. Parts that are not given stay; so do comments, the order of keys,
 * line endings and the encoding.
 *
 * @param bytes the file
 * @param file its name for messages
 * @returns the new file
 * @throws YAML_…; SIGNATURE_NOT_SET where the file is written in a way that cannot be edited so (the signature is an alias,
 *   or the whole file stands in braces)
 */
export function setSignature(bytes: Uint8Array, signature: Signature, file: string): Uint8Array {
  const given = decodeText(bytes, file)
  const document = parseYaml(bytes, file)
  if (!isYamlMap(document.value)) throw new MlmodelError('SIGNATURE_NOT_SET', { why: 'it is no mapping' }, { where: { file } })
  const texts = new Map<string, string>()
  const written = signatureToJson(signature)
  for (const part of parts) if (written[part] !== null) texts.set(part, written[part])
  const edited = apply(given, document, [
    ...signatureEdits(document, document.value, texts),
    ...typeHintEdits(document, document.value),
  ])
  check(document.value, edited, texts, file)
  return encode(edited, bytes)
}

function signatureEdits(document: YamlDocument, fields: YamlMap, texts: ReadonlyMap<string, string>): readonly Edit[] {
  const before = fields.get('signature')
  const span = spanOf(document, ['signature'])
  const isMap = isYamlMap(before) && before.size > 0
  const isBlock = isMap && document.text[span!.start] !== '{'
  if (isMap && (isBlock || [...texts.keys()].every((part) => before.has(part)))) {
    const present = [...texts].filter(([part]) => before.has(part)).map(([part, text]) => partEdit(document, part, text))
    const absent = [...texts].filter(([part]) => !before.has(part))
    return absent.length === 0 ? present : [...present, lineEdit(document, span!, absent)]
  }
  // As MLflow writes it: all three parts.
  const merged = new Map<string, YamlValue>(
    parts.map((part) => [part, texts.get(part) ?? (isMap ? (before.get(part) ?? null) : null)]),
  )
  const block = writeYaml(new Map([['signature', merged]]))
  if (span === undefined) {
    const end = document.text.length
    return [{ start: end, end, text: document.text.endsWith('\n') ? block : `\n${block}` }]
  }
  const body = block.slice('signature:'.length).replace(/\n$/, '')
  // A value on the line of its key takes the blanks before it along.
  const start = /(?<=:)[ \n]*$/.exec(document.text.slice(0, span.start))?.index ?? span.start
  return [{ start, end: Math.max(start, span.end), text: body }]
}

/** Puts another text in the place of a part. */
function partEdit(document: YamlDocument, part: string, text: string): Edit {
  const { start, end } = spanOf(document, ['signature', part])!
  const line = document.text.lastIndexOf('\n', start - 1) + 1
  const indent = /^ */.exec(document.text.slice(line))![0].length
  const written = writeText(text, start - line, indent + 2)
  return { start, end, text: document.text[start - 1] === ':' ? ` ${written}` : written }
}

/** Adds lines to a block, below its last one. */
function lineEdit(document: YamlDocument, block: YamlSpan, added: readonly (readonly [string, string])[]): Edit {
  const indent = block.start - (document.text.lastIndexOf('\n', block.start - 1) + 1)
  const found = document.text.indexOf('\n', block.end)
  const at = found === -1 ? document.text.length : found
  const lines = added.map(
    ([part, text]) => `\n${' '.repeat(indent)}${part}: ${writeText(text, indent + part.length + 2, indent + 2)}`,
  )
  return { start: at, end: at, text: lines.join('') }
}

/** A block ends with its last character, not with the line breaks behind it. */
function spanOf(document: YamlDocument, path: readonly string[]): YamlSpan | undefined {
  const span = document.spanOf(path)
  if (span === undefined) return undefined
  const length = document.text.slice(span.start, span.end).trimEnd().length
  return { start: span.start, end: span.start + length }
}

/** As `set_signature` does: a signature that somebody gave does not come from a type hint. */
function typeHintEdits(document: YamlDocument, fields: YamlMap): readonly Edit[] {
  const span = fields.get('is_signature_from_type_hint') === true ? document.spanOf(['is_signature_from_type_hint']) : undefined
  return span === undefined ? [] : [{ ...span, text: 'false' }]
}

/** Edits the text as it was given: the reader saw it without a byte order mark and with line feeds only. */
function apply(given: string, document: YamlDocument, edits: readonly Edit[]): string {
  const mark = given.startsWith('\ufeff') ? 1 : 0
  const isWindows = /^[^\n]*\r\n/.test(given)
  const positions = originalPositions(given.slice(mark), document.text.length)
  let text = given
  for (const { start, end, text: replacement } of [...edits].sort((a, b) => b.start - a.start)) {
    const inserted = isWindows ? replacement.replaceAll('\n', '\r\n') : replacement
    text = text.slice(0, mark + positions(start)) + inserted + text.slice(mark + positions(end))
  }
  return text
}

/** Where a position of the text with line feeds stands in the text as it is. */
function originalPositions(given: string, length: number): (position: number) => number {
  if (given.length === length) return (position) => position
  const dropped: number[] = []
  for (let at = given.indexOf('\r\n'); at !== -1; at = given.indexOf('\r\n', at + 2)) dropped.push(at - dropped.length)
  return (position) => position + dropped.filter((at) => at < position).length
}

/** Reads the result again: nothing but the signature may have changed, and the signature is what was asked for. */
function check(before: YamlMap, edited: string, texts: ReadonlyMap<string, string>, file: string): void {
  const refuse = (why: string, cause?: unknown) => new MlmodelError('SIGNATURE_NOT_SET', { why }, { where: { file }, cause })
  let after: YamlValue
  try {
    after = parseYaml(edited, file).value
  } catch (cause) {
    throw refuse('a line of its own for the signature would break it', cause)
  }
  const signature = isYamlMap(after) ? after.get('signature') : undefined
  if (!isYamlMap(after) || !isYamlMap(signature)) throw refuse('it has no place for the signature')
  for (const [part, text] of texts)
    if (signature.get(part) !== text) throw refuse(`\`signature.${part}\` would not be what was asked for`)
  const rest = (fields: YamlMap) => [...fields].filter(([key]) => key !== 'signature' && key !== 'is_signature_from_type_hint')
  const old = before.get('signature')
  for (const part of parts) {
    const kept = isYamlMap(old) ? (old.get(part) ?? null) : null
    if (!texts.has(part) && comparable(signature.get(part) ?? null) !== comparable(kept))
      throw refuse(`\`signature.${part}\` would change`)
  }
  if (comparable(new Map(rest(before))) !== comparable(new Map(rest(after)))) throw refuse('other fields share what would change')
}

function comparable(value: YamlValue): string {
  if (isYamlMap(value)) return `{${[...value].map(([key, item]) => `${writeJsonValue(key)}:${comparable(item)}`).join()}}`
  return isYamlList(value) ? `[${value.map(comparable).join()}]` : writeJsonValue(value)
}

function encode(text: string, like: Uint8Array): Uint8Array {
  const isUtf16 = (like[0] === 0xff && like[1] === 0xfe) || (like[0] === 0xfe && like[1] === 0xff)
  if (!isUtf16)
    return like[0] === 0xef && like[1] === 0xbb && !text.startsWith('\ufeff') ? Buffer.from(`\ufeff${text}`) : Buffer.from(text)
  const bytes = Buffer.from(text.startsWith('\ufeff') ? text : `\ufeff${text}`, 'utf16le')
  return like[0] === 0xff ? bytes : bytes.swap16()
}
