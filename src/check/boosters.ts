/** The files that the flavors xgboost, lightgbm and catboost name: boosters they must be. Boosters and estimators take what the signature has. */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding } from '../finding/index.ts'
import type { Schema } from '../signature.ts'
import type { Check, CheckContext } from './check.ts'
import { type BoosterFlavor, type BoosterSummary, boosterRefusal, readBooster } from './judge-boosters.ts'
import { fieldPlace } from './place.ts'

const flavors: readonly BoosterFlavor[] = ['xgboost', 'lightgbm', 'catboost']

/** Files of wrappers (judged elsewhere), and what stands in a model's place (told by the rule of paths). */
const elsewhere: ReadonlySet<string> = new Set(['pickle', 'joblib', 'skops', 'empty', 'git-lfs-pointer', 'html', 'xml', 'onnx'])

export const boosters: Check = {
  name: 'boosters',
  async run(context) {
    const findings: Finding[] = []
    for (const flavor of flavors) {
      const path = context.model?.flavors.get(flavor)?.get('data')
      if (typeof path === 'string' && path !== '') findings.push(...(await checkBooster(context, flavor, path)))
    }
    findings.push(...(await checkEstimator(context)))
    return findings
  },
}

/** An estimator of scikit-learn, whose file was read when it was judged. */
async function checkEstimator(context: CheckContext): Promise<readonly Finding[]> {
  const path = context.model?.flavors.get('sklearn')?.get('pickled_model')
  const inputs = context.model?.signature?.inputs
  if (typeof path !== 'string' || inputs === undefined) return []
  const judged = (await context.judgements()).find((file) => file.path === path)?.estimator
  if (judged === undefined) return []
  return compareInputs(
    { library: 'scikit-learn', unread: [], ...judged },
    inputs,
    fieldPlace(context.model!, ['signature', 'inputs']),
  )
}

async function checkBooster(context: CheckContext, flavor: BoosterFlavor, path: string): Promise<readonly Finding[]> {
  let booster: BoosterSummary
  try {
    if (elsewhere.has((await context.sniff(path)).format)) return []
    booster = await readBooster(flavor, await context.readAll(path, context.limits.boosterBytes), context.limits)
  } catch (error) {
    // Paths are another rule's.
    if (error instanceof MlmodelError && /^(PATH|FILE)_/.test(error.code)) return []
    return boosterRefusal(error, flavor, { file: path }).findings
  }
  const inputs = context.model?.signature?.inputs
  return inputs === undefined ? [] : compareInputs(booster, inputs, fieldPlace(context.model!, ['signature', 'inputs']))
}

/** @returns what the library would refuse or misread when it is given what the signature describes */
export function compareInputs(booster: BoosterSummary, inputs: Schema, where: Finding['where']): readonly Finding[] {
  const { library, features } = booster
  const widths = widthsOf(inputs)
  if (widths === undefined) return []
  const [least, most] = widths
  // XGBoost takes missing columns at the end of a matrix without names for missing values, and CatBoost more columns than it knows.
  const tooMany = least > features
  const tooFew = most < features
  if (tooMany || tooFew) {
    const found = least === most ? String(least) : `${least} to ${most}`
    const isTaken = library === 'XGBoost' && tooFew && booster.names.length === 0
    return [finding('BOOSTER_SIGNATURE_COUNT', { library, wanted: features, found }, where, isTaken ? 'warning' : 'error')]
  }
  return inputs.kind === 'columns'
    ? compareNames(
        booster,
        inputs.columns.map(({ name }) => (name === undefined ? undefined : String(name))),
        where,
      )
    : []
}

/** The least and the largest number of columns that fit; undefined where the signature does not say. */
function widthsOf(inputs: Schema): readonly [number, number] | undefined {
  if (inputs.kind === 'columns') {
    const required = inputs.columns.filter((column) => column.required)
    return [required.length, inputs.columns.length]
  }
  const width = inputs.tensors.length === 1 && inputs.tensors[0]!.shape.length === 2 ? inputs.tensors[0]!.shape[1] : undefined
  return typeof width === 'number' && width >= 0 ? [width, width] : undefined
}

function compareNames(
  booster: BoosterSummary,
  columns: readonly (string | undefined)[],
  where: Finding['where'],
): readonly Finding[] {
  const { library } = booster
  if (booster.names.length === 0 || columns.some((name) => name === undefined)) return []
  // LightGBM writes blanks as underscores, and names the columns of an array itself; it never compares names.
  const written = (name: string) => (library === 'LightGBM' ? name.replace(/\s/g, '_') : name)
  const own = booster.names
  if (own.every((name, place) => name === `Column_${place}` || name === String(place) || name === `f${place}`)) return []
  const given = columns.map((name) => written(name!))
  if (own.length === given.length && own.every((name, place) => name === given[place])) return []
  const missing = own.filter((name) => !given.includes(name))
  const unknown = given.filter((name) => !own.includes(name))
  // Optional columns that come late leave the order of the others.
  if (
    missing.length === 0 &&
    unknown.length > 0 &&
    own.every((name, place) => name === given.filter((each) => own.includes(each))[place])
  )
    return []
  return [finding('BOOSTER_SIGNATURE_NAMES', { library, missing, unknown }, where, library === 'LightGBM' ? 'warning' : 'error')]
}
