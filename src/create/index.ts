/** From an artifact to an MLflow model: what `mlflow.onnx.save_model` writes, without Python. */
import { randomUUID } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Batch, CellMap } from '../batch.ts'
import { isTensor } from '../batch.ts'
import type { Source } from '../data/source.ts'
import { readRequest } from '../enforce/request.ts'
import { MlmodelError } from '../errors/index.ts'
import type { Mode } from '../flavors/flavor.ts'
import { onnxFlavor } from '../flavors/onnx.ts'
import {
  graphSignature,
  inferSignature,
  type ReadSample,
  readSample,
  type Sample,
  type SampleKind,
  typesOfInputs,
} from '../infer/index.ts'
import { sampleOfBatch } from '../infer/sample.ts'
import { defaultLimits } from '../limits.ts'
import { parseMlmodel } from '../mlmodel.ts'
import { copyOnnxFile, type OnnxModel } from '../onnx/index.ts'
import { type Signature, signatureToJson } from '../signature.ts'
import { sampleFile, sniff } from '../sniff.ts'
import { writeYaml } from '../yaml/write.ts'
import type { YamlValue } from '../yaml.ts'
import { environmentFiles, mlflowVersion, onnxVersion, pythonVersion } from './environment.ts'
import { makeFolder, writeNew } from './folder.ts'
import { inputExample, type StoredExample } from './input-example.ts'

export interface CreateOptions {
  /** To be read, or read already. */
  readonly sample?: Source | ReadSample | undefined
  readonly sampleFormat?: string | undefined
  readonly as?: SampleKind | undefined
  readonly params?: CellMap | undefined
  /** Kept as `metadata.name`. */
  readonly name?: string | undefined
  readonly python?: string | undefined
  readonly requirements?: readonly string[] | undefined
  readonly onWarning?: (warning: string) => void
}

export interface Created {
  readonly signature: Signature | undefined
  /** Bytes of the model and its example, as the MLmodel file says. */
  readonly bytes: number
}

const modelName = 'model.onnx'
const ownNames: readonly string[] = [
  'mlmodel',
  'conda.yaml',
  'python_env.yaml',
  'requirements.txt',
  'input_example.json',
  'serving_input_example.json',
]

/**
 * Makes a folder that MLflow loads of an ONNX file. With a sample, the signature is inferred from it, its first rows become the
 * input example, and the model scores them once: a model that cannot score its own example is not made. Without one the
 * signature is that of the graph.
 *
 * @param folder must not exist; it appears complete
 * @throws CREATE_*; ONNX_*, PATH_* and FILE_* of the file; the errors of reading, enforcing and scoring the sample
 */
export async function createModel(file: string, folder: string, options: CreateOptions = {}): Promise<Created> {
  await checkFormat(file)
  let created: Created | undefined
  await makeFolder(folder, async (temporary) => {
    const { model, bytes } = await copyOnnxFile(file, temporary, modelName, new Set(ownNames))
    created = await describe(temporary, model, bytes, options)
  })
  return created!
}

async function describe(folder: string, model: OnnxModel, modelBytes: number, options: CreateOptions): Promise<Created> {
  const warn = options.onWarning ?? (() => {})
  for (const [name, text] of environmentFiles(options)) await writeNew(folder, name, text)
  if (options.sample === undefined) {
    const { signature, warnings } = graphSignature(model)
    const whole = withParams(signature, options.params)
    warnings.forEach(warn)
    await writeNew(folder, 'MLmodel', mlmodelText(whole, undefined, modelBytes, options))
    return { signature: whole, bytes: modelBytes }
  }
  const { sample, params: found } =
    'sample' in options.sample
      ? options.sample
      : await readSample(options.sample, { format: options.sampleFormat, as: options.as, arrayTypes: typesOfInputs(model) })
  const params = options.params ?? found
  const inferred = inferSignature({ inputs: sample, params })
  inferred.warnings.forEach(warn)
  const example = inputExample(sample, params, hasFixedRows(model))
  const bytes = [...example.files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), modelBytes)
  const outputs = await score(folder, inferred.signature, example, bytes, { ...options, onWarning: warn })
  const signature = outputs === undefined ? inferred.signature : { ...inferred.signature, outputs }
  for (const [name, text] of example.files) await writeNew(folder, name, text)
  await writeNew(folder, 'MLmodel', mlmodelText(signature, example, bytes, options))
  return { signature, bytes }
}

function withParams(signature: Signature | undefined, params: CellMap | undefined): Signature | undefined {
  if (params === undefined || params.size === 0) return signature
  return { ...signature, ...inferSignature({ params }).signature }
}

function hasFixedRows(model: OnnxModel): boolean {
  return model.inputs.some(({ type }) => type.kind === 'tensor' && typeof type.shape?.[0] === 'number')
}

