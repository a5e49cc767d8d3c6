/** The model of the npm library: scored in this process or in one of its own, with the same answers and errors. */
import type { Batch } from './batch.ts'
import { pathOfFile } from './data/source.ts'
import { MlmodelError } from './errors/index.ts'
import type { Mode, NativeModel } from './flavors/flavor.ts'
import type { Int64 } from './javascript/cell.ts'
import { type ColumnInput, type ModelInput, readInput } from './javascript/input.ts'
import { Predictions } from './javascript/predictions.ts'
import { locate, pathOfLocation } from './locate/index.ts'
import { loadMlmodel, type Mlmodel } from './mlmodel.ts'
import {
  chooseFlavor,
  type Model as LoadedModel,
  type OpenModelOptions,
  openLoaded,
  openModelOptions,
  type Reply,
} from './model.ts'
import { checkOptions, limitsOf, type OptionTable } from './options.ts'
import { predictInput } from './predict-input.ts'
import { runnerExecutable } from './runner/entry.ts'
import { type CallOptions, openRunner } from './runner/open.ts'
import type { Signature } from './signature.ts'

/** How a model is opened. */
export interface OpenOptions extends OpenModelOptions {
  /**
   * Run the model in a process of its own: scoring never blocks this one, can be given a `timeout` and aborted, and a crash
   * of native code is an error. Costs a process (about 100 MB, 65 of them shared code) and copies of input and answer. Default: in this process.
   */
  readonly isolate?: boolean
  /** With `isolate`: milliseconds for opening, and for each call that names none of its own. */
  readonly timeout?: number
  /** With `isolate` in a bundle: the file made of the entry `mlmodel/runner`, when it does not lie beside the bundle. */
  readonly runner?: string | URL
  /** `bigint`: an int64 of a prediction's row is always a bigint. Default `number`: a bigint only beyond 2^53. */
  readonly int64?: Int64
}

/** How one prediction is made. */
export interface PredictCallOptions<Params = Record<string, unknown>> {
  /** Values for the signature's params; the others have their defaults. */
  readonly params?: Partial<Params>
  /** Only these outputs of the model, in this order. */
  readonly outputs?: readonly string[]
  /** With `isolate`: milliseconds, waiting for earlier calls included. Then the process is killed, the next call starts one. */
  readonly timeout?: number
  /** With `isolate` ends the prediction at once; in this process it is only looked at before scoring begins. */
  readonly signal?: AbortSignal
}

/**
 * What a model takes and gives, as `mlmodel types` writes it: `row` for a signature of columns, `tensors` for one of
 * tensors, `output` for each row of the answer, `params`.
 */
export interface ModelTypes {
  readonly row?: object
  readonly tensors?: unknown
  readonly output?: unknown
  readonly params?: object
}

/** The columns of rows: a list of the row's values each, or a typed array of numbers. */
export type ColumnsOf<Row> = { readonly [Name in keyof Row]: readonly Row[Name][] | Extract<ColumnInput, ArrayBufferView> }

/** What `predict` takes: the path of a file, a batch, and the rows, columns or tensors of the types. */
export type InputOf<Types extends ModelTypes> =
  | string
  | URL
  | Batch
  | (Types extends { readonly row: infer Row }
      ? readonly Row[] | ColumnsOf<Row>
      : Types extends { readonly tensors: infer Tensors }
        ? Tensors
        : ModelInput)

type OutputOf<Types extends ModelTypes> = Types extends { readonly output: infer Output } ? Output : Record<string, unknown>
type ParamsOf<Types extends ModelTypes> = Types extends { readonly params: infer Params } ? Params : Record<string, unknown>

/** An opened model. `close()` frees its native memory and its process; so does `await using`. */
export interface Model<Types extends ModelTypes = ModelTypes> extends AsyncDisposable {
  /** The MLmodel file as a record. */
  readonly mlmodel: Mlmodel
  readonly signature: Signature | undefined
  /** The flavor that is run. */
  readonly flavor: string
  readonly mode: Mode
  /** The number of the model's own process; undefined in this process, and while none is running. */
  readonly pid: number | undefined
  /**
   * Scores rows (objects), columns (lists or typed arrays by name), tensors, or a file, with the enforcement of MLflow.
   *
   * Values in lists mean what they mean in a request's JSON (`dataframe_records`): a whole number fits a long, a double, and
   * in its digits a string. Beyond JSON: a bigint is an integer, a Date a datetime (UTC, no zone), a Uint8Array binary, NaN
   * and infinities are numbers, null and undefined are missing. A typed array has its type already and must fit as an
   * array of NumPy must: a Float64Array is no long.
   *
   * @throws MlmodelError of the kinds `body`, `signature`, `params` (all differences in `problems`), `evaluation`; with
   *   `isolate` also `timeout` (PREDICT_TIMEOUT), `interrupted` (PREDICT_ABORTED) and `runtime` (RUNNER_DIED)
   */
  predict(input: InputOf<Types>, options?: PredictCallOptions<ParamsOf<Types>>): Promise<Predictions<OutputOf<Types>>>
  /**
   * Answers one request as MLflow's scoring server answers `POST /invocations`. A bad request is a reply, not an error.
   *
   * @param contentType - the header's value
   */
  invoke(body: Uint8Array | string, contentType?: string, options?: CallOptions): Promise<Reply>
  /**
   * The flavor's own object, as `mlflow.onnx.load_model` would give it: for ONNX the file's bytes and the open session.
   *
   * @throws NATIVE_ISOLATED, NATIVE_ABSENT
   */
  native(): Promise<NativeModel>
  /** Frees the model; calls that wait end with MODEL_CLOSED. */
  close(): Promise<void>
}

