/** Whatever a caller of the library hands in, scored with an opened model: values in memory, or the path of a file. */
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { Batch } from './batch.ts'
import { joinBatches } from './data/prediction-table.ts'
import { pathOfFile } from './data/source.ts'
import { paramsCell } from './javascript/cell.ts'
import { readInput } from './javascript/input.ts'
import type { Limits } from './limits.ts'
import type { Model } from './model.ts'
import { scoreInputs } from './score.ts'

/** What is scored, and how; it can be sent to another process. */
export interface PredictRequest {
  readonly input: unknown
  /** An object of values, or absent for the defaults. */
  readonly params?: unknown
  readonly outputs?: readonly string[] | undefined
  readonly limits?: Limits | undefined
}

/**
 * Reads, enforces and scores. A string or a file URL is the path of a file in any format that `mlmodel predict` reads.
 *
 * @throws the errors of {@link readInput}, of the file's format, and of the model
 */
export async function predictInput(model: Model, request: PredictRequest): Promise<Batch> {
  const { input, outputs } = request
  if (typeof input === 'string' || input instanceof URL) return predictFile(model, input, request)
  const { data, params, warnings } = readInput(input, request.params, model.signature, {
    mode: model.mode,
    isSignatureFromTypeHint: model.mlmodel.isSignatureFromTypeHint,
    ...(request.limits !== undefined && { limits: request.limits }),
  })
  model.report(warnings)
  return model.score(data, { params, ...(outputs !== undefined && { outputs }) })
}

async function predictFile(model: Model, path: string | URL, { params, outputs }: PredictRequest): Promise<Batch> {
  const batches: Batch[] = []
  const collector = {
    write(batch: Batch): undefined {
      batches.push(batch)
    },
    end: () => new Uint8Array(0),
  }
  await scoreInputs(model, {
    // Absolute, so that no name stands for stdin or for one of several arrays.
    inputs: [resolve(pathOfFile(path))],
    stdin: () => Readable.from([]),
    params: paramsCell(params),
    outputs,
    probabilities: false,
    outputFormat: 'json',
    writer: collector,
    write: async () => {},
    onRows: () => {},
    finished: () => false,
  })
  return joinBatches(batches)
}
