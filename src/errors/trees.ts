import type { ErrorTable } from './define.ts'

/** Files of boosters: XGBoost, LightGBM and CatBoost, and the UBJSON that XGBoost writes. */
export const treeErrors = {
  UBJSON_BROKEN: {
    kind: 'model',
    message: (a: { why: string }) => `The UBJSON document is broken: ${a.why}`,
    hint: () => 'Save the model again; was the file copied whole?',
  },
  UBJSON_LIMIT: {
    kind: 'limit',
    message: (a: { what: string; limit: number }) => `The UBJSON document has ${a.what} (limit ${a.limit})`,
  },
  BOOSTER_BROKEN: {
    kind: 'model',
    message: (a: { library: string; why: string }) => `The ${a.library} model is broken: ${a.why}`,
    hint: () => 'Save the model again; was the file copied whole?',
  },
  BOOSTER_UNSUPPORTED: {
    kind: 'unsupported',
    message: (a: { library: string; what: string }) => `The ${a.library} model has ${a.what}, which is not read here`,
  },
  BOOSTER_LIMIT: {
    kind: 'limit',
    message: (a: { library: string; what: string; limit: number }) => `The ${a.library} model has ${a.what} (limit ${a.limit})`,
  },
} satisfies ErrorTable
