/** Errors as people and programs read them. */

import type { ErrorInfo } from '../errors/define.ts'
import { type ErrorCode, errorTable, MlmodelError, type Problem, type Where } from '../errors/index.ts'
import { show } from '../show.ts'
import { version } from '../version.ts'
import type { Ink } from './ink.ts'

/** Problems printed without `--verbose`; a body of a million rows may have a million. */
const mostProblems = 20

/** `error: what`, then where, then each problem, then what to do; each on its own line and readable without colour. */
export function renderError(error: MlmodelError, ink: Ink, verbose: boolean): string {
  const info = errorTable[error.code] as ErrorInfo<unknown>
  const args = shown(error.arguments)
  const lines = [`${ink.red('error:')} ${show(info.message(args), longestSentence)}`]
  const where = renderWhere(error.where)
  // A sentence that names the file needs no second line for it.
  if (where !== '' && !lines[0]!.includes(where)) lines.push(`  at: ${ink.cyan(where)}`)
  const problems = verbose ? error.problems : error.problems.slice(0, mostProblems)
  for (const problem of problems) lines.push(`  ${renderProblem(problem, error.where)}`)
  if (error.problems.length > problems.length) {
    lines.push(`  and ${error.problems.length - problems.length} more; \`--verbose\` lists them all`)
  }
  if (error.problems.length > 1) lines.push(`  ${error.problems.length} problems`)
  const hint = info.hint?.(args)
  if (hint !== undefined) lines.push(`${ink.cyan('hint:')} ${show(hint, longestSentence)}`)
  if (verbose) lines.push(...causes(error.cause).map((cause) => `cause: ${show(cause, longestSentence)}`))
  return `${lines.join('\n')}\n`
}

/** A sentence may name several values, each cut on its own. */
const longestSentence = 4000

/** The sentence of one problem with its place, as far as the error itself does not say it. */
function renderProblem(problem: Problem, outer: Where): string {
  const message = (errorTable[problem.code] as ErrorInfo<unknown>).message(shown(problem.arguments))
  const { file, ...rest } = problem.where
  const where = renderWhere(file === undefined || file === outer.file ? rest : problem.where)
  return where === '' ? show(message, longestSentence) : `${where}: ${show(message, longestSentence)}`
}

/** `file:line`, or `file, row 17, column `age``; empty when nothing is known. */
export function renderWhere(where: Where): string {
  const parts: string[] = []
  const line =
    where.line === undefined
      ? ''
      : `${where.line}${where.row === undefined && typeof where.column === 'number' ? `:${where.column}` : ''}`
  if (where.file !== undefined) parts.push(show(where.file) + (line === '' ? '' : `:${line}`))
  else if (line !== '') parts.push(`line ${line}`)
  if (where.row !== undefined) parts.push(`row ${where.row}`)
  if (where.column !== undefined && (typeof where.column === 'string' || where.row !== undefined || where.line === undefined)) {
    parts.push(`column ${typeof where.column === 'string' ? `\`${show(where.column)}\`` : where.column}`)
  }
  if (where.path !== undefined) parts.push(show(where.path))
  if (where.byte !== undefined) parts.push(`byte ${where.byte}`)
  return parts.join(', ')
}

/** Escapes every text among the arguments of a message, at any depth of lists and plain objects. */
function shown(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return show(value)
  if (typeof value !== 'object' || value === null || depth > 4) return value
  if (Array.isArray(value)) return value.map((item) => shown(item, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item, depth + 1)]))
}

function causes(cause: unknown): string[] {
  const found: string[] = []
  for (let each = cause; each !== undefined && found.length < 8; each = each instanceof Error ? each.cause : undefined) {
    found.push(each instanceof Error ? each.message : String(each))
  }
  return found
}

/** The error document of `--json`; its schema is schemas/error.schema.json. */
export function errorDocument(error: MlmodelError): object {
  return {
    error: {
      code: error.code,
      kind: error.kind,
      message: error.message,
      where: error.where,
      hint: error.hint ?? null,
      problems: error.problems.map((problem) => ({
        code: problem.code,
        message: (errorTable[problem.code] as ErrorInfo<unknown>).message(problem.arguments),
        where: problem.where,
      })),
    },
  }
}

/** A failure that we did not foresee: what it says, where in our code, and what to write in an issue. */
export function renderBug(error: unknown, ink: Ink): string {
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : String(error)
  const [first = '', ...rest] = stack.split('\n')
  return [
    `${ink.red('error:')} A bug in mlmodel: ${show(first, longestSentence)}`,
    ...rest.slice(0, 20).map((line) => show(line, longestSentence)),
    `  mlmodel ${version}, node ${process.versions.node}, ${process.platform}-${process.arch}`,
    'hint: Report it with these lines',
    '',
  ].join('\n')
}

export function bugDocument(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error)
  return { error: { code: 'BUG', kind: 'bug', message, where: {}, hint: 'Report it with the lines on stderr', problems: [] } }
}

const systemWords: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EMFILE: 'too many open files',
  ENOSPC: 'the disk is full',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EROFS: 'the file system is read-only',
}

/** An error of the operating system in our words; undefined for anything else. */
export function systemError(error: unknown): MlmodelError | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined
  const code = String(error.code)
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined
  return new MlmodelError(
    'IO_SYSTEM',
    { why: systemWords[code] ?? code, ...(path === undefined ? {} : { path }) },
    { cause: error },
  )
}

// C0 is escaped by JSON itself; DEL, C1, bidi and invisible characters are not, and would reach the terminal.
const unsafeInJson =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g

/** One JSON document with a newline, indented, safe to print on a terminal and equal to the value when parsed. */
export function jsonText(document: unknown): string {
  const text = JSON.stringify(document, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value), 2)
  return `${text.replace(unsafeInJson, escapeUnits)}\n`
}

function escapeUnits(match: string): string {
  return Array.from({ length: match.length }, (_, index) => `\\u${match.charCodeAt(index).toString(16).padStart(4, '0')}`).join(
    '',
  )
}

export type { ErrorCode }
