/**
 * What a pickle holds, as plain data. Nothing of it was ever constructed in Python's sense: an object is a record of the
 * class it names, the arguments it was made with and the state it was given.
 *
 * Python's `int` is a bigint and its `float` a number, so that 1 and 1.0 stay apart; `bytes` are views of the file.
 */
import type { NameEntry } from './names.ts'

export type PickleValue = null | boolean | bigint | number | string | Uint8Array | PickleNode

export type PickleNode =
  | ListNode
  | TupleNode
  | SetNode
  | FrozenSetNode
  | DictNode
  | ByteArrayNode
  | GlobalNode
  | ObjectNode
  | DtypeNode
  | ArrayNode
  | ScalarNode

export interface ListNode {
  readonly kind: 'list'
  readonly items: PickleValue[]
}

export interface TupleNode {
  readonly kind: 'tuple'
  readonly items: readonly PickleValue[]
  /** A name in it that may be called or subclassed but not kept as a value (P8); judged where the tuple is used. */
  readonly pending?: GlobalNode
  /** Holds a list, a dictionary or a set, so it cannot be a key. */
  readonly unhashable?: true
}

export interface SetNode {
  readonly kind: 'set'
  readonly items: PickleValue[]
}

export interface FrozenSetNode {
  readonly kind: 'frozenset'
  readonly items: readonly PickleValue[]
}

/** Keys and values in turn, in the order of the file; of a key that stands twice, the last counts. */
export interface DictNode {
  readonly kind: 'dict'
  readonly entries: PickleValue[]
}

export interface ByteArrayNode {
  readonly kind: 'bytearray'
  readonly bytes: Uint8Array
}

/** A class or function by its name, which stands for nothing else. Python 2's names are already translated. */
export interface GlobalNode {
  readonly kind: 'global'
  readonly module: string
  readonly name: string
  /** Undefined where it is not on the list: the pickle is then unsafe. */
  readonly entry: NameEntry | undefined
  readonly offset: number
}

export interface ObjectNode {
  readonly kind: 'object'
  /** The class, or the function that makes the object where its class is not named. */
  readonly module: string
  readonly name: string
  readonly entry: NameEntry | undefined
  readonly args: readonly PickleValue[]
  state?: PickleValue
  /** What was appended to it, where it is a kind of list. */
  items?: PickleValue[]
  /** Keys and values in turn, where it is a kind of dictionary. */
  entries?: PickleValue[]
  readonly offset: number
}

/** NumPy's type of elements. */
export interface DtypeNode {
  readonly kind: 'dtype'
  /** One letter as in `f8`: b i u f c O S U V M m. */
  code: string
  /** Bytes of one element, fields and subarray included. */
  size: number
  bigEndian: boolean
  /** Fields of a structured type, in order. */
  fields?: readonly DtypeField[]
  /** An element is an array of this type and shape. */
  subarray?: { readonly dtype: DtypeNode; readonly shape: readonly number[] }
  /** Unit of a time, as in `datetime64[25s]`. */
  unit?: { readonly name: string; readonly count: number }
  /** Python objects are somewhere in it. */
  objects: boolean
  /** Its state was set, or something is of this type: another state would be a forgery. */
  built?: true
}

export interface DtypeField {
  readonly name: string
  readonly dtype: DtypeNode
  readonly offset: number
}

export interface ArrayNode {
  readonly kind: 'array'
  /** numpy.ndarray or a subclass. */
  readonly module: string
  readonly name: string
  dtype: DtypeNode
  shape: readonly number[]
  /** Column-major order. */
  fortran: boolean
  /** Of an array in neither order: its axis i is axis `axes[i]` of the row-major array that the bytes hold. */
  axes?: readonly number[]
  /** Elements as bytes, or as values where they are Python objects; their number was checked. */
  data: Uint8Array | readonly PickleValue[]
  /** Of a masked array: a byte for each element. */
  mask?: Uint8Array
  fill?: PickleValue
  /** False until the state that gives it shape and elements. */
  built: boolean
}

/** One NumPy element. */
export interface ScalarNode {
  readonly kind: 'scalar'
  readonly dtype: DtypeNode
  readonly data: Uint8Array
}

/** The value of a text key; the last one where it stands twice. */
export function fieldOf(entries: readonly PickleValue[], key: string): PickleValue | undefined {
  for (let index = entries.length - 2; index >= 0; index -= 2) if (entries[index] === key) return entries[index + 1]
  return undefined
}

/** Whether the value is a node of the kind. */
export function isNode<Kind extends PickleNode['kind']>(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<PickleNode, { kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}
