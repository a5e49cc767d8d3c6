/**
 * The runner processes of one model: requests that wait are sent together, each within its deadline. A process that is still at a
 * request behind its deadline is killed, because ONNX Runtime cannot be interrupted; what else it had is asked again, one request at
 * a time, and once.
 */
import { MlmodelError } from '../errors/index.ts'
import type { Executable } from '../runner/deadline.ts'
import { errorFromData } from '../runner/messages.ts'
import { type FrameProcess, type ProcessEnd, startFrameProcess } from '../runner/process.ts'
import { type Call, type CallReply, decodeReplies, encodeCalls, frameKinds } from './calls.ts'
import { watchMemory } from './memory.ts'
import { openPace } from './pace.ts'
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
  /** Bytes of the bodies of all requests that are not answered; beyond it only a request that is alone is taken. Default 512 MiB. */
  readonly maxHeldBytes?: number
  /** Requests that go to a process in one frame. */
  readonly maxBatchCalls: number
  /** Milliseconds that a request may wait for others to come. */
  readonly maxBatchDelay: number
  /** Bytes of resident memory that a process may have. */
  readonly maxMemory?: number | undefined
  readonly onWarning: (text: string) => void
  readonly onEvent?: (event: PoolEvent) => void
}

/** What happened to a process, for metrics and logs. */
export type PoolEvent =
  | { readonly kind: 'ready'; readonly pid: number | undefined }
  | { readonly kind: 'restart'; readonly why: string; readonly delay: number }
  | { readonly kind: 'broken'; readonly why: string }

export interface Pool {
  /** Undefined when a process can score and none has crashed again and again; else why not. */
  readonly notReady: string | undefined
  /** Settles when the first process is ready. @throws what opening the model threw */
  readonly ready: Promise<WorkerReady>
  readonly waiting: number
  readonly inFlight: number
  readonly pids: readonly number[]
  /**
   * Scores one request.
   *
   * @throws SERVE_TIMEOUT, SERVE_CRASHED, SERVE_MEMORY, SERVE_OVERLOADED, SERVE_NOT_READY, SERVE_LEFT, SERVE_STOPPING
   */
  ask(call: Call, timeout?: number): Promise<CallReply>
  /** Settles when nothing waits and nothing is being scored. */
  drain(): Promise<void>
  /** Ends the processes; what is not answered ends with SERVE_STOPPING. Settles when they are gone. */
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
  /** The caller has its answer, that it was too late; a process may still be at it. */
  isAnswered: boolean
  readonly resolve: (reply: CallReply) => void
  readonly reject: (error: MlmodelError) => void
}

/** Requests that went to a process together. */
interface Frame {
  readonly ids: Set<number>
  readonly calls: number
  /** When the process came to it: when it was sent, or when the frame before it was done. */
  began: number
}

interface Slot {
  process: FrameProcess | undefined
  isReady: boolean
  /** By their number, in the order they were sent. */
  readonly inFlight: Map<number, Asked>
  /** Those that are not answered in full; the process is at the first. */
  readonly frames: Frame[]
  /** Something that was lost before is being scored: nothing else goes along. */
  alone: boolean
  killedFor: 'deadline' | 'open' | 'memory' | undefined
  /** Why it could not open the model, which it could before. */
  failure: string | undefined
  /** When it was last heard of, or was given work while it had none. */
  heard: number
  /** When it died, for the back-off. */
  deaths: number[]
  /** Until it is open, or until it is started anew. */
  timer: NodeJS.Timeout | undefined
}

/** Frames on their way to a process: while it scores one, the next lies in its pipe. */
const framesInFlight = 2
/** Bytes of a frame, after which no further request joins it. */
const fullFrame = 8 << 20
const [shortestDelay, longestDelay] = [100, 10_000]
/** So many crashes in so many milliseconds, and the model is not ready. */
const [mostCrashes, crashWindow] = [5, 60_000]
const longestTimer = 2 ** 31 - 1

