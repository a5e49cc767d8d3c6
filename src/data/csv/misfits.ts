/** What a CSV has against its plan, collected while it is read, so that one error names all of a block. */
import { errorOfProblems, errorTable, MlmodelError, type Problem } from '../../errors/index.ts'

/** Listed of one input; the rest is counted. */
const mostListed = 100

export interface Misfits {
  readonly listed: Problem[]
  count: number
  /** The last row that had one, 1-based, and how many: a record may be given up and read again. */
  lastRow: number
  ofLastRow: number
}

/** Begins an empty list. */
export function openMisfits(): Misfits {
  return { listed: [], count: 0, lastRow: 0, ofLastRow: 0 }
}

/** Takes a problem down; rows must come in order, the header's first. */
export function addMisfit(misfits: Misfits, problem: Problem): void {
  const row = problem.where.row ?? 0
  if (row !== misfits.lastRow) misfits.ofLastRow = 0
  misfits.lastRow = row
  misfits.ofLastRow++
  misfits.count++
  if (misfits.listed.length < mostListed) misfits.listed.push(problem)
}

/** Forgets what a row had that was given up: it will be read again. */
export function forgetRow(misfits: Misfits, row: number): void {
  if (misfits.lastRow !== row) return
  misfits.count -= misfits.ofLastRow
  misfits.ofLastRow = 0
  while (misfits.listed.at(-1)?.where.row === row) misfits.listed.pop()
}

/**
 * One error for all: the header first, then by row and column. Its kind is that of MLflow, which reads all cells before it
 * looks for columns.
 */
export function misfitsError(misfits: Misfits, columns: readonly string[]): MlmodelError {
  const rank = new Map(columns.map((name, position) => [name, position]))
  const place = ({ where }: Problem) => [where.row ?? 0, rank.get(String(where.column)) ?? -1] as const
  const ordered = [...misfits.listed].sort((first, second) => {
    const [row, column] = place(first)
    const [otherRow, otherColumn] = place(second)
    return row - otherRow || column - otherColumn
  })
  const unread = ordered.find(({ code }) => errorTable[code].kind !== 'signature')
  return errorOfProblems(unread ? 'DATA_UNREADABLE' : 'DATA_MISMATCH', ordered, misfits.count - ordered.length, unread)
}

/** An error that ended the reading, with what was found before it. */
export function withMisfits(error: unknown, misfits: Misfits, columns: readonly string[]): unknown {
  if (misfits.count === 0 || !(error instanceof MlmodelError) || error.problems.length > 0) return error
  // Behind everything, whatever its place: the list may be full, and this is what the rest could not be read for.
  const before = misfitsError(misfits, columns)
  const { code, where } = error
  const problems = [...before.problems, { code, arguments: error.arguments, where } as Problem]
  return errorOfProblems(
    before.code === 'DATA_MISMATCH' && error.kind === 'signature' ? 'DATA_MISMATCH' : 'DATA_UNREADABLE',
    problems,
    misfits.count - before.problems.length,
  )
}
