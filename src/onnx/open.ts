/** Opens an ONNX file of a model folder for scoring: read, checked, made runnable, handed over. */
import { closeSync } from 'node:fs'
import { posix } from 'node:path'
import type { Batch, Tensor } from '../batch.ts'
import { MlmodelError, type Where } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { normalizeInside, openInside } from '../paths.ts'
import { type Answer, answerBatch } from './answer.ts'
import { closeExternal, openExternal, readExternal, readStart } from './external-data.ts'
import { type FeedInput, feedTensors } from './feed.ts'
import type { MatrixMemory } from './matrix.ts'
import { type OnnxModel, readOnnx } from './model.ts'
import { isRowwise } from './rowwise.ts'
import { openSession, type Session, type SessionOptions } from './session.ts'
import { makeSnapshot } from './snapshot.ts'
import { isLocaleError, missingLocale, withBuiltInLocale } from './string-normalizer.ts'
import { dtypeOfType, type OnnxValue, typeText } from './value-type.ts'
import { changedModel, type OutputPlan, planOutputs } from './zipmap.ts'

/** Protobuf's own limit of a message. */
const largestFile = 2 ** 31 - 1

/** A model of ONNX Runtime, ready to score. */
export interface OnnxPredictor {
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** Whether rows do not influence each other, so that a table may be scored in parts. */
  readonly rowwise: boolean
  /** The first dimension of the inputs, when it is the same fixed size for all. */
  readonly fixedRows: number | undefined
  readonly session: Session
  /**
   * Scores one batch.
   *
   * @throws the errors of {@link feedTensors} and {@link answerBatch}, ONNX_OUTPUT_UNKNOWN, ONNX_RUN_FAILED
   */
  predict(data: Batch, options: { readonly strict: boolean; readonly outputs?: readonly string[] }): Batch
  close(): void
}

/**
 * Opens a model.
 *
 * @param root - the model folder
 * @param path - of the ONNX file in it
 * @throws ONNX_… errors of reading and of ONNX Runtime, PATH_… and FILE_… errors of the path
 */
export async function openOnnx(
  root: string,
  path: string,
  options: SessionOptions,
  limits: Limits = defaultLimits,
): Promise<OnnxPredictor> {
  const where = { file: path }
  const model = await readOnnxInside(root, path, limits, where)
  refuseInputs(model)
  const { plans, change } = planOutputs(model)
  const session = await handOver(model, root, path, limits, where, options, (nodes) =>
    change === undefined && nodes.size === 0
      ? model.bytes
      : changedModel(model, { ...change, nodes: new Map([...(change?.nodes ?? []), ...nodes]) }),
  )
  return predictor(model, plans, session)
}

/**
 * Reads and checks an ONNX file that a model names.
 *
 * @throws ONNX_BROKEN, ONNX_INVALID, ONNX_LIMIT, ONNX_EXTERNAL (the references' form only), PATH_…, FILE_…
 */
export async function readOnnxInside(root: string, path: string, limits: Limits, where: Where): Promise<OnnxModel> {
  const file = await openInside(root, path, where)
  try {
    if (file.size > largestFile)
      throw new MlmodelError('ONNX_LIMIT', { what: `${file.size} bytes`, limit: largestFile }, { where })
    return readOnnx(await readStart(file, file.size, path, where), limits)
  } catch (error) {
    throw located(error, where)
  } finally {
    closeSync(file.descriptor)
  }
}

function located(error: unknown, where: Where): unknown {
  if (!(error instanceof MlmodelError) || error.where.file !== undefined) return error
  return new MlmodelError(error.code, error.arguments, {
    where: { ...where, ...error.where },
    problems: error.problems,
    cause: error.cause,
  })
}

