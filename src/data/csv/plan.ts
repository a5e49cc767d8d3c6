/** What a CSV reader is told before it reads: the type of each column, and what to do where pandas is silent. */
import type { DataType, NumericDtype } from '../../dtype.ts'
import type { Problem } from '../../errors/index.ts'
import type { Limits } from '../../limits.ts'

/**
 * How a column is read. MLflow's types as its scoring server reads them (`pandas.read_csv(dtype=…)`); numeric dtypes for
 * matrices by the same rules; `infer` as pandas does without a dtype; `skip` leaves the column out of the frame.
 */
export type CsvType = DataType | NumericDtype | 'infer' | 'skip'

/** The defaults are those of strict mode; the other choice of each pair is what pandas does. */
export interface CsvPlan {
  /**
   * The type of a column by its name and 0-based position in the rows (row labels count); undefined is `infer`. A duplicate renamed `a.1` is asked for
   * under its own name first, then under `a`, as pandas does.
   */
  typeOf(name: string, position: number): CsvType | undefined
  /** What the names of the columns have against the signature: told before any row, together with the misfits of the first ones. */
  readonly problemsOfHeader?: (names: readonly string[]) => readonly Problem[]
  /**
   * Reads the text of a `datetime` cell as nanoseconds since 1970 (rule X2); undefined is not a date. NA is missing without
   * asking. Absent: a `datetime` column is an error, as in pandas.
   */
  readonly datetime?: (text: string) => bigint | undefined
  /** A header that has a name twice (rule L7): an error, or the later ones renamed `a.1`. Default `error`. */
  readonly duplicates?: 'error' | 'rename'
  /** A first data row longer than the header: an error, or its first columns are the row labels. Default `error`. */
  readonly implicitIndex?: 'error' | 'index'
  /** A finite number beyond the range of a float column (rule L6): an error, or infinity. Default `error`. */
  readonly overflow?: 'error' | 'infinity'
  /** A NUL byte: an error, or a character like any other. Default `error`. */
  readonly nul?: 'error' | 'keep'
}

export interface CsvOptions {
  readonly limits?: Limits
  /** Most rows of one frame; fewer where the table is very wide. Default 16,384. */
  readonly batchRows?: number
  /** Bytes read at a time. Default 256 KiB. */
  readonly blockBytes?: number
  /** Whether a frame's arrays may be overwritten by the next frame: saves memory traffic. Default false. */
  readonly reuse?: boolean
  /** Whether blocks of regular text may be read by the SIMD kernels, which give the same frames. Default true. */
  readonly kernels?: boolean
}
