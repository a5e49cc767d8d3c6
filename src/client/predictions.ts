/** What a server answered. */
import type { TensorOutput } from '../javascript/tensor.ts'

/** The answer to one request, row by row: `for (const row of predictions)`. */
export interface ServerPredictions<Row = Record<string, unknown>> extends Iterable<Row> {
  /** A value for each row: an object of the outputs by name, or the element of an only array. */
  readonly rows: readonly Row[]
  /** The answer as the server sent it, without its wrapping: JSON's values, a whole number beyond 2^53 as a bigint. */
  readonly value: unknown
  /** With their element types, where the protocol has tensors. */
  readonly outputs: Readonly<Record<string, TensorOutput>> | undefined
  /** The version of the model that answered, where the server says so. */
  readonly version: string | undefined
}

/** Lists by name become rows where all are of one length; anything else is one row. */
export function predictionsOf<Row>(
  value: unknown,
  version: string | undefined,
  outputs?: Readonly<Record<string, TensorOutput>>,
): ServerPredictions<Row> {
  const rows = rowsOf(value) as readonly Row[]
  return { rows, value, outputs, version, [Symbol.iterator]: () => rows[Symbol.iterator]() }
}

function rowsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value !== 'object' || value === null) return [value]
  const entries = Object.entries(value)
  const lists = entries.filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]))
  const length = lists[0]?.[1].length
  if (length === undefined || lists.length < entries.length || lists.some(([, list]) => list.length !== length)) return [value]
  return Array.from({ length }, (_, row) => Object.fromEntries(lists.map(([name, list]) => [name, list[row]])))
}
