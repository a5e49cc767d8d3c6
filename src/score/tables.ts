/** Tables with types of their own, and JSON Lines, scored block by block. */
import type { Batch } from '../batch.ts'
import { appendLosses, inputColumns } from '../data/append.ts'
import { readJsonLines } from '../data/json-lines.ts'
import { readTyped } from '../data/json-typed.ts'
import type { Source } from '../data/source.ts'
import { readTable, type TableFormat } from '../data/table.ts'
import { enforceTyped, type Warning } from '../enforce/index.ts'
import { readRequest } from '../enforce/request.ts'
import { MlmodelError } from '../errors/index.ts'
import type { PredictOptions } from '../flavors/flavor.ts'
import { expectBytes } from '../kernels/ready.ts'
import type { Model } from '../model.ts'
import type { Run } from './run.ts'

export interface BlockOptions {
  readonly call: PredictOptions
  readonly append?: boolean | undefined
  /** Rows that were asked for at once. */
  readonly batchRows?: number | undefined
}

/**
 * Scores Parquet or Arrow. In compat mode, and where no signature says the types, all rows are read first: what a missing
 * value makes of a column is then what it makes in pandas.
 */
export async function scoreTable(
  model: Model,
  source: Source,
  format: TableFormat,
  run: Run,
  options: BlockOptions,
): Promise<void> {
  const whole = model.mode === 'compat' || model.signature?.inputs === undefined || !model.divisible
  const report = openWarnings(model)
  for await (const frame of readTable(source, format, { whole })) {
    const enforced = enforceTyped(frame, model.signature, model.mode, source.name)
    report(enforced.warnings)
    if (options.append === true) report(appendLosses(frame))
    await run.score(enforced.data, options.call, { file: source.name, ...(options.append === true && { beside: { frame } }) })
    if (run.done) break
  }
}

/** Scores JSON Lines; params are the command line's alone. */
export async function scoreLines(model: Model, source: Source, run: Run, options: BlockOptions): Promise<void> {
  const whole = model.mode === 'compat' || model.signature?.inputs === undefined || !model.divisible
  const report = openWarnings(model)
  for await (const block of readJsonLines(source, whole ? { batchRows: Number.POSITIVE_INFINITY } : {})) {
    await expectBytes(block.body.length)
    const data = placing(block.place, () => {
      const { isSignatureFromTypeHint } = model.mlmodel
      const request = readRequest(block.body, 'application/json', model.signature, {
        mode: model.mode,
        schemaFlags: { isSignatureFromTypeHint },
        fast: readTyped,
      })
      report(request.warnings)
      return request.data
    })
    const beside =
      options.append === true
        ? { frame: inputColumns(readRequest(block.body, 'application/json', undefined, { mode: 'compat' }).data) }
        : undefined
    await run.score(data, options.call, { file: source.name, beside })
    if (run.done) break
  }
}

function placing(place: (error: MlmodelError) => MlmodelError, read: () => Batch): Batch {
  try {
    return read()
  } catch (error) {
    throw error instanceof MlmodelError ? place(error) : error
  }
}

/** A warning is of a column, and said once. */
export function openWarnings(model: Model): (warnings: readonly Warning[]) => void {
  const said = new Set<string>()
  return (warnings) => {
    model.report(warnings.filter(({ message }) => !said.has(message)))
    for (const { message } of warnings) said.add(message)
  }
}
