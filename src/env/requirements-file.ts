/** Requirements files with the place of every line, `-r` and `-c` followed inside the model's folder. Nothing is fetched. */
import { MlmodelError } from '../errors/index.ts'
import { normalizeInside } from '../paths.ts'
import { decodeText } from '../yaml.ts'
import { type RequirementLineParts, readRequirementLine } from './requirement-line.ts'
import type { PlacedText } from './resolved.ts'
import { pythonSpace, stripPython } from './version.ts'

/** What a reader of requirements needs of a model's folder: a file by its path in it. */
export interface RequirementSource {
  read(
    name: string,
  ): Promise<
    | { readonly state: 'read'; readonly bytes: Uint8Array }
    | { readonly state: 'absent' }
    | { readonly state: 'failed'; readonly error: MlmodelError }
  >
}

export interface RequirementLine extends PlacedText, RequirementLineParts {
  /** Stands in a file of `-c`. */
  readonly isConstraint: boolean
  /** The `-r` and `-c` lines that led to the file, outermost first. */
  readonly via: readonly PlacedText[]
}

export interface RequirementLines {
  /** In their order, the lines of an included file behind the line that includes it. */
  readonly lines: readonly RequirementLine[]
  /** Files that were followed, each once, in the order of their first line. */
  readonly files: readonly { readonly name: string; readonly role: 'included' | 'constraints'; readonly isPresent: boolean }[]
  /** Files that could not be followed, at the line that names them. */
  readonly errors: readonly MlmodelError[]
}

/** More `-r` within `-r` than anybody writes. */
const deepest = 50

/** Files that include others twice at each of some levels come to any number. CWE-400. */
const mostLines = 20_000

/** Reads a requirements file of a model. A file that is not there is an error of the answer. */
export async function readRequirementsFile(folder: RequirementSource, name: string): Promise<RequirementLines> {
  const reading = new Reading(folder)
  await reading.file(name, [], { isConstraint: false })
  return reading.result()
}

/**
 * Reads lines that MLflow hands to pip as a file in the model's folder: the pip list of conda.yaml, the dependencies of
 * python_env.yaml. An entry that holds line breaks is as many lines.
 */
export async function readRequirementList(folder: RequirementSource, entries: readonly PlacedText[]): Promise<RequirementLines> {
  const reading = new Reading(folder)
  await reading.lines(
    entries.flatMap((entry) => splitLines(entry.text).map((text) => ({ ...entry, text }))),
    '',
    [],
    { isConstraint: false },
  )
  return reading.result()
}

/** A file's lines as pip joins and strips them: `\` continues a line, ` #` begins a comment. Each with its first line's place. */
export function joinRequirementLines(lines: readonly PlacedText[]): readonly PlacedText[] {
  const joined: PlacedText[] = []
  let begun: PlacedText | undefined
  const finish = (line: PlacedText): void => {
    const text = stripPython(cutComment(line.text))
    if (text !== '') joined.push({ ...line, text })
  }
  for (const line of lines) {
    const isComment = wholeComment.test(line.text)
    if (line.text.endsWith('\\') && !isComment) {
      const part = stripBackslashes(line.text)
      begun = begun === undefined ? { ...line, text: part } : { ...begun, text: begun.text + part }
      continue
    }
    // A comment that follows a continued line is seen as one behind it.
    const text = isComment ? ` ${line.text}` : line.text
    finish(begun === undefined ? { ...line, text } : { ...begun, text: begun.text + text })
    begun = undefined
  }
  if (begun !== undefined) finish(begun)
  return joined
}

const wholeComment = new RegExp(`^[${pythonSpace}]*#`)
const commentStart = new RegExp(`(?:^|[${pythonSpace}])#`)

function cutComment(text: string): string {
  const start = text.search(commentStart)
  return start < 0 ? text : text.slice(0, start)
}

/** pip takes them off both ends. By hand: a pattern bound to the end alone is tried at every place. */
function stripBackslashes(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text[start] === '\\') start++
  while (end > start && text[end - 1] === '\\') end--
  return text.slice(start, end)
}

