/** NumPy's NPZ: a zip of NPY files. */
import type { Tensor } from '../batch.ts'
import { MlmodelError, type Where } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { openZip } from '../zip.ts'
import { readNpy } from './npy.ts'

/**
 * Reads all arrays by name, in the order of the file.
 *
 * @throws ZIP_BROKEN, ZIP_UNSUPPORTED, ZIP_LIMIT, NPY_BROKEN, NPY_DTYPE, NPY_LIMIT
 */
export function readNpz(bytes: Uint8Array, where: Where = {}, limits: Limits = defaultLimits): Map<string, Tensor> {
  const arrays = new Map<string, Tensor>()
  for (const member of openZip(bytes, where, limits)) {
    // NumPy names each member after its array, plus `.npy`.
    const name = member.name.endsWith('.npy') ? member.name.slice(0, -4) : member.name
    if (arrays.has(name)) throw new MlmodelError('ZIP_BROKEN', { why: 'the name occurs twice', member: member.name }, { where })
    arrays.set(name, readNpy(member.read(), { ...where, path: member.name }, limits))
  }
  return arrays
}
