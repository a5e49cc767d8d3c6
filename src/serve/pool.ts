/**
 * The runner processes of one model: requests that wait are sent together, each within its deadline. A process that passes a
 * deadline is killed, because ONNX Runtime cannot be interrupted; what it had is asked again, one request at a time.
 */
import { MlmodelError } from '../errors/index.ts'
import type { Executable } from '../runner/deadline.ts'
import { errorFromData } from '../runner/messages.ts'
import { type FrameProcess, type ProcessEnd, startFrameProcess } from '../runner/process.ts'
import { type Call, type CallReply, decodeReplies, encodeCalls, frameKinds } from './calls.ts'
import type { WorkerOpen, WorkerReady } from './worker.ts'

export interface PoolOptions {
  readonly executable: Executable
  readonly open: WorkerOpen
  readonly workers: number
  /** Milliseconds that a request may take, waiting included. */
  readonly timeout: number
  /** Milliseconds that opening the model may take. */
  readonly openTimeout: number
  /** Requests that may wait; one more is refused with SERVE_OVERLOADED. */
  readonly maxWaiting: number
  /** Requests that go to a process in one frame. */
  readonly maxBatchCalls: number
  /** Milliseconds that a request may wait for others to come. */
  readonly maxBatchDelay: number
  readonly onWarning: (text: string) => void
  readonly onEvent?: (event: PoolEvent) => void
}

/** What happened to a process, for metrics and logs. */
export type PoolEvent =
  | { readonly kind: 'ready'; readonly pid: number | undefined }
  | { readonly kind: 'restart'; readonly why: string; readonly delay: number }
  | { readonly kind: 'broken'; readonly why: string }

export interface Pool {
  /** Undefined when every process can score; else why not. */
  readonly notReady: string | undefined
  /** Settles when the first process is ready. @throws what opening the model threw */
  readonly ready: Promise<WorkerReady>
  readonly waiting: number
  readonly inFlight: number
  readonly pids: readonly number[]
  /**
   * Scores one request.
   *
   * @throws SERVE_TIMEOUT, SERVE_CRASHED, SERVE_OVERLOADED, SERVE_NOT_READY, MODEL_CLOSED
   */
  ask(call: Call, timeout?: number): Promise<CallReply>
  /** Settles when nothing waits and nothing is being scored. */
  drain(): Promise<void>
  /** Ends the processes; what still waits ends with MODEL_CLOSED. */
  close(): Promise<void>
}

interface Asked {
  readonly id: number
  readonly call: Call
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  readonly timeout: number
  /** It was in a batch that was lost: it goes alone, and not a third time. */
  lost: boolean
  readonly resolve: (reply: CallReply) => void
  readonly reject: (error: MlmodelError) => void
}

interface Slot {
  process: FrameProcess | undefined
  isReady: boolean
  /** By their number, in the order they were sent. */
  readonly inFlight: Map<number, Asked>
  /** Frames that are not answered in full. */
  frames: Set<number>[]
  /** Something that was lost before is being scored: nothing else goes along. */
  alone: boolean
  killedFor: 'deadline' | 'open' | undefined
  /** When it died, for the back-off. */
  deaths: number[]
  timer: NodeJS.Timeout | undefined
}

/** Frames on their way to a process: while it scores one, the next lies in its pipe. */
const framesInFlight = 2
const [shortestDelay, longestDelay] = [100, 10_000]
/** So many crashes in so many milliseconds, and the model is given up. */
const [mostCrashes, crashWindow] = [5, 60_000]