/** Starts the processes. */
export function openPool(options: PoolOptions): Pool {
  const maxHeldBytes = options.maxHeldBytes ?? 512 << 20
  const waiting: Asked[] = []
  /** Requests of lost batches, which are scored one by one. */
  const singles: Asked[] = []
  const slots: Slot[] = []
  let lastId = 0
  let heldBytes = 0
  let closed = false
  /** It could never be opened. */
  let broken: string | undefined
  let wasReady = false
  /** When processes crashed, and how the last one did. */
  let crashes: number[] = []
  let lastCrash = ''
  let scheduled = false
  let expiry: NodeJS.Timeout | undefined
  /** When `expiry` rings. */
  let expiryTime = Number.POSITIVE_INFINITY
  let batches = false
  const pace = openPace(() => batches)
  let settleReady: ((ready: WorkerReady) => void) | undefined
  let failReady: ((error: unknown) => void) | undefined
  let allGone: (() => void) | undefined
  const ready = new Promise<WorkerReady>((resolve, reject) => {
    settleReady = resolve
    failReady = reject
  })
  // Whoever waits for it is told.
  ready.catch(() => {})
  const memory =
    options.maxMemory === undefined
      ? undefined
      : watchMemory(
          options.maxMemory,
          () => slots.filter((slot) => slot.inFlight.size > 0),
          (slot) => {
            slot.killedFor = 'memory'
            slot.process?.kill()
          },
        )
  for (let index = 0; index < options.workers; index++) {
    const slot: Slot = {
      process: undefined,
      isReady: false,
      inFlight: new Map(),
      frames: [],
      alone: false,
      killedFor: undefined,
      failure: undefined,
      heard: 0,
      deaths: [],
      timer: undefined,
    }
    slots.push(slot)
    start(slot)
  }

  function start(slot: Slot): void {
    slot.isReady = false
    slot.killedFor = undefined
    slot.failure = undefined
    const process = startFrameProcess(options.executable, ['__serve-runner'], {
      onFrame: (kind, content) => {
        if (slot.process === process) hear(slot, kind, content)
      },
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
    slot.heard = performance.now()
    if (kind === frameKinds.replies) {
      for (const { id, reply } of decodeReplies(content)) {
        const asked = take(slot, id)
        if (asked !== undefined) settle(asked, () => asked.resolve(reply))
      }
      dispatch()
    } else if (kind === frameKinds.ready) {
      clearTimeout(slot.timer)
      slot.timer = undefined
      slot.isReady = true
      wasReady = true
      options.onEvent?.({ kind: 'ready', pid: slot.process?.pid })
      const told = JSON.parse(content.toString('utf8')) as WorkerReady
      batches = told.batches
      settleReady?.(told)
      dispatch()
    } else if (kind === frameKinds.failure) {
      const error = errorFromData(JSON.parse(content.toString('utf8')))
      // What was open once may be so again: a folder that is being replaced, too little memory.
      if (wasReady) {
        slot.failure = reasonOf(error)
        slot.process?.kill()
      } else {
        failReady?.(error)
        giveUp(reasonOf(error))
      }
    } else if (kind === frameKinds.warning) options.onWarning(content.toString('utf8'))
  }

  /** What a process has answered. */
  function take(slot: Slot, id: number): Asked | undefined {
    const asked = slot.inFlight.get(id)
    if (asked === undefined) return undefined
    slot.inFlight.delete(id)
    for (const frame of slot.frames) if (frame.ids.delete(id)) break
    while (slot.frames.length > 0 && slot.frames[0]!.ids.size === 0) {
      const { began, calls } = slot.frames.shift()!
      pace.done(calls, slot.heard - began)
      if (slot.frames.length > 0) slot.frames[0]!.began = slot.heard
    }
    if (slot.inFlight.size === 0) slot.alone = false
    return asked
  }

  /** Every request comes here, once. */
  function settle(asked: Asked, how: () => void): void {
    if (asked.isAnswered) return
    asked.isAnswered = true
    heldBytes -= asked.call.body.length
    how()
  }

  function refuse(asked: Asked, error: MlmodelError): void {
    settle(asked, () => asked.reject(error))
  }

  /** A process is gone: what it had is asked again, alone, once; then another is started. */
  function bury(slot: Slot, end: ProcessEnd): void {
    const { killedFor, failure } = slot
    clearTimeout(slot.timer)
    slot.timer = undefined
    slot.process = undefined
    slot.isReady = false
    const lost = [...slot.inFlight.values()]
    slot.inFlight.clear()
    slot.frames.length = 0
    slot.alone = false
    if (closed) {
      if (slots.every(({ process }) => process === undefined)) allGone?.()
      return
    }
    const now = performance.now()
    for (const asked of lost) {
      if (asked.deadline <= now) refuse(asked, timedOut(asked))
      else if (asked.lost) refuse(asked, new MlmodelError(killedFor === 'memory' ? 'SERVE_MEMORY' : 'SERVE_CRASHED', {}))
      else {
        asked.lost = true
        singles.push(asked)
      }
    }
    const why = failure ?? describeEnd(end, killedFor)
    if (killedFor === 'deadline') {
      // The request's fault, not the process's.
      options.onEvent?.({ kind: 'restart', why, delay: 0 })
      start(slot)
      // Another process may be free.
      dispatch()
      return
    }
    lastCrash = why
    crashes = [...recent(crashes, now), now]
    slot.deaths = [...recent(slot.deaths, now), now]
    if (crashes.length >= mostCrashes && !wasReady) {
      giveUp(reasonOfCrashes())
      return
    }
    const delay =
      crashes.length >= mostCrashes ? longestDelay : Math.min(longestDelay, shortestDelay * 2 ** (slot.deaths.length - 1))
    options.onEvent?.(
      crashes.length === mostCrashes ? { kind: 'broken', why: reasonOfCrashes() } : { kind: 'restart', why, delay },
    )
    slot.timer = setTimeout(() => start(slot), delay)
    // Nobody waits ten seconds for a process that is likely to crash again.
    if (isFailing() && !hasProcess()) refuseAll(new MlmodelError('SERVE_NOT_READY', { why: reasonOfCrashes() }))
    else dispatch()
  }

  function isFailing(): boolean {
    return crashes.length >= mostCrashes && recent(crashes, performance.now()).length >= mostCrashes
  }

  function hasProcess(): boolean {
    return slots.some(({ process }) => process !== undefined)
  }

  function reasonOfCrashes(): string {
    return `${lastCrash}; ${mostCrashes} times in a minute`
  }

  /** The model could never be opened. */
  function giveUp(why: string): void {
    if (broken !== undefined) return
    broken = why
    const error = new MlmodelError('SERVE_NOT_READY', { why })
    failReady?.(error)
    options.onEvent?.({ kind: 'broken', why })
    refuseAll(error)
    endAll()
  }

  function refuseAll(error: MlmodelError): void {
    clearTimeout(expiry)
    expiry = undefined
    for (const asked of [...waiting.splice(0), ...singles.splice(0)]) refuse(asked, error)
    for (const slot of slots) for (const asked of slot.inFlight.values()) refuse(asked, error)
  }

  function endAll(): void {
    memory?.stop()
    for (const slot of slots) {
      clearTimeout(slot.timer)
      slot.timer = undefined
      slot.process?.kill()
    }
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
      const asked = singles.shift()!
      if (asked.deadline <= performance.now()) refuse(asked, timedOut(asked))
      else if (asked.call.isGone?.() === true) refuse(asked, new MlmodelError('SERVE_LEFT', {}))
      else {
        slot.alone = true
        send(slot, [asked])
      }
    }
    while (waiting.length > 0) {
      const slot = leastBusy()
      if (slot === undefined) break
      const calls = nextCalls(slot)
      if (calls.length > 0) send(slot, calls)
    }
  }

  /** The next frame, from those that have waited longest. */
  function nextCalls(slot: Slot): readonly Asked[] {
    const now = performance.now()
    const most = pace.most(options.maxBatchCalls)
    // What lies in its pipe comes first.
    const soonest = now + pace.perCall * (slot.inFlight.size + 1)
    const calls: Asked[] = []
    let bytes = 0
    while (calls.length < most && bytes < fullFrame && waiting.length > 0) {
      const asked = waiting.shift()!
      // A request that cannot be done in time only takes the time of those behind it, which then are late as well.
      const isLate = asked.deadline <= now || (waiting.length > 0 && asked.deadline < soonest)
      if (isLate) refuse(asked, timedOut(asked))
      else if (asked.call.isGone?.() === true) refuse(asked, new MlmodelError('SERVE_LEFT', {}))
      if (asked.isAnswered) continue
      calls.push(asked)
      bytes += asked.call.body.length
    }
    return calls
  }

  function leastBusy(): Slot | undefined {
    if (singles.length > 0) return undefined
    const now = performance.now()
    let best: Slot | undefined
    for (const slot of slots) {
      if (!slot.isReady || slot.alone || slot.frames.length >= framesInFlight) continue
      // Behind what may never end nobody is put: he waits here, for whoever is free first.
      if (slot.frames.length > 0 && now - slot.frames[0]!.began > pace.long) continue
      if (best === undefined || isLessBusy(slot, best)) best = slot
    }
    return best
  }

  /** Fewer frames, else one that was begun later. */
  function isLessBusy({ frames }: Slot, { frames: others }: Slot): boolean {
    return (
      frames.length < others.length ||
      (frames.length === others.length && frames.length > 0 && frames[0]!.began > others[0]!.began)
    )
  }

  function send(slot: Slot, calls: readonly Asked[]): void {
    const now = performance.now()
    if (slot.frames.length === 0) slot.heard = now
    for (const asked of calls) slot.inFlight.set(asked.id, asked)
    slot.frames.push({ ids: new Set(calls.map(({ id }) => id)), calls: calls.length, began: now })
    slot.process?.send(frameKinds.calls, encodeCalls(calls))
    memory?.look()
  }

  /** Rings at `time` at the latest. */
  function ringAt(time: number): void {
    if (time >= expiryTime && expiry !== undefined) return
    clearTimeout(expiry)
    expiryTime = time
    expiry = setTimeout(expire, Math.min(Math.max(1, Math.ceil(time - performance.now())), longestTimer))
  }

  /** Answers what is late, wherever it is, and ends the processes that hang. */
  function expire(): void {
    expiry = undefined
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (const queue of [waiting, singles]) {
      const left = queue.filter((asked) => {
        if (asked.deadline <= now) refuse(asked, timedOut(asked))
        else next = Math.min(next, asked.deadline)
        return asked.deadline > now
      })
      if (left.length < queue.length) queue.splice(0, queue.length, ...left)
    }
    for (const slot of slots) {
      for (const asked of slot.inFlight.values()) {
        if (asked.deadline > now) next = Math.min(next, asked.deadline)
        else {
          refuse(asked, timedOut(asked))
          // What lies in the pipe has not begun.
          if (slot.frames[0]?.ids.has(asked.id) !== true || slot.killedFor !== undefined) continue
          const hangs = slot.heard + patience(asked)
          if (hangs > now) next = Math.min(next, hangs)
          else {
            slot.killedFor = 'deadline'
            slot.process?.kill()
          }
        }
      }
    }
    if (next !== Number.POSITIVE_INFINITY) ringAt(next)
  }

  /** A process that answers in its usual time is not killed for a request that came to it too late. */
  function patience({ timeout }: Asked): number {
    return Math.min(timeout, pace.patience)
  }

  return {
    get notReady() {
      if (closed) return 'it is closed'
      if (broken !== undefined) return broken
      if (isFailing()) return reasonOfCrashes()
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
        if (closed) return reject(new MlmodelError('SERVE_STOPPING', {}))
        if (broken !== undefined) return reject(new MlmodelError('SERVE_NOT_READY', { why: broken }))
        if (crashes.length >= mostCrashes && isFailing() && !hasProcess())
          return reject(new MlmodelError('SERVE_NOT_READY', { why: reasonOfCrashes() }))
        const bytes = call.body.length
        if (waiting.length >= options.maxWaiting || (heldBytes > 0 && heldBytes + bytes > maxHeldBytes))
          return reject(new MlmodelError('SERVE_OVERLOADED', { waiting: waiting.length }))
        heldBytes += bytes
        lastId = (lastId + 1) >>> 0
        const deadline = performance.now() + timeout
        waiting.push({ id: lastId, call, deadline, timeout, lost: false, isAnswered: false, resolve, reject })
        ringAt(deadline)
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
      refuseAll(new MlmodelError('SERVE_STOPPING', {}))
      const gone = new Promise<void>((resolve) => {
        allGone = resolve
      })
      endAll()
      if (hasProcess()) await gone
    },
  }
}

function recent(times: readonly number[], now: number): readonly number[] {
  return times.filter((time) => now - time < crashWindow)
}

/** What strangers may read: the stack of a bug is for the log. */
function reasonOf(error: MlmodelError): string {
  return error.code === 'RUNNER_BUG' ? 'the server failed to open it' : error.message
}

function timedOut({ timeout }: Asked): MlmodelError {
  return new MlmodelError('SERVE_TIMEOUT', { milliseconds: timeout })
}

function describeEnd({ exitCode, signal, why }: ProcessEnd, killedFor: Slot['killedFor']): string {
  if (killedFor === 'deadline') return 'a request took longer than its deadline'
  if (killedFor === 'open') return 'the model could not be opened in time'
  if (killedFor === 'memory') return 'its process needed more memory than it may have'
  if (why !== undefined) return why
  return signal === null ? `its process ended with exit code ${exitCode}` : `its process was ended by ${signal}`
}
