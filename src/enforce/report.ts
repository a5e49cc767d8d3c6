/** Everything found about one input: problems of each stage, losses by rule, and warnings. */
import {
  type ErrorArguments,
  type ErrorCode,
  errorOfProblems,
  type MlmodelError,
  type Problem,
  problemMessage,
  type Where,
} from '../errors/index.ts'
import { jsonPath } from '../json.ts'
import { typeNameOf } from './python.ts'
import { type Path, Refusal, type Rule } from './sink.ts'
import { type Cell, isCellMap, isList, isMoment, isTensor } from './values.ts'

/**
 * Where MLflow notices: reading the body (BAD_REQUEST), fitting it to the signature, or checking params
 * (INVALID_PARAMETER_VALUE both). `rule`: only we notice.
 */
export type Stage = 'parse' | 'enforce' | 'params' | 'rule'

/** `strict`: a loss is an error, or the right value, as the closed list says; `compat`: MLflow's exact answer. */
export type Mode = 'strict' | 'compat'

/** Something the caller should hear of, though there is an answer. */
export interface Warning {
  readonly code: ErrorCode
  readonly arguments: unknown
  readonly message: string
}

export interface Place {
  readonly column?: string | number | undefined
  /** From the body's top: keys and indices. */
  readonly path?: Path
}

interface Loss {
  count: number
  readonly example: string
  readonly why: string
}

/** Most problems listed of one input; the rest is counted. */
const longestList = 100
/** Most kept until they are put in order: they are found column by column. */
const mostKept = 10_000

/** Collects what one input has to say; made for each input. */
export interface Report {
  readonly mode: Mode
  readonly warnings: readonly Warning[]
  problem<Code extends ErrorCode>(stage: Stage, code: Code, args: ErrorArguments<Code>, where?: Where): void
  unreadable(place: Place, found: Cell, wanted: string, why?: string): void
  /** Takes a Refusal down as a problem of a stage; anything else is thrown on. Gives null, which stands for the value. */
  refuse(stage: Stage, error: unknown, place: Place, wanted: string): null
  /** A value that MLflow changes: in strict mode a problem, in compat mode counted. */
  lost(rule: Rule, place: Place, found: Cell, wanted: string): void
  warn<Code extends ErrorCode>(code: Code, args: ErrorArguments<Code>): void
  /** Whether a column had a problem. */
  failed(column: string | number): boolean
  /** Whether there are problems at all, or of one stage. */
  hasProblems(stage?: Stage): boolean
  readonly problems: readonly Filed[]
  /** Problems beyond those kept. */
  readonly omitted: () => number
  /** Takes over another report's problems and warnings. */
  adopt(other: Report): void
  /** Throws the problems, of which there must be some. */
  fail(): never
  /** Throws the problems, if there are any; adds a warning per column for what MLflow changed. */
  finish(): void
}

const reasons: Readonly<Record<Rule, string>> = {
  L1: 'it is out of range, MLflow lets it wrap',
  L2: 'it has a fraction, which MLflow cuts',
  L3: 'MLflow takes anything that is not empty or zero for true',
  L4: 'there is no value, MLflow makes one up',
  L5: 'it is no date in range, MLflow lets it wrap or drops it',
  L6: 'it is beyond the range, MLflow makes it infinite',
  L7: 'it is given twice',
  L8: 'MLflow cuts the texts of an array with a null to one character',
  L10: "MLflow goes on with Python's text of it, or with the value as it is",
  L11: 'it is not base64, MLflow drops what does not belong',
  L12: 'MLflow moves values to other rows',
}

export interface Filed {
  readonly stage: Stage
  readonly problem: Problem
}

