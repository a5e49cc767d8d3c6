/** A schema as Arrow's JSON, the form of its integration tests, which the implementations read. */
import type { Cell } from '../batch.ts'
import type { Dtype } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import type { OutputColumn, OutputType } from './columns.ts'

type Entries = readonly (readonly [string, Cell])[]

const integer = (bitWidth: bigint, isSigned: boolean): Entries => [
  ['name', 'int'],
  ['bitWidth', bitWidth],
  ['isSigned', isSigned],
]
const floating = (precision: string): Entries => [
  ['name', 'floatingpoint'],
  ['precision', precision],
]

const types: Partial<Record<Dtype, Entries>> = {
  bool: [['name', 'bool']],
  int8: integer(8n, true),
  int16: integer(16n, true),
  int32: integer(32n, true),
  int64: integer(64n, true),
  uint8: integer(8n, false),
  uint16: integer(16n, false),
  uint32: integer(32n, false),
  uint64: integer(64n, false),
  float16: floating('HALF'),
  float32: floating('SINGLE'),
  float64: floating('DOUBLE'),
  datetime64: [
    ['name', 'timestamp'],
    ['unit', 'NANOSECOND'],
  ],
  string: [['name', 'utf8']],
  bytes: [['name', 'binary']],
}

/**
 * Writes the columns as `{"schema": {"fields": […]}}`; all are nullable, as those that pyarrow makes of a pandas table.
 *
 * @see https://arrow.apache.org/docs/format/Integration.html
 * @throws OUTPUT_SCHEMA_TYPE
 */
export function arrowSchema(columns: readonly OutputColumn[]): Cell {
  return record(['schema', record(['fields', columns.map(({ name, type }) => field(name, type, name))])])
}

function field(name: string, type: OutputType, output: string, nullable = true): Cell {
  const [entries, children] = typeOf(type, output)
  return record(['name', name], ['nullable', nullable], ['type', record(...entries)], ['children', children])
}

function typeOf(type: OutputType, output: string): readonly [Entries, readonly Cell[]] {
  switch (type.kind) {
    case 'list':
      return [[['name', 'list']], [field('item', type.items, output)]]
    case 'struct':
      return [[['name', 'struct']], type.fields.map((each) => field(each.name, each.type, output))]
    case 'map': {
      const entry = [field('key', { kind: 'scalar', dtype: 'string' }, output, false), field('value', type.values, output)]
      const entries = record(['name', 'entries'], ['nullable', false], ['type', record(['name', 'struct'])], ['children', entry])
      return [
        [
          ['name', 'map'],
          ['keysSorted', false],
        ],
        [entries],
      ]
    }
    case 'scalar': {
      const entries = types[type.dtype]
      if (entries !== undefined) return [entries, []]
      throw new MlmodelError('OUTPUT_SCHEMA_TYPE', { output, type: type.dtype, schema: 'Arrow' })
    }
    case 'any':
      throw new MlmodelError('OUTPUT_SCHEMA_TYPE', { output, type: 'of any type', schema: 'Arrow' })
    case 'other':
      throw new MlmodelError('OUTPUT_SCHEMA_TYPE', { output, type: type.text, schema: 'Arrow' })
  }
}

function record(...entries: Entries): Cell {
  return new Map(entries)
}
