/** Predictions as outputs of rows: each with the values of a row beside one another. */
import { type Batch, type Cell, type Column, elementCount, isTensor, isValid, type Tensor } from '../batch.ts'
import { type Dtype, float16ToNumber, notATime } from '../dtype.ts'
import { writeJsonValue } from '../json.ts'

/** One value as it is compared: a number (NaN too), a whole number, a text, or nothing. */
export type Value = number | bigint | string | boolean | null

export interface Output {
  /** '' where the model gives no name. */
  readonly name: string
  readonly dtype: Dtype
  readonly rows: number
  /** Values of a row. */
  readonly width: number
  value(index: number): Value
}

/** Every output; one that has no rows (a scalar, a single value) is one row. */
export function outputsOf(batch: Batch): readonly Output[] {
  switch (batch.kind) {
    case 'frame':
      return batch.columns.map((column) => columnOutput(String(column.name), column, batch.rows))
    case 'array':
      return [tensorOutput('', batch.tensor)]
    case 'named':
      return [...batch.items].map(([name, item]) => (isTensor(item) ? tensorOutput(name, item) : cellOutput(name, item)))
    default:
      return [cellOutput('', batch.value)]
  }
}

function columnOutput(name: string, column: Column, rows: number): Output {
  if (column.dtype === 'object') return cellOutput(name, column.values)
  const { validity } = column as { readonly validity?: Uint8Array }
  const read = reader(column)
  return { name, dtype: column.dtype, rows, width: 1, value: (row) => (isValid(validity, row) ? read(row) : null) }
}

function tensorOutput(name: string, tensor: Tensor): Output {
  const [rows = 1, ...rest] = tensor.shape
  return { name, dtype: tensor.dtype, rows, width: elementCount(rest), value: reader(tensor) }
}

/** Lists, maps and what else has no one type are compared as the text that a reply would have. */
function cellOutput(name: string, cells: Cell): Output {
  const rows: readonly Cell[] = Array.isArray(cells) ? cells : [cells]
  const value = (row: number): Value => {
    const cell = rows[row]!
    return cell === null || typeof cell !== 'object' ? cell : writeJsonValue(cell)
  }
  return { name, dtype: 'object', rows: rows.length, width: 1, value }
}

function reader(data: Column | Tensor): (index: number) => Value {
  const { dtype, values } = data
  switch (dtype) {
    case 'bool':
      return (index) => values[index] !== 0
    case 'float16':
      return (index) => float16ToNumber(values[index] as number)
    case 'datetime64':
      return (index) => (values[index] === notATime ? null : (values[index] as bigint))
    case 'bytes':
      return (index) => (values[index] === null ? null : Buffer.from(values[index]!).toString('base64'))
    case 'complex64':
    case 'complex128':
      return (index) => `${values[2 * index]}+${values[2 * index + 1]}j`
    case 'object':
      return (index) => {
        const cell = values[index]!
        return cell === null || typeof cell !== 'object' ? cell : writeJsonValue(cell)
      }
    default:
      return (index) => values[index] as Value
  }
}