/** @param file - what the input is called in the place of each problem */
export function openReport(mode: Mode, file?: string): Report {
  const problems: Filed[] = []
  const warnings: Warning[] = []
  const columns = new Set<string | number>()
  const stages = new Set<Stage>()
  const losses = new Map<string, Loss & { readonly column: string | number | undefined }>()
  let omitted = 0
  /** Counts a problem beyond those kept. The places of two million bad values would cost twenty seconds. */
  const isBeyond = (stage: Stage, { column }: Place): boolean => {
    if (problems.length < mostKept) return false
    stages.add(stage)
    if (column !== undefined) columns.add(column)
    omitted += 1
    return true
  }
  const report: Report = {
    mode,
    warnings,
    problems,
    adopt(other) {
      warnings.push(...other.warnings)
      for (const { stage, problem } of other.problems)
        report.problem(stage, problem.code, problem.arguments as never, problem.where)
      omitted += other.omitted()
    },
    omitted: () => omitted,
    fail() {
      report.finish()
      throw new Error('a report without a problem cannot fail')
    },
    problem(stage, code, args, where = {}) {
      stages.add(stage)
      if (where.column !== undefined) columns.add(where.column)
      if (problems.length >= mostKept) omitted += 1
      else problems.push({ stage, problem: { code, arguments: args, where: file === undefined ? where : { file, ...where } } })
    },
    unreadable(place, found, wanted, why) {
      if (isBeyond('parse', place)) return
      report.problem(
        'parse',
        'VALUE_UNREADABLE',
        { found: foundText(found), wanted, ...(why !== undefined && { why }) },
        whereOf(place),
      )
    },
    refuse(stage, error, place, wanted) {
      if (!(error instanceof Refusal)) throw error
      const where = whereOf({ ...place, ...(place.path && { path: [...place.path, ...error.path] }) })
      const code = stage === 'parse' ? 'COLUMN_UNREADABLE' : 'COLUMN_TYPE'
      report.problem(stage, code, { column: place.column, wanted, why: error.message }, where)
      return null
    },
    lost(rule, place, found, wanted) {
      if (mode === 'strict') {
        if (isBeyond('rule', place)) return
        report.problem('rule', 'VALUE_CHANGED', { rule, found: foundText(found), wanted, why: reasons[rule] }, whereOf(place))
        return
      }
      const key = `${rule}\0${place.column}`
      const loss = losses.get(key) ?? { count: 0, example: foundText(found), why: reasons[rule], column: place.column }
      loss.count += 1
      losses.set(key, loss)
    },
    warn(code, args) {
      const message = problemMessage({ code, arguments: args, where: {} } as Problem)
      warnings.push({ code, arguments: args, message })
    },
    failed: (column) => columns.has(column),
    hasProblems: (stage) => (stage === undefined ? problems.length > 0 : stages.has(stage)),
    finish() {
      if (problems.length > 0) throw inputError(problems, omitted)
      for (const { column, count, why, example } of losses.values())
        report.warn('VALUES_CHANGED', { column, count, why, example })
    },
  }
  return report
}

/** One error for all problems; its kind is that of MLflow's first stage that had one. */
function inputError(problems: readonly Filed[], omitted: number): MlmodelError {
  const stage = (['parse', 'enforce', 'rule', 'params'] as const).find((candidate) =>
    problems.some((problem) => problem.stage === candidate),
  )!
  const code = stage === 'parse' ? 'DATA_UNREADABLE' : stage === 'params' ? 'PARAMS_INVALID' : 'DATA_MISMATCH'
  const ordered = inDocumentOrder(problems.map(({ problem }) => problem))
  const deciding = new Set(problems.filter((filed) => filed.stage === stage).map(({ problem }) => problem))
  const first = ordered.find((problem) => deciding.has(problem))
  return errorOfProblems(code, ordered.slice(0, longestList), Math.max(0, ordered.length - longestList) + omitted, first)
}

/**
 * By JSON path, or by row where there is none; what concerns the whole input comes first. Keys have the order in which
 * problems name them, which is the signature's.
 */
function inDocumentOrder(problems: readonly Problem[]): readonly Problem[] {
  const ranks = new Map<string, number>()
  const placed = problems.map((problem) => {
    const { path, row } = problem.where
    const parts = path === undefined ? (row === undefined ? [] : [`[${row - 1}]`]) : (path.match(pathParts) ?? [])
    const place = parts.map((part) => {
      if (part.startsWith('[') && part[1] !== '"') return Number(part.slice(1, -1))
      const rank = ranks.get(part) ?? ranks.size
      ranks.set(part, rank)
      return rank
    })
    return { problem, place }
  })
  return placed.sort((first, second) => comparePlaces(first.place, second.place)).map(({ problem }) => problem)
}

/** The steps of a path as `jsonPath` writes it. */
const pathParts = /\[\d+\]|\["(?:[^"\\]|\\.)*"\]|\.\w+/g

function comparePlaces(first: readonly number[], second: readonly number[]): number {
  const level = first.findIndex((part, index) => part !== second[index])
  if (level < 0) return first.length - second.length
  return second[level] === undefined ? 1 : first[level]! - second[level]
}

function whereOf({ column, path }: Place): Where {
  const row = path?.find((part) => typeof part === 'number')
  return {
    ...(column !== undefined && { column }),
    ...(row !== undefined && { row: row + 1 }),
    ...(path !== undefined && { path: jsonPath(path) }),
  }
}

/** A value as a message shows it: short, lists and objects by their size. */
export function foundText(found: Cell): string {
  if (found === null) return 'null'
  if (typeof found === 'string') return JSON.stringify(found.length > 60 ? `${found.slice(0, 59)}…` : found)
  if (typeof found === 'bigint') return cut(String(found))
  if (typeof found === 'boolean' || typeof found === 'number') return String(found)
  if (isList(found)) return `A list of ${found.length}`
  if (isCellMap(found)) return 'An object'
  if (found instanceof Uint8Array) return `${found.length} bytes`
  if (isTensor(found)) return `An array of ${found.dtype}`
  return isMoment(found) ? 'A date' : typeNameOf(found)
}

function cut(digits: string): string {
  return digits.length > 40 ? `${digits.slice(0, 39)}…` : digits
}
