/** Reads the models of CatBoost in both of its own forms. */
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { readCatboostBinary } from './catboost-binary.ts'
import { readCatboostJson } from './catboost-json.ts'
import type { CatboostModel } from './catboost-model.ts'
import { brokenBooster } from './fields.ts'

export { type CatboostModel, type CatboostTree, conditionAt } from './catboost-model.ts'

/**
 * Reads a model by what its bytes are: MLflow names both forms `model.cb`.
 *
 * @throws BOOSTER_BROKEN, BOOSTER_LIMIT, JSON_SYNTAX and other JSON errors
 */
export function readCatboost(bytes: Uint8Array, limits: Limits = defaultLimits): CatboostModel {
  if (bytes.length > limits.boosterBytes)
    throw new MlmodelError('BOOSTER_LIMIT', { library: 'CatBoost', what: `${bytes.length} bytes`, limit: limits.boosterBytes })
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1')
  if (start.startsWith('CBM1')) return readCatboostBinary(bytes)
  if (/^\s*\{/.test(start)) return readCatboostJson(bytes, limits)
  throw brokenBooster('CatBoost', 'it begins neither as CatBoost’s binary form nor as JSON')
}
