/** The other direction, as functions: signatures from data, models from artifacts, requests from models. */
import { resolve } from 'node:path'
import { type CellMap, isCellMap } from '../batch.ts'
import { createModel as makeModel } from '../create/index.ts'
import { inputFormatNames } from '../data/format.ts'
import { fileSource, pathOfFile } from '../data/source.ts'
import { MlmodelError } from '../errors/index.ts'
import { type ExampleRequest, exampleRequest, type Protocol, protocols } from '../example/index.ts'
import { inferSignature as inferFromSamples, type ReadSample, readSample, sampleKinds } from '../infer/index.ts'
import { sampleOfBatch } from '../infer/sample.ts'
import { cellOf, nameOf } from '../javascript/cell.ts'
import { type ModelInput, readInput } from '../javascript/input.ts'
import { Predictions } from '../javascript/predictions.ts'
import { defaultLimits } from '../limits.ts'
import { locate, mlmodelName, pathOfLocation } from '../locate/index.ts'
import { setSignature as editSignature } from '../mlmodel/set-signature.ts'
import { loadMlmodel } from '../mlmodel.ts'
import { checkOptions, type OptionTable } from '../options.ts'
import { readInside, resolveInside } from '../paths.ts'
import type { Signature } from '../signature.ts'
import { openOutputFile } from '../whole-file.ts'

/** Data to learn from: the path of a file, values as `predict` takes them, or what it answered. */
export type SampleInput = string | URL | ModelInput | Predictions

/** How files of samples are read. */
export interface SampleFileOptions {
  /** The format of the file (`csv`, `parquet`, …), instead of telling it from the content and the extension. */
  readonly inputFormat?: string
  /** What JSON in a file is in Python: a DataFrame, an ndarray (or a dict of them), or lists and dicts. Default: by its form. */
  readonly as?: 'table' | 'array' | 'value'
}

/** What a signature is inferred from; at least one part. */
export interface InferOptions extends SampleFileOptions {
  readonly inputs?: SampleInput
  /** Predictions, such as those of `model.predict`. */
  readonly outputs?: SampleInput
  /** Params with their defaults. */
  readonly params?: Record<string, unknown>
  /** Told of what MLflow would warn of, such as integers that cannot be missing later. */
  readonly onWarning?: (warning: string) => void
}

const inferOptions: OptionTable<InferOptions> = {
  inputs: 'anything',
  outputs: 'anything',
  params: 'object',
  inputFormat: Object.keys(inputFormatNames),
  as: sampleKinds,
  onWarning: 'function',
}

/**
 * Infers a signature as `mlflow.models.infer_signature` does. Rows and columns are a DataFrame, typed arrays and tensors are
 * NumPy's; whole numbers of JavaScript are integers, as in JSON.
 *
 * @throws INFER_*; OPTION_*; the errors of the file's format, and of {@link ModelInput} values that are no data
 * @example
 * const signature = await inferSignature({ inputs: [{ age: 41, city: 'Bern' }], outputs: 'predictions.csv', params: { k: 5 } })
 */
export async function inferSignature(options: InferOptions): Promise<Signature> {
  checkOptions('inferSignature', options, inferOptions)
  const inputs = await sampleOf(options.inputs, options)
  const outputs = await sampleOf(options.outputs, options)
  const params = options.params === undefined ? inputs?.params : paramsOf(options.params)
  const { signature, warnings } = inferFromSamples({ inputs: inputs?.sample, outputs: outputs?.sample, params })
  if (options.onWarning !== undefined) for (const warning of warnings) options.onWarning(warning)
  return signature
}

/**
 * Writes parts of a signature into a model's MLmodel file. Parts that are not given, comments, the order of keys and line
 * endings stay; the file is replaced whole or not at all.
 *
 * @param model - the model's folder or its MLmodel file
 * @throws SIGNATURE_NOT_SET; OUTPUT_NOT_WRITTEN; the errors of a broken model
 * @example
 * await setSignature('./model', await inferSignature({ inputs: 'data.csv' }))
 */
export async function setSignature(model: string | URL, signature: Signature): Promise<void> {
  const located = await locate(pathOfLocation(model))
  const { directory, file } = located
  const bytes = await readInside(directory, mlmodelName, defaultLimits.yamlBytes, { file })
  // A file that is broken elsewhere is told so now and not by the next who reads it.
  await loadMlmodel(located)
  const edited = editSignature(bytes, signature, file)
  const output = await openOutputFile(await resolveInside(directory, mlmodelName, { file }))
  await output.write(edited)
  await output.commit()
}

