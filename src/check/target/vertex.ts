/**
 * Google Vertex AI with a custom container that runs MLflow's server: requests are {"instances": [...], "parameters": ...} of at most
 * 1.5 MB, answers {"predictions": [...]}.
 *
 * @see cloud.google.com, "Custom container requirements for prediction"
 */
import { type Finding, finding } from '../../finding/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import { printType } from '../../signature.ts'
import { fieldPlace } from '../place.ts'
import { checkPyfunc } from './pyfunc.ts'
import { checkRequestSize } from './request-size.ts'
import type { Target } from './target.ts'

export const vertex: Target = {
  name: 'vertex',
  platform: 'Vertex AI',
  async check(model, context) {
    return [
      ...(await checkPyfunc(model, context, 'Vertex AI')),
      ...checkInstances(model),
      ...checkParameters(model),
      ...checkRequestSize(model, 'Vertex AI', 1_500_000, '1.5 MB'),
    ]
  },
}

/** Rows of `instances` become arrays of cells, and MLflow refuses cells that are lists or objects (rule X3 of docs/differences.md). */
function checkInstances(model: Mlmodel): readonly Finding[] {
  const inputs = model.signature?.inputs
  if (inputs?.kind !== 'columns' || model.isSignatureFromTypeHint) return []
  const place = fieldPlace(model, ['signature', 'inputs'])
  return inputs.columns.flatMap(({ name, type }, index) =>
    type.kind === 'array' || type.kind === 'object' || type.kind === 'map'
      ? [finding('VERTEX_INSTANCES', { column: String(name ?? index), type: printType(type) }, place)]
      : [],
  )
}

function checkParameters(model: Mlmodel): readonly Finding[] {
  const names = (model.signature?.params ?? []).map(({ name }) => name)
  return names.length === 0 ? [] : [finding('VERTEX_PARAMETERS', { names }, fieldPlace(model, ['signature', 'params']))]
}
