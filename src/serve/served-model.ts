/** One model that is served: its MLmodel record in this process, its runner processes, and whether it is ready. */
import { MlmodelError } from '../errors/index.ts'
import type { Mode } from '../flavors/flavor.ts'
import { locate } from '../locate/index.ts'
import { loadMlmodel, type Mlmodel } from '../mlmodel.ts'
import { chooseFlavor } from '../model.ts'
import type { Executable } from '../runner/deadline.ts'
import type { Call, CallReply } from './calls.ts'
import { openPool, type Pool, type PoolEvent } from './pool.ts'

export interface ServeModelOptions {
  readonly executable: Executable
  readonly mode: Mode
  readonly flavor?: string | undefined
  readonly threads?: number | undefined
  readonly workers: number
  readonly timeout: number
  readonly maxWaiting: number
  readonly maxBatchRows: number
  readonly maxBatchDelay: number
  readonly onWarning: (text: string) => void
  readonly onEvent?: (event: PoolEvent) => void
}

export interface ServedModel {
  readonly name: string
  /** Of the model's content: every answer names it. */
  readonly version: string
  readonly mlmodel: Mlmodel
  readonly flavor: string
  readonly pool: Pool
  /** Undefined when it has made its warm-up prediction; else why it is not ready. */
  readonly notReady: string | undefined
  ask(call: Call, timeout?: number): Promise<CallReply>
  close(): Promise<void>
}

/** Requests that one frame carries; more would only make the first of them wait. */
const maxBatchCalls = 64
/** A large model is read from a slow disk. */
const openTimeout = 120_000

/**
 * Opens a model for serving: it is ready after one prediction.
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
  const pool = openPool({
    executable: options.executable,
    open: {
      path,
      options: {
        mode: options.mode,
        flavor,
        ...(options.threads !== undefined && { threads: options.threads }),
      },
      maxBatchRows: options.maxBatchRows,
    },
    workers: options.workers,
    timeout: options.timeout,
    openTimeout,
    maxWaiting: options.maxWaiting,
    maxBatchCalls,
    maxBatchDelay: options.maxBatchDelay,
    onWarning: options.onWarning,
    ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
  })
  let warm = false
  try {
    await pool.ready
    await warmUp(mlmodel, pool, options)
    warm = true
  } catch (error) {
    await pool.close()
    throw error
  }
  return {
    name,
    version,
    mlmodel,
    flavor,
    pool,
    get notReady() {
      return warm ? pool.notReady : 'it has not made its first prediction'
    },
    ask: (call, timeout) => pool.ask(call, timeout),
    close: () => pool.close(),
  }
}

/** One prediction before the first request: with the stored input example, else with a row made from the signature. */
async function warmUp(mlmodel: Mlmodel, pool: Pool, options: ServeModelOptions): Promise<void> {
  try {
    const { exampleRequest } = await import('../example/index.ts')
    const { text } = await exampleRequest(mlmodel, 'mlflow')
    const reply = await pool.ask({ protocol: 'mlflow', contentType: 'application/json', body: Buffer.from(text) })
    if (reply.status !== 200) options.onWarning(`The warm-up prediction failed: ${Buffer.from(reply.body).toString('utf8')}`)
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    options.onWarning(`The warm-up prediction failed: ${error.message}`)
  }
}
