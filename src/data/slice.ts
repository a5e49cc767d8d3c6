/** The rows of a batch, and some of them: for scoring in blocks, and for the first few. */
import { type Batch, type Cell, type Column, elementCount, type Frame, isTensor, isValid, type Tensor } from '../batch.ts'

/** How many rows a batch has; undefined where its arrays have none, or not all the same number. */
export function rowsOf(batch: Batch): number | undefined {
  switch (batch.kind) {
    case 'frame':
      return batch.rows
    case 'array':
      return batch.tensor.shape[0]
    case 'named': {
      const counts = new Set([...batch.items.values()].map(rowsOfItem))
      return counts.size === 1 ? counts.values().next().value : undefined
    }
    case 'value':
      return rowsOfItem(batch.value)
  }
}

function rowsOfItem(item: Tensor | Cell): number | undefined {
  if (isTensor(item)) return item.shape[0]
  return Array.isArray(item) ? item.length : undefined
}

/**
 * Takes the rows from `start` up to `end` of a batch that {@link rowsOf} knows the rows of. Numbers are views of the
 * batch's memory.
 */
export function sliceBatch(batch: Batch, start: number, end: number): Batch {
  switch (batch.kind) {
    case 'frame':
      return sliceFrame(batch, start, end)
    case 'array':
      return { kind: 'array', tensor: sliceTensor(batch.tensor, start, end) }
    case 'named':
      return { kind: 'named', items: new Map([...batch.items].map(([name, item]) => [name, sliceItem(item, start, end)])) }
    case 'value':
      return { kind: 'value', value: sliceItem(batch.value, start, end) as Cell }
  }
}

/** Takes the rows from `start` up to `end` of a table. */
export function sliceFrame(frame: Frame, start: number, end: number): Frame {
  const to = Math.min(end, frame.rows)
  if (start === 0 && to === frame.rows) return frame
  return {
    ...frame,
    rows: to - start,
    columns: frame.columns.map((column) => sliceColumn(column, start, to)),
    ...(frame.index !== undefined && { index: frame.index.slice(start, to) }),
  }
}

function sliceColumn(column: Column, start: number, end: number): Column {
  if (Array.isArray(column.values)) return { ...column, values: column.values.slice(start, end) } as Column
  const values = (column.values as Float64Array).subarray(start, end)
  const validity = 'validity' in column ? column.validity : undefined
  return { ...column, values, ...(validity !== undefined && { validity: sliceBits(validity, start, end) }) } as Column
}

function sliceBits(validity: Uint8Array, start: number, end: number): Uint8Array {
  if (start % 8 === 0) return validity.subarray(start / 8, Math.ceil(end / 8))
  const bits = new Uint8Array(Math.ceil((end - start) / 8))
  for (let row = start; row < end; row++) if (isValid(validity, row)) bits[(row - start) >> 3]! |= 1 << ((row - start) & 7)
  return bits
}

function sliceItem(item: Tensor | Cell, start: number, end: number): Tensor | Cell {
  return isTensor(item) ? sliceTensor(item, start, end) : (item as readonly Cell[]).slice(start, end)
}

function sliceTensor(tensor: Tensor, start: number, end: number): Tensor {
  const inner = tensor.shape.slice(1)
  const to = Math.min(end, tensor.shape[0]!)
  // Complex numbers are two values each.
  const width = elementCount(inner) * (tensor.dtype === 'complex64' || tensor.dtype === 'complex128' ? 2 : 1)
  const [first, last] = [start * width, to * width]
  const values = Array.isArray(tensor.values)
    ? tensor.values.slice(first, last)
    : (tensor.values as Float64Array).subarray(first, last)
  return { ...tensor, shape: [to - start, ...inner], values } as Tensor
}
