/** The class probabilities among a classifier's outputs. */
import { type Batch, type Cell, type Column, isCellMap, isTensor, type Tensor } from '../batch.ts'
import { MlmodelError } from '../errors/index.ts'
import { toTable } from './prediction-table.ts'

/**
 * Picks the probabilities of a classifier that answers labels and probabilities, as converters from scikit-learn,
 * XGBoost and LightGBM write it: a float matrix, or a map from class to probability for each row.
 *
 * @returns a table with a column for each class: named by the class where the model says it, else by position
 * @throws PROBABILITIES_ABSENT unless exactly one output is of that form
 */
export function pickProbabilities(batch: Batch): Batch {
  const outputs = outputsOf(batch)
  const candidates = outputs.filter(([, values]) => isProbabilities(values))
  const [candidate] = candidates
  if (candidate === undefined || candidates.length > 1 || outputs.length < 2) {
    throw new MlmodelError('PROBABILITIES_ABSENT', { outputs: outputs.map(([name]) => name) })
  }
  const [name, value] = candidate
  const table = toTable({ kind: 'named', items: new Map([[name, value]]) })
  const columns = table.columns.map((column): Column => ({ ...column, name: String(column.name).slice(name.length + 1) }))
  return { ...table, columns }
}

function outputsOf(batch: Batch): [string, Tensor | Cell][] {
  if (batch.kind === 'named') return [...batch.items]
  if (batch.kind === 'frame') {
    return batch.columns.map((column) => [
      String(column.name),
      column.dtype === 'object' ? column.values : ({ ...column, shape: [batch.rows] } as unknown as Tensor),
    ])
  }
  return []
}

function isProbabilities(value: Tensor | Cell): boolean {
  if (isTensor(value)) return value.shape.length === 2 && (value.dtype === 'float32' || value.dtype === 'float64')
  if (!Array.isArray(value) || value.length === 0) return false
  return value.every(
    (cell) =>
      isCellMap(cell) || (isTensor(cell) && cell.shape.length === 1 && cell.dtype.startsWith('float')) || isFloatList(cell),
  )
}

function isFloatList(cell: Cell): boolean {
  return Array.isArray(cell) && cell.every((member) => typeof member === 'number')
}
