/** The whole path in one place: locate, load, choose a flavor, enforce, predict. Used by every face. */
import type { Batch, Cell } from './batch.ts'
import { readTyped } from './data/json-typed.ts'
import { writePredictions } from './data/reply.ts'
import { type EnforcedRequest, enforceParams, enforceTyped, mediaTypeOf, readTextRequest, type Warning } from './enforce/index.ts'
import { fullMessage, MlmodelError, type Problem, problemMessage } from './errors/index.ts'
import type { Flavor, Mode, NativeModel, PredictOptions, Predictor } from './flavors/flavor.ts'
import { flavorBehind, flavors, runnableFlavor } from './flavors/index.ts'
import { writeJsonValue } from './json.ts'
import { expectBytes } from './kernels/ready.ts'
import type { Limits } from './limits.ts'
import { locate } from './locate/index.ts'
import { loadMlmodel, type Mlmodel } from './mlmodel.ts'
import { checkOptions, limitsOf, type OptionTable } from './options.ts'
import type { Signature } from './signature.ts'

export interface OpenModelOptions {
  /** Default `strict`: as MLflow, but what loses data is an error (docs/differences.md). `compat`: MLflow's exact answers. */
  readonly mode?: Mode
  /** Which flavor to run when the model has several that can be run. */
  readonly flavor?: string
  /** Intra-op threads of ONNX Runtime; default: the cores this process may use. */
  readonly threads?: number
  /** Execution providers instead of the MLmodel file's. */
  readonly providers?: readonly string[]
  /** Some or all bounds on what input may make this process do; the others are `defaultLimits`. */
  readonly limits?: Partial<Limits>
  /** Told of what was dropped, converted with loss (`compat`), or ignored. */
  readonly onWarning?: (warning: string) => void
}

/** The options of {@link openLoaded} and, with its own, of the library's `openModel`. */
export const openModelOptions: OptionTable<OpenModelOptions> = {
  mode: ['strict', 'compat'],
  flavor: 'text',
  threads: 'count',
  providers: 'texts',
  limits: 'object',
  onWarning: 'function',
}

/** What a scoring server answers to `POST /invocations`. */
export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}

const scoreOptions: OptionTable<PredictOptions> = { params: 'anything', outputs: 'texts' }

/** An opened model; `close()` frees its native memory. */
export class Model {
  readonly mlmodel: Mlmodel
  readonly flavor: string
  readonly mode: Mode
  readonly #predictor: Predictor
  readonly #limits: Limits
  readonly #warn: (warning: string) => void

  constructor(mlmodel: Mlmodel, flavor: string, predictor: Predictor, options: OpenModelOptions) {
    this.mlmodel = mlmodel
    this.flavor = flavor
    this.mode = options.mode ?? 'strict'
    this.#predictor = predictor
    this.#limits = limitsOf('openLoaded', options.limits)
    this.#warn = options.onWarning ?? (() => {})
  }

  /**
   * The flavor's own object; it is gone once the model is closed.
   *
   * @throws NATIVE_ABSENT
   */
  async native(): Promise<NativeModel> {
    const native = await this.#predictor.native?.()
    if (native === undefined) throw new MlmodelError('NATIVE_ABSENT', { flavor: this.flavor })
    return native
  }

  get signature(): Signature | undefined {
    return this.mlmodel.signature
  }

  /** Whether a long table may be scored in parts: the graph fixes no number of rows and keeps each row's answer apart. */
  get divisible(): boolean {
    return this.#predictor.fixedRows === undefined && this.#predictor.rowwise
  }

  /**
   * Enforces the signature on typed data and scores it, as `mlflow.pyfunc.PyFuncModel.predict` does.
   *
   * @param options.params - a map, or absent for the defaults
   * @param options.name - what the errors call the data, such as a file's path
   * @throws kinds `signature`, `params`, `evaluation`
   */
  async predict(
    data: Batch,
    options: { readonly params?: Cell; readonly outputs?: readonly string[]; readonly name?: string } = {},
  ): Promise<Batch> {
    checkOptions('predict', options, { params: 'anything', outputs: 'texts', name: 'text' })
    const enforced = enforceTyped(data, this.signature, this.mode, options.name)
    this.report(enforced.warnings)
    const params = enforceParams(options.params, this.signature, this.mode)
    this.report(params.warnings)
    return this.score(enforced.data, { params: params.params, ...(options.outputs && { outputs: options.outputs }) })
  }

  /** Scores data that has passed enforcement. */
  async score(data: Batch, options: PredictOptions = {}): Promise<Batch> {
    checkOptions('score', options, scoreOptions)
    return this.#predictor.predict(data, options)
  }

  /**
   * Answers one request as MLflow's scoring server would: parse, enforce, score, write. Never throws for a bad request.
   *
   * @param contentType - the header's value; absent is 415 (MLflow: 500)
   */
  async invoke(body: Uint8Array, contentType?: string): Promise<Reply> {
    try {
      const request = await this.read(body, contentType)
      const predictions = await this.score(request.data, { params: request.params })
      return { status: 200, contentType: 'application/json', body: writePredictions(predictions, { wrap: !request.llm }) }
    } catch (error) {
      if (error instanceof MlmodelError) return errorReply(error)
      throw error
    }
  }

