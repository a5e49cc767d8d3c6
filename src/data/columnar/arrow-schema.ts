/**
 * Arrow's schema: in its own files, and in Parquet files as a note of what Parquet has no type for.
 *
 * @see https://github.com/apache/arrow/blob/main/format/Schema.fbs
 */
import type { Limits } from '../../limits.ts'
import { FlatBufferError, Table } from './flatbuffer.ts'
import type { TimeUnit } from './vector.ts'

export type ArrowType =
  | { readonly kind: 'null' | 'bool' | 'struct' | 'map' }
  | { readonly kind: 'int'; readonly bits: number; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bits: number }
  /** `view`: in 16 bytes each with the rest in further buffers. */
  | { readonly kind: 'text' | 'bytes'; readonly layout: 'offsets32' | 'offsets64' | 'view' }
  | { readonly kind: 'fixed-bytes'; readonly size: number }
  | { readonly kind: 'decimal'; readonly bits: number; readonly scale: number }
  | { readonly kind: 'date'; readonly unit: 'day' | 'ms' }
  | { readonly kind: 'time'; readonly unit: TimeUnit; readonly bits: number }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly zone?: string | undefined }
  | { readonly kind: 'duration'; readonly unit: TimeUnit }
  | { readonly kind: 'list'; readonly large: boolean }
  | { readonly kind: 'fixed-list'; readonly size: number }
  | { readonly kind: 'unsupported'; readonly name: string }

export interface ArrowField {
  readonly name: string
  readonly type: ArrowType
  readonly children: readonly ArrowField[]
  /** The type above is that of the dictionary's values; of the indices this one. */
  readonly dictionary?: { readonly id: number; readonly bits: number; readonly signed: boolean }
}

export interface ArrowSchema {
  readonly fields: readonly ArrowField[]
  readonly metadata: ReadonlyMap<string, string>
}

const units: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns']

/** @throws FlatBufferError */
export function readSchemaTable(schema: Table, bytes: number, limits: Limits): ArrowSchema {
  if (schema.short(0) !== 0) throw new FlatBufferError('numbers with the highest byte first')
  // A field takes 16 bytes at least: tables that refer to the same children over and over would not end.
  const budget = { left: Math.ceil(bytes / 16) }
  const fields = schema.tables(1).map((field) => readField(field, 0, budget, limits))
  const metadata = new Map(schema.tables(2).map((pair) => [pair.text(0) ?? '', pair.text(1) ?? '']))
  return { fields, metadata }
}

function readField(field: Table, depth: number, budget: { left: number }, limits: Limits): ArrowField {
  if (depth > limits.depth) throw new FlatBufferError(`types nested more than ${limits.depth} deep`)
  if (budget.left-- <= 0) throw new FlatBufferError('more fields than the bytes can hold')
  const encoding = field.table(4)
  const index = encoding?.table(1)
  const dictionary =
    encoding === undefined
      ? {}
      : { dictionary: { id: encoding.long(0), bits: index?.int(0) ?? 32, signed: index === undefined || index.byte(1) !== 0 } }
  return {
    name: field.text(0) ?? '',
    type: readType(field.byte(2), field.table(3)),
    children: field.tables(5).map((child) => readField(child, depth + 1, budget, limits)),
    ...dictionary,
  }
}

function readType(kind: number, type: Table | undefined): ArrowType {
  if (type === undefined) throw new FlatBufferError('a field without a type')
  switch (kind) {
    case 1:
      return { kind: 'null' }
    case 2:
      return { kind: 'int', bits: type.int(0), signed: type.byte(1) !== 0 }
    case 3:
      return { kind: 'float', bits: 16 << type.short(0) }
    case 4:
    case 19:
    case 23:
      return { kind: 'bytes', layout: kind === 4 ? 'offsets32' : kind === 19 ? 'offsets64' : 'view' }
    case 5:
    case 20:
    case 24:
      return { kind: 'text', layout: kind === 5 ? 'offsets32' : kind === 20 ? 'offsets64' : 'view' }
    case 6:
      return { kind: 'bool' }
    case 7:
      return { kind: 'decimal', bits: type.int(2, 128), scale: type.int(1) }
    case 8:
      return { kind: 'date', unit: type.short(0, 1) === 0 ? 'day' : 'ms' }
    case 9:
      return { kind: 'time', unit: unitOf(type.short(0, 1)), bits: type.int(1, 32) }
    case 10:
      return { kind: 'timestamp', unit: unitOf(type.short(0)), zone: type.text(1) }
    case 12:
    case 21:
      return { kind: 'list', large: kind === 21 }
    case 13:
      return { kind: 'struct' }
    case 15:
      return { kind: 'fixed-bytes', size: type.int(0) }
    case 16:
      return { kind: 'fixed-list', size: type.int(0) }
    case 17:
      return { kind: 'map' }
    case 18:
      return { kind: 'duration', unit: unitOf(type.short(0, 1)) }
    default:
      return {
        kind: 'unsupported',
        name:
          { 11: 'intervals', 14: 'unions', 22: 'run-end encoded values', 25: 'list views', 26: 'list views' }[kind] ??
          `type ${kind}`,
      }
  }
}

function unitOf(unit: number): TimeUnit {
  const known = units[unit]
  if (known === undefined) throw new FlatBufferError(`a unit of time ${unit}`)
  return known
}

/**
 * Reads `ARROW:schema` of a Parquet file: base64 of an IPC message. What cannot be read counts as absent, as it adds only
 * notes to a file that stands without it.
 */
export function readEncodedSchema(text: string | undefined, limits: Limits): ReadonlyMap<string, ArrowField> {
  if (text === undefined) return new Map()
  try {
    const bytes = Buffer.from(text, 'base64')
    const start = bytes.readInt32LE(0) === -1 ? 8 : 4
    const message = Table.root(bytes.subarray(start))
    const schema = message.byte(1) === 1 ? message.table(2) : undefined
    return schema === undefined
      ? new Map()
      : new Map(readSchemaTable(schema, bytes.length, limits).fields.map((field) => [field.name, field]))
  } catch (error) {
    if (error instanceof FlatBufferError || error instanceof RangeError) return new Map()
    throw error
  }
}
