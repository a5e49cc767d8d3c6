/**
 * The kernels for who cannot wait: readers and writers of requests are synchronous, so whoever sees large ones coming loads the
 * kernels before, and they are used from then on. They change no result.
 */
import type { CsvKernel } from './csv.ts'
import type { JsonKernel } from './json.ts'

/** Below so many bytes, of one input or of all requests so far, compiling the kernels (2 ms) costs more than they save. */
export const kernelBytes = 1 << 16

export interface ReadyKernels {
  readonly csv: CsvKernel
  readonly json: JsonKernel
}

let ready: ReadyKernels | undefined
let seen = 0
let tried = false

/** The kernels, if they were loaded before. */
export function readyKernels(): ReadyKernels | undefined {
  return ready
}

/** Loads the kernels; nothing happens where the engine has no SIMD. */
export async function loadKernels(): Promise<void> {
  if (ready !== undefined) return
  const { openCsvKernel } = await import('./csv.ts')
  const { openJsonKernel } = await import('./json.ts')
  const csv = openCsvKernel()
  const json = openJsonKernel()
  if (csv !== undefined && json !== undefined) ready = { csv, json }
}

/**
 * Tells of a request of so many bytes that will be read: once that was worth it, the kernels are loaded.
 *
 * @returns what to wait for; undefined most of the time, as waiting for nothing costs a request too
 */
export function expectBytes(bytes: number): Promise<void> | undefined {
  seen += bytes
  if (seen < kernelBytes || tried) return undefined
  tried = true
  return loadKernels()
}
