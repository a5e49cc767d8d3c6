/** One version of a model that is served: its MLmodel record in this process, its runner processes, what is counted of it. */
import { MlmodelError } from '../errors/index.ts'
import { exampleRequest, signatureOfGraph } from '../example/index.ts'
import type { Mode } from '../flavors/flavor.ts'
import { locate } from '../locate/index.ts'
import { loadMlmodel, type Mlmodel } from '../mlmodel.ts'
import { chooseFlavor } from '../model.ts'
import type { Executable } from '../runner/deadline.ts'
import type { Schema } from '../signature.ts'
import type { Call, CallReply } from './calls.ts'
import { defaultMaxMemory } from './memory.ts'
import { openPool, type Pool, type PoolEvent } from './pool.ts'
import { batchBounds, countRequest, newStatistics, type Outcome, observe, type Statistics } from './statistics.ts'

export interface ServeModelOptions {
  readonly executable: Executable
  readonly mode: Mode
  readonly flavor?: string | undefined
  readonly threads?: number | undefined
  readonly workers: number
  /** Milliseconds that a request may take. */
  readonly timeout: number
  readonly maxWaiting: number
  /** 0: every request is scored by itself. */
  readonly maxBatchRows: number
  readonly maxBatchDelay: number
  /** Most rows of one request; undefined: what its body holds. */
  readonly maxRows?: number | undefined
  /** Bytes of resident memory that a process may have; undefined: most of the machine's. */
  readonly maxMemory?: number | undefined
  readonly onWarning: (text: string) => void
  readonly onEvent?: (model: string, event: PoolEvent) => void
}

export interface ServedModel {
  readonly name: string
  /** `1`, `2`, … in the order they were loaded; every answer names it. */
  readonly version: string
  readonly mlmodel: Mlmodel
  readonly flavor: string
  /** What it takes: of the signature, else of the graph. */
  readonly inputs: Schema | undefined
  /** What the warm-up prediction gave, in the words of the Open Inference Protocol; for models whose signature names no outputs. */
  readonly observedOutputs: readonly ObservedOutput[] | undefined
  readonly pool: Pool
  readonly statistics: Statistics
  /** Undefined when it can answer; else why not. */
  readonly notReady: string | undefined
  /** Scores one request and counts it. @throws as {@link Pool.ask} */
  ask(call: Call, timeout?: number): Promise<CallReply>
  /** Answers what it has and ends. */
  retire(): Promise<void>
  close(): Promise<void>
}

export interface ObservedOutput {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
}

/** Requests that one frame carries; more would only make the first of them wait. */
const maxBatchCalls = 64
/** A large model is read from a slow disk. */
const openTimeout = 120_000

/**
 * Opens a model for serving: it is there after one prediction.
 *
 * @throws kinds `not-found`, `model`, `unsupported`, `runtime`
 */
export async function openServedModel(
  name: string,
  path: string,
  version: string,
  options: ServeModelOptions,
): Promise<ServedModel> {
  const mlmodel = await loadMlmodel(await locate(path))
  const flavor = chooseFlavor(mlmodel, options.flavor).name
  const statistics = newStatistics()
  const pool = openPool({
    executable: options.executable,
    open: {
      path,
      options: { mode: options.mode, flavor, ...(options.threads !== undefined && { threads: options.threads }) },
      maxBatchRows: options.maxBatchRows,
      ...(options.maxRows !== undefined && { maxRows: options.maxRows }),
    },
    workers: options.workers,
    timeout: options.timeout,
    openTimeout,
    maxWaiting: options.maxWaiting,
    maxBatchCalls,
    maxBatchDelay: options.maxBatchDelay,
    maxMemory: options.maxMemory ?? defaultMaxMemory(),
    onWarning: options.onWarning,
    onEvent: (event) => {
      if (event.kind === 'restart') statistics.restarts++
      if (event.kind !== 'ready') options.onWarning(`${name}: ${event.why}`)
      options.onEvent?.(name, event)
    },
  })
  let observedOutputs: readonly ObservedOutput[] | undefined
  try {
    await pool.ready
    observedOutputs = await warmUp(mlmodel, pool, options)
  } catch (error) {
    await pool.close()
    throw error
  }
  const inputs = mlmodel.signature?.inputs ?? (await inputsOfGraph(mlmodel))
  let isRetired = false
  return {
    name,
    version,
    mlmodel,
    flavor,
    inputs,
    observedOutputs,
    pool,
    statistics,
    get notReady() {
      return isRetired ? 'a newer version has taken over' : pool.notReady
    },
    async ask(call, timeout) {
      const began = performance.now()
      try {
        const reply = await pool.ask(call, Math.min(timeout ?? options.timeout, options.timeout))
        countReply(statistics, reply)
        countRequest(statistics, call.protocol, reply.status < 400 ? 'ok' : 'refused', performance.now() - began)
        return reply
      } catch (error) {
        countRequest(statistics, call.protocol, outcomeOf(error), performance.now() - began)
        throw error
      }
    },
    async retire() {
      isRetired = true
      await pool.drain()
      await pool.close()
    },
    close: () => pool.close(),
  }
}

function countReply(statistics: Statistics, reply: CallReply): void {
  statistics.rows += reply.rows
  statistics.losses += reply.losses
  if (reply.batchRows === 0) return
  observe(statistics.batches, batchBounds, reply.batchRows)
  statistics.computeNs += (reply.microseconds * 1000 * reply.rows) / reply.batchRows
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof MlmodelError)) return 'failed'
  if (error.code === 'SERVE_LEFT') return 'left'
  return error.kind === 'timeout' || error.kind === 'overload' ? error.kind : 'failed'
}

async function inputsOfGraph(mlmodel: Mlmodel): Promise<Schema | undefined> {
  try {
    return (await signatureOfGraph(mlmodel, mlmodel.signature))?.inputs
  } catch (error) {
    if (error instanceof MlmodelError) return undefined
    throw error
  }
}

/**
 * One prediction before the first request: with the stored input example, else with a row made from the signature or the graph.
 * A model may refuse it, which is said and does not matter.
 */
async function warmUp(mlmodel: Mlmodel, pool: Pool, options: ServeModelOptions): Promise<readonly ObservedOutput[] | undefined> {
  try {
    // What has no tensors (lists of objects) is asked in MLflow's form.
    for (const protocol of ['open-inference', 'mlflow'] as const) {
      const text = await exampleRequest(mlmodel, protocol).then(
        (example) => example.text,
        (error: unknown) => {
          if (error instanceof MlmodelError && error.code === 'EXAMPLE_NO_FORM') return undefined
          throw error
        },
      )
      if (text === undefined) continue
      const reply = await pool.ask({ protocol, contentType: 'application/json', body: Buffer.from(text) })
      const body = Buffer.from(reply.body).toString('utf8')
      if (reply.status === 200) return protocol === 'open-inference' ? outputsOf(body) : undefined
      if (protocol === 'mlflow') options.onWarning(`The warm-up prediction failed: ${body}`)
    }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    options.onWarning(`The warm-up prediction failed: ${error.message}`)
  }
  return undefined
}

/** The outputs of our own reply; how many rows there were says nothing. */
function outputsOf(body: string): readonly ObservedOutput[] {
  const { outputs } = JSON.parse(body) as { outputs: readonly ObservedOutput[] }
  return outputs.map(({ name, datatype, shape }) => ({
    name,
    datatype,
    shape: shape.length === 0 ? [] : [-1, ...shape.slice(1)],
  }))
}
