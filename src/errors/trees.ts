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
    hint: () => 'Save the model again with `save_model`',
  },
  BOOSTER_BROKEN: {
    kind: 'model',
    message: (a: { library: string; why: string }) => `The ${a.library} model is broken: ${a.why}`,
    hint: () => 'Save the model again; was the file copied whole?',
  },
  BOOSTER_UNSUPPORTED: {
    kind: 'unsupported',
    message: (a: { library: string; what: string }) => `The ${a.library} model has ${a.what}, which is not read here`,
    hint: () => 'Save the model again with a newer version of its library',
  },
  BOOSTER_LIMIT: {
    kind: 'limit',
    message: (a: { library: string; what: string; limit: number }) => `The ${a.library} model has ${a.what} (limit ${a.limit})`,
    hint: () => 'Save the model again; a smaller one, or in the binary form of its library',
  },
} satisfies ErrorTable
