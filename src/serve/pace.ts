/** How fast processes are, learnt from what they have done: how much they are given at a time, and when they are taken to hang. */

/** Milliseconds of work that a frame holds: without batches it only saves messages; with them it may also save work. */
const [singlesWork, batchWork] = [20, 100]
/** Requests that may always go together where they are scored together: else what that saves would never be seen. */
const leastBatch = 4
/** Milliseconds without a word after which a process at a request behind its deadline is taken to hang, at the least. */
const leastPatience = 1_000
/** Milliseconds after which nobody else is sent to a process that is at something, at the least. */
const leastLong = 20

export interface Pace {
  /** Milliseconds that a request takes a process, in frames as they are. */
  readonly perCall: number
  /** Milliseconds that are long for a frame: one that takes more may never end. */
  readonly long: number
  /** Milliseconds that a process may be silent before it is taken to hang. */
  readonly patience: number
  /** Requests of one frame. */
  most(limit: number): number
  /** Counts a frame that is done. */
  done(calls: number, milliseconds: number): void
}

/** @param batches - whether requests are scored together */
export function openPace(batches: () => boolean): Pace {
  let perCall = 0
  let perFrame = 0
  const smooth = (old: number, value: number): number => (old === 0 ? value : old + (value - old) / 5)
  return {
    get perCall() {
      return perCall
    },
    get long() {
      return Math.max(leastLong, 4 * perFrame)
    },
    get patience() {
      return Math.max(leastPatience, 4 * perFrame)
    },
    most(limit) {
      if (perCall === 0) return Math.min(limit, leastBatch)
      const wanted = batches() ? Math.max(leastBatch, batchWork / perCall) : Math.max(1, singlesWork / perCall)
      return Math.min(limit, Math.floor(wanted))
    },
    done(calls, milliseconds) {
      perFrame = smooth(perFrame, milliseconds)
      perCall = smooth(perCall, milliseconds / calls)
    },
  }
}
