/** The flavors that run here, in the order they are chosen, and for every other flavor why not. */
import type { Mlmodel } from '../mlmodel.ts'
import type { Flavor, Runnable } from './flavor.ts'
import { onnxFlavor } from './onnx.ts'

export { modelPath } from './onnx.ts'

/** A model of several flavors is run by the first of these that it has. */
export const flavors: readonly Flavor[] = [onnxFlavor]

const pickled = 'its file is a pickle, which only Python can load; scoring scikit-learn without Python is not here yet'
const ownRuntime = (library: string) => `it runs on ${library}; log the model as ONNX too, or keep Python`
const trees = (library: string) => `scoring ${library} files here is not here yet`
const code = 'it is Python code'
const service = 'it calls a service or a library of language models through Python code'

/** MLflow's flavors that are not run here, each with the reason in words that follow "not run: ". */
const reasons: Readonly<Record<string, string>> = {
  sklearn: pickled,
  xgboost: trees('XGBoost'),
  lightgbm: trees('LightGBM'),
  catboost: trees('CatBoost'),
  python_function: 'it says how Python would load the model; another flavor is needed to run it here',
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
  const flavor = flavors.find((known) => known.name === name)
  if (flavor !== undefined) return flavor.runnable(model)
  const why = Object.hasOwn(reasons, name) ? reasons[name]! : 'no flavor of MLflow’s own that this version knows'
  return { runs: false, why }
}
