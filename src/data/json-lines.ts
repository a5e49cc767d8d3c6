/**
 * JSON Lines: a record on each line, read in blocks of lines that are put together as the body of a request
 * (`dataframe_records`), so that every value means what it means there.
 *
 * @see https://jsonlines.org
 */
import { MlmodelError, type Problem } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import type { Source } from './source.ts'

/** Lines as the body of a request. */
export interface LineBlock {
  readonly body: Uint8Array
  readonly rows: number
  /** An error of the body, with its place in the file. */
  place(error: MlmodelError): MlmodelError
}

export interface JsonLinesOptions {
  readonly limits?: Limits
  /** Lines of a block; default 8,192. */
  readonly batchRows?: number
}

const blockLines = 1 << 13
/** A block ends after so many bytes, however few lines they are. */
const blockBytes = 8 << 20
const readBytes = 1 << 18
const opening = Buffer.from('{"dataframe_records":[\n')
const closing = Buffer.from(']}')
const lineFeed = 10
const comma = 44

/**
 * Reads a source in blocks; one block without rows where it has no records.
 *
 * @throws JSON_LINES_RECORD, JSON_SIZE, and those of the source
 */
export async function* readJsonLines(source: Source, options: JsonLinesOptions = {}): AsyncGenerator<LineBlock, void> {
  const { limits = defaultLimits, batchRows = blockLines } = options
  const most = Number.isFinite(batchRows) ? blockBytes : limits.jsonBytes
  let block = openBlock(source.name, 1, 0)
  let rows = 0
  let given = false
  let number = 0
  for await (const line of linesOf(source, limits)) {
    number++
    if (block.rows >= batchRows || (block.bytes > 0 && block.bytes + line.length > most)) {
      if (!Number.isFinite(batchRows))
        throw new MlmodelError('JSON_SIZE', { bytes: block.bytes + line.length, limit: most }, { where: { file: source.name } })
      yield block.close()
      given = true
      rows += block.rows
      block = openBlock(source.name, number, rows)
    }
    block.add(line, number)
  }
  if (block.rows > 0 || !given) yield block.close()
}

/** Lines without their ends; a byte order mark at the beginning is dropped. */
async function* linesOf(source: Source, limits: Limits): AsyncGenerator<Uint8Array, void> {
  const reader = await source.open()
  try {
    let rest: Buffer = Buffer.alloc(0)
    for (let first = true; ; first = false) {
      const piece = new Uint8Array(readBytes)
      const count = await reader.read(piece, 0, readBytes)
      if (count === 0) break
      rest = rest.length === 0 ? Buffer.from(piece.buffer, 0, count) : Buffer.concat([rest, piece.subarray(0, count)])
      let start = first && rest[0] === 0xef && rest[1] === 0xbb && rest[2] === 0xbf ? 3 : 0
      for (let end = rest.indexOf(lineFeed, start); end >= 0; end = rest.indexOf(lineFeed, start)) {
        yield rest.subarray(start, end)
        start = end + 1
      }
      rest = rest.subarray(start)
      if (rest.length > limits.csvRowBytes)
        throw new MlmodelError('JSON_SIZE', { bytes: rest.length, limit: limits.csvRowBytes }, { where: { file: source.name } })
    }
    if (rest.length > 0) yield rest
  } finally {
    await reader.close()
  }
}

function openBlock(file: string, firstLine: number, rowsBefore: number) {
  const parts: Uint8Array[] = [opening]
  /** Of each record, its line in the file. */
  const lines: number[] = []
  let bytes = 0
  return {
    get rows() {
      return lines.length
    },
    get bytes() {
      return bytes
    },
    add(line: Uint8Array, number: number): void {
      // Blank lines stay, so that a line of the body is one of the file.
      const why = faultOf(line)
      if (why === 'blank') parts.push(Buffer.from('\n'))
      else if (why !== undefined) throw new MlmodelError('JSON_LINES_RECORD', { why }, { where: { file, line: number } })
      else {
        parts.push(line, Buffer.from(',\n'))
        lines.push(number)
      }
      bytes += line.length + 2
    },
    close(): LineBlock {
      const body = Buffer.concat([...parts, closing])
      const last = body.lastIndexOf(comma, body.length - closing.length - 1)
      // The comma after the last record; a comma further on can only be in it, where it is.
      if (lines.length > 0) body[last] = 32
      return { body, rows: lines.length, place: (error) => placed(error, file, firstLine, rowsBefore, lines) }
    },
  }
}

/**
 * Whether a line is one object by its brackets and quotes: then lines can be put together without one meaning something in
 * another. What is within is the JSON reader's to judge.
 */
function faultOf(line: Uint8Array): string | undefined {
  let depth = 0
  let quoted = false
  let ended = false
  for (let at = 0; at < line.length; at++) {
    const byte = line[at]!
    if (quoted) {
      if (byte === 92) at++
      else if (byte === 34) quoted = false
      continue
    }
    if (byte === 32 || byte === 9 || byte === 13) continue
    if (ended) return 'something follows the object'
    if (depth === 0 && byte !== 123) return 'it does not begin with `{`'
    if (byte === 34) quoted = true
    else if (byte === 123 || byte === 91) depth++
    else if (byte === 125 || byte === 93) ended = --depth === 0
  }
  if (quoted) return 'a text does not end'
  if (depth > 0) return 'a bracket is not closed'
  return ended ? undefined : 'blank'
}

/** The body's first line is our own, and its paths begin with the list of records. */
function placed(
  error: MlmodelError,
  file: string,
  firstLine: number,
  rowsBefore: number,
  lines: readonly number[],
): MlmodelError {
  const where = (given: MlmodelError['where']): MlmodelError['where'] => {
    const [, row, rest] = /^\$\.dataframe_records\[(\d+)\](.*)$/s.exec(given.path ?? '') ?? []
    const line = row === undefined ? (given.line === undefined ? undefined : given.line - 2 + firstLine) : lines[Number(row)]
    const { byte: _, path, ...others } = given
    const own = row === undefined ? path : `$${rest}`
    return {
      ...others,
      file,
      ...(given.row !== undefined && { row: given.row + rowsBefore }),
      ...(line !== undefined && { line }),
      ...(own !== undefined && { path: own }),
    }
  }
  const problems = error.problems.map((problem): Problem => ({ ...problem, where: where(problem.where) }))
  if (error.code !== 'JSON_SYNTAX') return new MlmodelError(error.code, error.arguments, { where: where(error.where), problems })
  // As if each line had been read by itself.
  const args = error.arguments as { reason: string; line: number; column: number }
  const line = args.line - 2 + firstLine
  return new MlmodelError(
    'JSON_SYNTAX',
    { reason: args.reason, line, column: args.column, character: args.column - 1 },
    { where: { file, line } },
  )
}
