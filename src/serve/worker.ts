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
import { type Job, loadScoring, type Scoring, type Written } from './scoring.ts'

/** What a runner is told first. */
export interface WorkerOpen extends Omit<OpenMessage, 'kind'> {
  /** Most rows that are scored together; 0 scores every request by itself. */
  readonly maxBatchRows: number
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
  let maxBatchRows = 0
  const frames: Buffer[] = []
  let busy = false
  const channel = openFrameChannel((kind, content) => {
    if (kind === frameKinds.open) {
      const { path, options, maxBatchRows: most } = JSON.parse(content.toString('utf8')) as WorkerOpen
      maxBatchRows = most
      model = openModel(path, { ...options, onWarning: (text) => channel.send(frameKinds.warning, [Buffer.from(text)]) })
      model.then(
        ({ flavor, divisible }) => {
          const ready: WorkerReady = { flavor, batches: divisible && most > 0 }
          channel.send(frameKinds.ready, [Buffer.from(JSON.stringify(ready))])
        },
        (error: unknown) => channel.send(frameKinds.failure, [Buffer.from(JSON.stringify(errorToData(error)))]),
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
      await scoreCalls(open, decodeCalls(frame), open.divisible ? maxBatchRows : 0, (replies) => {
        channel.send(frameKinds.replies, encodeReplies(replies))
      })
    }
    busy = false
  }
}

interface Pending {
  readonly id: number
  readonly call: Call
  readonly scoring: Scoring
  readonly job: Job
  readonly rows: number
}

/**
 * Scores calls and hands over their replies. Calls of the same form, params and outputs are scored together, up to
 * `maxBatchRows` rows; a batch that fails is scored again call by call, so that one bad row is one bad answer.
 */
export async function scoreCalls(
  model: Model,
  calls: readonly NumberedCall[],
  maxBatchRows: number,
  send: (replies: readonly NumberedReply[]) => void,
): Promise<void> {
  const replies: NumberedReply[] = []
  const pending: Pending[] = []
  for (const { id, call } of calls) {
    const scoring = await scoringOf(call)
    try {
      const job = await scoring.read(call, model)
      pending.push({ id, call, scoring, job, rows: rowsOf(job.data) ?? 0 })
    } catch (error) {
      replies.push({ id, reply: refusal(scoring, call, error) })
    }
  }
  for (const group of groupsOf(pending, maxBatchRows)) {
    for (const reply of await scoreGroup(model, group)) replies.push(reply)
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
    const key = keyOf(one.job)
    const known = open.get(key)
    if (known !== undefined && known.rows + one.rows <= maxBatchRows) {
      known.group.push(one)
      known.rows += one.rows
      continue
    }
    const group = [one]
    groups.push(group)
    open.set(key, { group, rows: one.rows })
  }
  return groups
}

/** Equal for jobs whose batches may be scored in one run: params and outputs; the form is looked at when they are joined. */
function keyOf({ params, outputs, data }: Job): string {
  if (params.size === 0 && outputs === undefined) return data.kind
  return `${data.kind} ${writeJsonValue(params as ReadonlyMap<string, Cell>)} ${JSON.stringify(outputs)}`
}

async function scoreGroup(model: Model, group: readonly Pending[]): Promise<readonly NumberedReply[]> {
  const [first] = group
  if (group.length === 1) return [await scoreOne(model, first!)]
  const joined = joinBatches(group.map(({ job }) => job.data))
  const rows = group.reduce((sum, one) => sum + one.rows, 0)
  if (joined !== undefined) {
    const began = performance.now()
    const predictions = await predict(model, joined, first!.job).catch(() => undefined)
    const microseconds = (performance.now() - began) * 1000
    if (predictions !== undefined && rowsOf(predictions) === rows) {
      let at = 0
      return group.map((one) => {
        const part = sliceBatch(predictions, at, at + one.rows)
        at += one.rows
        return { id: one.id, reply: written(one, part, model, rows, microseconds) }
      })
    }
  }
  const replies: NumberedReply[] = []
  for (const one of group) replies.push(await scoreOne(model, one))
  return replies
}

async function scoreOne(model: Model, one: Pending): Promise<NumberedReply> {
  try {
    const began = performance.now()
    const predictions = await predict(model, one.job.data, one.job)
    return { id: one.id, reply: written(one, predictions, model, one.rows, (performance.now() - began) * 1000) }
  } catch (error) {
    return { id: one.id, reply: refusal(one.scoring, one.call, error) }
  }
}

function predict(model: Model, data: Batch, { params, outputs }: Job): Promise<Batch> {
  return model.score(data, outputs === undefined ? { params } : { params, outputs })
}

function written(one: Pending, predictions: Batch, model: Model, batchRows: number, microseconds: number): CallReply {
  try {
    const reply = one.scoring.write(predictions, one.job, model)
    return { ...reply, rows: one.rows, losses: one.job.losses, batchRows, microseconds }
  } catch (error) {
    return refusal(one.scoring, one.call, error)
  }
}

function refusal(scoring: Scoring, call: Call, error: unknown): CallReply {
  const known = error instanceof MlmodelError ? error : bug(error)
  const reply: Written = scoring.fail(known, call)
  return { ...reply, rows: 0, losses: 0, batchRows: 0, microseconds: 0 }
}

/** Anything else is a bug of ours; its words are for the log, not for the caller. */
function bug(error: unknown): MlmodelError {
  return new MlmodelError('SERVE_BUG', {}, { cause: error })
}
