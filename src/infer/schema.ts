/**
 * The schema of a sample, as `mlflow.types.utils._infer_schema` finds it.
 *
 * @see mlflow/types/utils.py
 */
import { type Cell, isCellMap } from '../batch.ts'
import type { DataType } from '../dtype.ts'
import { dtypes } from '../dtype.ts'
import type { Table } from '../enforce/pandas-frame.ts'
import { hasMissing, inferAgain } from '../enforce/pandas-infer.ts'
import { Refusal } from '../enforce/sink.ts'
import type { FixedDtype, Series } from '../enforce/values.ts'
import type { ColumnSpec, Schema, TensorSpec, ValueType } from '../signature.ts'
import type { Sample, SampleArray, SampleColumn } from './sample.ts'
import { inferItems, inferType, isMissingValue, mergeTypes } from './value-type.ts'

/**
 * The schema of a table (columns), of arrays (tensors), or of any value (columns of objects and lists).
 *
 * @throws Refusal where MLflow raises
 */
export function inferSchema(sample: Sample): Schema {
  switch (sample.kind) {
    case 'table':
      return columns(sample.columns.map(columnSpec))
    case 'array':
      return { kind: 'tensors', tensors: [tensorSpec(sample.array, undefined)] }
    case 'arrays': {
      if (sample.arrays.size === 0) throw new Refusal('there is no array')
      return { kind: 'tensors', tensors: [...sample.arrays].map(([name, array]) => tensorSpec(array, name)) }
    }
    case 'value':
      return schemaOfValue(sample.value)
  }
}

function columns(specs: readonly ColumnSpec[]): Schema {
  if (specs.length === 0) throw new Refusal('there is no column')
  return { kind: 'columns', columns: specs }
}

function unnamed(type: ValueType): Schema {
  return columns([{ kind: 'column', type, required: true }])
}

function schemaOfValue(value: Cell): Schema {
  if (Array.isArray(value)) return schemaOfList(value as readonly Cell[])
  if (!isCellMap(value)) return unnamed(known(inferType(value)))
  return columns(
    [...value].map(([name, item]): ColumnSpec => {
      const missing = Array.isArray(item) ? (item as readonly Cell[]).some(isMissingValue) : isMissingValue(item)
      return { kind: 'column', name, type: known(inferType(item)), required: !missing }
    }),
  )
}

function schemaOfList(items: readonly Cell[]): Schema {
  // As before MLflow 2.9.
  if (items.length === 0) return unnamed({ kind: 'scalar', dataType: 'string' })
  if (!items.every(isCellMap)) return unnamed(known(inferItems(items)))
  const values = new Map<string, Cell[]>()
  for (const item of items) {
    for (const [key, value] of item) {
      const cells = values.get(key)
      if (cells === undefined) values.set(key, [value])
      else cells.push(value)
    }
  }
  return columns(
    [...values].map(([name, cells]): ColumnSpec => {
      // A NaN counts as a value here.
      const required = items.every((item) => (item.get(name) ?? null) !== null)
      return { kind: 'column', name, type: known(inferItems(cells)), required }
    }),
  )
}

function known(type: ValueType | undefined): ValueType {
  if (type === undefined) throw new Refusal('an array must have at least one item that is not empty')
  return type
}

function columnSpec({ name, type, missing }: SampleColumn): ColumnSpec {
  if (type instanceof Refusal) throw type
  return { kind: 'column', name, type, required: !missing }
}

/** The columns of a DataFrame. */
export function inferColumns({ columns }: Table): readonly SampleColumn[] {
  const seen = new Map<string | number, number>()
  for (const { name } of columns) seen.set(name, (seen.get(name) ?? 0) + 1)
  return columns.map(({ name, series }) => {
    // Two columns of one name are a table to pandas.
    const twin = seen.get(name)! > 1
    const type = twin ? new Refusal(`the column \`${name}\` is there more than once`) : inferColumn(series)
    return { name, type, missing: hasMissing(series) }
  })
}

/** Joins what two pieces of one table say about its columns. */
export function joinColumns(before: readonly SampleColumn[], more: readonly SampleColumn[]): readonly SampleColumn[] {
  return before.map((column, position): SampleColumn => {
    const { type, missing } = more[position]!
    return { name: column.name, type: joinTypes(column.type, type), missing: column.missing || missing }
  })
}

function joinTypes(first: SampleColumn['type'], second: SampleColumn['type']): SampleColumn['type'] {
  if (first instanceof Refusal || second instanceof Refusal) return first instanceof Refusal ? first : second
  return attempt(() => mergeTypes(first, second))
}

/** `_infer_pandas_column`. */
function inferColumn(series: Series): SampleColumn['type'] {
  const found = inferAgain(series)
  if (found.dtype === 'extension') return attempt(() => typeOfExtension(found))
  if (found.dtype === 'bytes') return { kind: 'scalar', dataType: 'binary' }
  if (found.dtype !== 'str' && found.dtype !== 'object') return attempt(() => typeOfDtype(found.dtype as FixedDtype))
  // MLflow's rule for what it cannot look into.
  if (found.values.length === 0) return { kind: 'scalar', dataType: 'string' }
  return attempt(() => known(inferItems(found.values)))
}

/** The types of pandas' own have NumPy's kinds; a category is looked into, but not one without rows. */
function typeOfExtension({ name, base, values }: Extract<Series, { dtype: 'extension' }>): ValueType {
  if (base !== undefined) return typeOfDtype(base)
  if (name.startsWith('datetime64')) return { kind: 'scalar', dataType: 'datetime' }
  if (name === 'category' && values.length > 0) return known(inferItems(values))
  throw new Refusal(`no column type holds every ${name}`)
}

function attempt(infer: () => ValueType): SampleColumn['type'] {
  try {
    return infer()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

const typeOfElement: Partial<Record<FixedDtype, DataType>> = {
  bool: 'boolean',
  int8: 'integer',
  int16: 'integer',
  int32: 'integer',
  uint8: 'integer',
  uint16: 'integer',
  uint32: 'long',
  int64: 'long',
  float16: 'float',
  float32: 'float',
  float64: 'double',
  datetime64: 'datetime',
}

/**
 * `_infer_numpy_dtype`: the column type that holds every value of an element type.
 *
 * @throws Refusal for uint64
 */
export function typeOfDtype(dtype: FixedDtype): ValueType {
  const dataType = typeOfElement[dtype]
  if (dataType === undefined) throw new Refusal(`no column type holds every ${dtype}`)
  return { kind: 'scalar', dataType }
}

/** A tensor whose first dimension is free. */
function tensorSpec({ tensor, numpyDtype }: SampleArray, name: string | undefined): TensorSpec {
  if (tensor.shape.length === 0) throw new Refusal('an array without dimensions has no rows')
  const shape = [-1, ...tensor.shape.slice(1)]
  return {
    kind: 'tensor',
    ...(name !== undefined && { name }),
    dtype: tensor.dtype,
    numpyDtype: numpyDtype ?? dtypes[tensor.dtype].numpy,
    shape,
  }
}
