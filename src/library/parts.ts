/** Parts of this library that are given to callers with their options checked. */
import type { Batch } from '../batch.ts'
import { writePredictions as writeReply } from '../data/reply.ts'
import { type DescribeParts, describeModel as describe, type ModelDescription } from '../describe.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { checkOptions, type OptionTable } from '../options.ts'

/** How predictions are written. */
export interface WriteOptions {
  /** `{"predictions": …}` around them, as MLflow's scoring server; false for its answer to an LLM request. */
  readonly wrap: boolean
}

/**
 * Writes predictions as the body of MLflow's reply, to the letter.
 *
 * @throws OPTION_UNKNOWN, OPTION_VALUE
 */
export function writePredictions(batch: Batch, options: WriteOptions): Buffer {
  checkOptions('writePredictions', options, { wrap: 'flag' })
  return writeReply(batch, options)
}

const describeParts: OptionTable<DescribeParts> = {
  location: 'text',
  name: 'text',
  environment: 'object',
  files: 'anything',
  onnx: 'object',
  onnxFailure: 'text',
  flavor: 'text',
  warnings: 'texts',
}

/**
 * Describes a model: what `mlmodel inspect --json` prints. Reads nothing.
 *
 * @throws FLAVOR_ABSENT when `parts.flavor` is none of the model's; OPTION_UNKNOWN, OPTION_VALUE
 */
export function describeModel(model: Mlmodel, parts: DescribeParts): ModelDescription {
  checkOptions('describeModel', parts, describeParts)
  return describe(model, parts)
}
