/** Flavors: whether anybody can load the model, by keys, and by what the files really are. */
import { type Finding, finding } from '../finding/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import type { Format } from '../sniff.ts'
import type { YamlMap } from '../yaml.ts'
import type { Check, CheckContext } from './check.ts'
import { fieldPlace } from './place.ts'

/** Flavors of MLflow 3.17, with the keys that its loader reads without a default (`flavor_conf["key"]` in mlflow/<flavor>/). */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  catboost: [],
  crate: [],
  diffusers: ['adapter_weights', 'base_model'],
  dspy: [],
  h2o: [],
  johnsnowlabs: ['model_data'],
  keras: [],
  langchain: [],
  lightgbm: ['data'],
  llama_index: [],
  onnx: ['data'],
  openai: [],
  paddle: ['pickled_model'],
  pmdarima: [],
  prophet: [],
  pytorch: ['model_data'],
  sentence_transformers: [],
  shap: [],
  sklearn: ['pickled_model'],
  spacy: [],
  spark: ['model_data'],
  statsmodels: [],
  tensorflow: [],
  transformers: ['task'],
  xgboost: ['data'],
}

/** Flavors that MLflow had and has no more. */
const removed: ReadonlySet<string> = new Set(['diviner', 'fastai', 'gluon', 'h2o_automl', 'mleap', 'mxnet', 'promptflow'])

export const flavors: Check = {
  name: 'flavors',
  async run(context) {
    const { model } = context
    if (model === undefined) return []
    const names = [...model.flavors.keys()]
    if (names.length === 0) {
      const told = context.problems.some(({ where }) => where.path === 'flavors')
      return told ? [] : [finding('MLMODEL_NO_FLAVORS', {}, fieldPlace(model, ['flavors']))]
    }
    const findings = [...whoLoads(model, names), ...loader(model)]
    for (const name of names) findings.push(...missingKeys(model, name), ...(await formats(context, model, name)))
    return findings
  },
}

/** Whether today's MLflow has a flavor, or an older one had it. */
export function isRemovedFlavor(name: string): boolean {
  return removed.has(name)
}

function whoLoads(model: Mlmodel, names: readonly string[]): readonly Finding[] {
  const place = fieldPlace(model, ['flavors'])
  const findings = names
    .filter((name) => removed.has(name))
    .map((flavor) => finding('FLAVOR_REMOVED', { flavor }, fieldPlace(model, ['flavors', flavor])))
  if (names.includes('python_function')) return findings
  const isKnown = names.some((name) => Object.hasOwn(requiredKeys, name) || removed.has(name))
  return [...findings, finding(isKnown ? 'FLAVOR_NO_PYFUNC' : 'FLAVOR_UNKNOWN', { flavors: names }, place)]
}

function loader(model: Mlmodel): readonly Finding[] {
  const keys = model.flavors.get('python_function')
  if (keys === undefined) return []
  const path = ['flavors', 'python_function', 'loader_module']
  const module = keys.get('loader_module')
  if (module === undefined || module === null)
    return [finding('FLAVOR_FIELD_MISSING', { flavor: 'python_function', key: 'loader_module' }, fieldPlace(model, path))]
  // Of another kind: the schema says so.
  if (typeof module !== 'string') return []
  if (!/^mlflow(\.|$)/.test(module)) return [finding('FLAVOR_LOADER_FOREIGN', { loader: module }, fieldPlace(model, path))]
  const flavor = /^mlflow\.([a-z0-9_]+)$/.exec(module)?.[1]
  if (flavor === undefined || !(Object.hasOwn(requiredKeys, flavor) || removed.has(flavor)) || model.flavors.has(flavor))
    return []
  return [finding('FLAVOR_LOADER_ALONE', { loader: module, flavor }, fieldPlace(model, path))]
}

