/** NumPy's NPZ: a zip of NPY files, read and written. */
import { crc32 } from 'node:zlib'
import type { Tensor } from '../batch.ts'
import { MlmodelError, type Where } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { openZip } from '../zip.ts'
import { readNpy, writeNpy } from './npy.ts'

/**
 * Reads all arrays by name, in the order of the file.
 *
 * @throws ZIP_BROKEN, ZIP_UNSUPPORTED, ZIP_LIMIT, NPY_BROKEN, NPY_DTYPE, NPY_LIMIT
 */
export function readNpz(bytes: Uint8Array, where: Where = {}, limits: Limits = defaultLimits): Map<string, Tensor> {
  const arrays = new Map<string, Tensor>()
  for (const member of openZip(bytes, where, limits, 'array')) {
    // NumPy names each member after its array, plus `.npy`.
    const name = member.name.endsWith('.npy') ? member.name.slice(0, -4) : member.name
    if (arrays.has(name)) throw new MlmodelError('ZIP_BROKEN', { why: 'the name occurs twice', member: member.name }, { where })
    arrays.set(name, readNpy(member.read(), { ...where, path: member.name }, limits))
  }
  return arrays
}

/**
 * Writes arrays by name as `numpy.savez` does: a zip whose members are stored as they are.
 *
 * @throws NPY_NOT_WRITABLE for cells of no fixed type, and beyond the 4 GiB of a plain zip
 */
export function writeNpz(arrays: ReadonlyMap<string, Tensor>): Uint8Array {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const [name, tensor] of arrays) {
    const data = writeNpy(tensor)
    const path = Buffer.from(`${name}.npy`, 'utf8')
    const local = header(localSignature, data, path, undefined)
    directory.push(header(centralSignature, data, path, offset), path)
    parts.push(local, path, data)
    offset += local.length + path.length + data.length
    if (offset > 0xffffffff) throw new MlmodelError('NPY_NOT_WRITABLE', { why: 'they take more than 4 GiB' })
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(endSignature, 0)
  end.writeUInt16LE(arrays.size, 8)
  end.writeUInt16LE(arrays.size, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, central, end])
}

const localSignature = 0x04034b50
const centralSignature = 0x02014b50
const endSignature = 0x06054b50
/** Names are UTF-8. */
const utf8Flag = 0x0800
/** 1980-01-01, the first day that a zip can name: the same arrays give the same bytes. */
const firstDay = 0x0021

/** @param offset - of the member, in the central directory alone */
function header(signature: number, data: Uint8Array, path: Uint8Array, offset: number | undefined): Buffer {
  const central = offset !== undefined
  const bytes = Buffer.alloc(central ? 46 : 30)
  bytes.writeUInt32LE(signature, 0)
  const at = central ? 6 : 4
  if (central) bytes.writeUInt16LE(20, 4)
  bytes.writeUInt16LE(20, at)
  bytes.writeUInt16LE(utf8Flag, at + 2)
  bytes.writeUInt16LE(firstDay, at + 8)
  bytes.writeUInt32LE(crc32(data), at + 10)
  bytes.writeUInt32LE(data.length, at + 14)
  bytes.writeUInt32LE(data.length, at + 18)
  bytes.writeUInt16LE(path.length, at + 22)
  if (central) bytes.writeUInt32LE(offset, 42)
  return bytes
}
