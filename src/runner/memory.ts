/** A bound on what a process takes of memory: looked at from outside, because native code allocates past every limit of the engine. */
import { readFileSync } from 'node:fs'

/** Milliseconds between two looks: memory that is touched grows by some 20 MB in this time. */
const interval = 20

/**
 * Calls back once when a process takes more than it may. Only Linux says what a process takes without another process; elsewhere
 * nothing is watched.
 *
 * @param pidOf - asked at each look: a runner starts its process late
 * @returns ends the watch
 */
export function watchMemory(pidOf: () => number | undefined, bytes: number, exceeded: () => void): () => void {
  const timer = setInterval(() => {
    const resident = residentBytes(pidOf())
    if (resident === undefined || resident <= bytes) return
    clearInterval(timer)
    exceeded()
  }, interval)
  timer.unref()
  return () => clearInterval(timer)
}

/** What a process has in memory; undefined where that cannot be asked, or the process is gone. */
export function residentBytes(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}
