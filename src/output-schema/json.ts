/** A JSON Schema of one record of predictions, as JSON and JSON Lines have them. */
import type { Cell } from '../batch.ts'
import type { Dtype } from '../dtype.ts'
import type { OutputColumn, OutputType } from './columns.ts'

/** Describes a record (2020-12). Not a number and infinities are written as Python writes them, and are no JSON. */
export function outputRowSchema(columns: readonly OutputColumn[]): Cell {
  return new Map<string, Cell>([['$schema', 'https://json-schema.org/draft/2020-12/schema'], ...recordSchema(columns)])
}

function recordSchema(columns: readonly OutputColumn[]): Map<string, Cell> {
  const required = columns.filter((column) => column.required).map(({ name }) => name)
  return new Map<string, Cell>([
    ['type', 'object'],
    [
      'properties',
      new Map(columns.map(({ name, type, required }): [string, Cell] => [name, required ? typeSchema(type) : orNull(type)])),
    ],
    ...(required.length > 0 ? [['required', required] as [string, Cell]] : []),
    ['additionalProperties', false],
  ])
}

function orNull(type: OutputType): Cell {
  return type.kind === 'other' || type.kind === 'any'
    ? new Map()
    : new Map<string, Cell>([['anyOf', [typeSchema(type), new Map([['type', 'null']])]]])
}

function typeSchema(type: OutputType): Cell {
  switch (type.kind) {
    case 'list': {
      const bounds: [string, Cell][] =
        type.size === undefined
          ? []
          : [
              ['minItems', BigInt(type.size)],
              ['maxItems', BigInt(type.size)],
            ]
      return new Map<string, Cell>([['type', 'array'], ['items', typeSchema(type.items)], ...bounds])
    }
    case 'map':
      return new Map<string, Cell>([
        ['type', 'object'],
        ['additionalProperties', typeSchema(type.values)],
      ])
    case 'struct':
      return recordSchema(type.fields)
    case 'scalar':
      return scalarSchema(type.dtype)
    case 'any':
    case 'other':
      return new Map()
  }
}

function scalarSchema(dtype: Dtype): Cell {
  if (dtype === 'bool') return new Map([['type', 'boolean']])
  if (/^u?int/.test(dtype)) return new Map([['type', 'integer']])
  if (dtype.startsWith('float')) return new Map([['type', 'number']])
  if (dtype === 'bytes')
    return new Map<string, Cell>([
      ['type', 'string'],
      ['contentEncoding', 'base64'],
    ])
  // A datetime is ISO 8601 without a zone, which is no `date-time` of JSON Schema.
  return dtype === 'string' || dtype === 'datetime64' ? new Map([['type', 'string']]) : new Map()
}
