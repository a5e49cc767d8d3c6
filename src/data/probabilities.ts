/** The class probabilities among a classifier's outputs. */
import { type Batch, type Cell, type Column, isCellMap, isTensor, type Tensor } from '../batch.ts'
import { MlmodelError } from '../errors/index.ts'
import { toTable } from './prediction-table.ts'

/**
 * Picks the probabilities of a classifier that answers labels and probabilities, as converters from scikit-learn,
 * XGBoost and LightGBM write it: a label for each row, and a float matrix or a map from class to probability.
 *
 * @returns a table with a column for each class: named by the class where the model says it, else by position
 * @throws PROBABILITIES_ABSENT unless there are just two such outputs, and the numbers lie between 0 and 1
 */
export function pickProbabilities(batch: Batch): Batch {
  const outputs = outputsOf(batch)
  const [first, second] = outputs
  if (outputs.length !== 2 || first === undefined || second === undefined || !isLabel(first[1]) || !isWide(second[1])) {
    throw new MlmodelError('PROBABILITIES_ABSENT', { outputs: outputs.map(([name]) => name) })
  }
  const [name, value] = second
  const table = toTable({ kind: 'named', items: new Map([[name, value]]) })
  for (const { values } of table.columns) {
    // A half unit of float32 above one is rounding; NaN is a row that the model could not judge.
    if (Array.isArray(values) || (values as Float32Array).some((number) => number < 0 || number > 1.000001)) {
      throw new MlmodelError('PROBABILITIES_ABSENT', { outputs: outputs.map(([output]) => output) })
    }
  }
  const columns = table.columns.map((column): Column => ({ ...column, name: String(column.name).slice(name.length + 1) }))
  return { ...table, columns }
}

function outputsOf(batch: Batch): [string, Tensor | Cell][] {
  if (batch.kind === 'named') return [...batch.items]
  if (batch.kind !== 'frame') return []
  return batch.columns.map((column) => [
    String(column.name),
    column.dtype === 'object' ? column.values : ({ ...column, shape: [batch.rows] } as unknown as Tensor),
  ])
}

/** A class for each row: whole numbers or texts. */
function isLabel(value: Tensor | Cell): boolean {
  return (
    isTensor(value) &&
    value.shape.length === 1 &&
    (value.dtype === 'string' || value.dtype.includes('int') || value.dtype === 'bool')
  )
}

/** Several numbers for each row. */
function isWide(value: Tensor | Cell): boolean {
  if (isTensor(value)) return value.shape.length === 2 && (value.dtype === 'float32' || value.dtype === 'float64')
  if (!Array.isArray(value)) return false
  return value.every((cell) => isCellMap(cell) || (isTensor(cell) && cell.shape.length === 1 && cell.dtype.startsWith('float')))
}
