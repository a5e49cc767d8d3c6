/** Large nested lists of numbers by the SIMD kernels; what they leave is read as in small bodies. */
import type { JsonKernel } from '../../kernels/json.ts'
import { listDone, listValue, listWrong } from '../../kernels/json-terms.ts'
import { readyKernels } from '../../kernels/ready.ts'
import { bail, type Cursor, comma, reserve, type Stage } from './cursor.ts'
import { readReal, readWhole } from './numbers.ts'

/** Below, the plain loop is as fast. */
const leastBytes = 300

const one = new Float64Array(1)

/** The kernels for what is left of a body, if they are loaded and it is worth it. */
export function matrixKernel(cursor: Cursor, depth: number): JsonKernel | undefined {
  if (cursor.bytes.length - cursor.at < leastBytes) return undefined
  const kernel = readyKernels()?.json
  return kernel === undefined || depth > kernel.deepest ? undefined : kernel
}

/**
 * Reads lists of numbers to the stage, up to the end of the outermost.
 *
 * @param shape - the lengths of the lists, outermost first; 0 is any. Those of the lists are put in.
 * @param open - how many of them are open already
 * @param how - numbers, integers (also beyond 2^53), or those of uint64
 */
export function readMatrix(
  kernel: JsonKernel,
  cursor: Cursor,
  stage: Stage,
  shape: number[],
  open: number,
  how: 'real' | 'whole' | 'unsigned',
): void {
  const { bytes } = cursor
  kernel.begin(shape, open)
  for (;;) {
    let end = Math.min(bytes.length, cursor.at + kernel.blockBytes)
    // No number and no bracket is cut.
    if (end < bytes.length) end = bytes.lastIndexOf(comma, end - 1) + 1
    if (end <= cursor.at) throw bail
    kernel.take(bytes.subarray(cursor.at, end))
    let status = kernel.read(shape, how !== 'real')
    while (status === listValue) {
      const at = cursor.at + kernel.position()
      if (how === 'real') {
        const after = readReal(bytes, at, one, 0)
        kernel.put(one[0]!, after - cursor.at)
      } else {
        const index = stage.used + kernel.count()
        reserve(stage, kernel.count() + 1)
        const after = readWhole(bytes, at, stage, index, how === 'unsigned')
        kernel.put(stage.values[index]!, after - cursor.at)
      }
      status = kernel.read(shape, how !== 'real')
    }
    if (status === listWrong) throw bail
    const count = kernel.count()
    reserve(stage, count)
    stage.values.set(kernel.values.subarray(0, count), stage.used)
    stage.used += count
    cursor.at += kernel.position()
    if (status !== listDone) continue
    for (let depth = 0; depth < shape.length; depth++) shape[depth] = kernel.size(depth)
    return
  }
}