function missingKeys(model: Mlmodel, flavor: string): readonly Finding[] {
  const keys = model.flavors.get(flavor)!
  const missing = (Object.hasOwn(requiredKeys, flavor) ? requiredKeys[flavor]! : []).filter(
    (key) => keys.get(key) === undefined || keys.get(key) === null,
  )
  return missing.map((key) => finding('FLAVOR_FIELD_MISSING', { flavor, key }, fieldPlace(model, ['flavors', flavor, key])))
}

/** The key that names the file, the formats that the flavor's loader takes, and the words for them. */
interface Wanted {
  readonly key: string
  readonly formats: readonly Format[]
  readonly words: string
}

const pickles: readonly Format[] = ['pickle', 'joblib']
const serializations = ['skops', 'pickle', 'cloudpickle']

/** Formats that are recognised beyond doubt; others are left to those who read the content. */
const certain: ReadonlySet<Format> = new Set<Format>([
  'arrow',
  'catboost',
  'gguf',
  'hdf5',
  'image',
  'joblib',
  'keras',
  'lightgbm',
  'npy',
  'npz',
  'onnx',
  'parquet',
  'pdf',
  'pickle',
  'safetensors',
  'skops',
  'sqlite',
  'tflite',
  'torch',
])

/** Where a binary file is wanted, a text is none either, nor any other archive. */
const neverBinary: ReadonlySet<Format> = new Set<Format>(['csv', 'json', 'mlmodel', 'python', 'tar', 'xml', 'yaml', 'zip'])
const binary: ReadonlySet<Format> = new Set<Format>(['catboost', 'onnx', 'pickle', 'skops'])

async function formats(context: CheckContext, model: Mlmodel, flavor: string): Promise<readonly Finding[]> {
  const keys = model.flavors.get(flavor)!
  const serialization = keys.get('serialization_format')
  const path = ['flavors', flavor, 'serialization_format']
  if (typeof serialization === 'string' && !serializations.includes(serialization) && usesSerialization(flavor))
    return [finding('FLAVOR_FORMAT_UNKNOWN', { flavor, format: serialization }, fieldPlace(model, path))]
  const wanted = wantedOf(flavor, keys)
  const file = wanted === undefined ? undefined : keys.get(wanted.key)
  if (wanted === undefined || typeof file !== 'string') return []
  const content = await context.sniff(file).catch(() => undefined)
  if (content === undefined || wanted.formats.includes(content.format)) return []
  const isOther = certain.has(content.format) || (neverBinary.has(content.format) && binary.has(wanted.formats[0]!))
  if (!isOther) return []
  const place = { ...fieldPlace(model, ['flavors', flavor, wanted.key]) }
  return [finding('FLAVOR_FORMAT_MISMATCH', { flavor, wanted: wanted.words, found: content.title }, place)]
}

const usesSerialization = (flavor: string) => flavor === 'sklearn' || flavor === 'lightgbm'

function wantedOf(flavor: string, keys: YamlMap): Wanted | undefined {
  const bySerialization = (key: string, absent: string): Wanted =>
    (keys.get('serialization_format') ?? absent) === 'skops'
      ? { key, formats: ['skops'], words: 'a skops file' }
      : { key, formats: pickles, words: 'a pickle' }
  switch (flavor) {
    case 'onnx':
      return { key: 'data', formats: ['onnx'], words: 'an ONNX file' }
    case 'sklearn':
      return bySerialization('pickled_model', 'pickle')
    case 'lightgbm':
      return (keys.get('model_class') ?? 'lightgbm.basic.Booster') === 'lightgbm.basic.Booster'
        ? { key: 'data', formats: ['lightgbm'], words: "LightGBM's text" }
        : bySerialization('data', 'cloudpickle')
    case 'xgboost':
      return { key: 'data', formats: ['xgboost', 'json'], words: 'a model of XGBoost' }
    case 'catboost':
      return (keys.get('save_format') ?? 'cbm') === 'cbm'
        ? { key: 'data', formats: ['catboost'], words: "CatBoost's binary form" }
        : undefined
    default:
      return undefined
  }
}