/** `str.splitlines()`. */
function splitLines(text: string): readonly string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

interface Nesting {
  readonly isConstraint: boolean
}

/** A model says the same in two files, and each is read for several purposes: a line is taken apart once. */
const knownLines = new WeakMap<RequirementSource, Map<string, RequirementLineParts>>()

class Reading {
  readonly #folder: RequirementSource
  readonly #known: Map<string, RequirementLineParts>
  readonly #lines: RequirementLine[] = []
  readonly #files = new Map<string, RequirementLines['files'][number]>()
  readonly #errors: MlmodelError[] = []

  constructor(folder: RequirementSource) {
    this.#folder = folder
    this.#known = knownLines.get(folder) ?? new Map()
    knownLines.set(folder, this.#known)
  }

  result(): RequirementLines {
    return { lines: this.#lines, files: [...this.#files.values()], errors: this.#errors }
  }

  async file(name: string, via: readonly PlacedText[], nesting: Nesting): Promise<void> {
    const found = await this.#folder.read(name)
    if (via.length > 0 && !this.#files.has(name))
      this.#files.set(name, { name, role: nesting.isConstraint ? 'constraints' : 'included', isPresent: found.state === 'read' })
    if (found.state === 'absent') throw new MlmodelError('PATH_MISSING', { path: name })
    if (found.state === 'failed') throw found.error
    const lines = splitLines(decodeText(found.bytes, name).replace(/^\ufeff/, ''))
    const placed = lines.map((text, index) => ({ text, file: name, line: index + 1 }))
    await this.lines(placed, name.slice(0, name.lastIndexOf('/') + 1), via, nesting)
  }

  /** @param base the folder of the file, with a slash at its end, empty for the model's */
  async lines(placed: readonly PlacedText[], base: string, via: readonly PlacedText[], nesting: Nesting): Promise<void> {
    for (const line of joinRequirementLines(placed)) {
      if (this.#lines.length >= mostLines) {
        if (!this.#errors.some(({ code }) => code === 'REQUIREMENTS_TOO_MANY'))
          this.#errors.push(
            new MlmodelError('REQUIREMENTS_TOO_MANY', { what: 'lines', limit: mostLines }, { where: placeOf(line) }),
          )
        return
      }
      const parts = this.#parts(line.text)
      this.#lines.push({ ...line, ...parts, ...nesting, via })
      if (parts.class === 'include' || parts.class === 'constraint') await this.#follow(line, parts, base, via)
    }
  }

  #parts(text: string): RequirementLineParts {
    const found = this.#known.get(text) ?? readRequirementLine(text)
    this.#known.set(text, found)
    return found
  }

  async #follow(line: PlacedText, parts: RequirementLineParts, base: string, via: readonly PlacedText[]): Promise<void> {
    const where = placeOf(line)
    try {
      // An absolute path and an address are refused by their text, also behind a folder's name.
      const path = parts.url!
      normalizeInside(path.startsWith('/') || /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(path) ? path : '', where)
      const name = normalizeInside(base + path, where)
      if (name === '') throw new MlmodelError('PATH_NOT_FILE', { path, what: 'a folder' }, { where })
      if ([line, ...via].some(({ file }) => file === name))
        throw new MlmodelError('REQUIREMENTS_CYCLE', { path: name }, { where })
      if (via.length >= deepest)
        throw new MlmodelError('REQUIREMENTS_TOO_MANY', { what: 'files within files', limit: deepest }, { where })
      await this.file(name, [...via, line], { isConstraint: parts.class === 'constraint' })
    } catch (error) {
      if (!(error instanceof MlmodelError)) throw error
      // Said of the line that names the file, unless it is about a line in it.
      const own = error.where.line === undefined ? { ...error.where, ...where } : error.where
      this.#errors.push(new MlmodelError(error.code, error.arguments, { where: own, cause: error.cause }))
    }
  }
}

function placeOf({ file, line }: PlacedText): { readonly file: string; readonly line: number } {
  return { file, line }
}
