/** The MLmodel file as a typed record; nothing in the folder is executed. */
import type { Signature } from './signature.ts'

/** A plain YAML value: maps keep their order. */
export type YamlValue = null | boolean | number | bigint | string | readonly YamlValue[] | YamlMap
export type YamlMap = ReadonlyMap<string, YamlValue>

export interface InputExample {
  readonly artifactPath: string
  readonly type: string
  readonly pandasOrient?: string
  readonly servingInputPath?: string
  readonly hasParams: boolean
  readonly format?: string
}

export interface Mlmodel {
  /** Absolute path of the model's folder. */
  readonly directory: string
  /** The MLmodel file as the user gave it, for messages. */
  readonly file: string
  readonly artifactPath?: string
  readonly runId?: string
  readonly utcTimeCreated?: string
  readonly mlflowVersion?: string
  readonly modelUuid?: string
  readonly modelId?: string
  /** Flavor name → its keys, in the order of the file. */
  readonly flavors: ReadonlyMap<string, YamlMap>
  readonly signature?: Signature
  readonly isSignatureFromTypeHint: boolean
  readonly typeHintFromExample: boolean
  readonly inputExample?: InputExample
  readonly metadata?: YamlValue
  readonly modelSizeBytes?: number
  readonly prompts?: readonly string[]
  readonly resources?: YamlValue
  readonly authPolicy?: YamlValue
  readonly envVars?: readonly string[]
  /** Top-level keys we do not know, kept as they are. */
  readonly unknown: YamlMap
  /** 1-based line of a field, given its path such as `['flavors', 'onnx', 'data']`. */
  lineOf(path: readonly (string | number)[]): number | undefined
}
