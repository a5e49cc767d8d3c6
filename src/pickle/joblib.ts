/**
 * joblib's files: a pickle in which the bytes of an array follow the object that describes it, between two opcodes.
 *
 * @see joblib/numpy_pickle.py (NumpyArrayWrapper)
 */
import type { Limits } from '../limits.ts'
import { elementTotal, freezeDtype, readShape } from './dtype.ts'
import { type Judge, runPickle } from './machine.ts'
import { type ArrayNode, fieldOf, isNode, type ObjectNode, type PickleValue } from './value.ts'
import { Malformed, type PickleVerdict, type UnsafeUse } from './verdict.ts'

/** Alignment pads with one byte of length, 1 to this: none of them is an opcode, so a plain Unpickler stops there. */
const widestAlignment = 32

/** A verdict on bytes that joblib reads. */
export interface JoblibVerdict extends PickleVerdict {
  /** An array stood between the opcodes: pickle itself cannot read the file. */
  readonly arrays: boolean
}

/** Judges a pickle as joblib reads it and, where that is something else, as pickle reads it. */
export function runJoblib(bytes: Uint8Array, limits: Limits, start = 0): JoblibVerdict {
  let arrays = false
  const verdict = runPickle(bytes, limits, {
    start,
    built(value, at, judge) {
      const array = arrayAfter(value, bytes, at, limits, judge)
      if (array !== undefined) arrays = true
      return array
    },
  })
  if (!arrays || verdict.outcome === 'unsafe') return { ...verdict, arrays }
  // pickle.load would take the array's bytes for opcodes: they must lead nowhere.
  const plain = runPickle(bytes, limits, { start })
  if (plain.outcome !== 'unsafe' || plain.unsafe.every((use) => !isPlausible(use))) return { ...verdict, arrays }
  const { value: _, ...rest } = verdict
  return { ...rest, outcome: 'unsafe', unsafe: plain.unsafe, arrays }
}

/**
 * Numbers that look like a name have control characters in it, and no module can be called so. An array of objects is a pickle
 * with a memo of its own, whose `numpy` another memo takes for any text of the file: `Pipeline.dtype` is nothing that runs.
 */
function isPlausible({ module, name, how }: UnsafeUse): boolean {
  if (name === 'dtype' && how === 'unlisted') return false
  return !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(module + name)
}

/** The array whose bytes follow its wrapper. */
function arrayAfter(
  value: PickleValue,
  bytes: Uint8Array,
  at: number,
  limits: Limits,
  judge: Judge,
): { readonly value: PickleValue; readonly next: number } | undefined {
  if (!isNode(value, 'object') || value.entry?.rule !== 'joblib-array') return undefined
  const wrapper = readWrapper(value, at, limits)
  if (wrapper.dtype.objects) return nestedObjects(wrapper, bytes, at, limits, judge)
  let start = at
  if (wrapper.alignment > 0) {
    const padding = bytes[at]
    if (padding === undefined || padding < 1 || padding > wrapper.alignment)
      throw new Malformed('has an array whose padding is wrong', at)
    start = at + 1 + padding
  }
  const size = elementTotal(wrapper.shape, at) * wrapper.dtype.size
  if (size > bytes.length - start)
    throw new Malformed(`has an array that needs ${size} bytes where ${Math.max(0, bytes.length - start)} are left`, at)
  return { value: { ...wrapper.array, data: bytes.subarray(start, start + size) }, next: start + size }
}

/** An array of objects is a pickle of its own at this place, read by joblib with pickle.load. */
function nestedObjects(
  wrapper: Wrapper,
  bytes: Uint8Array,
  at: number,
  limits: Limits,
  judge: Judge,
): { readonly value: PickleValue; readonly next: number } {
  const inner = runPickle(bytes, limits, { start: at })
  for (const { offset, ...use } of inner.unsafe) judge.unsafe(use, offset)
  if (inner.outcome === 'reject') throw new Malformed(inner.rejection!.why, inner.rejection!.offset, inner.rejection!.limit)
  if (inner.outcome === 'unsafe') {
    if (inner.rejection !== undefined) throw new Malformed(inner.rejection.why, inner.rejection.offset)
    return { value: { ...wrapper.array, data: [] }, next: inner.end }
  }
  if (!isNode(inner.value, 'array')) throw new Malformed('has an array of objects that is no array', at)
  return { value: inner.value, next: inner.end }
}

interface Wrapper {
  readonly array: ArrayNode
  readonly dtype: ArrayNode['dtype']
  readonly shape: readonly number[]
  /** 0 where joblib before 1.2 wrote no padding. */
  readonly alignment: number
}

function readWrapper(node: ObjectNode, offset: number, limits: Limits): Wrapper {
  const entries = isNode(node.state, 'dict') ? node.state.entries : []
  const dtype = fieldOf(entries, 'dtype')
  const shape = fieldOf(entries, 'shape')
  const order = fieldOf(entries, 'order')
  const subclass = fieldOf(entries, 'subclass')
  const alignment = fieldOf(entries, 'numpy_array_alignment_bytes') ?? null
  if (!isNode(dtype, 'dtype') || !isNode(shape, 'tuple') || (order !== 'C' && order !== 'F'))
    throw new Malformed('has an array without type, shape and order', offset)
  if (!isNode(subclass, 'global') || (subclass.entry !== undefined && subclass.entry.rule !== 'array-class'))
    throw new Malformed('has an array of an unknown class', offset)
  if (alignment !== null && (typeof alignment !== 'bigint' || alignment < 1n || alignment > BigInt(widestAlignment)))
    throw new Malformed('has an array whose alignment is no small number', offset)
  freezeDtype(dtype)
  const lengths = readShape(shape.items, offset, limits)
  const array: ArrayNode = {
    kind: 'array',
    module: subclass.module,
    name: subclass.name,
    dtype,
    shape: lengths,
    fortran: order === 'F' && lengths.length > 1,
    data: new Uint8Array(0),
    built: true,
  }
  return { array, dtype, shape: lengths, alignment: alignment === null ? 0 : Number(alignment) }
}
