/** Files scored with an opened model: read in their format, block by block where the format allows, and written likewise. */
import type { Readable } from 'node:stream'
import type { Batch, Cell, Tensor } from './batch.ts'
import { readCsv } from './data/csv/read.ts'
import { detectFormat, headBytes, type InputFormat, inputFormatNames, unreadFormat } from './data/format.ts'
import { readNpy } from './data/npy.ts'
import { readNpz } from './data/npz.ts'
import { type OutputFormat, openPredictionWriter, type PredictionWriter } from './data/predictions.ts'
import { pickProbabilities } from './data/probabilities.ts'
import { fileSource, peek, readWhole, type Source, streamSource } from './data/source.ts'
import { csvPlan, enforceParams, finishCsv } from './enforce/index.ts'
import { MlmodelError } from './errors/index.ts'
import { defaultLimits } from './limits.ts'
import type { Model } from './model.ts'

export interface ScoreOptions {
  /** Paths, `-` for stdin, or `name=path` for one of several arrays; none is stdin. */
  readonly inputs: readonly string[]
  /** A key of `inputFormatNames`; told by content and name when absent. */
  readonly format?: string | undefined
  /** Asked for only when it is read. */
  readonly stdin: () => Readable
  readonly params?: Cell | undefined
  readonly outputs?: readonly string[] | undefined
  /** Only the probabilities of a classifier. */
  readonly probabilities: boolean
  readonly outputFormat: OutputFormat
  readonly write: (chunk: Uint8Array) => Promise<void>
  readonly onRows: (rows: number) => void
  /** Nobody reads any more: stop early. */
  readonly finished: () => boolean
}

/**
 * Scores the inputs and writes the predictions. A CSV file is read and scored in blocks of rows, so memory does not
 * grow with it, unless a row's answer may depend on the others.
 *
 * @throws INPUT_*, the errors of the formats, of enforcement and of the model
 */
export async function scoreInputs(model: Model, options: ScoreOptions): Promise<void> {
  const named = options.inputs.length > 1 || /^[^./\\=]+=/.test(options.inputs[0] ?? '')
  if (named) {
    const items = await readNamedArrays(options.inputs, options.format)
    return scoreWhole(model, { kind: 'named', items }, options)
  }
  const { source, format } = await recognise(openSource(options.inputs[0] ?? '-', options.stdin), options.format)
  if (format === 'csv') return scoreCsv(model, source, options)
  const bytes = await readWhole(source, format === 'json' ? defaultLimits.jsonBytes : defaultLimits.arrayBytes)
  const where = { file: source.name }
  if (format === 'json') return scoreJson(model, bytes, source.name, options)
  const data: Batch =
    format === 'npy' ? { kind: 'array', tensor: readNpy(bytes, where) } : { kind: 'named', items: readNpz(bytes, where) }
  return scoreWhole(model, data, options, source.name)
}

function openSource(input: string, openStdin: () => Readable): Source {
  if (input !== '-') return fileSource(input)
  const stdin = openStdin()
  if ((stdin as { isTTY?: boolean }).isTTY === true) throw new MlmodelError('INPUT_FROM_TERMINAL', {})
  return streamSource(stdin, 'standard input')
}

async function recognise(given: Source, asked: string | undefined): Promise<{ source: Source; format: InputFormat }> {
  if (asked !== undefined) return { source: given, format: inputFormatNames[asked]! }
  const { head, source } = await peek(given, headBytes)
  const unread = unreadFormat(head, source.name)
  if (unread !== undefined) throw new MlmodelError('INPUT_FORMAT_UNREAD', { path: source.name, format: unread })
  const format = detectFormat(head, source.name)
  if (format === undefined && head.length === 0) throw new MlmodelError('INPUT_EMPTY', { path: source.name })
  if (format === undefined) throw new MlmodelError('INPUT_FORMAT_UNKNOWN', { path: source.name })
  return { source, format }
}

