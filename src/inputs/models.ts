/** The models that a user's words stand for: folders, files, patterns of either. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { sep } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits } from '../limits.ts'
import { expandBraces, isPattern, matchesName, naturalOrder } from './glob.ts'

const mlmodelName = 'MLmodel'
/** Alternatives of braces in one pattern. */
const mostPatterns = 1000

/**
 * Finds models. What exists is itself, whatever characters it has, and what is no pattern is passed on; a pattern matches
 * folders that have an MLmodel file, and files where it ends with an extension. `**` is any number of folders and enters no linked one.
 *
 * @returns in the order of the words, those of a pattern in natural order, none twice
 * @throws MODELS_NONE for a pattern that matches nothing, INPUTS_LIMIT
 */
export async function findModels(words: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const word of words) {
    if (existsSync(word) || !isPattern(word)) found.add(word)
    else for (const path of await matchModels(word)) found.add(path)
  }
  return [...found]
}

async function matchModels(word: string): Promise<readonly string[]> {
  // Backslashes separate on Windows only; elsewhere they are characters of names.
  const patterns = expandBraces(sep === '\\' ? word.replaceAll('\\', '/') : word, mostPatterns)
  if (patterns === undefined) throw new MlmodelError('INPUTS_LIMIT', { input: word, what: 'patterns', limit: mostPatterns })
  const matched = new Set<string>()
  const budget = { left: defaultLimits.folderFiles, word }
  for (const pattern of patterns) {
    const isAbsolute = pattern.startsWith('/')
    const segments = pattern.split('/').filter((segment) => segment !== '' && segment !== '.')
    await walk(isAbsolute ? '/' : '', segments, matched, budget)
  }
  if (matched.size === 0) throw new MlmodelError('MODELS_NONE', { pattern: word })
  return [...matched].sort(naturalOrder)
}

async function walk(
  folder: string,
  segments: readonly string[],
  matched: Set<string>,
  budget: { left: number; readonly word: string },
): Promise<void> {
  const [segment, ...rest] = segments
  if (segment === undefined) return
  if (segment === '..' || !(segment === '**' || isPattern(segment))) {
    const path = `${folder}${segment}`
    if (rest.length > 0) return walk(`${path}/`, rest, matched, budget)
    if (isModel(path) || (segment === mlmodelName && existsSync(path))) matched.add(path)
    return
  }
  if (segment === '**') await walk(folder, rest, matched, budget)
  if (segment === '**' && rest.length === 0 && folder !== '' && isModel(folder.slice(0, -1))) matched.add(folder.slice(0, -1))
  const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (budget.left-- === 0)
      throw new MlmodelError('INPUTS_LIMIT', { input: budget.word, what: 'entries of folders', limit: defaultLimits.folderFiles })
    const path = `${folder}${entry.name}`
    if (segment === '**') {
      if (entry.isDirectory() && !entry.name.startsWith('.')) await walk(`${path}/`, segments, matched, budget)
    } else if (!matchesName(entry.name, segment)) continue
    else if (rest.length > 0) {
      if (entry.isDirectory() || entry.isSymbolicLink()) await walk(`${path}/`, rest, matched, budget)
      // A file only where the pattern says which: `models/*` is for models, `models/*.pkl` for files.
    } else if (isModel(path) || (entry.isFile() && /\.[^*?]+$/.test(segment))) matched.add(path)
  }
}

const isModel = (path: string) => existsSync(`${path}/${mlmodelName}`)
