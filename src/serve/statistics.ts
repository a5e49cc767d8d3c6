/** What is counted of one model: read by `/metrics` and by the statistics of the Open Inference Protocol. */
import type { ProtocolName } from './calls.ts'

/** How a request ended. */
export type Outcome = 'ok' | 'refused' | 'failed' | 'timeout' | 'overload' | 'left'

/** Upper bounds of the latency histogram, in seconds; the last is infinity. */
export const latencyBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const

/** Upper bounds of the rows that were scored together. */
export const batchBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16_384] as const

export interface Histogram {
  /** Not cumulative; one more than there are bounds. */
  readonly counts: number[]
  sum: number
}

export interface Statistics {
  /** `protocol outcome` → requests. */
  readonly requests: Map<string, number>
  readonly latency: Histogram
  readonly batches: Histogram
  rows: number
  losses: number
  restarts: number
  /** Milliseconds since 1970 of the last answer; 0 before the first. */
  last: number
  /** Sums over answered requests, in nanoseconds. */
  readonly success: { count: number; ns: number }
  readonly failure: { count: number; ns: number }
  computeNs: number
}

export function newStatistics(): Statistics {
  return {
    requests: new Map(),
    latency: { counts: new Array<number>(latencyBounds.length + 1).fill(0), sum: 0 },
    batches: { counts: new Array<number>(batchBounds.length + 1).fill(0), sum: 0 },
    rows: 0,
    losses: 0,
    restarts: 0,
    last: 0,
    success: { count: 0, ns: 0 },
    failure: { count: 0, ns: 0 },
    computeNs: 0,
  }
}

/** Counts one request. @param milliseconds - from its arrival to its answer */
export function countRequest(statistics: Statistics, protocol: ProtocolName, outcome: Outcome, milliseconds: number): void {
  const key = `${protocol} ${outcome}`
  statistics.requests.set(key, (statistics.requests.get(key) ?? 0) + 1)
  observe(statistics.latency, latencyBounds, milliseconds / 1000)
  const side = outcome === 'ok' ? statistics.success : statistics.failure
  side.count++
  side.ns += milliseconds * 1e6
  statistics.last = Date.now()
}

/** Puts a value into its bucket. */
export function observe(histogram: Histogram, bounds: readonly number[], value: number): void {
  let index = 0
  while (index < bounds.length && value > bounds[index]!) index++
  histogram.counts[index]!++
  histogram.sum += value
}
