/** KServe with its MLServer runtime: the folder under /mnt/models, loaded by mlserver-mlflow 1.7.1 and asked by the Open Inference Protocol. */
import { type Finding, finding } from '../../finding/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import type { Schema } from '../../signature.ts'
import { fieldPlace } from '../place.ts'
import { checkPyfunc } from './pyfunc.ts'
import { lacks, type Target } from './target.ts'

export const kserve: Target = {
  name: 'kserve',
  platform: 'KServe (MLServer)',
  async check(model, context) {
    return [
      ...(await checkPyfunc(model, context, 'KServe (MLServer)')),
      ...checkSignature(model),
      ...checkFormat(model),
      ...(context.files.some(({ path }) => path === 'environment.tar.gz') ? [] : [finding('KSERVE_ENVIRONMENT', {})]),
    ]
  },
}

/** Metadata is made of inputs and outputs alike (`_sync_metadata`); None has no `inputs`. */
function checkSignature(model: Mlmodel): readonly Finding[] {
  const { signature } = model
  if (signature === undefined) return []
  const sides = ['inputs', 'outputs'] as const
  return sides.flatMap((side) => {
    const schema = signature[side]
    const reason = schema !== undefined ? unnamedType(schema) : lacks(model, side) ? `the signature has no ${side}` : undefined
    return reason === undefined ? [] : [finding('KSERVE_SIGNATURE', { reason }, fieldPlace(model, ['signature', side]))]
  })
}

/** Of mlserver/codecs/numpy.py, `to_datatype`: by name, else by kind, of which it knows S and U. */
const tensorTypes = /^(bool_?|u?int(8|16|32|64)|float(16|32|64)|object_?|str|bytes|[<>=|]?[SU]\d*)$/

function unnamedType(schema: Schema): string | undefined {
  if (schema.kind === 'tensors') {
    const tensor = schema.tensors.find(({ numpyDtype }) => !tensorTypes.test(numpyDtype))
    return tensor && `the Open Inference Protocol has no type ${tensor.numpyDtype}`
  }
  const column = schema.columns.find(({ type }) => type.kind === 'sparkml_vector')
  return column && 'MLServer does not know the column type sparkml_vector'
}

/** The runtime claims versions 1 and 2 of the format; an InferenceService that gives none matches it too. */
function checkFormat(model: Mlmodel): readonly Finding[] {
  const version = model.mlflowVersion
  const major = version?.split('.')[0]
  if (version === undefined || major === '1' || major === '2') return []
  return [finding('KSERVE_FORMAT', { version }, fieldPlace(model, ['mlflow_version']))]
}
