/** What is counted of connections and requests, below the protocols. */
export interface HttpCounters {
  /** Connections that are open now. */
  connections: number
  /** Status → answers. */
  readonly answers: Map<number, number>
  /** What was cut off: no HTTP, a header, a body or a reader that was too slow, a client that left. */
  readonly cut: Map<Cut, number>
  /** Bytes of bodies. */
  bytesIn: number
  bytesOut: number
  /** Lines of the access log and spans that nobody took in time. */
  droppedLines: number
  droppedSpans: number
}

export type Cut = 'malformed' | 'slow-header' | 'slow-body' | 'slow-reader' | 'left' | 'accept'

export function newHttpCounters(): HttpCounters {
  return {
    connections: 0,
    answers: new Map(),
    cut: new Map(),
    bytesIn: 0,
    bytesOut: 0,
    droppedLines: 0,
    droppedSpans: 0,
  }
}

/** Adds one. */
export function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
