/** A JSON Schema of one row of input, for those who check data before they send it. */
import type { Cell } from '../batch.ts'
import type { DataType, Dtype } from '../dtype.ts'
import { type ColumnSpec, type Schema, specNames, type TensorSpec, type ValueType } from './spec.ts'

type JsonSchema = Map<string, Cell>

const month = '(0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|[12]\\d)'
const time = '([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?'
/** ISO 8601 in the years that nanoseconds can count, without a zone, which MLflow refuses. */
const isoPattern = `^(1[7-9]|2[01])\\d{2}-(${month})([T ]${time})?$`
const base64Pattern = '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

/**
 * Describes one row as JSON Schema (2020-12): an object for columns with names and for several tensors, as in
 * `dataframe_records` and `instances`; a list for columns without names or with numbers, as in `data` of `dataframe_split`; nested
 * lists for a tensor. A row that is valid is accepted by MLflow as it stands; MLflow also takes values it must convert (`"12"` for an
 * integer), which this schema refuses.
 */
export function rowSchema(schema: Schema): Cell {
  const head: [string, Cell][] = [['$schema', 'https://json-schema.org/draft/2020-12/schema']]
  return new Map([
    ...head,
    ...(schema.kind === 'columns' ? columnsSchema(schema.columns, specNames(schema)) : tensorsSchema(schema.tensors)),
  ])
}

function columnsSchema(columns: readonly ColumnSpec[], names: readonly (string | number)[]): JsonSchema {
  // Keys of JSON are texts: a numbered column has no place in an object.
  if (typeof columns[0]?.name !== 'string') {
    return map(['type', 'array'], ['prefixItems', columns.map(columnSchema)], ['minItems', BigInt(columns.length)])
  }
  const required = columns.flatMap((column, index) => (column.required ? [String(names[index])] : []))
  return map(
    ['type', 'object'],
    ['properties', new Map(columns.map((column, index): [string, Cell] => [String(names[index]), columnSchema(column)]))],
    ...(required.length > 0 ? [['required', required] as [string, Cell]] : []),
  )
}

/** One value of a column. */
export function columnSchema({ type, required }: ColumnSpec): Cell {
  const takesNull = type.kind !== 'scalar' || ['float', 'double', 'string', 'datetime'].includes(type.dataType)
  // An optional whole number, boolean or binary can be left out only: pandas has no missing one.
  return required || !takesNull ? typeSchema(type) : orNull(typeSchema(type))
}

/** A value of a type of MLflow's. */
export function typeSchema(type: ValueType): JsonSchema {
  switch (type.kind) {
    case 'scalar':
      return scalarSchema(type.dataType)
    case 'array':
      return map(['type', 'array'], ['items', typeSchema(type.items)])
    case 'sparkml_vector':
      return map(['type', 'array'], ['items', scalarSchema('double')])
    case 'map':
      return map(['type', 'object'], ['additionalProperties', typeSchema(type.values)])
    case 'any':
      return map()
    case 'object': {
      const properties = type.properties.map(({ name, type, required }): [string, Cell] => [
        name,
        required ? typeSchema(type) : orNull(typeSchema(type)),
      ])
      const required = type.properties.filter((property) => property.required).map(({ name }) => name)
      return map(
        ['type', 'object'],
        ['properties', new Map(properties)],
        ...(required.length > 0 ? [['required', required] as [string, Cell]] : []),
        ['additionalProperties', false],
      )
    }
  }
}

function scalarSchema(dataType: DataType): JsonSchema {
  switch (dataType) {
    case 'boolean':
      return map(['type', 'boolean'])
    case 'integer':
      return integers(32, true)
    case 'long':
      return integers(64, true)
    case 'float':
      return floats('float32')
    case 'double':
      return map(['type', 'number'])
    case 'string':
      return map(['type', 'string'])
    case 'binary':
      return map(['type', 'string'], ['contentEncoding', 'base64'], ['pattern', base64Pattern])
    case 'datetime':
      return map(['type', 'string'], ['pattern', isoPattern])
  }
}

function integers(bits: number, signed: boolean): JsonSchema {
  const most = 2n ** BigInt(signed ? bits - 1 : bits) - 1n
  return map(['type', 'integer'], ['minimum', signed ? -most - 1n : 0n], ['maximum', most])
}

/** The largest numbers that round to a finite value of the type. */
const largest = { float16: 65504, float32: 3.4028234663852886e38 } as const

function floats(dtype: keyof typeof largest): JsonSchema {
  return map(['type', 'number'], ['minimum', -largest[dtype]], ['maximum', largest[dtype]])
}

/** The first dimension is that of rows. */
function tensorsSchema(tensors: readonly TensorSpec[]): JsonSchema {
  const only = tensors[0]!
  if (tensors.length === 1 && only.name === undefined) return rowOfTensor(only)
  const names = tensors.map(({ name }, index) => String(name ?? index))
  return map(
    ['type', 'object'],
    ['properties', new Map(tensors.map((tensor, index): [string, Cell] => [names[index]!, rowOfTensor(tensor)]))],
    ['required', names],
  )
}

function rowOfTensor({ dtype, shape }: TensorSpec): JsonSchema {
  return shape.slice(1).reduceRight<JsonSchema>((items, size) => {
    const bounds: [string, Cell][] =
      size === null || size < 0
        ? []
        : [
            ['minItems', BigInt(size)],
            ['maxItems', BigInt(size)],
          ]
    return map(['type', 'array'], ['items', items], ...bounds)
  }, elementSchema(dtype))
}

/** One element of an array. */
export function elementSchema(dtype: Dtype | undefined): JsonSchema {
  const integer = /^(u?)int(\d+)$/.exec(dtype ?? '')
  if (integer !== null) return integers(Number(integer[2]), integer[1] === '')
  switch (dtype) {
    case 'bool':
      return map(['type', 'boolean'])
    case 'float16':
    case 'float32':
      return floats(dtype)
    case 'float64':
      return map(['type', 'number'])
    case 'string':
    case 'bytes':
      return map(['type', 'string'])
    case 'datetime64':
      return map(['type', 'string'], ['pattern', isoPattern])
    default:
      return map()
  }
}

/** An empty schema lets null through already. */
function orNull(schema: JsonSchema): Cell {
  return schema.size === 0 ? schema : map(['anyOf', [schema, map(['type', 'null'])]])
}

function map(...entries: readonly (readonly [string, Cell])[]): JsonSchema {
  return new Map(entries)
}