/** Bytes where they are few, a private copy where they are many, or where tensors outside lie deeper than the runtime takes bytes for. */
async function handOver(
  model: OnnxModel,
  root: string,
  path: string,
  limits: Limits,
  where: Where,
  options: SessionOptions,
  bytesWith: (nodes: ReturnType<typeof withBuiltInLocale>) => Uint8Array,
): Promise<Session> {
  const folder = posix.dirname(normalizeInside(path, where))
  const files = await openExternal(model, root, folder === '.' ? '' : folder, where)
  try {
    const total = files.reduce((sum, { needed }) => sum + needed, model.bytes.length)
    const inMemory = total <= limits.onnxBytesInMemory && model.externalInitializersOnly
    const external = inMemory ? await readExternal(files, where) : []
    const open = async (nodes: ReturnType<typeof withBuiltInLocale>) => {
      const bytes = bytesWith(nodes)
      if (inMemory) return openSession({ kind: 'bytes', model: bytes, external }, options)
      const snapshot = await makeSnapshot(bytes, files)
      try {
        const session = openSession({ kind: 'file', path: snapshot.model }, options)
        // An open mapping keeps a deleted file on POSIX; Windows refuses to delete one.
        if (process.platform !== 'win32') snapshot.remove()
        return { ...session, close: () => [session.close(), snapshot.remove()] }
      } catch (error) {
        snapshot.remove()
        throw error
      }
    }
    return await open(new Map()).catch((error: unknown) => {
      if (!(error instanceof MlmodelError && error.code === 'ONNX_NOT_LOADED' && isLocaleError(error.message))) throw error
      const nodes = withBuiltInLocale(model)
      const refusal = new MlmodelError('ONNX_LOCALE', { locale: missingLocale(model) }, { where, cause: error })
      if (nodes.size === 0) throw refusal
      return open(nodes).catch((again: unknown) => {
        throw again instanceof MlmodelError && isLocaleError(again.message) ? refusal : again
      })
    })
  } catch (error) {
    throw located(error, where)
  } finally {
    await closeExternal(files)
  }
}

function refuseInputs(model: OnnxModel): void {
  for (const { name, type } of model.inputs) {
    if (dtypeOfType(type) === undefined)
      throw new MlmodelError('ONNX_INPUT_TYPE_UNSUPPORTED', { input: name, type: typeText(type) })
  }
}

function predictor(model: OnnxModel, plans: readonly OutputPlan[], session: Session): OnnxPredictor {
  const inputs = model.inputs.map(feedInput)
  const names = plans.map(({ name }) => name)
  // A run has read its inputs when it returns, and answers in memory of its own.
  const memory: MatrixMemory = { bytes: new ArrayBuffer(0) }
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    rowwise: isRowwise(model),
    fixedRows: fixedRows(inputs),
    session,
    predict(data, { strict, outputs = names }) {
      const wanted = outputs.map((name) => {
        const plan = plans.find((candidate) => candidate.name === name)
        if (plan === undefined) throw new MlmodelError('ONNX_OUTPUT_UNKNOWN', { output: name, outputs: names })
        if (plan.fetch.length === 0) plan.build(new Map())
        return plan
      })
      const feeds = feedTensors(data, inputs, strict, memory)
      const fetched: ReadonlyMap<string, Tensor> = session.run(feeds, [...new Set(wanted.flatMap(({ fetch }) => fetch))])
      const answers = new Map<string, Answer>(wanted.map((plan) => [plan.name, plan.build(fetched)]))
      return answerBatch(answers, data.kind === 'frame' ? 'table' : 'arrays', strict)
    },
    close: session.close,
  }
}

function feedInput({ name, type }: OnnxValue): FeedInput {
  const shape = type.kind === 'tensor' ? type.shape : undefined
  return { name, dtype: dtypeOfType(type)!, shape: shape?.map((size) => (typeof size === 'number' ? size : -1)) }
}

function fixedRows(inputs: readonly FeedInput[]): number | undefined {
  const sizes = new Set(inputs.map(({ shape }) => shape?.[0] ?? -1))
  const size = sizes.size === 1 ? sizes.values().next().value! : -1
  return size >= 0 ? size : undefined
}
