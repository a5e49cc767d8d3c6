/** torch's files: pickles whose tensors' numbers stand elsewhere and are named by persistent ids. Read as data, never made tensors. */
import type { Limits } from '../limits.ts'
import type { PickleFileVerdict } from './file.ts'
import { type Judge, runPickle } from './machine.ts'
import { isNode, type ObjectNode, type PickleValue } from './value.ts'
import { Malformed, type PickleVerdict, type Rejection, type UnsafeUse } from './verdict.ts'

/** The first pickle of torch's form before 1.6. */
export const torchMagic = 0x1950a86a20f9469cfc6cn

/** Bytes of one number, by the storage's name. */
const storageSizes: Readonly<Record<string, number>> = {
  FloatStorage: 4,
  DoubleStorage: 8,
  HalfStorage: 2,
  BFloat16Storage: 2,
  LongStorage: 8,
  IntStorage: 4,
  ShortStorage: 2,
  CharStorage: 1,
  ByteStorage: 1,
  BoolStorage: 1,
  ComplexFloatStorage: 8,
  ComplexDoubleStorage: 16,
  QInt8Storage: 1,
  QUInt8Storage: 1,
  QInt32Storage: 4,
  UntypedStorage: 1,
}

/** Numbers that a pickle names: how many bytes they are. */
type Storages = Map<string, number>

function persistentReader(storages: Storages): (id: PickleValue, judge: Judge) => PickleValue {
  return (id, judge) => {
    const [word, type, key, location, count] = isNode(id, 'tuple') ? id.items : []
    if (word !== 'storage' || typeof key !== 'string' || typeof location !== 'string' || typeof count !== 'bigint')
      throw new Malformed('has a persistent id that is no storage', 0)
    const made: ObjectNode = {
      kind: 'object',
      module: 'torch',
      name: 'Storage',
      entry: undefined,
      args: [key, location, count],
      offset: 0,
    }
    if (!isNode(type, 'global') || type.entry === undefined) return made
    const size = storageSizes[type.name]
    if (type.entry.rule !== 'storage' || size === undefined) {
      judge.unsafe({ module: type.module, name: type.name, how: 'call', why: 'is the type of a storage' }, type.offset)
      return made
    }
    if (count < 0n || count > BigInt(2 ** 48)) throw new Malformed('has a storage of an impossible size', type.offset)
    const bytes = Number(count) * size
    if ((storages.get(key) ?? bytes) !== bytes) throw new Malformed(`has a storage ${key} of two sizes`, type.offset)
    storages.set(key, bytes)
    return { ...made, name: type.name, entry: { rule: 'tensor', asValue: true } }
  }
}

/**
 * Judges `data.pkl` of torch's zip form.
 *
 * @param sizes - bytes of the members `data/…`, by what follows `data/`
 */
export function judgeTorchPickle(bytes: Uint8Array, sizes: ReadonlyMap<string, number>, limits: Limits): PickleFileVerdict {
  const storages: Storages = new Map()
  const verdict = runPickle(bytes, limits, { torch: true, persistent: persistentReader(storages) })
  let rejection = verdict.rejection
  if (rejection === undefined && verdict.end !== bytes.length)
    rejection = { why: `has ${bytes.length - verdict.end} more bytes after its end`, offset: verdict.end }
  for (const [key, size] of storages) {
    if (rejection === undefined && sizes.get(key) !== size)
      rejection = { why: `has a storage ${key} of ${sizes.get(key) ?? 0} bytes where it names ${size}`, offset: verdict.end }
  }
  return torchVerdict(verdict, verdict.unsafe, rejection, verdict.names)
}

function torchVerdict(
  verdict: PickleVerdict,
  unsafe: readonly UnsafeUse[],
  rejection: Rejection | undefined,
  names: readonly string[],
): PickleFileVerdict {
  const { end: _end, value, rejection: _rejection, ...rest } = verdict
  const outcome = unsafe.length > 0 ? 'unsafe' : rejection !== undefined ? 'reject' : 'safe'
  return {
    ...rest,
    outcome,
    unsafe,
    names,
    format: 'torch',
    ...(rejection !== undefined && { rejection }),
    ...(outcome === 'safe' && value !== undefined && { value }),
  }
}

/** Five pickles, one after the other (magic, protocol, system, object, keys), then each storage: its length and its numbers. */
export function readLegacyTorch(bytes: Uint8Array, start: number, limits: Limits): PickleFileVerdict {
  const storages: Storages = new Map()
  const unsafe: UnsafeUse[] = []
  const names = new Set<string>()
  const verdicts: PickleVerdict[] = []
  let at = start
  for (let index = 0; index < 4; index++) {
    const isObject = index === 2
    const verdict = runPickle(
      bytes,
      limits,
      isObject ? { start: at, torch: true, persistent: persistentReader(storages) } : { start: at },
    )
    verdicts.push(verdict)
    unsafe.push(...verdict.unsafe)
    for (const name of verdict.names) names.add(name)
    if (verdict.rejection !== undefined) return torchVerdict(verdict, unsafe, verdict.rejection, [...names])
    at = verdict.end
  }
  const object = verdicts[2]!
  const keys = verdicts[3]!.value
  const wrong = (why: string): PickleFileVerdict => torchVerdict(object, unsafe, { why, offset: at }, [...names])
  if (verdicts[0]!.value !== 1001n) return wrong('is of another version of torch’s old form')
  if (!isNode(keys, 'list') || !keys.items.every((key) => typeof key === 'string')) return wrong('has no list of storages')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const seen = new Set<string>()
  for (const key of keys.items as string[]) {
    const size = storages.get(key)
    if (size === undefined || seen.has(key) || at + 8 + size > bytes.length)
      return wrong(`has a storage ${key} that is cut off or not named`)
    seen.add(key)
    const count = view.getBigInt64(at, true)
    if (count < 0n || (count > 0n ? size % Number(count) !== 0 : size !== 0)) return wrong(`has a storage ${key} of another size`)
    at += 8 + size
  }
  if (seen.size !== storages.size) return wrong('names storages that are not there')
  if (at !== bytes.length) return wrong(`has ${bytes.length - at} more bytes after its end`)
  return torchVerdict(object, unsafe, undefined, [...names])
}
