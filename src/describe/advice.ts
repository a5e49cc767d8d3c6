/** What would make an artifact an MLflow model: the line of Python that logs it. */
import { inputFormats } from '../data/format.ts'
import type { Content } from '../sniff.ts'

export interface Advice {
  readonly advice: string
  readonly line: string | null
}

/** Loader expression of each format, with the path put in; then `mlflow.<flavor>.log_model` of it. */
function loaderOf(content: Content, path: string): string | undefined {
  switch (content.format) {
    case 'onnx':
      return `onnx.load(${path})`
    case 'pickle':
      return `pickle.load(open(${path}, "rb"))`
    case 'joblib':
      return `joblib.load(${path})`
    case 'skops':
      return `skops.io.load(${path}, trusted=[…])`
    case 'xgboost':
      return `xgboost.Booster(model_file=${path})`
    case 'lightgbm':
      return `lightgbm.Booster(model_file=${path})`
    case 'catboost':
      return `catboost.CatBoost().load_model(${path})`
    case 'torch':
      return `torch.load(${path}, weights_only=False)`
    case 'keras':
      return `keras.saving.load_model(${path})`
    default:
      return undefined
  }
}

/** Advice for a file; undefined where there is nothing sensible to say. */
export function adviseFile(content: Content, path: string): Advice | undefined {
  const quoted = JSON.stringify(path)
  const loader = loaderOf(content, quoted)
  if (content.flavor !== undefined && loader !== undefined) {
    const module = content.flavor === 'tensorflow' ? 'keras' : content.flavor
    const trusted = content.format === 'pickle' || content.format === 'joblib' || content.format === 'torch'
    return {
      advice: `Log it with MLflow in Python${trusted ? ', if you trust where it came from' : ''}`,
      line: `mlflow.${module}.log_model(${loader}, name="model")`,
    }
  }
  switch (content.format) {
    case 'pickle':
    case 'joblib':
      return { advice: 'If it is a model of your own, log it in Python with `mlflow.pyfunc.log_model`', line: null }
    case 'safetensors':
      return {
        advice: 'Weights alone are no model: log the network with `mlflow.pytorch.log_model` or `mlflow.transformers.log_model`',
        line: null,
      }
    case 'mlmodel':
      return { advice: 'Its name must be `MLmodel`, in the folder of the model', line: null }
    case 'savedmodel':
      return { advice: 'Log the folder with `mlflow.tensorflow.log_model`', line: null }
    default:
      return (inputFormats as readonly string[]).includes(content.format)
        ? { advice: `It is data: \`mlmodel predict <model> -i ${path}\``, line: null }
        : undefined
  }
}
