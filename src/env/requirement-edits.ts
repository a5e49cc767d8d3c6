/** Lines of a requirements file replaced, taken out and added; comments, line endings and all other lines stay. */
import { MlmodelError } from '../errors/index.ts'
import type { FileEdits } from './update.ts'

// As `str.splitlines()` counts lines, which the places of requirements are told by.
const lineBreaks = /(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])/

/** @throws ENVIRONMENT_NOT_WRITTEN for a file that is not UTF-8 */
export function editRequirementLines(
  bytes: Uint8Array,
  name: string,
  { lines, appended }: Pick<FileEdits, 'lines' | 'appended'>,
): Uint8Array {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new MlmodelError('ENVIRONMENT_NOT_WRITTEN', { why: `${name} is not UTF-8` }, { cause })
  }
  const pieces = text.split(lineBreaks)
  const physical = Array.from({ length: Math.ceil(pieces.length / 2) }, (_, index) => ({
    text: pieces[2 * index]!,
    break: pieces[2 * index + 1] ?? '',
  }))
  const endsWithBreak = text === '' || physical.at(-1)!.text === ''
  const lineBreak = physical[0]!.break || '\n'
  const dropped = new Set<number>()
  for (const { line, after: replacement } of lines) {
    const first = line - 1
    let last = first
    while (last < physical.length - 1 && physical[last]!.text.endsWith('\\')) last++
    for (let at = first + 1; at <= last; at++) dropped.add(at)
    if (replacement === null) dropped.add(first)
    else {
      const mark = first === 0 && physical[0]!.text.startsWith('\ufeff') ? '\ufeff' : ''
      const comment = /(?:\s+#.*)?$/s.exec(last === first ? physical[first]!.text : physical[last]!.text)![0]
      const indent = /^\ufeff?(\s*)/.exec(physical[first]!.text)![1]!
      physical[first] = { text: `${mark}${indent}${replacement}${comment}`, break: physical[last]!.break }
    }
  }
  const kept = physical.filter((_, index) => !dropped.has(index))
  if (endsWithBreak && kept.at(-1)?.text === '' && kept.at(-1)?.break === '') kept.pop()
  const written = [...kept, ...appended.map((each) => ({ text: each, break: lineBreak }))]
  const joined = written.map((each) => each.text + (each.break || lineBreak)).join('')
  // MLflow writes no line break at the end.
  return Buffer.from(endsWithBreak ? joined : joined.slice(0, joined.length - (written.at(-1)?.break || lineBreak).length))
}
