/** A runner process of a server: opens one model and scores what it is sent, together where the model keeps rows apart. */
import type { Batch, Cell } from '../batch.ts'
import { joinBatches } from '../data/join.ts'
import { rowsOf, sliceBatch } from '../data/slice.ts'
import { MlmodelError } from '../errors/index.ts'
import { writeJsonValue } from '../json.ts'
import { type Model, openModel } from '../model.ts'
import { openFrameChannel } from '../runner/child-frames.ts'
import { errorToData, type OpenMessage } from '../runner/messages.ts'
import {
  type Call,
  type CallReply,
  decodeCalls,
  encodeReplies,
  frameKinds,
  type NumberedCall,
  type NumberedReply,
} from './calls.ts'
import { type Job, loadScoring, type Scoring } from './scoring.ts'

/** What a runner is told first. */
export interface WorkerOpen extends Omit<OpenMessage, 'kind'> {
  /** Most rows that are scored together; 0 scores every request by itself. */
  readonly maxBatchRows: number
  /** Most rows of one request; absent: what its body can hold. */
  readonly maxRows?: number | undefined
}

/** What a runner says when its model is open. */
export interface WorkerReady {
  readonly flavor: string
  /** Whether requests are scored together. */
  readonly batches: boolean
}

/** Serves the pipe of this process until its parent closes it. */
export function serveWorker(): void {
  let model: Promise<Model> | undefined
  let bounds: Bounds = { maxBatchRows: 0 }
  const frames: Buffer[] = []
  let busy = false
  const log = oncePerText((text) => channel.send(frameKinds.warning, [Buffer.from(text)]))
  const channel = openFrameChannel((kind, content) => {
    if (kind === frameKinds.open) {
      const { path, options, ...rest } = JSON.parse(content.toString('utf8')) as WorkerOpen
      bounds = rest
      model = openModel(path, { ...options, onWarning: log })
      model.then(
        ({ flavor, divisible }) => {
          const ready: WorkerReady = { flavor, batches: divisible && bounds.maxBatchRows > 0 }
          channel.send(frameKinds.ready, [Buffer.from(JSON.stringify(ready))])
        },
        (error: unknown) => {
          if (!(error instanceof MlmodelError)) log(bugText(error))
          channel.send(frameKinds.failure, [Buffer.from(JSON.stringify(errorToData(error)))])
        },
      )
    } else if (kind === frameKinds.calls) {
      frames.push(content)
      if (!busy) void work()
    }
  })

  async function work(): Promise<void> {
    busy = true
    const open = await model!
    for (let frame = frames.shift(); frame !== undefined; frame = frames.shift()) {
      const own = open.divisible ? bounds : { ...bounds, maxBatchRows: 0 }
      await scoreCalls(open, decodeCalls(frame), own, {
        send: (replies) => channel.send(frameKinds.replies, encodeReplies(replies)),
        log,
      })
    }
    busy = false
  }
}

/** Every request may bring the same warning; the log has each text once. */
function oncePerText(say: (text: string) => void): (text: string) => void {
  const said = new Set<string>()
  return (text) => {
    // Texts that hold what strangers sent are without number.
    if (said.size >= mostTexts || said.has(text)) return
    said.add(text)
    say(text)
  }
}

const mostTexts = 200

type Bounds = Pick<WorkerOpen, 'maxBatchRows' | 'maxRows'>

/** Where replies go, and what is said besides. */
export interface ScoringOutlet {
  send(replies: readonly NumberedReply[]): void
  /** The words of a bug, which its caller is not told. */
  log(text: string): void
}

interface Pending {
  readonly id: number
  readonly call: Call
  readonly scoring: Scoring
  readonly job: Job
  readonly rows: number
  /** Equal for those that may be scored together. */
  readonly key: string
}

/**
 * Scores calls and hands over their replies. Calls of the same form, params and outputs are scored together, up to
 * `maxBatchRows` rows; a batch that fails is scored again call by call, so that one bad row is one bad answer. Every call
 * gets one reply, whatever fails.
 */
export async function scoreCalls(
  model: Model,
  calls: readonly NumberedCall[],
  { maxBatchRows, maxRows = Number.POSITIVE_INFINITY }: Bounds,
  { send, log }: ScoringOutlet,
): Promise<void> {
  const replies: NumberedReply[] = []
  const pending: Pending[] = []
  for (const { id, call } of calls) {
    let scoring: Scoring | undefined
    try {
      scoring = await scoringOf(call)
      const job = await scoring.read(call, model)
      const rows = rowsOf(job.data) ?? 0
      if (rows > maxRows) throw new MlmodelError('SERVE_ROWS', { rows, most: maxRows })
      pending.push({ id, call, scoring, job, rows, key: calls.length > 1 && maxBatchRows > 0 ? keyOf(job) : '' })
    } catch (error) {
      replies.push({ id, reply: refusal(scoring, call, error, log) })
    }
  }
  for (const group of groupsOf(pending, maxBatchRows)) {
    for (const reply of await scoreGroup(model, group, log)) replies.push(reply)
    // Nobody waits for the answers of others.
    send(replies.splice(0))
  }
  if (replies.length > 0) send(replies)
}

