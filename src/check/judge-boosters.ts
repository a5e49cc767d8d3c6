/** Judges boosters in their own formats, which hold no code: every tree is read and checked, as who scores them would follow it. */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import type { Limits } from '../limits.ts'
import type { ContentJudge, Judgement } from './check.ts'
import { placeOf } from './judge-place.ts'

/** What the signature can be held against. */
export interface BoosterSummary {
  readonly library: 'XGBoost' | 'LightGBM' | 'CatBoost' | 'scikit-learn'
  readonly features: number
  /** Empty where the model has none. */
  readonly names: readonly string[]
  /** What is not read, as words. */
  readonly unread: readonly string[]
}

/** The libraries by MLflow's flavor. */
export type BoosterFlavor = 'xgboost' | 'lightgbm' | 'catboost'

/**
 * Reads a booster of a library.
 *
 * @throws BOOSTER_…, UBJSON_…, JSON_…
 */
export async function readBooster(flavor: BoosterFlavor, bytes: Uint8Array, limits: Limits): Promise<BoosterSummary> {
  if (flavor === 'xgboost') {
    const { readXgboost } = await import('../trees/xgboost.ts')
    const { features, featureNames } = readXgboost(bytes, limits)
    return { library: 'XGBoost', features, names: featureNames, unread: [] }
  }
  if (flavor === 'lightgbm') {
    const { readLightgbm } = await import('../trees/lightgbm.ts')
    const { features, featureNames } = readLightgbm(bytes, limits)
    return { library: 'LightGBM', features, names: featureNames, unread: [] }
  }
  const { readCatboost } = await import('../trees/catboost.ts')
  const { features, featureNames, unread } = readCatboost(bytes, limits)
  return { library: 'CatBoost', features, names: featureNames, unread }
}

const formats: ReadonlySet<string> = new Set<BoosterFlavor>(['xgboost', 'lightgbm', 'catboost'])

export const boosterJudge: ContentJudge = {
  name: 'boosters',
  takes: ({ content }) => formats.has(content.format),
  async judge(file, { limits }): Promise<Judgement> {
    const { format } = file.content
    const where = placeOf(file)
    try {
      const { library, unread } = await readBooster(format as BoosterFlavor, await file.readAll(limits.boosterBytes), limits)
      const notices = unread.length === 0 ? [] : [finding('BOOSTER_UNREAD', { library, parts: unread }, where)]
      return { format, verdict: 'no-code', findings: notices }
    } catch (error) {
      return boosterRefusal(error, format, where)
    }
  },
}

/** What a reader's error says of a booster. */
export function boosterRefusal(error: unknown, format: string, where: Finding['where']): Judgement {
  if (!(error instanceof MlmodelError)) throw error
  const verdict = error.kind === 'unsupported' || error.kind === 'io' ? 'unjudged' : 'reject'
  // A path inside the document stands beside a member's name only where there is none.
  return { format, verdict, findings: [findingOfError(error, { ...error.where, ...where })] }
}
