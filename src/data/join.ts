/** Several batches as one, row after row: for scoring together what was asked apart. The reverse of slice.ts. */
import {
  type Batch,
  type Column,
  elementCount,
  type Frame,
  isTensor,
  isValid,
  type NumericColumn,
  type Tensor,
} from '../batch.ts'

/**
 * Joins batches of the same form: the same names, types and inner shapes in the same order.
 *
 * @returns undefined when they are not of one form, or hold what has no rows
 */
export function joinBatches(batches: readonly Batch[]): Batch | undefined {
  const first = batches[0]
  if (first === undefined || batches.some((batch) => batch.kind !== first.kind)) return undefined
  switch (first.kind) {
    case 'frame':
      return joinFrames(batches as readonly Frame[])
    case 'array': {
      const tensor = joinTensors(batches.map((batch) => (batch as typeof first).tensor))
      return tensor && { kind: 'array', tensor }
    }
    case 'named': {
      const items = new Map<string, Tensor>()
      const maps = batches.map((batch) => (batch as typeof first).items)
      if (maps.some((map) => map.size !== first.items.size)) return undefined
      for (const name of first.items.keys()) {
        const tensors: Tensor[] = []
        for (const map of maps) {
          const item = map.get(name)
          if (!isTensor(item)) return undefined
          tensors.push(item)
        }
        const joined = joinTensors(tensors)
        if (joined === undefined) return undefined
        items.set(name, joined)
      }
      return { kind: 'named', items }
    }
    case 'value':
      return undefined
  }
}

function joinFrames(frames: readonly Frame[]): Frame | undefined {
  const first = frames[0]!
  const rows = frames.reduce((sum, frame) => sum + frame.rows, 0)
  if (frames.some((frame) => frame.columns.length !== first.columns.length || frame.index !== undefined)) return undefined
  const columns: Column[] = []
  for (let position = 0; position < first.columns.length; position++) {
    const column = joinColumns(frames, position, rows)
    if (column === undefined) return undefined
    columns.push(column)
  }
  return { kind: 'frame', rows, columns }
}

function joinColumns(frames: readonly Frame[], position: number, rows: number): Column | undefined {
  const first = frames[0]!.columns[position]!
  const pandas = 'pandas' in first ? first.pandas : undefined
  for (const frame of frames) {
    const column = frame.columns[position]!
    if (column.name !== first.name || column.dtype !== first.dtype) return undefined
    if (('pandas' in column ? column.pandas : undefined) !== pandas) return undefined
  }
  if (Array.isArray(first.values)) {
    return { ...first, values: frames.flatMap((frame) => frame.columns[position]!.values as readonly unknown[]) } as Column
  }
  const values = newArray(first.values as Float64Array, rows)
  let validity: Uint8Array | undefined
  let at = 0
  for (const frame of frames) {
    const column = frame.columns[position] as NumericColumn
    values.set(column.values as Float64Array, at)
    if (column.validity !== undefined) {
      validity ??= new Uint8Array(Math.ceil(rows / 8)).fill(0xff)
      for (let row = 0; row < frame.rows; row++) {
        if (!isValid(column.validity, row)) validity[(at + row) >> 3]! &= ~(1 << ((at + row) & 7))
      }
    }
    at += frame.rows
  }
  const { validity: _, ...rest } = first as NumericColumn
  return { ...rest, values, ...(validity !== undefined && { validity }) } as Column
}

function joinTensors(tensors: readonly Tensor[]): Tensor | undefined {
  const first = tensors[0]!
  const inner = first.shape.slice(1)
  let rows = 0
  for (const { dtype, shape } of tensors) {
    if (shape.length === 0 || shape.length !== first.shape.length || dtype !== first.dtype) return undefined
    if (inner.some((dimension, index) => shape[index + 1] !== dimension)) return undefined
    rows += shape[0]!
  }
  const shape = [rows, ...inner]
  if (Array.isArray(first.values)) {
    return { ...first, shape, values: tensors.flatMap((tensor) => tensor.values as readonly unknown[]) } as Tensor
  }
  // Complex numbers are two values each.
  const width = first.dtype === 'complex64' || first.dtype === 'complex128' ? 2 : 1
  const values = newArray(first.values as Float64Array, elementCount(shape) * width)
  let at = 0
  for (const tensor of tensors) {
    values.set(tensor.values as Float64Array, at)
    at += tensor.values.length
  }
  return { ...first, shape, values } as Tensor
}

function newArray(like: Float64Array, length: number): Float64Array {
  return new (like.constructor as Float64ArrayConstructor)(length)
}
