/** One run over all inputs: how many rows are left, and where the predictions go. */
import type { Batch, Frame } from '../batch.ts'
import { distinctNames, layoutOf, predictionColumns } from '../data/append.ts'
import type { RowTexts } from '../data/csv/row-text.ts'
import { type OutputFormat, openPredictionWriter, type PredictionWriter } from '../data/predictions.ts'
import { pickProbabilities } from '../data/probabilities.ts'
import { rowsOf, sliceBatch, sliceFrame } from '../data/slice.ts'
import { MlmodelError, notice } from '../errors/index.ts'
import type { PredictOptions } from '../flavors/flavor.ts'
import type { Model } from '../model.ts'

export interface RunOptions {
  readonly outputFormat: OutputFormat
  /** Takes the predictions in place of a writer of that format: the library, which wants them as they are. */
  readonly writer?: PredictionWriter | undefined
  /** Only the probabilities of a classifier. */
  readonly probabilities: boolean
  /** The input's columns stand before the predictions. */
  readonly append?: boolean | undefined
  /** Text that a spreadsheet would run as a formula gets an apostrophe, in CSV. */
  readonly csvSafe?: boolean | undefined
  /** Only the first rows, of all inputs together. */
  readonly limit?: number | undefined
  /** Most rows that the model is given at once. */
  readonly batchRows?: number | undefined
  readonly write: (chunk: Uint8Array) => Promise<void>
  readonly onRows: (rows: number) => void
  /** Nobody reads any more: stop early. */
  readonly finished: () => boolean
}

/** What stands beside the predictions of a block: the input's columns, or for CSV the text of its rows. */
export interface Beside {
  readonly frame: Frame
  readonly texts?: RowTexts | undefined
}

export interface Block {
  /** Of the input. */
  readonly file: string
  /** The LLM form of JSON: its answer is not wrapped. */
  readonly llm?: boolean
  /** Rows of input, where they are known. */
  readonly rows?: number | undefined
  readonly beside?: Beside | undefined
}

export interface Run {
  /** Rows that may still be scored; infinite without a limit. */
  readonly left: number
  /** Nothing more is wanted. */
  readonly done: boolean
  /** Writes the predictions of a block of rows. */
  put(predictions: Batch, block: Block): Promise<void>
  /** Scores data that has passed enforcement, in blocks where that was asked for, and writes the predictions. */
  score(data: Batch, call: PredictOptions, block: Block): Promise<void>
  /** Ends the result. */
  finish(): Promise<void>
}

/** Opens a run of a model; the errors of the model and of the output's format come out of `put`, `score` and `finish`. */
export function openRun(model: Model, options: RunOptions): Run {
  const { limit = Number.POSITIVE_INFINITY } = options
  let writer = options.writer
  let rows = 0
  let first: { readonly file: string; readonly layout: string } | undefined
  const open = (wrap: boolean) =>
    openPredictionWriter(options.outputFormat, { wrap, ...(options.csvSafe !== undefined && { csvSafe: options.csvSafe }) })

  /** Joined inputs must give the same columns, or values would change places. */
  function check(file: string, what: string, layout: string): void {
    first ??= { file, layout }
    if (first.layout !== layout) throw new MlmodelError('INPUTS_DIFFER', { file, first: first.file, what })
  }

  function arranged(predictions: Batch, { file, rows: count, beside }: Block): Batch {
    if (beside === undefined) {
      if (first?.file !== file) check(file, 'predictions', layoutOf(predictions))
      return predictions
    }
    const table = predictionColumns(predictions, count ?? beside.frame.rows, options.outputFormat === 'csv')
    const { columns, renamed } = distinctNames(
      table.columns,
      beside.frame.columns.map(({ name }) => name),
    )
    if (first === undefined && renamed.length > 0)
      model.report(renamed.map(([column, name]) => notice('APPEND_RENAMED', { column, name })))
    const whole: Frame = { kind: 'frame', rows: table.rows, columns: [...beside.frame.columns, ...columns] }
    if (first?.file !== file) check(file, 'columns', layoutOf(whole))
    return beside.texts === undefined ? whole : { ...table, columns }
  }

  const run: Run = {
    get left() {
      return limit - rows
    },
    get done() {
      return rows >= limit || options.finished()
    },
    async put(predictions, block) {
      const batch = arranged(options.probabilities ? pickProbabilities(predictions) : predictions, block)
      writer ??= await open(block.llm !== true)
      const chunk = writer.write(batch, block.beside?.texts)
      if (chunk !== undefined && chunk.length > 0) await options.write(chunk)
      rows += block.rows ?? 0
      options.onRows(rows)
    },
    async score(data, call, block) {
      const total = rowsOf(data)
      const { batchRows = Number.POSITIVE_INFINITY } = options
      if (total === undefined && (limit < Number.POSITIVE_INFINITY || batchRows < Number.POSITIVE_INFINITY))
        throw new MlmodelError('ROWS_UNKNOWN', { option: options.limit === undefined ? '--batch-rows' : '--limit' })
      const end = Math.min(total ?? 0, run.left)
      if (total === undefined || (end === total && total <= batchRows))
        return run.put(await model.score(data, call), { ...block, rows: total })
      for (let start = 0; start < end && !options.finished(); start += batchRows) {
        const to = Math.min(end, start + batchRows)
        const predictions = await model.score(sliceBatch(data, start, to), call)
        if (to - start < total) checkRows(predictions, to - start)
        const beside = block.beside && { frame: sliceFrame(block.beside.frame, start, to) }
        await run.put(predictions, { ...block, rows: to - start, beside })
      }
    },
    async finish() {
      writer ??= await open(true)
      const rest = writer.end()
      // `mlflow models predict` leaves the line feed out.
      const lineFeed = options.outputFormat === 'json' && model.mode === 'strict'
      await options.write(lineFeed ? Buffer.concat([rest, Buffer.from('\n')]) : rest)
    },
  }
  return run
}

/** An answer that has not a row for each row of input says something of the whole block, and blocks were not the model's idea. */
function checkRows(predictions: Batch, rows: number): void {
  if (rowsOf(predictions) === rows) return
  const odd =
    predictions.kind === 'named'
      ? [...predictions.items].find(([, item]) => rowsOf({ kind: 'named', items: new Map([['', item]]) }) !== rows)?.[0]
      : undefined
  throw new MlmodelError('ROWS_NOT_KEPT', { rows, output: odd, why: 'scoring a part of the input' })
}
