/** The flavors that run here, in the order they are chosen, and for every other flavor why not. */
import type { Mlmodel } from '../mlmodel.ts'
import type { Flavor, Runnable } from './flavor.ts'
import { onnxFlavor } from './onnx.ts'

export { modelPath } from './onnx.ts'

/** A model of several flavors is run by the first of these that it has. */
export const flavors: readonly Flavor[] = [onnxFlavor]

const later = (library: string) => `${library} models without Python come with a later version`
const ownRuntime = (library: string) => `it runs on ${library}; log the model as ONNX too, or keep Python`
const code = 'it is Python code'
const service = 'it calls a service or a library of language models through Python code'

/** MLflow's flavors that are not run here, each with the reason in words that follow "not run: ". */
const reasons: Readonly<Record<string, string>> = {
  sklearn: later('scikit-learn'),
  xgboost: later('XGBoost'),
  lightgbm: later('LightGBM'),
  catboost: later('CatBoost'),
  pytorch: ownRuntime('PyTorch'),
  tensorflow: ownRuntime('TensorFlow'),
  keras: ownRuntime('Keras'),
  transformers: ownRuntime('Hugging Face Transformers'),
  sentence_transformers: ownRuntime('Sentence Transformers'),
  diffusers: ownRuntime('Diffusers'),
  fastai: ownRuntime('fastai'),
  gluon: ownRuntime('MXNet Gluon'),
  mxnet: ownRuntime('MXNet'),
  paddle: ownRuntime('PaddlePaddle'),
  spacy: ownRuntime('spaCy'),
  h2o: ownRuntime('H2O'),
  spark: ownRuntime('Apache Spark'),
  mleap: ownRuntime('MLeap'),
  johnsnowlabs: ownRuntime('John Snow Labs Spark NLP'),
  statsmodels: ownRuntime('statsmodels'),
  pmdarima: ownRuntime('pmdarima'),
  prophet: ownRuntime('Prophet'),
  diviner: ownRuntime('Diviner'),
  shap: ownRuntime('SHAP'),
  promptflow: service,
  langchain: service,
  llama_index: service,
  openai: service,
  dspy: service,
  crate: 'it needs R',
  crate_r: 'it needs R',
  loader_module: code,
}

/**
 * Says of any flavor of a model whether it is run here and how, or why not.
 *
 * @param name - as the MLmodel file writes it; unknown names get a reason too
 */
export function runnableFlavor(name: string, model: Mlmodel): Runnable {
  if (name === 'python_function') return judgePyfunc(model)
  const flavor = flavors.find((known) => known.name === name)
  if (flavor !== undefined) return flavor.runnable(model)
  const why = Object.hasOwn(reasons, name) ? reasons[name]! : 'no flavor of MLflow’s own that this version knows'
  return { runs: false, why }
}

/** The flavor that does the work when a flavor of the model is asked for: `python_function` stands for the one behind it. */
export function flavorBehind(name: string, model: Mlmodel): Flavor | undefined {
  const behind = name === 'python_function' ? pyfuncTarget(model) : name
  return flavors.find((known) => known.name === behind)
}

/** The flavor of this model that `python_function` loads, by its loader module `mlflow.<flavor>`. */
export function pyfuncTarget(model: Mlmodel): string | undefined {
  const loader = model.flavors.get('python_function')?.get('loader_module')
  const name = typeof loader === 'string' && loader.startsWith('mlflow.') ? loader.slice('mlflow.'.length) : undefined
  return name !== undefined && model.flavors.has(name) ? name : undefined
}

/** `python_function` is MLflow's generic door: behind it stands another flavor, or Python code of the model's author. */
function judgePyfunc(model: Mlmodel): Runnable {
  const loader = model.flavors.get('python_function')?.get('loader_module')
  if (typeof loader !== 'string') return { runs: false, why: 'it names no `loader_module`' }
  const target = pyfuncTarget(model)
  if (target !== undefined) {
    const how = `the same model, by way of \`${loader}\``
    return runnableFlavor(target, model).runs ? { runs: true, how } : { runs: false, why: how }
  }
  if (loader.startsWith('mlflow.pyfunc'))
    return { runs: false, why: 'it is Python code of its author; Python comes with a later version' }
  return { runs: false, why: `Python would load it with \`${loader}\`; Python comes with a later version` }
}
