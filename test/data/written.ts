/**
 * The predictions that stand in test/fixtures/tables/written.*, and their bytes; run as a program it writes them, and
 * test/fixtures/tables/check.py then has pandas read them.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Batch, Cell } from '../../src/batch.ts'
import { type OutputFormat, openPredictionWriter } from '../../src/data/predictions.ts'
import { numberToFloat16 } from '../../src/dtype.ts'
import { folder } from './tables.ts'

const moment = (nanoseconds: bigint): Cell => ({ kind: 'datetime', nanoseconds })
const list = (...values: number[]): Cell => ({ dtype: 'float32', shape: [values.length], values: Float32Array.from(values) })

/** Two blocks of three rows and one. */
export const table: readonly Batch[] = [
  {
    kind: 'frame',
    rows: 3,
    columns: [
      { name: 'label', dtype: 'int64', values: BigInt64Array.of(1n, -(2n ** 63n), 2n ** 53n + 1n) },
      { name: 'small', dtype: 'int8', values: Int8Array.of(1, -128, 127) },
      { name: 'unsigned', dtype: 'uint32', values: Uint32Array.of(0, 1, 4294967295) },
      { name: 'large', dtype: 'uint64', values: BigUint64Array.of(0n, 1n, 2n ** 64n - 1n) },
      { name: 'half', dtype: 'float16', values: Uint16Array.of(numberToFloat16(1.5), numberToFloat16(-0.1), 0x7e00) },
      { name: 'single', dtype: 'float32', values: Float32Array.of(0.1, -0, Number.POSITIVE_INFINITY) },
      { name: 'double', dtype: 'float64', values: Float64Array.of(0.1, Number.NaN, 1e300) },
      { name: 'truth', dtype: 'bool', values: Uint8Array.of(1, 0, 1) },
      { name: 'text', dtype: 'string', pandas: 'object', values: ['a', null, '日本 "x"'] },
      { name: 'raw', dtype: 'bytes', values: [Uint8Array.of(0, 255), null, new Uint8Array(0)] },
      { name: 'when', dtype: 'datetime64', values: BigInt64Array.of(0n, -(2n ** 63n), 1_600_000_000_123_456_789n) },
      { name: 'holes', dtype: 'int32', values: Int32Array.of(1, 0, 3), validity: Uint8Array.of(5) },
      { name: 'probabilities', dtype: 'object', values: [list(0.25, 0.75), list(1, 0), list(0.5, 0.5)] },
      {
        name: 'map',
        dtype: 'object',
        values: [
          new Map([
            ['no', 0.25],
            ['yes', 0.75],
          ]),
          new Map([
            ['no', 1],
            ['yes', 0],
          ]),
          null,
        ],
      },
      { name: 'nested', dtype: 'object', values: [[[1n], [2n, 3n]], [], null] },
      { name: 'cells', dtype: 'object', values: [moment(5n), null, moment(7n)] },
      { name: 'mixed', dtype: 'object', values: [1n, 2.5, null] },
    ],
  },
  {
    kind: 'frame',
    rows: 1,
    columns: [
      { name: 'label', dtype: 'int64', values: BigInt64Array.of(4n) },
      { name: 'small', dtype: 'int8', values: Int8Array.of(4) },
      { name: 'unsigned', dtype: 'uint32', values: Uint32Array.of(4) },
      { name: 'large', dtype: 'uint64', values: BigUint64Array.of(4n) },
      { name: 'half', dtype: 'float16', values: Uint16Array.of(numberToFloat16(4)) },
      { name: 'single', dtype: 'float32', values: Float32Array.of(4) },
      { name: 'double', dtype: 'float64', values: Float64Array.of(4) },
      { name: 'truth', dtype: 'bool', values: Uint8Array.of(0) },
      { name: 'text', dtype: 'string', pandas: 'object', values: ['d'] },
      { name: 'raw', dtype: 'bytes', values: [Uint8Array.of(4)] },
      { name: 'when', dtype: 'datetime64', values: BigInt64Array.of(4n) },
      { name: 'holes', dtype: 'int32', values: Int32Array.of(4) },
      { name: 'probabilities', dtype: 'object', values: [list(0.125, 0.875)] },
      {
        name: 'map',
        dtype: 'object',
        values: [
          new Map([
            ['no', 0],
            ['yes', 1],
          ]),
        ],
      },
      { name: 'nested', dtype: 'object', values: [[[], [4n]]] },
      { name: 'cells', dtype: 'object', values: [moment(4n)] },
      { name: 'mixed', dtype: 'object', values: [null] },
    ],
  },
]

/** What an ONNX model with tensors gives. */
export const tensors: readonly Batch[] = [
  {
    kind: 'named',
    items: new Map([
      ['label', { dtype: 'int64', shape: [2], values: BigInt64Array.of(0n, 1n) }],
      ['scores', { dtype: 'float32', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ['names', { dtype: 'string', shape: [2], values: ['a', 'é'] }],
    ]),
  },
]

export function write(format: OutputFormat, batches: readonly Batch[]): Buffer {
  const writer = openPredictionWriter(format, { wrap: true })
  const parts = batches.map((batch) => writer.write(batch) ?? new Uint8Array(0))
  return Buffer.concat([...parts, writer.end()])
}

export const files: readonly (readonly [string, () => Buffer])[] = [
  ['written.parquet', () => write('parquet', table)],
  ['written.arrow', () => write('arrow', table)],
  ['written.arrows', () => write('arrows', table)],
  ['written-tensors.parquet', () => write('parquet', tensors)],
  ['written-tensors.arrow', () => write('arrow', tensors)],
  ['written-tensors.npz', () => write('npz', tensors)],
]

if (import.meta.filename === process.argv[1]) for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes())
