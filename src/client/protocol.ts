/** What a protocol does for a client. */
import type { Input } from './input.ts'
import type { ServerPredictions } from './predictions.ts'
import type { CallOptions } from './transport.ts'

export type ClientProtocolName = 'mlflow' | 'open-inference' | 'azureml'

/** An input or output as the server describes it. */
export interface ServerTensor {
  readonly name: string
  /** Of the Open Inference Protocol. */
  readonly datatype: string
  /** -1 is any size. */
  readonly shape: readonly number[]
}

/** What a server says of its model; how much depends on the protocol. */
export interface ServerMetadata {
  readonly protocol: ClientProtocolName
  readonly model?: string
  /** Of the model; with MLflow's protocol, of MLflow. */
  readonly version?: string
  readonly inputs?: readonly ServerTensor[]
  readonly outputs?: readonly ServerTensor[]
  /** Azure's OpenAPI document. */
  readonly document?: unknown
}

export interface ClientProtocol {
  ready(options: CallOptions): Promise<boolean>
  metadata(options: CallOptions): Promise<ServerMetadata>
  predict(
    input: Input,
    params: Readonly<Record<string, unknown>> | undefined,
    options: CallOptions,
  ): Promise<ServerPredictions<unknown>>
}
