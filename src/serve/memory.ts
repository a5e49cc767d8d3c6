/** The memory of the processes that score: read from the system, and bounded. Linux only; elsewhere nothing is known and nothing ended. */
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'

/** Between two looks, in milliseconds. Memory is filled at a few GB a second at most. */
const interval = 200

export interface MemoryWatch {
  /** Work was given to a process: looks from now on, until none has work. */
  look(): void
  stop(): void
}

/**
 * Watches processes while they have work; an idle one does not grow.
 *
 * @param most - bytes of resident memory
 * @param busy - those that have work
 * @param onTooMuch - told once of a process that has more
 */
export function watchMemory<Slot extends { readonly process: { readonly pid: number | undefined } | undefined }>(
  most: number,
  busy: () => readonly Slot[],
  onTooMuch: (slot: Slot) => void,
): MemoryWatch {
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    clearInterval(timer)
    timer = undefined
  }
  const lookNow = (): void => {
    const slots = busy()
    if (slots.length === 0) {
      stop()
      return
    }
    for (const slot of slots) {
      const pid = slot.process?.pid
      if (pid !== undefined && (residentBytes(pid) ?? 0) > most) onTooMuch(slot)
    }
  }
  return {
    look() {
      timer ??= setInterval(lookNow, interval)
    },
    stop,
  }
}

/** Undefined where the system has no /proc, and for a process that has gone. */
export function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

/** What a process may have when nobody says: most of the machine's, or of the container's, so that the server survives it. */
export function defaultMaxMemory(): number {
  // 0 or a number near 2^64: there is no bound.
  const bound = process.constrainedMemory?.() ?? 0
  const own = bound > 0 && bound < totalmem() ? bound : totalmem()
  return Math.floor(own * 0.8)
}