/** The outputs of the example, by the very files that are being made. */
async function score(
  folder: string,
  signature: Signature,
  example: StoredExample,
  bytes: number,
  options: CreateOptions & { readonly onWarning: (warning: string) => void },
): Promise<Signature['outputs']> {
  const model = parseMlmodel(mlmodelText(signature, example, bytes, options), 'MLmodel', folder)
  const predict = async (mode: Mode): Promise<Batch> => {
    const { data, params } = readRequest(Buffer.from(example.request), 'application/json', signature, { mode })
    const predictor = await onnxFlavor.open(model, { mode, warn: options.onWarning })
    try {
      return await predictor.predict(data, { params })
    } finally {
      await predictor.close()
    }
  }
  let predictions: Batch
  try {
    predictions = await predict('strict')
  } catch (error) {
    if (!(error instanceof MlmodelError && error.code.startsWith('ONNX_RUNTIME'))) throw error
    options.onWarning(`the model was not tried on the sample, and the signature says nothing of its outputs: ${error.message}`)
    return undefined
  }
  // A second session is worth its time where it opens quickly.
  if (bytes <= defaultLimits.onnxBytesInMemory)
    await predict('compat').catch((error: unknown) => warnOfMlflow(error, options.onWarning))
  const sample = sampleOfPredictions(predictions)
  if (sample === undefined) {
    options.onWarning('the signature says nothing of the outputs: they are no table and no arrays')
    return undefined
  }
  return inferSignature({ outputs: sample }).signature.outputs
}

function warnOfMlflow(error: unknown, warn: (warning: string) => void): void {
  if (!(error instanceof MlmodelError)) throw error
  warn(`MLflow itself cannot score this sample with this model: ${error.message}`)
}

function sampleOfPredictions(predictions: Batch): Sample | undefined {
  switch (predictions.kind) {
    case 'frame':
    case 'array':
      return sampleOfBatch(predictions)
    case 'named': {
      const arrays = [...predictions.items].map(([name, tensor]) => [name, tensor] as const)
      if (!arrays.every(([, tensor]) => isTensor(tensor))) return undefined
      // ONNX Runtime's Python binding gives texts as objects.
      return {
        kind: 'arrays',
        arrays: new Map(
          arrays.map(([name, tensor]) => [
            name,
            isTensor(tensor) && tensor.dtype === 'string' ? { tensor, numpyDtype: 'object' } : { tensor: tensor as never },
          ]),
        ),
      }
    }
    case 'value':
      return undefined
  }
}

/** The file as MLflow writes it: keys sorted. */
function mlmodelText(
  signature: Signature | undefined,
  example: StoredExample | undefined,
  bytes: number,
  options: CreateOptions,
): string {
  const map = (...entries: readonly (readonly [string, YamlValue])[]): YamlValue => new Map(entries)
  const texts = signature === undefined ? undefined : signatureToJson(signature)
  return writeYaml(
    new Map<string, YamlValue>([
      [
        'flavors',
        map(
          [
            'onnx',
            map(
              ['code', null],
              ['data', modelName],
              ['onnx_session_options', null],
              ['onnx_version', onnxVersion],
              ['providers', ['CUDAExecutionProvider', 'CPUExecutionProvider']],
            ),
          ],
          [
            'python_function',
            map(
              ['data', modelName],
              ['env', map(['conda', 'conda.yaml'], ['virtualenv', 'python_env.yaml'])],
              ['loader_module', 'mlflow.onnx'],
              ['python_version', options.python ?? pythonVersion],
            ),
          ],
        ),
      ],
      ['is_signature_from_type_hint', false],
      ...(options.name === undefined ? [] : [['metadata', map(['name', options.name])] as const]),
      ['mlflow_version', mlflowVersion],
      ['model_id', null],
      ['model_size_bytes', BigInt(bytes)],
      ['model_uuid', randomUUID().replaceAll('-', '')],
      ['prompts', null],
      ...(example === undefined ? [] : [['saved_input_example_info', example.info] as const]),
      ...(texts === undefined
        ? []
        : [['signature', map(['inputs', texts.inputs], ['outputs', texts.outputs], ['params', texts.params])] as const]),
      ['type_hint_from_example', false],
      ['utc_time_created', new Date().toISOString().replace('T', ' ').replace('Z', '000')],
    ]),
  )
}

const later: Readonly<Record<string, string>> = {
  sklearn: 'scikit-learn models can be made when their flavor lands in a later version',
  xgboost: 'XGBoost models can be made when their flavor lands in a later version',
  lightgbm: 'LightGBM models can be made when their flavor lands in a later version',
  catboost: 'CatBoost models can be made when their flavor lands in a later version',
}

/** @throws SOURCE_NOT_FOUND, SOURCE_UNREADABLE, CREATE_FORMAT for everything but ONNX */
async function checkFormat(file: string): Promise<void> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new MlmodelError('SOURCE_NOT_FOUND', { file }, { cause })
    throw new MlmodelError('SOURCE_UNREADABLE', { file, why: cause.code ?? cause.message }, { cause })
  })
  try {
    const info = await handle.stat()
    if (!info.isFile())
      throw new MlmodelError('CREATE_FORMAT', {
        file,
        is: info.isDirectory() ? 'a folder' : 'no regular file',
        when: 'give the model file itself',
      })
    const { format, title, flavor } = await sniff(await sampleFile(handle.fd, file, info.size))
    // What is called .onnx and is not understood gets the ONNX reader's own error.
    if (format === 'onnx' || (format === 'unknown' && /\.onnx$/i.test(file))) return
    const when = (flavor !== undefined && Object.hasOwn(later, flavor) ? later[flavor] : undefined) ?? 'no model is made of it'
    throw new MlmodelError('CREATE_FORMAT', { file, is: title, when })
  } finally {
    await handle.close()
  }
}