const openOptions: OptionTable<OpenOptions> = {
  ...openModelOptions,
  isolate: 'flag',
  timeout: 'milliseconds',
  runner: 'place',
  int64: ['number', 'bigint'],
}
const predictOptions: OptionTable<PredictCallOptions> = {
  params: 'anything',
  outputs: 'texts',
  timeout: 'milliseconds',
  signal: 'signal',
}
const invokeOptions: OptionTable<CallOptions> = { timeout: 'milliseconds', signal: 'signal' }

/**
 * Opens a model for scoring. Nothing but ONNX Runtime's own code runs: no pickle, no Python.
 *
 * @param uri - a model's folder or its MLmodel file, as a path or a file URL
 * @throws MlmodelError of the kinds `not-found`, `model`, `unsupported` (with the reason, when no flavor can be run here),
 *   `runtime`, `usage` (an option that does not exist)
 * @example
 * await using model = await openModel('./model', { isolate: true, timeout: 5000 })
 * const predictions = await model.predict([{ age: 41, city: 'Bern' }])
 * for (const row of predictions) console.log(row)
 */
export async function openModel<Types extends ModelTypes = ModelTypes>(
  uri: string | URL,
  options: OpenOptions = {},
): Promise<Model<Types>> {
  checkOptions('openModel', options, openOptions)
  const limits = limitsOf('openModel', options.limits)
  const path = pathOfLocation(uri)
  const mlmodel = await loadMlmodel(await locate(path), limits)
  const flavor = chooseFlavor(mlmodel, options.flavor).name
  if (options.isolate === true) return openIsolated(path, mlmodel, flavor, options)
  if (options.timeout !== undefined) throw new MlmodelError('TIMEOUT_NOT_ISOLATED', {})
  const { isolate: _, timeout: __, runner: ___, int64: ____, ...shared } = options
  return openHere(await openLoaded(mlmodel, { ...shared, limits }), { ...options, limits })
}

function openHere<Types extends ModelTypes>(loaded: LoadedModel, options: OpenOptions): Model<Types> {
  const limits = limitsOf('openModel', options.limits)
  let closed = false
  const check = (call: CallOptions): void => {
    if (closed) throw new MlmodelError('MODEL_CLOSED', {})
    if (call.timeout !== undefined) throw new MlmodelError('TIMEOUT_NOT_ISOLATED', {})
    if (call.signal?.aborted === true) throw new MlmodelError('PREDICT_ABORTED', {}, { cause: call.signal.reason })
  }
  const model: Model<Types> = {
    mlmodel: loaded.mlmodel,
    signature: loaded.signature,
    flavor: loaded.flavor,
    mode: loaded.mode,
    pid: undefined,
    async predict(input, call = {}) {
      checkOptions('predict', call, predictOptions)
      check(call)
      const { params, outputs } = call
      return new Predictions(await predictInput(loaded, { input, params, outputs, limits }), options.int64)
    },
    async invoke(body, contentType, call = {}) {
      checkOptions('invoke', call, invokeOptions)
      check(call)
      return loaded.invoke(bytesOf(body), contentType)
    },
    async native() {
      check({})
      return loaded.native()
    },
    async close() {
      if (closed) return
      closed = true
      await loaded.close()
    },
    [Symbol.asyncDispose]: () => model.close(),
  }
  return model
}

async function openIsolated<Types extends ModelTypes>(
  path: string,
  mlmodel: Mlmodel,
  flavor: string,
  options: OpenOptions,
): Promise<Model<Types>> {
  const { mode = 'strict', threads, providers, timeout, onWarning = () => {} } = options
  const runner = openRunner({
    executable: runnerExecutable(options.runner),
    model: {
      path,
      options: {
        mode,
        flavor,
        ...(threads !== undefined && { threads }),
        ...(providers !== undefined && { providers }),
        ...(options.limits !== undefined && { limits: limitsOf('openModel', options.limits) }),
      },
    },
    onWarning,
  })
  const limited = ({ timeout: own = timeout, signal }: CallOptions): CallOptions => ({ timeout: own, signal })
  try {
    await runner.ask({ kind: 'ready' }, { timeout })
  } catch (error) {
    await runner.close()
    throw error
  }
  const model: Model<Types> = {
    mlmodel,
    signature: mlmodel.signature,
    flavor,
    mode,
    get pid() {
      return runner.pid
    },
    async predict(input, call = {}) {
      checkOptions('predict', call, predictOptions)
      const { params, outputs } = call
      // A URL cannot be sent.
      const sent = input instanceof URL ? pathOfFile(input) : input
      const batch = await explained(runner.ask({ kind: 'predict', input: sent, params, outputs }, limited(call)), () =>
        readInput(input, params, mlmodel.signature, { mode }),
      )
      return new Predictions(batch, options.int64)
    },
    async invoke(body, contentType, call = {}) {
      checkOptions('invoke', call, invokeOptions)
      return runner.ask({ kind: 'invoke', body: bytesOf(body), contentType }, limited(call))
    },
    async native() {
      throw new MlmodelError('NATIVE_ISOLATED', {})
    },
    close: () => runner.close(),
    [Symbol.asyncDispose]: () => runner.close(),
  }
  return model
}

/** What cannot be sent to a process (a function, a symbol) is no data either: reading it says so, with the place. */
async function explained<Answer>(answer: Promise<Answer>, read: () => unknown): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof MlmodelError)) read()
    throw error
  }
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body
}
