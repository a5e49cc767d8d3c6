/** Predictions put beside the rows they were made of. */
import { type Batch, type Column, type Frame, isTensor, type Tensor } from '../batch.ts'
import { MlmodelError, notice } from '../errors/index.ts'
import { toRows, toTable } from './prediction-table.ts'

/**
 * Lays input out as columns: a table as it is, each array under its name, one array without a name as `input`; an array of
 * several dimensions is a column of its rows.
 *
 * @throws APPEND_NO_ROWS
 */
export function inputColumns(input: Batch): Frame {
  const frame = toRows(input.kind === 'array' ? { kind: 'named', items: new Map([['input', input.tensor]]) } : input)
  if (frame === undefined) throw new MlmodelError('APPEND_NO_ROWS', { why: 'the input has no rows' })
  return frame
}

/**
 * Lays predictions out as columns that can stand beside rows of input.
 *
 * @param flat - outputs of two dimensions become a column for each of their columns (CSV); else a row's list
 * @throws PREDICTIONS_NO_TABLE, APPEND_NO_ROWS when the predictions are not as many as the rows
 */
export function predictionColumns(predictions: Batch, rows: number, flat: boolean): Frame {
  const named = predictions.kind === 'array' ? nameArray(predictions.tensor) : predictions
  const frame = flat ? toTable(named) : toRows(named)
  if (frame === undefined) throw new MlmodelError('APPEND_NO_ROWS', { why: 'the predictions have no rows' })
  if (frame.rows !== rows)
    throw new MlmodelError('APPEND_NO_ROWS', { why: `there are ${frame.rows} predictions for ${rows} rows` })
  return frame
}

function nameArray(tensor: Tensor): Batch {
  return { kind: 'named', items: new Map([['prediction', tensor]]) }
}

/**
 * Renames predictions whose name a column of the input has already: `y` to `predicted_y`.
 *
 * @returns the columns, and the names that were taken
 */
export function distinctNames(
  predictions: readonly Column[],
  names: readonly (string | number)[],
): { readonly columns: readonly Column[]; readonly renamed: readonly (readonly [from: string, to: string])[] } {
  const taken = new Set(names.map(String))
  const renamed: [string, string][] = []
  for (const { name } of predictions) if (!taken.has(String(name))) taken.add(String(name))
  const inputs = new Set(names.map(String))
  const columns = predictions.map((column) => {
    const name = String(column.name)
    if (!inputs.has(name)) return column
    let other = `predicted_${name}`
    while (taken.has(other)) other = `predicted_${other}`
    taken.add(other)
    renamed.push([name, other])
    return { ...column, name: other }
  })
  return { columns, renamed }
}

/** What of a table of Parquet or Arrow is not written as it was. */
export function appendLosses({ columns }: Frame): readonly ReturnType<typeof notice>[] {
  return columns.flatMap(({ name, ...column }) => {
    const kind = 'pandas' in column ? column.pandas : undefined
    if (kind === 'zoned') return [notice('APPEND_ZONE', { column: String(name) })]
    return kind === 'decimal' ? [notice('APPEND_DECIMAL', { column: String(name) })] : []
  })
}

/** The names and the form of predictions, equal for those that can be joined. */
export function layoutOf(batch: Batch): string {
  switch (batch.kind) {
    case 'frame':
      return JSON.stringify(['columns', batch.columns.map(({ name }) => name)])
    case 'named':
      return JSON.stringify([
        'arrays',
        [...batch.items].map(([name, item]) => [name, isTensor(item) ? item.shape.length : 'list']),
      ])
    case 'array':
      return JSON.stringify(['array', batch.tensor.shape.length])
    case 'value':
      return '["value"]'
  }
}
