/** Everything found about one input: problems of each stage, losses by rule, and warnings. */
import { type ErrorArguments, type ErrorCode, MlmodelError, type Problem, problemMessage, type Where } from '../errors/index.ts'
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

export function openReport(mode: Mode): Report {
  const problems: Filed[] = []
  const warnings: Warning[] = []
  const columns = new Set<string | number>()
  const stages = new Set<Stage>()
  const losses = new Map<string, Loss & { readonly column: string | number | undefined }>()
  let omitted = 0
  const report: Report = {
    mode,
    warnings,
    problems,
    adopt(other) {
      warnings.push(...other.warnings)
      for (const { stage, problem } of other.problems)
        report.problem(stage, problem.code, problem.arguments as never, problem.where)
    },
    fail() {
      report.finish()
      throw new Error('a report without a problem cannot fail')
    },
    problem(stage, code, args, where = {}) {
      stages.add(stage)
      if (where.column !== undefined) columns.add(where.column)
      if (problems.length < longestList) problems.push({ stage, problem: { code, arguments: args, where } })
      else omitted += 1
    },
    unreadable(place, found, wanted, why) {
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
  const ordered = [...problems].sort((first, second) => order[first.stage] - order[second.stage]).map(({ problem }) => problem)
  const code = stage === 'parse' ? 'DATA_UNREADABLE' : stage === 'params' ? 'PARAMS_INVALID' : 'DATA_MISMATCH'
  const count = ordered.length + omitted
  const first = ordered[0]!
  return new MlmodelError(code, { count, first: problemMessage(first) }, { where: first.where, problems: ordered })
}

const order: Readonly<Record<Stage, number>> = { parse: 0, enforce: 1, rule: 2, params: 3 }

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