  /**
   * Parses and enforces a request body.
   *
   * @param name - what the errors call the input, such as a file's path
   * @throws kinds `content-type`, `body`, `signature`, `params`, `limit`
   */
  async read(body: Uint8Array, contentType?: string, name?: string): Promise<EnforcedRequest> {
    const { isSignatureFromTypeHint } = this.mlmodel
    const options = { mode: this.mode, limits: this.#limits, name, schemaFlags: { isSignatureFromTypeHint }, fast: readTyped }
    const media = mediaTypeOf(contentType, this.mode)
    const loading = expectBytes(body.length)
    if (loading !== undefined) await loading
    const request =
      media === 'parquet'
        ? (await import('./enforce/request.ts')).readRequest(body, contentType, this.signature, options)
        : readTextRequest(body, media, this.signature, options)
    this.report(request.warnings)
    return request
  }

  report(warnings: readonly Warning[]): void {
    for (const warning of warnings) this.#warn(warning.message)
  }

  async close(): Promise<void> {
    await this.#predictor.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Opens a model for scoring. Nothing but ONNX Runtime's own code runs: no pickle, no Python.
 *
 * @param path - a model's folder, or its MLmodel file
 * @throws kinds `not-found`, `model`, `unsupported` (with the reason, when no flavor can be run here), `runtime`
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<Model> {
  const mlmodel = await loadMlmodel(await locate(path), limitsOf('openModel', options.limits))
  return openLoaded(mlmodel, options)
}

/** Opens a model whose MLmodel file is loaded already. */
export async function openLoaded(mlmodel: Mlmodel, options: OpenModelOptions = {}): Promise<Model> {
  checkOptions('openLoaded', options, openModelOptions)
  const flavor = chooseFlavor(mlmodel, options.flavor)
  const predictor = await flavor.open(mlmodel, {
    mode: options.mode ?? 'strict',
    warn: options.onWarning ?? (() => {}),
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(options.providers !== undefined && { providers: options.providers }),
  })
  return new Model(mlmodel, flavor.name, predictor, options)
}

/**
 * Picks the flavor to run: the one asked for, else the first of the registry that this model has and that can be run.
 *
 * @throws FLAVOR_ABSENT, FLAVOR_NOT_RUN with the reason of each flavor
 */
export function chooseFlavor(mlmodel: Mlmodel, name?: string): Flavor {
  const present = [...mlmodel.flavors.keys()]
  const where = { file: mlmodel.file }
  if (name !== undefined && !mlmodel.flavors.has(name))
    throw new MlmodelError('FLAVOR_ABSENT', { flavor: name, present }, { where })
  const asked = name === undefined ? present : [name]
  const able = asked.filter((flavor) => runnableFlavor(flavor, mlmodel).runs)
  const chosen = flavors.find((flavor) => able.some((one) => flavorBehind(one, mlmodel) === flavor))
  if (chosen !== undefined) return chosen
  // What stands behind python_function says it already.
  const telling = asked.length > 1 ? asked.filter((flavor) => flavor !== 'python_function') : asked
  const reasons = telling.flatMap((flavor) => {
    const verdict = runnableFlavor(flavor, mlmodel)
    return verdict.runs ? [] : [`${flavor}: ${verdict.why}`]
  })
  throw new MlmodelError('FLAVOR_NOT_RUN', { flavors: asked, reasons }, { where })
}

/** Of more problems a reply says only how many there are. */
const mostProblems = 100

/** A problem as a reply has it: a form shows it beside the field that it speaks of. */
function problemFields(problem: Problem): Cell {
  const { row, column, path } = problem.where
  return new Map<string, Cell>([
    ['message', problemMessage(problem)],
    ['code', problem.code],
    ...(row === undefined ? [] : [['row', BigInt(row)] as const]),
    ...(column === undefined ? [] : [['column', String(column)] as const]),
    ...(path === undefined ? [] : [['path', path] as const]),
  ])
}

/** Status and error_code as MLflow's, the words ours (rule X8). */
export function errorReply(error: MlmodelError): Reply {
  const { httpStatus, mlflowCode } = error.info
  if (mlflowCode === undefined) return { status: httpStatus, contentType: 'text/plain', body: Buffer.from(error.message) }
  const fields = new Map<string, Cell>([
    ['error_code', mlflowCode],
    ['message', fullMessage(error)],
    ['code', error.code],
  ])
  if (error.where.path !== undefined) fields.set('path', error.where.path)
  if (error.problems.length > 0) fields.set('problems', error.problems.slice(0, mostProblems).map(problemFields))
  return { status: httpStatus, contentType: 'application/json', body: Buffer.from(writeJsonValue(fields)) }
}
