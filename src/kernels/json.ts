/**
 * The JSON kernels: nested lists of numbers from text to doubles, and doubles to text. What the plain forms make of numbers
 * (src/data/json-typed/numbers.ts, src/json/python-number.ts) is what these make of them, to the bit.
 */
import { blockBytes, input, largestTen, leastTen, openKernels, tens, values } from './memory.ts'

/** The addresses of src/kernels/assembly/json.ts and print.ts. */
const state = 2304
const sizes = 2496
const zeros = 2688 + 18
/** Most open lists. */
const deepest = 32

interface Exports {
  readLists(end: number, depth: number, whole: number, target: number): number
  printReals(source: number, count: number, width: number, target: number, powers: number): number
}

/** The kernels over their memory: one body or reply at a time, all calls for it without a pause. */
export interface JsonKernel {
  /** Most bytes of one block. */
  readonly blockBytes: number
  /** Most lists in one another. */
  readonly deepest: number
  /**
   * Begins to read lists.
   *
   * @param shape - the lengths of the lists, outermost first; 0 is any, the same for all lists of that depth
   * @param open - how many lists are open already: 1 behind the first bracket
   */
  begin(shape: readonly number[], open: number): void
  /** Takes a piece of text that ends behind a comma, or with the whole text. */
  take(text: Uint8Array): void
  /**
   * Reads on.
   *
   * @param whole - only integers are wanted
   * @returns one of src/kernels/json-terms.ts
   */
  read(shape: readonly number[], whole: boolean): number
  /** Where in the piece the last call ended. */
  position(): number
  /** How many values the piece has given. */
  count(): number
  /** Puts in the value that the caller has read, up to `position`. */
  put(value: number, position: number): void
  /** The lengths of the lists of a depth; 0 where none has ended. */
  size(depth: number): number
  /** The values of the piece. */
  readonly values: Float64Array
  /**
   * Prints numbers, at most `printedAtOnce` of src/kernels/json-terms.ts, with `, ` between them.
   *
   * @param width - after so many numbers `], [` stands in place of `, `; 0 is never
   * @returns the text, good until the next call of any kernel
   */
  print(numbers: Float64Array | Float32Array, width: number): Uint8Array
}

let opened: JsonKernel | undefined

/** Gives the kernels, made on the first call; undefined where the engine has no SIMD. */
export function openJsonKernel(): JsonKernel | undefined {
  const shared = openKernels()
  if (shared !== undefined) opened ??= kernelOver(shared.buffer, shared.calls as Exports)
  return opened
}

function kernelOver(buffer: ArrayBuffer, calls: Exports): JsonKernel {
  const bytes = new Uint8Array(buffer, input, blockBytes + 64)
  const numbers = new Float64Array(buffer, values, blockBytes + 64)
  // Address, values, open lists, and whether something follows a value.
  const place = new Uint32Array(buffer, state, 4)
  const lengths = new Uint32Array(buffer, sizes, deepest)
  let end = 0
  let hasPowers = false
  return {
    blockBytes,
    deepest,
    begin(shape, open) {
      for (let depth = 0; depth < shape.length; depth++) lengths[depth] = shape[depth]!
      new Uint32Array(buffer, state + 32, 1)[0] = 0
      place[2] = open
      place[3] = 0
    },
    take(text) {
      bytes.set(text)
      bytes.fill(0, text.length, text.length + 64)
      end = input + text.length
      place[0] = input
      place[1] = 0
    },
    read: (shape, whole) => calls.readLists(end, shape.length, whole ? 1 : 0, values),
    position: () => place[0]! - input,
    count: () => place[1]!,
    put(value, position) {
      numbers[place[1]!++] = value
      place[0] = input + position
      place[3] = 1
    },
    size: (depth) => lengths[depth]!,
    values: numbers,
    print(source, width) {
      if (!hasPowers) fillPowers(buffer)
      hasPowers = true
      numbers.set(source)
      const length = calls.printReals(values, source.length, width, input, tens) - input
      return bytes.subarray(0, length)
    },
  }
}

/** 128 leading bits of each power of ten, rounded up; 1 ms. */
function fillPowers(buffer: ArrayBuffer): void {
  new Uint8Array(buffer, zeros, 32).fill(48)
  const table = new BigUint64Array(buffer, tens, (largestTen - leastTen + 1) * 2)
  let power = 1n
  for (let exponent = 0; exponent <= largestTen; exponent++) {
    const length = Math.floor(exponent * Math.log2(10)) + 1
    // Beyond 10^55 it has more than 128 bits that are not zero.
    const bits = length <= 128 ? power << BigInt(128 - length) : (power >> BigInt(length - 128)) + (exponent > 55 ? 1n : 0n)
    store(exponent, bits)
    if (exponent > 0 && -exponent >= leastTen) store(-exponent, (1n << BigInt(length + 127)) / power + 1n)
    power *= 10n
  }

  function store(exponent: number, bits: bigint): void {
    table[(exponent - leastTen) * 2] = bits >> 64n
    table[(exponent - leastTen) * 2 + 1] = bits & 0xffffffffffffffffn
  }
}
