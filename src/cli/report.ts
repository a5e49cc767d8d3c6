/** Errors as people and programs read them. */

import {
  distinctHints,
  type ErrorCode,
  headline,
  MlmodelError,
  type Problem,
  problemHint,
  problemMessage,
  standsForProblems,
  type Where,
} from '../errors/index.ts'
import { placeText } from '../errors/place.ts'
import { show } from '../show.ts'
import { version } from '../version.ts'
import type { Ink } from './ink.ts'

/** Problems printed without `--verbose`; a body of a million rows may have a million. */
const mostProblems = 20

/** `error: what`, then where, then each problem, then what to do; each on its own line and readable without colour. */
export function renderError(error: MlmodelError, ink: Ink, verbose: boolean): string {
  const args = shown(error.arguments)
  const all = error.problems.map(shownProblem)
  const gathers = standsForProblems(error)
  // One problem is printed as an error of its own.
  const only = gathers && all.length === 1 ? all[0] : undefined
  const sentence = only === undefined ? headline(error, args) : problemMessage(only)
  const lines = [`${ink.red('error:')} ${show(sentence, longestSentence)}`]
  const where = placeText(gathers && only === undefined ? fileOf(error.where) : error.where)
  // A sentence that names the file needs no second line for it.
  if (where !== '' && !lines[0]!.includes(where)) lines.push(`  at: ${ink.cyan(where)}`)
  if (only === undefined) lines.push(...problemLines(error, all, verbose))
  const own = problemHint({ code: error.code, arguments: args, where: {} } as Problem)
  for (const hint of own === undefined ? distinctHints(all) : [own])
    lines.push(`${ink.cyan('hint:')} ${show(hint, longestSentence)}`)
  if (verbose) lines.push(...causes(error.cause).map((cause) => `cause: ${show(cause, longestSentence)}`))
  return `${lines.join('\n')}\n`
}

/** A sentence may name several values, each cut on its own. */
const longestSentence = 4000

function problemLines(error: MlmodelError, all: readonly Problem[], verbose: boolean): string[] {
  const listed = verbose ? all : all.slice(0, mostProblems)
  const total = Math.max(all.length, (error.arguments as { count?: number } | undefined)?.count ?? 0)
  const lines = listed.map((problem) => `  ${renderProblem(problem, error.where)}`)
  if (total === listed.length) return lines
  const remedy = all.length === listed.length ? '' : `; \`--verbose\` lists ${all.length === total ? 'them all' : all.length}`
  return [...lines, `  and ${total - listed.length} more${remedy}`]
}

/** The sentence of one problem with its place, as far as the error itself does not say it. */
function renderProblem(problem: Problem, outer: Where): string {
  const message = show(problemMessage(problem), longestSentence)
  const { file, ...rest } = problem.where
  const where = placeText(file === undefined || file === outer.file ? rest : problem.where)
  return where === '' ? message : `${where}: ${message}`
}

function fileOf({ file }: Where): Where {
  return file === undefined ? {} : { file }
}

function shownProblem(problem: Problem): Problem {
  return { ...problem, arguments: shown(problem.arguments) } as Problem
}

/** Escapes every text among the arguments of a message, at any depth of lists and plain objects. */
export function shown(value: unknown, depth = 0): unknown {
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
        message: problemMessage(problem),
        where: problem.where,
        hint: problemHint(problem) ?? null,
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

/** What `--json` prints of an error that is none of ours: code and kind say that it is a bug. */
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
