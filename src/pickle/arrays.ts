/** Arrays as pickles and skops hold them: made only when shape, type and bytes agree. */
import { checkBytes } from './numpy.ts'
import type { ArrayNode, DtypeNode } from './value.ts'

export { dtypeOfString, elementTotal } from './dtype.ts'
export type { ArrayNode, DtypeField, DtypeNode } from './value.ts'
export { Malformed } from './verdict.ts'

/**
 * Makes an array of bytes that are just as many as it needs.
 *
 * @throws Malformed
 */
export function checkedArray(dtype: DtypeNode, shape: readonly number[], fortran: boolean, data: Uint8Array): ArrayNode {
  checkBytes(data.length, dtype, shape, 0)
  return {
    kind: 'array',
    module: 'numpy',
    name: 'ndarray',
    dtype,
    shape,
    fortran: fortran && shape.length > 1,
    data,
    built: true,
  }
}
