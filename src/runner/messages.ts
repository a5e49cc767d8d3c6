/** What a model's process and its parent say to each other. Errors travel as data and are the same errors again. */
import type { Batch } from '../batch.ts'
import { type ErrorCode, MlmodelError, type Problem, type Where } from '../errors/index.ts'
import type { Limits } from '../limits.ts'
import type { OpenModelOptions, Reply } from '../model.ts'
import type { PredictRequest } from '../predict-input.ts'

/** The first message to a new process: the model it is for. */
export interface OpenMessage {
  readonly kind: 'open'
  readonly path: string
  readonly options: Omit<OpenModelOptions, 'onWarning' | 'limits'> & { readonly limits?: Limits }
}

export type RunnerRequest =
  /** Answered when the model is open. */
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'predict' } & Omit<PredictRequest, 'limits'>)
  /** A body of MLflow's protocol, answered as data. */
  | { readonly kind: 'score'; readonly body: Uint8Array }
  | { readonly kind: 'invoke'; readonly body: Uint8Array; readonly contentType: string | undefined }

export interface RunnerAnswer {
  readonly ready: undefined
  readonly predict: Batch
  readonly score: Batch
  readonly invoke: Reply
}

export type ChildMessage =
  | { readonly kind: 'answer'; readonly answer: RunnerAnswer[keyof RunnerAnswer] }
  | { readonly kind: 'failure'; readonly error: ErrorData; readonly opened: boolean }
  | { readonly kind: 'warning'; readonly text: string }

export interface ErrorData {
  readonly code: ErrorCode
  readonly arguments: unknown
  readonly where: Where
  readonly problems: readonly Problem[]
}

/** An error as data; what is no error of ours is a bug, with its words. */
export function errorToData(error: unknown): ErrorData {
  if (error instanceof MlmodelError) {
    return { code: error.code, arguments: error.arguments, where: error.where, problems: error.problems }
  }
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'RUNNER_BUG', arguments: { why }, where: {}, problems: [] }
}

export function errorFromData({ code, arguments: args, where, problems }: ErrorData): MlmodelError {
  return new MlmodelError(code, args as never, { where, problems })
}
