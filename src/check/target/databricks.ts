/** Databricks Model Serving: a model of Unity Catalog, asked by MLflow's protocol with requests of at most 16 MB. */
import { type Finding, finding } from '../../finding/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import { fieldPlace } from '../place.ts'
import { checkPyfunc } from './pyfunc.ts'
import { checkRequestSize } from './request-size.ts'
import { lacks, type Target } from './target.ts'

export const databricks: Target = {
  name: 'databricks',
  platform: 'Databricks',
  async check(model, context) {
    return [
      ...(await checkPyfunc(model, context, 'Databricks')),
      ...checkSignature(model),
      ...checkRequestSize(model, 'Databricks', 16 * 2 ** 20, '16 MB'),
    ]
  },
}

/** mlflow/store/_unity_catalog/registry/rest_store.py, `_validate_model_signature`; the service asks for the inputs too. */
function checkSignature(model: Mlmodel): readonly Finding[] {
  const { signature } = model
  const where = fieldPlace(model, ['signature'])
  if (signature === undefined) return [finding('DATABRICKS_SIGNATURE', { missing: 'it has no signature' }, where)]
  return (['inputs', 'outputs'] as const).flatMap((side) =>
    lacks(model, side) ? [finding('DATABRICKS_SIGNATURE', { missing: `the signature has no ${side}` }, where)] : [],
  )
}