/** Starts the processes. */
export function openPool(options: PoolOptions): Pool {
  const waiting: Asked[] = []
  /** Requests of lost batches, which are scored one by one. */
  const singles: Asked[] = []
  const slots: Slot[] = []
  let lastId = 0
  let closed = false
  let broken: string | undefined
  let scheduled = false
  let expiry: NodeJS.Timeout | undefined
  let settleReady: ((ready: WorkerReady) => void) | undefined
  let failReady: ((error: unknown) => void) | undefined
  const ready = new Promise<WorkerReady>((resolve, reject) => {
    settleReady = resolve
    failReady = reject
  })
  // Whoever waits for it is told.
  ready.catch(() => {})
  for (let index = 0; index < options.workers; index++) {
    const slot: Slot = {
      process: undefined,
      isReady: false,
      inFlight: new Map(),
      frames: [],
      alone: false,
      killedFor: undefined,
      deaths: [],
      timer: undefined,
    }
    slots.push(slot)
    start(slot)
  }

  function start(slot: Slot): void {
    slot.isReady = false
    slot.killedFor = undefined
    const process = startFrameProcess(options.executable, ['__serve-runner'], {
      onFrame: (kind, content) => hear(slot, kind, content),
      onEnd: (end) => {
        if (slot.process === process) bury(slot, end)
      },
    })
    slot.process = process
    process.send(frameKinds.open, [Buffer.from(JSON.stringify(options.open))])
    slot.timer = setTimeout(() => {
      slot.killedFor = 'open'
      process.kill()
    }, options.openTimeout)
  }

  function hear(slot: Slot, kind: number, content: Buffer): void {
    if (kind === frameKinds.replies) {
      for (const { id, reply } of decodeReplies(content)) settle(slot, id, (asked) => asked.resolve(reply))
      dispatch()
    } else if (kind === frameKinds.ready) {
      clearTimeout(slot.timer)
      slot.timer = undefined
      slot.isReady = true
      options.onEvent?.({ kind: 'ready', pid: slot.process?.pid })
      settleReady?.(JSON.parse(content.toString('utf8')))
      dispatch()
    } else if (kind === frameKinds.failure) {
      const error = errorFromData(JSON.parse(content.toString('utf8')))
      failReady?.(error)
      giveUp(error.message)
    } else if (kind === frameKinds.warning) options.onWarning(content.toString('utf8'))
  }

  function settle(slot: Slot, id: number, how: (asked: Asked) => void): void {
    const asked = slot.inFlight.get(id)
    if (asked === undefined) return
    slot.inFlight.delete(id)
    for (const frame of slot.frames) frame.delete(id)
    slot.frames = slot.frames.filter((frame) => frame.size > 0)
    if (slot.inFlight.size === 0) {
      slot.alone = false
      clearTimeout(slot.timer)
      slot.timer = undefined
    }
    how(asked)
  }

  /** A process is gone: what it had is asked again, alone, once; then another is started. */
  function bury(slot: Slot, end: ProcessEnd): void {
    clearTimeout(slot.timer)
    slot.timer = undefined
    slot.process = undefined
    slot.isReady = false
    const lost = [...slot.inFlight.values()]
    slot.inFlight.clear()
    slot.frames = []
    slot.alone = false
    const now = performance.now()
    for (const asked of lost) {
      if (asked.deadline <= now) asked.reject(timedOut(asked))
      else if (asked.lost || closed) asked.reject(new MlmodelError('SERVE_CRASHED', {}))
      else {
        asked.lost = true
        singles.push(asked)
      }
    }
    if (closed) return
    const why = describeEnd(end, slot.killedFor)
    if (slot.killedFor === 'deadline') {
      // The request's fault, not the process's.
      options.onEvent?.({ kind: 'restart', why, delay: 0 })
      start(slot)
      return
    }
    slot.deaths = [...slot.deaths.filter((time) => now - time < crashWindow), now]
    if (slot.deaths.length >= mostCrashes) {
      giveUp(`${why}; ${mostCrashes} times in a minute`)
      return
    }
    const delay = Math.min(longestDelay, shortestDelay * 2 ** (slot.deaths.length - 1))
    options.onEvent?.({ kind: 'restart', why, delay })
    slot.timer = setTimeout(() => start(slot), delay)
  }

  /** The model cannot be served any more. */
  function giveUp(why: string): void {
    if (broken !== undefined) return
    broken = why
    failReady?.(new MlmodelError('SERVE_NOT_READY', { why }))
    options.onEvent?.({ kind: 'broken', why })
    for (const slot of slots) {
      clearTimeout(slot.timer)
      const process = slot.process
      slot.process = undefined
      process?.kill()
    }
    const error = new MlmodelError('SERVE_NOT_READY', { why })
    for (const asked of [...waiting.splice(0), ...singles.splice(0), ...slots.flatMap((slot) => [...slot.inFlight.values()])])
      asked.reject(error)
    for (const slot of slots) slot.inFlight.clear()
  }

  /** What has come in this turn of the event loop goes out together. */
  function schedule(): void {
    if (scheduled) return
    scheduled = true
    if (options.maxBatchDelay > 0) setTimeout(flush, options.maxBatchDelay)
    else setImmediate(flush)
  }

  function flush(): void {
    scheduled = false
    dispatch()
  }

  function dispatch(): void {
    while (singles.length > 0) {
      const slot = slots.find((candidate) => candidate.isReady && candidate.inFlight.size === 0)
      if (slot === undefined) break
      slot.alone = true
      send(slot, [singles.shift()!])
    }
    while (waiting.length > 0) {
      const slot = leastBusy()
      if (slot === undefined) break
      const now = performance.now()
      const calls: Asked[] = []
      while (calls.length < options.maxBatchCalls && waiting.length > 0) {
        const asked = waiting.shift()!
        if (asked.deadline <= now) asked.reject(timedOut(asked))
        else calls.push(asked)
      }
      if (calls.length > 0) send(slot, calls)
    }
  }

  /** Answers what has waited for too long; rings at the nearest deadline of when it was set. */
  function expire(): void {
    expiry = undefined
    const now = performance.now()
    let nearest = Number.POSITIVE_INFINITY
    for (const queue of [waiting, singles]) {
      const left = queue.filter((asked) => {
        if (asked.deadline <= now) asked.reject(timedOut(asked))
        else nearest = Math.min(nearest, asked.deadline)
        return asked.deadline > now
      })
      queue.splice(0, queue.length, ...left)
    }
    if (nearest !== Number.POSITIVE_INFINITY) expiry = setTimeout(expire, Math.min(Math.ceil(nearest - now), 2 ** 31 - 1))
  }

  function leastBusy(): Slot | undefined {
    let best: Slot | undefined
    for (const slot of slots) {
      if (!slot.isReady || slot.alone || slot.frames.length >= framesInFlight || singles.length > 0) continue
      if (best === undefined || slot.frames.length < best.frames.length) best = slot
    }
    return best
  }

  function send(slot: Slot, calls: readonly Asked[]): void {
    for (const asked of calls) slot.inFlight.set(asked.id, asked)
    slot.frames.push(new Set(calls.map(({ id }) => id)))
    slot.process!.send(frameKinds.calls, encodeCalls(calls))
    slot.timer ??= setTimeout(() => watch(slot), nearestDeadline(slot))
  }

  /** Rings at the nearest deadline there was when it was set; by now that request may be answered. */
  function watch(slot: Slot): void {
    slot.timer = undefined
    if (slot.inFlight.size === 0) return
    const left = nearestDeadline(slot)
    if (left > 0) slot.timer = setTimeout(() => watch(slot), left)
    else {
      slot.killedFor = 'deadline'
      slot.process?.kill()
    }
  }

  function nearestDeadline(slot: Slot): number {
    let nearest = Number.POSITIVE_INFINITY
    for (const { deadline } of slot.inFlight.values()) nearest = Math.min(nearest, deadline)
    return Math.min(Math.ceil(nearest - performance.now()), 2 ** 31 - 1)
  }

  return {
    get notReady() {
      if (closed) return 'it is closed'
      if (broken !== undefined) return broken
      return slots.some((slot) => slot.isReady) ? undefined : 'its process is starting'
    },
    ready,
    get waiting() {
      return waiting.length + singles.length
    },
    get inFlight() {
      return slots.reduce((sum, slot) => sum + slot.inFlight.size, 0)
    },
    get pids() {
      return slots.flatMap(({ process }) => (process?.pid === undefined ? [] : [process.pid]))
    },
    ask: (call, timeout = options.timeout) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new MlmodelError('MODEL_CLOSED', {}))
        if (broken !== undefined) return reject(new MlmodelError('SERVE_NOT_READY', { why: broken }))
        if (waiting.length >= options.maxWaiting) return reject(new MlmodelError('SERVE_OVERLOADED', { waiting: waiting.length }))
        lastId = (lastId + 1) >>> 0
        const deadline = performance.now() + timeout
        waiting.push({ id: lastId, call, deadline, timeout, lost: false, resolve, reject })
        expiry ??= setTimeout(expire, timeout)
        schedule()
      }),
    async drain() {
      while (
        !closed &&
        broken === undefined &&
        (waiting.length > 0 || singles.length > 0 || slots.some((slot) => slot.inFlight.size > 0))
      )
        await new Promise((resolve) => setTimeout(resolve, 10))
    },
    async close() {
      if (closed) return
      closed = true
      const error = new MlmodelError('MODEL_CLOSED', {})
      for (const asked of [...waiting.splice(0), ...singles.splice(0)]) asked.reject(error)
      clearTimeout(expiry)
      for (const slot of slots) {
        clearTimeout(slot.timer)
        slot.process?.kill()
      }
    },
  }
}

function timedOut({ timeout }: Asked): MlmodelError {
  return new MlmodelError('SERVE_TIMEOUT', { milliseconds: timeout })
}

function describeEnd({ exitCode, signal, why }: ProcessEnd, killedFor: Slot['killedFor']): string {
  if (killedFor === 'deadline') return 'a request took longer than its deadline'
  if (killedFor === 'open') return 'the model could not be opened in time'
  if (why !== undefined) return why
  return signal === null ? `its process ended with exit code ${exitCode}` : `its process was ended by ${signal}`
}
