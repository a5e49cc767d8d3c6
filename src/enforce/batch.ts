/** From what enforcement works with to the batches that models take. */
import type { Batch, Column, Frame, Tensor } from '../batch.ts'
import type { DataType } from '../dtype.ts'
import { type Schema, specNames } from '../signature.ts'
import type { Table, TableColumn } from './pandas-frame.ts'
import type { Fitted, Parsed } from './schema-input.ts'
import { type Cell, isCellMap, isMissing, isTensor, withoutScalars } from './values.ts'

/** Makes the batch that a model takes of data that fits; columns have the types of the schema. */
export function batchOfFitted(fitted: Fitted, schema: Schema): Batch {
  switch (fitted.kind) {
    case 'table':
      return frameOf(fitted.table, schema)
    case 'array':
      return { kind: 'array', tensor: withoutScalars(fitted.array) as Tensor }
    case 'named':
      return { kind: 'named', items: new Map([...fitted.arrays].map(([name, array]) => [name, withoutScalars(array) as Tensor])) }
  }
}

/** Data that no signature has been asked about. */
export function batchOfParsed(parsed: Parsed): Batch {
  if (parsed.kind === 'table') return frameOf(parsed.table, undefined)
  const value = withoutScalars(parsed.value)
  if (isTensor(value)) return { kind: 'array', tensor: value }
  return isCellMap(value) ? { kind: 'named', items: value as ReadonlyMap<string, Tensor | Cell> } : { kind: 'value', value }
}

function frameOf(table: Table, schema: Schema | undefined): Frame {
  const columns = table.columns.map((column, position) => columnOf(column, dataTypeAt(schema, column.name, position)))
  return { kind: 'frame', rows: table.rows, columns, ...(table.index !== undefined && { index: table.index }) }
}

/** The signature's type of a column, where it is a simple one. */
function dataTypeAt(schema: Schema | undefined, name: string | number, position: number): DataType | undefined {
  if (schema?.kind !== 'columns') return undefined
  const named = schema.columns[0]!.name !== undefined
  const spec = named ? schema.columns[specNames(schema).lastIndexOf(name)] : schema.columns[position]
  return spec?.type.kind === 'scalar' ? spec.type.dataType : undefined
}

function columnOf({ name, series }: TableColumn, type: DataType | undefined): Column {
  switch (series.dtype) {
    case 'str':
      return { name, dtype: 'string', values: series.values, pandas: 'str' }
    case 'bytes':
      return { name, dtype: 'bytes', values: series.values }
    case 'object':
    case 'extension':
      return objectColumn(name, series.values.map(withoutScalars), type)
    default:
      return { name, dtype: series.dtype, values: series.values }
  }
}

/** Objects that are all texts or all bytes, missing ones aside, are a column of that type. */
function objectColumn(name: string | number, values: readonly Cell[], type: DataType | undefined): Column {
  const present = values.filter((value) => !isMissing(value))
  const held = present.map(kindOfCell)
  const kind =
    held.length === 0
      ? type === 'string' || type === 'binary'
        ? type
        : undefined
      : held.every((one) => one === held[0])
        ? held[0]
        : undefined
  const plain = values.map((value) => (isMissing(value) ? null : value))
  if (kind === 'string') return { name, dtype: 'string', values: plain as readonly (string | null)[], pandas: 'object' }
  if (kind === 'binary') return { name, dtype: 'bytes', values: plain as readonly (Uint8Array | null)[] }
  return { name, dtype: 'object', values }
}

function kindOfCell(value: Cell): 'string' | 'binary' | undefined {
  if (typeof value === 'string') return 'string'
  return value instanceof Uint8Array ? 'binary' : undefined
}
