/**
 * Azure Machine Learning, batch endpoint without code: CSV and Parquet files are read as tables, images as arrays, and every other file fails
 * the job.
 *
 * @see learn.microsoft.com, "Deploy MLflow models in batch deployments": "How files are read"
 */
import { type Finding, finding } from '../../finding/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import { type ColumnSpec, printShape, printType, type TensorSpec } from '../../signature.ts'
import { fieldPlace } from '../place.ts'
import { checkPyfunc } from './pyfunc.ts'
import type { Target } from './target.ts'

const tables = 'CSV and Parquet files'
const images = 'PNG, JPEG, TIFF, BMP and GIF files'

export const azuremlBatch: Target = {
  name: 'azureml-batch',
  platform: 'Azure ML batch',
  async check(model, context) {
    const loads = await checkPyfunc(model, context, 'Azure ML batch')
    const inputs = model.signature?.inputs
    if (inputs === undefined) return loads
    return [...loads, ...(inputs.kind === 'columns' ? checkColumns(model, inputs.columns) : checkTensors(model, inputs.tensors))]
  },
}

/** Cells of CSV are numbers and text; bytes, lists and objects come from Parquet only. */
function checkColumns(model: Mlmodel, columns: readonly ColumnSpec[]): readonly Finding[] {
  const beyond = columns.filter(({ type }) => type.kind !== 'scalar' || type.dataType === 'binary')
  const first = beyond[0]
  if (first === undefined) return [only(model, tables, 'it is a table of columns')]
  return [
    only(
      model,
      'Parquet files',
      `CSV has no cells of type ${printType(first.type)} (column \`${first.name ?? columns.indexOf(first)}\`)`,
    ),
  ]
}

/** One array is an image, or a table whose columns are its second dimension; arrays by name are one column each. */
function checkTensors(model: Mlmodel, tensors: readonly TensorSpec[]): readonly Finding[] {
  const [tensor] = tensors
  if (tensors.length > 1 || tensor!.name !== undefined) {
    // MLflow makes a tensor of a column of numbers or of lists (mlflow/models/utils.py, `_enforce_tensor_schema`).
    const wide = tensors.find(({ shape }) => shape.length > 1)
    if (wide === undefined) return [only(model, tables, 'each tensor is a column')]
    return [
      only(model, 'Parquet files', `the tensor \`${wide.name}\` of shape ${printShape(wide.shape)} needs a list in each cell`),
    ]
  }
  const { shape } = tensor!
  if (shape.length === 2) return [only(model, tables, `the rows and columns are the array of shape ${printShape(shape)}`)]
  if (shape.length === 3 || shape.length === 4) return [only(model, images, `the tensor has shape ${printShape(shape)}`)]
  if (shape.length === 1) return [only(model, tables, 'the tensor is one column')]
  const reason = `one tensor of shape ${printShape(shape)} is neither a table nor an image`
  return [finding('AZURE_BATCH_FILES', { reason }, fieldPlace(model, ['signature', 'inputs']))]
}

function only(model: Mlmodel, files: string, reason: string): Finding {
  return finding('AZURE_BATCH_ONLY', { files, reason }, fieldPlace(model, ['signature', 'inputs']))
}
