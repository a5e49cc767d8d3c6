/** Signatures inferred from data, with the answers of `mlflow.models.infer_signature`. */
import type { CellMap } from '../batch.ts'
import { Refusal } from '../enforce/sink.ts'
import { MlmodelError } from '../errors/index.ts'
import type { Schema, Signature } from '../signature.ts'
import { inferParams } from './params.ts'
import type { Sample } from './sample.ts'
import { inferSchema } from './schema.ts'

export { graphSignature, typesOfInputs } from './graph.ts'
export { type ReadSample, readSample, type Sample, type SampleKind, type SampleOptions, sampleKinds } from './sample.ts'

export interface SignatureParts {
  readonly inputs?: Sample | undefined
  readonly outputs?: Sample | undefined
  readonly params?: CellMap | undefined
}

export interface Inferred {
  readonly signature: Signature
  /** Sentences: a part that MLflow finds no schema for, integers that cannot be missing. */
  readonly warnings: readonly string[]
}

/**
 * Infers a signature. Data in which MLflow finds no schema gives, as there, one column of any type, with a warning.
 *
 * @throws INFER_NOTHING where there are neither inputs, outputs nor params; INFER_PARAMS
 */
export function inferSignature({ inputs, outputs, params }: SignatureParts): Inferred {
  const warnings: string[] = []
  const part = (name: 'inputs' | 'outputs', sample: Sample | undefined): Schema | undefined => {
    if (sample === undefined || (sample.kind === 'value' && sample.value === null)) return undefined
    try {
      const schema = inferSchema(sample)
      const wholes = name === 'inputs' ? wholeColumns(schema) : []
      if (wholes.length > 0) warnings.push(integerHint(wholes))
      return schema
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      warnings.push(`no type fits the ${name}, so that the signature lets anything through, as MLflow’s does: ${error.message}`)
      return { kind: 'columns', columns: [{ kind: 'column', type: { kind: 'any' }, required: true }] }
    }
  }
  const found = { inputs: part('inputs', inputs), outputs: part('outputs', outputs), params: params && inferParams(params) }
  if (found.inputs === undefined && found.outputs === undefined && found.params === undefined)
    throw new MlmodelError('INFER_NOTHING', {})
  const signature: Signature = {
    ...(found.inputs !== undefined && { inputs: found.inputs }),
    ...(found.outputs !== undefined && { outputs: found.outputs }),
    ...(found.params !== undefined && { params: found.params }),
  }
  return { signature, warnings }
}

function wholeColumns(schema: Schema): readonly string[] {
  if (schema.kind === 'tensors') return []
  return schema.columns
    .filter(({ type }) => type.kind === 'scalar' && (type.dataType === 'integer' || type.dataType === 'long'))
    .map(({ name }, position) => `\`${name ?? position}\``)
}

function integerHint(names: readonly string[]): string {
  const listed = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
  return `${listed}: a whole number cannot be missing later; where one may be, have it missing in the sample too, or make it a double`
}