const loadedScorings = new Map<string, Scoring>()

async function scoringOf(call: Call): Promise<Scoring> {
  let scoring = loadedScorings.get(call.protocol)
  if (scoring === undefined) {
    scoring = await loadScoring(call.protocol)
    loadedScorings.set(call.protocol, scoring)
  }
  return scoring
}

/** Calls that may be scored together, in their order; each other call is a group of one. */
function groupsOf(pending: readonly Pending[], maxBatchRows: number): readonly (readonly Pending[])[] {
  if (pending.length < 2 || maxBatchRows === 0) return pending.map((one) => [one])
  const groups: Pending[][] = []
  const open = new Map<string, { readonly group: Pending[]; rows: number }>()
  for (const one of pending) {
    if (one.rows === 0 || one.rows > maxBatchRows) {
      groups.push([one])
      continue
    }
    const known = open.get(one.key)
    if (known !== undefined && known.rows + one.rows <= maxBatchRows) {
      known.group.push(one)
      known.rows += one.rows
      continue
    }
    const group = [one]
    groups.push(group)
    open.set(one.key, { group, rows: one.rows })
  }
  return groups
}

/** Equal for jobs whose batches may be scored in one run: params and outputs; the form is looked at when they are joined. */
function keyOf({ params, outputs, data }: Job): string {
  if (params.size === 0 && outputs === undefined) return data.kind
  return `${data.kind} ${writeJsonValue(params as ReadonlyMap<string, Cell>)} ${JSON.stringify(outputs)}`
}

async function scoreGroup(model: Model, group: readonly Pending[], log: ScoringOutlet['log']): Promise<readonly NumberedReply[]> {
  const [first] = group
  if (group.length === 1) return [await scoreOne(model, first!, log)]
  try {
    const joined = joinBatches(group.map(({ job }) => job.data))
    if (joined !== undefined) {
      const rows = group.reduce((sum, one) => sum + one.rows, 0)
      const began = performance.now()
      const predictions = await predict(model, joined, first!.job)
      const microseconds = (performance.now() - began) * 1000
      if (rowsOf(predictions) === rows) {
        let at = 0
        return group.map((one) => {
          const part = sliceBatch(predictions, at, at + one.rows)
          at += one.rows
          return { id: one.id, reply: written(one, part, model, { rows, microseconds }, log) }
        })
      }
    }
  } catch {
    // Each by itself is told its own failure.
  }
  const replies: NumberedReply[] = []
  for (const one of group) replies.push(await scoreOne(model, one, log))
  return replies
}

async function scoreOne(model: Model, one: Pending, log: ScoringOutlet['log']): Promise<NumberedReply> {
  try {
    const began = performance.now()
    const predictions = await predict(model, one.job.data, one.job)
    const microseconds = (performance.now() - began) * 1000
    return { id: one.id, reply: written(one, predictions, model, { rows: one.rows, microseconds }, log) }
  } catch (error) {
    return { id: one.id, reply: refusal(one.scoring, one.call, error, log) }
  }
}

function predict(model: Model, data: Batch, { params, outputs }: Job): Promise<Batch> {
  return model.score(data, outputs === undefined ? { params } : { params, outputs })
}

/** @param batch - all that was scored in the run */
function written(
  one: Pending,
  predictions: Batch,
  model: Model,
  batch: { readonly rows: number; readonly microseconds: number },
  log: ScoringOutlet['log'],
): CallReply {
  try {
    const reply = one.scoring.write(predictions, one.job, model)
    return { ...reply, rows: one.rows, losses: one.job.losses, batchRows: batch.rows, microseconds: batch.microseconds }
  } catch (error) {
    return refusal(one.scoring, one.call, error, log)
  }
}

function refusal(scoring: Scoring | undefined, call: Call, error: unknown, log: ScoringOutlet['log']): CallReply {
  let known: MlmodelError
  if (error instanceof MlmodelError) known = error
  else {
    // A bug of ours: its words are for the log, not for the caller.
    log(bugText(error))
    known = new MlmodelError('SERVE_BUG', {}, { cause: error })
  }
  const nothing = { rows: 0, losses: 0, batchRows: 0, microseconds: 0 }
  try {
    if (scoring !== undefined) return { ...scoring.fail(known, call), ...nothing }
  } catch (second) {
    log(bugText(second))
  }
  const body = Buffer.from(JSON.stringify({ error: new MlmodelError('SERVE_BUG', {}).message }))
  return { status: 500, contentType: 'application/json', body, ...nothing }
}

function bugText(error: unknown): string {
  return `bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}