/** How a model is made. */
export interface CreateModelOptions extends SampleFileOptions {
  /** A sample of the inputs: the signature is inferred from it, its first rows become the input example, the model scores them once. */
  readonly sample?: SampleInput
  /** Params with their defaults. */
  readonly params?: Record<string, unknown>
  /** Kept in the MLmodel file as `metadata.name`. */
  readonly name?: string
  /** Python version of the environment files; default 3.11.7. */
  readonly python?: string
  /** More lines of requirements.txt. */
  readonly requirements?: readonly string[]
  readonly onWarning?: (warning: string) => void
}

const createOptions: OptionTable<CreateModelOptions> = {
  sample: 'anything',
  inputFormat: Object.keys(inputFormatNames),
  as: sampleKinds,
  params: 'object',
  name: 'text',
  python: 'text',
  requirements: 'texts',
  onWarning: 'function',
}

/**
 * Makes of an ONNX file the folder that `mlflow.onnx.save_model` would write. Without a sample the signature is the graph's.
 *
 * @param file - the ONNX file; data outside of it comes along
 * @param folder - must not exist; it appears complete or not at all
 * @throws CREATE_*; ONNX_*, PATH_* and FILE_* of the file; the errors of reading, enforcing and scoring the sample
 * @example
 * await createModel('churn.onnx', './churn', { sample: [{ age: 41, income: 5e4 }] })
 */
export async function createModel(
  file: string | URL,
  folder: string | URL,
  options: CreateModelOptions = {},
): Promise<{ readonly signature: Signature | undefined }> {
  checkOptions('createModel', options, createOptions)
  const { sample, params, name, python, requirements, onWarning } = options
  if (python !== undefined && !/^3\.\d{1,2}(\.\d{1,3})?$/.test(python)) {
    const wanted = 'a version such as "3.11.7"'
    throw new MlmodelError('OPTION_VALUE', { of: 'createModel', option: 'python', wanted, found: JSON.stringify(python) })
  }
  const isFile = typeof sample === 'string' || sample instanceof URL
  const { signature } = await makeModel(pathOfFile(file), pathOfFile(folder), {
    sample: isFile ? fileSource(pathOfFile(sample)) : await sampleOf(sample, options),
    sampleFormat: options.inputFormat,
    as: options.as,
    params: params === undefined ? undefined : paramsOf(params),
    name,
    python,
    requirements,
    ...(onWarning !== undefined && { onWarning }),
  })
  return { signature }
}

/** Whose request {@link createExample} writes. */
export interface ExampleOptions {
  /** `mlflow` (default; `POST /invocations`), `azureml` (`input_data`) or `open-inference` (v2). */
  readonly protocol?: Protocol
}

/**
 * Writes a request that a model accepts: its stored example where that fits the signature, else one made up from the signature
 * or from the graph. Nothing is run.
 *
 * @param model - the model's folder or its MLmodel file
 * @returns the request's JSON, and where it is from
 * @throws EXAMPLE_*; the errors of a broken model
 * @example
 * const { text } = await createExample('./model', { protocol: 'azureml' })
 */
export async function createExample(model: string | URL, options: ExampleOptions = {}): Promise<ExampleRequest> {
  checkOptions('createExample', options, { protocol: protocols })
  return exampleRequest(await loadMlmodel(await locate(pathOfLocation(model))), options.protocol ?? 'mlflow')
}

async function sampleOf(input: SampleInput | undefined, options: SampleFileOptions): Promise<ReadSample | undefined> {
  if (input === undefined) return undefined
  if (typeof input === 'string' || input instanceof URL)
    return readSample(fileSource(resolve(pathOfFile(input)), pathOfFile(input)), { format: options.inputFormat, as: options.as })
  if (input instanceof Predictions) return { sample: sampleOfBatch(input.batch) }
  return { sample: sampleOfBatch(readInput(input, undefined, undefined, { mode: 'compat' }).data) }
}

function paramsOf(params: Record<string, unknown>): CellMap {
  const cells = cellOf(params, undefined, ['params'])
  if (!isCellMap(cells)) throw new MlmodelError('INPUT_NO_FORM', { found: nameOf(params) })
  return cells
}
