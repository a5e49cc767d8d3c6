/** What `predict` returns, in words. */
import { pyfuncTarget } from '../flavors/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import type { OnnxDescription } from './description.ts'

/** A sentence on the answer of one flavor, as MLflow's generic `predict` gives it. */
export function describeReturns(flavor: string | undefined, model: Mlmodel, onnx: OnnxDescription | undefined): string {
  if (model.flavors.size === 0) return 'Nothing: it has no flavor'
  const behind = flavor === 'python_function' ? pyfuncTarget(model) : undefined
  if (behind !== undefined) return describeReturns(behind, model, onnx)
  if (flavor === 'onnx') return onnx === undefined ? 'The outputs of the ONNX graph' : onnxReturns(model, onnx)
  if (flavor === 'python_function' || flavor === undefined) return pyfuncReturns(model)
  const key = (name: string): string | undefined => {
    const value = model.flavors.get(flavor)?.get(name)
    return typeof value === 'string' ? value : undefined
  }
  switch (flavor) {
    case 'sklearn':
      return sklearnReturns(model)
    case 'xgboost':
    case 'lightgbm':
      return boosterReturns(key('model_class'))
    case 'catboost':
      return catboostReturns(key('model_type'))
    case 'pytorch':
    case 'tensorflow':
    case 'keras':
    case 'fastai':
      return 'The output of the network: a table for a table, an array for an array'
    case 'transformers':
      return key('task') === undefined ? 'What the pipeline answers' : `What a pipeline for the task ${key('task')} answers`
    case 'sentence_transformers':
      return 'An embedding for each text'
    case 'prophet':
    case 'pmdarima':
      return 'A forecast: a row for each point in time'
    case 'spark':
      return 'The column `prediction` that the Spark pipeline makes'
    case 'statsmodels':
      return 'A predicted value for each row'
    default:
      return pyfuncReturns(model)
  }
}

function onnxReturns(model: Mlmodel, onnx: OnnxDescription): string {
  const names = onnx.outputs.map((output) => `\`${output.name}\``)
  const list = names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : sentenceList(names)
  if (model.signature?.inputs?.kind === 'columns') return `A record for each row, with ${list}`
  return names.length === 1 ? `One array: ${list}` : `An array for each output: ${list}`
}

function sklearnReturns(model: Mlmodel): string {
  const method = model.flavors.get('python_function')?.get('predict_fn')
  switch (method) {
    case 'predict_proba':
      return 'For each row the probability of every class (`predict_proba`)'
    case 'predict_log_proba':
    case 'predict_joint_log_proba':
      return `For each row the log-probability of every class (\`${method}\`)`
    case 'score':
      return 'One number: the score of the estimator on the data (`score`)'
    default:
      return 'What the estimator’s `predict` gives: a class label or a number for each row, no probabilities'
  }
}

function boosterReturns(modelClass: string | undefined): string {
  const name = modelClass?.split('.').at(-1) ?? 'Booster'
  if (/Classifier$/.test(name)) return 'A class label for each row, no probabilities'
  if (/Regressor$/.test(name)) return 'A number for each row'
  if (/Ranker$/.test(name)) return 'A ranking score for each row'
  return 'What the booster’s objective gives: probabilities for a classification, else a number for each row'
}

function catboostReturns(modelType: string | undefined): string {
  if (modelType === 'CatBoostClassifier') return 'A class label for each row, no probabilities'
  if (modelType === 'CatBoostRegressor') return 'A number for each row'
  return 'The raw value of the model for each row'
}

function pyfuncReturns(model: Mlmodel): string {
  const outputs = model.signature?.outputs === undefined ? '' : '; the signature promises the outputs below'
  return `What the model’s Python code returns${outputs}`
}

/** `a`, `a and b`, `a, b and c`. */
export function sentenceList(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