async function readNamedArrays(inputs: readonly string[], asked: string | undefined): Promise<Map<string, Tensor>> {
  const arrays = new Map<string, Tensor>()
  for (const input of inputs) {
    const [, name, path] = /^([^=]+)=(.+)$/s.exec(input) ?? []
    if (name === undefined || path === undefined) throw new MlmodelError('INPUT_SEVERAL', { why: `\`${input}\` has no name` })
    if (arrays.has(name)) throw new MlmodelError('INPUT_SEVERAL', { why: `\`${name}\` is given twice` })
    const { source, format } = await recognise(fileSource(path), asked)
    if (format !== 'npy') throw new MlmodelError('INPUT_SEVERAL', { why: `\`${path}\` is no NPY file` })
    arrays.set(name, readNpy(await readWhole(source, defaultLimits.arrayBytes), { file: path }))
  }
  return arrays
}

async function scoreWhole(model: Model, data: Batch, options: ScoreOptions, name?: string): Promise<void> {
  const predictions = await model.predict(data, {
    ...(name !== undefined && { name }),
    ...(options.params !== undefined && { params: options.params }),
    ...(options.outputs !== undefined && { outputs: options.outputs }),
  })
  const writer = openPredictionWriter(options.outputFormat, { wrap: true })
  await put(writer, predictions, options)
  await finish(writer, model, options)
}

async function scoreJson(model: Model, bytes: Uint8Array, name: string, options: ScoreOptions): Promise<void> {
  const request = model.read(bytes, 'application/json', name)
  const params = new Map(request.params)
  if (options.params instanceof Map) {
    // The command line wins over the body; the defaults are in the body's already.
    const given = enforceParams(options.params, model.signature, model.mode)
    model.report(given.warnings)
    for (const [name, value] of given.params) if (options.params.has(name)) params.set(name, value)
  }
  const predictions = await model.score(request.data, {
    params,
    ...(options.outputs !== undefined && { outputs: options.outputs }),
  })
  const writer = openPredictionWriter(options.outputFormat, { wrap: !request.llm })
  await put(writer, predictions, options)
  await finish(writer, model, options)
}

/** In compat mode CSV is read as `mlflow models predict -t csv` does: without the signature, then enforced (rule X9). */
async function scoreCsv(model: Model, source: Source, options: ScoreOptions): Promise<void> {
  const enforced = enforceParams(options.params, model.signature, model.mode)
  model.report(enforced.warnings)
  const strict = model.mode === 'strict'
  // pandas takes a first row one longer than the header for row labels; in a file that is a slip, and answers would be shifted.
  const plan = {
    ...csvPlan(model.signature, strict ? 'server' : 'untyped', model.mode),
    implicitIndex: strict ? 'error' : 'index',
  } as const
  const writer = openPredictionWriter(options.outputFormat, { wrap: true })
  const warned = new Set<string>()
  let rows = 0
  for await (const frame of readCsv(source, plan, model.divisible ? { reuse: true } : { batchRows: Number.POSITIVE_INFINITY })) {
    const { data, warnings } = finishCsv(frame, model.signature, plan, model.mode, { file: source.name, before: rows })
    const fresh = warnings.filter(({ message }) => !warned.has(message))
    for (const { message } of fresh) warned.add(message)
    model.report(fresh)
    const predictions = await model.score(data, {
      params: enforced.params,
      ...(options.outputs !== undefined && { outputs: options.outputs }),
    })
    await put(writer, predictions, options)
    rows += frame.rows
    options.onRows(rows)
    if (options.finished()) break
  }
  await finish(writer, model, options)
}

async function put(writer: PredictionWriter, predictions: Batch, options: ScoreOptions): Promise<void> {
  const chunk = writer.write(options.probabilities ? pickProbabilities(predictions) : predictions)
  if (chunk !== undefined && chunk.length > 0) await options.write(chunk)
}

/** Ends the result. JSON gets a line feed, which `mlflow models predict` leaves out. */
async function finish(writer: PredictionWriter, model: Model, options: ScoreOptions): Promise<void> {
  const rest = writer.end()
  const lineFeed = options.outputFormat === 'json' && model.mode === 'strict'
  await options.write(lineFeed ? Buffer.concat([rest, Buffer.from('\n')]) : rest)
}
