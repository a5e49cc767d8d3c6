/** What a protocol does in a runner process: a request's bytes to data that fits the signature, predictions to a reply's bytes. */
import type { Batch, Cell } from '../batch.ts'
import type { MlmodelError } from '../errors/index.ts'
import type { Model } from '../model.ts'
import type { Call, ProtocolName } from './calls.ts'

/** A request that has been read and enforced. */
export interface Job {
  readonly data: Batch
  readonly params: ReadonlyMap<string, Cell>
  /** Only these outputs of the model. */
  readonly outputs?: readonly string[] | undefined
  /** Conversions that lost something. */
  readonly losses: number
  /** What the protocol's writer wants to know of its request. */
  readonly request?: unknown
}

export interface Written {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

export interface Scoring {
  /** @throws MlmodelError of the kinds `content-type`, `body`, `signature`, `params`, `limit` */
  read(call: Call, model: Model): Job | Promise<Job>
  write(predictions: Batch, job: Job, model: Model): Written
  /** The reply to a request that was refused, or that the model failed on. */
  fail(error: MlmodelError, call: Call): Written
}

/** Loads the code of a protocol. */
export async function loadScoring(name: ProtocolName): Promise<Scoring> {
  switch (name) {
    case 'mlflow':
      return (await import('./mlflow/scoring.ts')).mlflowScoring
    case 'open-inference':
      return (await import('./open-inference/scoring.ts')).openInferenceScoring
    case 'azureml':
      return (await import('./azureml/scoring.ts')).azuremlScoring
  }
}
