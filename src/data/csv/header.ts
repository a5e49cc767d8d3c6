/** The header line, and the names pandas makes of it. */
import { MlmodelError } from '../../errors/index.ts'
import { afterLineEnd, blankLineEnd, type Field, splitRecord } from './field.ts'
import { addMisfit } from './misfits.ts'
import type { Scan } from './scan.ts'

export interface Header {
  /** As a frame has them: unnamed columns are `Unnamed: 2`, duplicates `a.1`. */
  readonly names: readonly string[]
  /** For each name, the name of the first column of the same text; itself where it is no duplicate. */
  readonly originals: readonly string[]
  /** Where the header begins and ends in the window. */
  readonly start: number
  readonly after: number
  /** 1-based. */
  readonly line: number
}

/**
 * Reads the header record, if the window has it whole; CSV_DUPLICATE_COLUMN goes to the misfits.
 *
 * @returns undefined where more of the input is needed
 * @throws CSV_EMPTY, CSV_COLUMN_LIMIT
 */
export function scanHeader(scan: Scan): Header | undefined {
  const { window, context } = scan
  const start = recordStart(scan, byteOrderMark(scan))
  if (start === undefined) {
    context.line = 1
    return undefined
  }
  if (start >= window.end) throw new MlmodelError('CSV_EMPTY', undefined, { where: { file: window.file } })
  const texts: string[] = []
  scan.field.lineBreaks = 0
  const after = splitRecord(window, start, scan.field, 0, (field) => {
    texts.push(textOf(field))
    if (texts.length > scan.limits.csvColumns) {
      throw new MlmodelError(
        'CSV_COLUMN_LIMIT',
        { found: texts.length, limit: scan.limits.csvColumns },
        { where: { file: window.file } },
      )
    }
  })
  if (after < 0) {
    context.line = 1
    return undefined
  }
  const header = { ...nameColumns(texts, scan), start, after, line: context.line }
  context.line += 1 + scan.field.lineBreaks
  return header
}

/**
 * Counts the fields of the first row of data, which is at `from` or behind blank lines; 0 where there is none.
 *
 * @returns undefined where more of the input is needed
 */
export function firstRowFields(scan: Scan, from: number): number | undefined {
  const { window, field, context } = scan
  const line = context.line
  const start = recordStart(scan, from)
  context.line = line
  if (start === undefined) return undefined
  if (start >= window.end) return 0
  let count = 0
  const after = splitRecord(window, start, field, 1, () => {
    count++
  })
  return after < 0 ? undefined : count
}

function textOf(field: Field): string {
  return field.bytes.toString('utf8', field.start, field.end)
}

function byteOrderMark(scan: Scan): number {
  const { bytes, start, end } = scan.window
  return end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf ? start + 3 : start
}

/** Skips blank lines; undefined where more of the input is needed, the window's end where there is nothing else. */
function recordStart(scan: Scan, from: number): number | undefined {
  const { window, context } = scan
  const { bytes, end } = window
  let position = from
  for (;;) {
    if (position >= end) return window.final ? end : undefined
    const lineEnd = blankLineEnd(window, position)
    if (lineEnd < 0) return undefined
    if (bytes[lineEnd] !== 10 && bytes[lineEnd] !== 13) return position
    position = afterLineEnd(window, lineEnd)
    if (position < 0) return undefined
    context.line++
  }
}

/** @see pandas/_libs/parsers.pyx (_get_header) */
function nameColumns(texts: readonly string[], { plan, context }: Scan): Pick<Header, 'names' | 'originals'> {
  const { file, line, misfits } = context
  const names = texts.map((text, index) => (text === '' ? `Unnamed: ${index}` : text))
  const originals = [...names]
  const taken = new Set(names)
  const counts = new Map<string, number>()
  // Given names are kept before those of unnamed columns.
  const order = [...names.keys()]
  order.sort((a, b) => Number(texts[a] === '') - Number(texts[b] === ''))
  for (const index of order) {
    const original = names[index]!
    let name = original
    let count = counts.get(name) ?? 0
    if (count > 0) {
      if (plan.duplicates !== 'rename')
        addMisfit(misfits, { code: 'CSV_DUPLICATE_COLUMN', arguments: { name }, where: { file, line, column: name } })
      while (count > 0) {
        counts.set(original, count + 1)
        name = `${original}.${count}`
        count = taken.has(name) ? count + 1 : (counts.get(name) ?? 0)
      }
      taken.add(name)
    }
    names[index] = name
    counts.set(name, count + 1)
  }
  return { names, originals }
}
