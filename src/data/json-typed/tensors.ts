/** Nested lists of one element type, from bytes to tensors. */
import type { ArrayBatch, NamedBatch, Tensor } from '../../batch.ts'
import { arrayOfDtype } from '../../dtype.ts'
import {
  bail,
  type Cursor,
  closeList,
  closeObject,
  colon,
  comma,
  endOfBody,
  expect,
  hasMore,
  nextByte,
  openList,
  readText,
  reserve,
  type Stage,
  takes,
} from './cursor.ts'
import { matrixKernel, readMatrix } from './matrix.ts'
import type { TensorPlan } from './plan.ts'
import { fill, readNumber } from './stage.ts'

/** Reads the nested lists for the only tensor, and the rest of the body; with a name it is one named array, as in MLflow. */
export function readOnlyTensor(cursor: Cursor, plan: TensorPlan, stage: Stage): ArrayBatch | NamedBatch {
  const tensor = readTensor(cursor, plan, stage)
  expect(cursor, closeObject)
  endOfBody(cursor)
  return plan.name === undefined ? { kind: 'array', tensor } : { kind: 'named', items: new Map([[plan.name, tensor]]) }
}

/**
 * Reads `{"name": nested lists, …}` behind its brace: all tensors, in the signature's order.
 *
 * @param sameLength - `instances` are rows, so that all have as many; `inputs` need not
 */
export function readNamedTensors(cursor: Cursor, plans: readonly TensorPlan[], stage: Stage, sameLength: boolean): NamedBatch {
  const items = new Map<string, Tensor>()
  let rows: number | undefined
  for (const [at, plan] of plans.entries()) {
    if (at > 0) expect(cursor, comma)
    nextByte(cursor)
    if (plan.name === undefined || !plan.forms.some((form) => takes(cursor, form))) throw bail
    expect(cursor, colon)
    const tensor = readTensor(cursor, plan, stage)
    rows ??= tensor.shape[0]
    if (sameLength && tensor.shape[0] !== rows) throw bail
    items.set(plan.name, tensor)
  }
  expect(cursor, closeObject)
  expect(cursor, closeObject)
  endOfBody(cursor)
  return { kind: 'named', items }
}

function readTensor(cursor: Cursor, plan: TensorPlan, stage: Stage): Tensor {
  const rank = plan.shape.length
  const shape: number[] = []
  const texts: string[] = []
  const start = stage.used
  const unsigned = plan.dtype === 'uint64'
  // The rank is the signature's and bounded, so this recursion is.
  const readDimension = (depth: number): void => {
    expect(cursor, openList)
    let size = 0
    do {
      if (depth < rank - 1) readDimension(depth + 1)
      else {
        nextByte(cursor)
        if (plan.reading === 'text') {
          const text = readText(cursor)
          // NumPy's text ends at its last character that is not NUL.
          if (text.endsWith('\0')) throw bail
          texts.push(text)
        } else {
          reserve(stage, 1)
          readNumber(cursor, plan.reading, stage, stage.used, unsigned)
          stage.used++
        }
      }
      size++
    } while (hasMore(cursor, closeList))
    shape[depth] ??= size
    if (shape[depth] !== size) throw bail
  }
  const kernel = plan.reading === 'real' || plan.reading === 'whole' ? matrixKernel(cursor, rank) : undefined
  if (kernel === undefined) readDimension(0)
  else {
    for (let depth = 0; depth < rank; depth++) shape.push(0)
    readMatrix(kernel, cursor, stage, shape, 0, plan.reading === 'real' ? 'real' : unsigned ? 'unsigned' : 'whole')
  }
  if (plan.shape.some((size, at) => size !== -1 && size !== shape[at])) throw bail
  if (plan.dtype === 'string') return { dtype: 'string', shape, values: texts }
  const values = new arrayOfDtype[plan.dtype](stage.used - start)
  fill(values, plan.dtype, stage, start, 1)
  return { dtype: plan.dtype, shape, values }
}
