/**
 * The CSV kernels: a block of whole lines is copied in, its separators are indexed, and each column of numbers is read from
 * there. Numbers of 6 digits take a third of the time of src/data/csv/rows.ts, which gives the same bits.
 */
import { kernels } from './kernels.generated.ts'

/** The addresses of src/kernels/assembly/csv.ts. */
const masks = 1024
const shifts = 1088
const powers = 1408
const fives = 1600
/** Up to 32 bytes before the first field are loaded with it. */
const input = 4096
/** Bytes of one block. */
const blockBytes = 1 << 18
/** Behind the input: zeros for the last step; before the index: one separator more, before the first field. */
const index = input + blockBytes + 128
const rejects = index + (blockBytes + 64) * 4
const values = rejects + (blockBytes + 64) * 4
const total = values + (blockBytes + 64) * 8
/** The largest double that is an int64. */
const largest = 2 ** 63 - 1024

/** What is used of the global WebAssembly, which Node's types have as types only. */
interface Engine {
  validate(code: Uint8Array): boolean
  readonly Memory: new (pages: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object, imports: Readonly<Record<string, object>>) => { readonly exports: unknown }
}

interface Exports {
  indexSeparators(input: number, length: number, target: number): number
  isRegular(index: number, columns: number, rows: number, crlf: number): number
  countByte(input: number, length: number, byte: number): number
  readReals(index: number, columns: number, rows: number, cut: number, target: number, rejects: number): number
  readIntegers(
    index: number,
    columns: number,
    rows: number,
    cut: number,
    target: number,
    rejects: number,
    minimum: number,
    maximum: number,
  ): number
}

/** The kernels over their own memory: one block at a time, all calls for it without a pause. */
export interface CsvKernel {
  /** Most bytes of one block. */
  readonly blockBytes: number
  /**
   * Takes a block of whole lines.
   *
   * @returns its rows, or 0 where it is not regular: a line end within quotes, a stray quote, a blank line, too few or too many fields, mixed line ends
   */
  take(block: Uint8Array, columns: number): number
  /**
   * Reads the first `rows` fields of a column as doubles, to the beginning of `values`.
   *
   * @returns how many were not read, listed in `rejects`
   */
  readReals(column: number, rows: number): number
  /** The same as 64-bit integers from `minimum` to `maximum`. */
  readIntegers(column: number, rows: number, minimum: number, maximum: number): number
  /** Where a field begins in the block. */
  start(column: number, row: number): number
  /** Where it ends. */
  end(column: number, row: number): number
  /** The rows not read by the last call. */
  readonly rejects: Uint32Array
  /** The results of the last call, 8 bytes each. */
  readonly values: Float64Array
}

let opened: CsvKernel | undefined

/** Gives the kernels, made on the first call; undefined where the engine has no SIMD. */
export function openCsvKernel(): CsvKernel | undefined {
  if (opened !== undefined) return opened
  const code = Buffer.from(kernels, 'base64')
  const engine = (globalThis as { WebAssembly?: Engine }).WebAssembly
  if (engine?.validate(code) !== true) return undefined
  const memory = new engine.Memory({ initial: Math.ceil(total / 65_536) })
  const calls = new engine.Instance(new engine.Module(code), { env: { memory } }).exports as Exports
  fillTables(memory.buffer)
  opened = kernelOver(memory.buffer, calls)
  return opened
}

function kernelOver(buffer: ArrayBuffer, calls: Exports): CsvKernel {
  const bytes = new Uint8Array(buffer, input, blockBytes + 64)
  const separators = new Uint32Array(buffer, index - 4, blockBytes + 65)
  separators[0] = input - 1
  let columns = 0
  let cut = 0
  // Only the last column has a carriage return behind it.
  const cutOf = (column: number) => (column === columns - 1 ? cut : 0)
  return {
    blockBytes,
    take(block, count) {
      const { length } = block
      bytes.set(block)
      bytes.fill(0, length, length + 64)
      columns = count
      const found = calls.indexSeparators(input, length, index)
      const rows = Math.floor(found / columns)
      if (found <= 0 || rows * columns !== found) return 0
      const firstLineFeed = separators[columns]! - input
      const returns = calls.countByte(input, length, 13)
      cut = block[firstLineFeed - 1] === 13 ? 1 : 0
      if (returns !== rows * cut || calls.isRegular(index, columns, rows, cut) === 0) return 0
      return rows
    },
    readReals: (column, count) => calls.readReals(index + column * 4, columns, count, cutOf(column), values, rejects),
    readIntegers: (column, count, minimum, maximum) =>
      calls.readIntegers(index + column * 4, columns, count, cutOf(column), values, rejects, minimum, Math.min(maximum, largest)),
    start: (column, row) => separators[row * columns + column]! + 1 - input,
    end: (column, row) => separators[row * columns + column + 1]! - cutOf(column) - input,
    rejects: new Uint32Array(buffer, rejects, blockBytes + 64),
    values: new Float64Array(buffer, values, blockBytes + 64),
  }
}

function fillTables(buffer: ArrayBuffer): void {
  const bytes = new Uint8Array(buffer)
  bytes.fill(255, masks + 16, masks + 32)
  for (let row = 0; row <= 16; row++) {
    for (let lane = 0; lane < 16; lane++) {
      const moved = row < 16 && lane <= row
      // A lane number of 128 gives 0.
      bytes[shifts + row * 16 + lane] = !moved ? lane : lane === 0 ? 128 : lane - 1
    }
  }
  new Float64Array(buffer, powers, 23).set(Array.from({ length: 23 }, (_, power) => Number(`1e${power}`)))
  const table = new BigUint64Array(buffer, fives, 64)
  for (let power = 0; power < 32; power++) {
    const five = 5n ** BigInt(power)
    const length = BigInt(five.toString(2).length)
    // The leading 128 bits of the reciprocal, rounded up; of 1 itself as they are.
    let bits = power === 0 ? 1n << 127n : (1n << (length + 127n)) / five + 1n
    if (bits >> 128n !== 0n) bits >>= 1n
    table[power * 2] = bits >> 64n
    table[power * 2 + 1] = bits & 0xffffffffffffffffn
  }
}
