/**
 * The names MLflow gives to the environments it makes, `mlflow-<sha1>`, so that one that it made is found again.
 *
 * @see mlflow/utils/virtualenv.py (_get_virtualenv_name), mlflow/utils/conda.py (_get_conda_env_name),
 *   mlflow/utils/requirements_utils.py (_parse_requirements)
 */
import { pythonRepr } from '../signature/write.ts'
import type { ModelFolder } from './model-folder.ts'
import { withoutSecrets } from './secrets.ts'
import { sha1 } from './sha1.ts'
import { compareCodePoints } from './specifier.ts'
import { stripPython } from './version.ts'

/** A name, or why there is none. */
export type NameOrReason = { readonly name: string } | { readonly reason: string }

/** What MLflow's class `_PythonEnv` holds. */
export interface PythonEnv {
  readonly python: string
  readonly buildDependencies: readonly string[]
  readonly dependencies: readonly string[]
}

/** The name for virtualenv and uv: a hash of the record's text and of every requirement, files of `-r` and `-c` followed. */
export async function virtualenvName(env: PythonEnv, folder: ModelFolder): Promise<NameOrReason> {
  const requirements: HashedLine[] = []
  const reason = await gather(env.dependencies, false, '', folder, requirements, [])
  if (reason !== undefined) return { reason: withoutSecrets(reason) }
  const record = new Map<string, string | readonly string[]>([
    ['python', env.python],
    ['build_dependencies', env.buildDependencies],
    ['dependencies', env.dependencies],
  ])
  const lines = requirements.sort(byText).map(({ text, isConstraint }) => {
    return `_Requirement(req_str=${pythonRepr(text)}, is_constraint=${isConstraint ? 'True' : 'False'})`
  })
  return { name: hashed(pythonRepr(record) + lines.join('')) }
}

/** The name for conda: a hash of the file's text. */
export function condaName(bytes: Uint8Array, file: string): NameOrReason {
  const text = pythonText(bytes)
  return text === undefined ? { reason: `${file} is not UTF-8` } : { name: hashed(text) }
}

function hashed(text: string): string {
  return `mlflow-${sha1(text)}`
}

interface HashedLine {
  readonly text: string
  readonly isConstraint: boolean
}

/** More `-r` within `-r` than anybody writes; Python ends a circle at a depth of 1,000. */
const deepest = 50

/** Files that include others twice at each of some levels come to any number. CWE-400. */
const mostLines = 20_000

/** MLflow's own reading of requirements, which is simpler than pip's. @returns why it cannot be followed to the end */
async function gather(
  given: readonly string[],
  isConstraint: boolean,
  base: string,
  folder: ModelFolder,
  found: HashedLine[],
  chain: readonly string[],
): Promise<string | undefined> {
  for (const text of mlflowLines(given)) {
    const included = /^(-r|--requirement|-c|--constraint) ([\s\S]*)$/.exec(text)
    if (included === null) {
      if (found.length >= mostLines) return `there are more than ${mostLines} requirements`
      found.push({ text, isConstraint })
      continue
    }
    const path = stripPython(included[2]!)
    if (path === '') return `\`${text}\` names no file`
    const name = path.startsWith('/') || base === '' ? path : `${base}/${path}`
    if (chain.includes(name) || chain.length >= deepest) return `${name} includes itself`
    const file = await folder.read(name)
    if (file.state !== 'read') return file.state === 'absent' ? `${name} does not exist` : `${name} cannot be read`
    const content = pythonText(file.bytes)
    if (content === undefined) return `${name} is not UTF-8`
    const below = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : ''
    const reason = await gather(
      splitLines(content),
      included[1]!.endsWith('c') || included[1] === '--constraint',
      below,
      folder,
      found,
      [...chain, name],
    )
    if (reason !== undefined) return reason
  }
  return undefined
}

/** Strips, cuts at ` #`, joins lines that end with a backslash, drops comments and blank lines: in this order. */
export function mlflowLines(lines: readonly string[]): readonly string[] {
  const kept: string[] = []
  let joined: string | undefined
  for (const line of lines) {
    const stripped = stripPython(line)
    const comment = stripped.indexOf(' #')
    const bare = comment === -1 ? stripped : stripPython(stripped.slice(0, comment))
    if (bare.endsWith('\\')) joined = (joined ?? '') + withoutBackslashes(bare)
    else {
      kept.push((joined ?? '') + bare)
      joined = undefined
    }
  }
  if (joined !== undefined) kept.push(joined)
  return kept.filter((line) => line !== '' && !line.startsWith('#'))
}

/** A file as Python's `open()` gives it: UTF-8 with its byte order mark, each line break a line feed. */
function pythonText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r\n?/g, '\n')
  } catch {
    return undefined
  }
}

/** `str.splitlines()`. */
function splitLines(text: string): readonly string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function withoutBackslashes(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '\\') end--
  return text.slice(0, end)
}

/** Tuples of Python's strings sort by code points, JavaScript's by UTF-16 units. */
function byText(left: HashedLine, right: HashedLine): number {
  const order = compareCodePoints(left.text, right.text)
  return order !== 0 ? order : Number(left.isConstraint) - Number(right.isConstraint)
}
