/** The files that a user's words stand for: a file, a folder, a pattern. */
import { type Dirent, existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { dataExtensions } from './data/format.ts'
import { MlmodelError } from './errors/index.ts'
import { expandBraces, isPattern, matchesName, naturalOrder } from './inputs/glob.ts'
import { defaultLimits } from './limits.ts'

export interface InputFile {
  readonly path: string
  /** Below the folder or the fixed beginning of the pattern that it was found in, with `/`; of a single file its name. */
  readonly name: string
}

export interface FoundInputs {
  /** In the order of the inputs; the files of each in natural order; none twice. */
  readonly files: readonly InputFile[]
  /** For each folder what was left out because no data format has its extension. */
  readonly skipped: readonly { readonly folder: string; readonly files: readonly string[]; readonly more: number }[]
}

/** Alternatives of braces in one pattern. */
const mostPatterns = 1000
const namedSkipped = 3

/**
 * Finds the files of inputs. A path that exists is itself, whatever characters it has; a folder is the files directly in it
 * that have the extension of a data format and no leading `.` or `_`; anything else with `*`, `?` or `{a,b}` is a pattern,
 * in which `**` is any number of folders. Links are followed, but `**` enters no linked folder.
 *
 * @param inputs - `-` (stdin) and names of missing files are passed on as they are
 * @throws INPUTS_NONE for a folder or a pattern without files, INPUTS_LIMIT
 */
export async function findInputs(inputs: readonly string[]): Promise<FoundInputs> {
  const files = new Map<string, InputFile>()
  const skipped: FoundInputs['skipped'][number][] = []
  for (const input of inputs) {
    const found = await findInput(input, skipped)
    for (const file of found) if (!files.has(file.path)) files.set(file.path, file)
    if (files.size > defaultLimits.folderFiles)
      throw new MlmodelError('INPUTS_LIMIT', { input, what: 'files', limit: defaultLimits.folderFiles })
  }
  return { files: [...files.values()], skipped }
}

/** Whether an input may stand for several files. */
export async function isSeveral(input: string): Promise<boolean> {
  if (input === '-') return false
  const found = await stat(input).catch(() => undefined)
  return found === undefined ? isPattern(input) : found.isDirectory()
}

async function findInput(input: string, skipped: FoundInputs['skipped'][number][]): Promise<readonly InputFile[]> {
  const single = [{ path: input, name: basename(input) }]
  if (input === '-') return single
  const found = await stat(input).catch(() => undefined)
  if (found?.isDirectory() === true) return filesOf(input, skipped)
  if (found !== undefined || !isPattern(input)) return single
  const patterns = expandBraces(portable(input), mostPatterns)
  if (patterns === undefined) throw new MlmodelError('INPUTS_LIMIT', { input, what: 'patterns', limit: mostPatterns })
  const root = fixedPart(portable(input))
  const paths = new Set<string>()
  for (const pattern of patterns) await matchPattern(pattern, paths, input)
  if (paths.size === 0) throw new MlmodelError('INPUTS_NONE', { input, folder: false })
  return [...paths].sort(naturalOrder).map((path) => ({ path, name: path.slice(root.length) }))
}

async function filesOf(folder: string, skipped: FoundInputs['skipped'][number][]): Promise<readonly InputFile[]> {
  const names: string[] = []
  const others: string[] = []
  for (const entry of await list(folder)) {
    // `_SUCCESS` and the like mark the folder and are no part of the data.
    if (/^[._]/.test(entry.name) || !(await isFile(folder, entry))) continue
    const extension = /\.([a-z0-9]+)$/i.exec(entry.name)?.[1]?.toLowerCase() ?? ''
    ;(dataExtensions.has(extension) ? names : others).push(entry.name)
  }
  if (others.length > 0) {
    others.sort(naturalOrder)
    skipped.push({ folder, files: others.slice(0, namedSkipped), more: Math.max(0, others.length - namedSkipped) })
  }
  if (names.length === 0) throw new MlmodelError('INPUTS_NONE', { input: folder, folder: true })
  return names.sort(naturalOrder).map((name) => ({ path: join(folder, name), name }))
}

/** Backslashes separate on Windows only; elsewhere they are characters of names. */
function portable(path: string): string {
  return sep === '\\' ? path.replaceAll('\\', '/') : path
}

/** Up to the last slash before the first character of a pattern. */
function fixedPart(pattern: string): string {
  const first = pattern.search(/[*?{]/)
  return pattern.slice(0, pattern.lastIndexOf('/', first) + 1)
}

/** Adds the files that a pattern without braces matches. */
async function matchPattern(pattern: string, paths: Set<string>, input: string): Promise<void> {
  const root = fixedPart(`${pattern.replace(/[{}]/g, '-')}*`)
  const start = pattern.slice(0, root.length)
  let seen = 0
  async function walk(folder: string, segments: readonly string[]): Promise<void> {
    const [segment, ...rest] = segments as [string, ...string[]]
    if (segment === '' || segment === '.') return rest.length > 0 ? walk(folder, rest) : undefined
    if (segment !== '**' && !isPattern(segment)) {
      const path = folder + segment
      if (rest.length > 0) return existsSync(path) ? walk(`${path}/`, rest) : undefined
      if ((await stat(path).catch(() => undefined))?.isFile() === true) paths.add(path)
      return
    }
    // `**` as the last segment is every file below.
    const below = segment === '**' && rest.length === 0 ? ['*'] : rest
    if (segment === '**') await walk(folder, below)
    for (const entry of await list(folder === '' ? '.' : folder)) {
      if (++seen > defaultLimits.folderFiles)
        throw new MlmodelError('INPUTS_LIMIT', { input, what: 'files to look at', limit: defaultLimits.folderFiles })
      const path = folder + entry.name
      if (segment === '**') {
        if (entry.isDirectory() && !entry.name.startsWith('.')) await walk(`${path}/`, segments)
      } else if (matchesName(entry.name, segment)) {
        if (rest.length > 0) {
          if (entry.isDirectory() || entry.isSymbolicLink()) await walk(`${path}/`, rest)
        } else if (await isFile(folder, entry)) paths.add(path)
      }
    }
  }
  await walk(start, pattern.slice(start.length).split('/'))
}

/** A folder that is not there, or no folder, has no files. */
async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw new MlmodelError('INPUT_UNREADABLE', { path: folder, why: message }, { cause })
  }
}

async function isFile(folder: string, entry: Dirent): Promise<boolean> {
  if (entry.isFile()) return true
  if (!entry.isSymbolicLink()) return false
  return (await stat(join(folder, entry.name)).catch(() => undefined))?.isFile() === true
}
