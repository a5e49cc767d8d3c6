/** The kernels' module with its one memory, shared by all of them: each call is done before the next begins. */
import { kernels } from './kernels.generated.ts'

/** The addresses of the tables in src/kernels/assembly/decimal.ts. */
const masks = 1024
const shifts = 1088
const powers = 1408
const fives = 1600
/** Where a block of text goes. Up to 32 bytes before its first field are loaded with it. */
export const input = 4096
/** Bytes of one block. */
export const blockBytes = 1 << 18
/** Behind the input: zeros for the last step; before the index: one separator more, before the first field. */
export const index = input + blockBytes + 128
export const rejects = index + (blockBytes + 64) * 4
export const values = rejects + (blockBytes + 64) * 4
/** The powers of ten of src/kernels/assembly/print.ts. */
export const tens = values + (blockBytes + 64) * 8
/** The least and the largest of them. */
export const leastTen = -292
export const largestTen = 324
/** The cache of src/kernels/assembly/text.ts. */
export const slots = tens + (largestTen - leastTen + 1) * 16
export const slotCount = 8192
const total = slots + slotCount * 64

/** What is used of the global WebAssembly, which Node's types have as types only. */
interface Engine {
  validate(code: Uint8Array): boolean
  readonly Memory: new (pages: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object, imports: Readonly<Record<string, object>>) => { readonly exports: unknown }
}

export interface Kernels {
  readonly buffer: ArrayBuffer
  /** The exported functions. */
  readonly calls: unknown
}

let opened: Kernels | undefined

/** Compiles the module on the first call; undefined where the engine has no SIMD. */
export function openKernels(): Kernels | undefined {
  if (opened !== undefined) return opened
  const code = Buffer.from(kernels, 'base64')
  const engine = (globalThis as { WebAssembly?: Engine }).WebAssembly
  if (engine?.validate(code) !== true) return undefined
  const memory = new engine.Memory({ initial: Math.ceil(total / 65_536) })
  const calls = new engine.Instance(new engine.Module(code), { env: { memory } }).exports
  fillTables(memory.buffer)
  opened = { buffer: memory.buffer, calls }
  return opened
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
