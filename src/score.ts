/** Files scored with an opened model: read in their format, block by block where the format allows, and written likewise. */
import { existsSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Batch, Cell, Frame, Tensor } from './batch.ts'
import { defaultBatchRows, readCsv } from './data/csv/read.ts'
import { detectFormat, headBytes, type InputFormat, inputFormatNames, unreadFormat } from './data/format.ts'
import type { ImageSize } from './data/image/read.ts'
import { readNpy } from './data/npy.ts'
import { readNpz } from './data/npz.ts'
import { sliceFrame } from './data/slice.ts'
import { fileSource, peek, readWhole, type Source, spool, streamSource } from './data/source.ts'
import { csvPlan, enforceParams, enforceTyped, finishCsv, readTextRequest, type Warning } from './enforce/index.ts'
import { MlmodelError, notice } from './errors/index.ts'
import { findInputs } from './inputs.ts'
import { defaultLimits } from './limits.ts'
import type { Model } from './model.ts'
import type { ImageScorer } from './score/images.ts'
import { type Block, openRun, type Run, type RunOptions } from './score/run.ts'

export interface ScoreOptions extends RunOptions {
  /**
   * Paths, folders and patterns, whose predictions are joined in order; `-` for stdin; `name=path` for each of several
   * arrays; none is stdin.
   */
  readonly inputs: readonly string[]
  /** A key of `inputFormatNames`; told by content and name when absent. */
  readonly format?: string | undefined
  /** Asked for only when it is read. */
  readonly stdin: () => Readable
  readonly params?: Cell | undefined
  readonly outputs?: readonly string[] | undefined
  /** Images of another size are brought to this one. */
  readonly resize?: ImageSize | undefined
}

/**
 * Scores the inputs and writes the predictions. A CSV file is read and scored in blocks of rows, so memory does not
 * grow with it, unless a row's answer may depend on the others.
 *
 * @throws INPUT_*, INPUTS_*, the errors of the formats, of enforcement and of the model
 */
export async function scoreInputs(model: Model, options: ScoreOptions): Promise<void> {
  const run = openRun(model, options)
  if (options.inputs.some(isNamed)) {
    const items = await readNamedArrays(options.inputs, options.format)
    await scoreWhole(model, { kind: 'named', items }, run, options, options.inputs.join(' '))
  } else {
    const { files, skipped } = await findInputs(options.inputs)
    model.report(skipped.map((args) => notice('INPUTS_SKIPPED', args)))
    await scoreFiles(model, files.length === 0 ? ['-'] : files.map(({ path }) => path), run, options)
  }
  await run.finish()
}

/** Whether an input is one of several arrays by name; a file of that very name is a file. */
export function isNamed(input: string): boolean {
  return /^[^./\\=]+=/.test(input) && !existsSync(input)
}

async function scoreFiles(model: Model, files: readonly string[], run: Run, options: ScoreOptions): Promise<void> {
  let images: ImageScorer | undefined
  for (const file of files) {
    if (run.done) break
    const { source, format } = await recognise(openSource(file, options.stdin), options.format)
    if (format === 'image') {
      images ??= (await import('./score/images.ts')).openImages(model, run, options)
      await images.add(source)
      continue
    }
    if (options.resize !== undefined) throw new MlmodelError('RESIZE_NO_IMAGE', { path: source.name })
    await images?.flush()
    if (!run.done) await scoreSource(model, source, format, run, options)
  }
  await images?.flush()
}

async function scoreSource(
  model: Model,
  source: Source,
  format: Exclude<InputFormat, 'image'>,
  run: Run,
  options: ScoreOptions,
): Promise<void> {
  if (format === 'csv') return scoreCsv(model, source, run, options)
  if (format === 'parquet' || format === 'arrow' || format === 'jsonl' || format === 'npy') {
    const { params } = checkedParams(model, options)
    const blocks = {
      call: { params, ...(options.outputs !== undefined && { outputs: options.outputs }) },
      append: options.append,
      batchRows: options.batchRows,
    }
    if (format === 'npy') return (await import('./score/arrays.ts')).scoreArray(model, source, run, blocks)
    const { scoreLines, scoreTable } = await import('./score/tables.ts')
    return format === 'jsonl' ? scoreLines(model, source, run, blocks) : scoreTable(model, source, format, run, blocks)
  }
  const bytes = await readWhole(source, format === 'json' ? defaultLimits.jsonBytes : defaultLimits.arrayBytes)
  if (format === 'json') return scoreJson(model, bytes, run, options, source.name)
  const items = readNpz(bytes, { file: source.name })
  return scoreWhole(model, { kind: 'named', items }, run, options, source.name)
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

/** Typed data that is in memory. */
async function scoreWhole(model: Model, data: Batch, run: Run, options: ScoreOptions, file: string): Promise<void> {
  const enforced = enforceTyped(data, model.signature, model.mode, file)
  model.report(enforced.warnings)
  const { params } = checkedParams(model, options)
  const block: Block = { file, ...(options.append === true && { beside: { frame: await columnsOf(data) } }) }
  await run.score(enforced.data, { params, ...(options.outputs !== undefined && { outputs: options.outputs }) }, block)
}

function checkedParams(model: Model, options: ScoreOptions): ReturnType<typeof enforceParams> {
  const checked = enforceParams(options.params, model.signature, model.mode)
  model.report(checked.warnings)
  return checked
}

async function scoreJson(model: Model, bytes: Uint8Array, run: Run, options: ScoreOptions, file: string): Promise<void> {
  const request = await model.read(bytes, 'application/json', file)
  const params = new Map(request.params)
  if (options.params instanceof Map) {
    // The command line wins over the body; the defaults are in the body's already.
    const given = checkedParams(model, options)
    for (const [name, value] of given.params) if (options.params.has(name)) params.set(name, value)
  }
  const beside =
    options.append === true
      ? { frame: await columnsOf(readTextRequest(bytes, 'json', undefined, { mode: 'compat' }).data) }
      : undefined
  await run.score(
    request.data,
    { params, ...(options.outputs !== undefined && { outputs: options.outputs }) },
    { file, llm: request.llm, beside },
  )
}

/** The input as it is, with columns that enforcement drops. */
async function columnsOf(input: Batch): Promise<Frame> {
  return (await import('./data/append.ts')).inputColumns(input)
}

/** In compat mode CSV is read as `mlflow models predict -t csv` does: without the signature, then enforced (rule X9). */
async function scoreCsv(model: Model, given: Source, run: Run, options: ScoreOptions): Promise<void> {
  const { params } = checkedParams(model, options)
  const strict = model.mode === 'strict'
  // pandas takes a first row one longer than the header for row labels; in a file that is a slip, and answers would be shifted.
  const plan = {
    ...csvPlan(model.signature, strict ? 'server' : 'untyped', model.mode),
    implicitIndex: strict ? 'error' : 'index',
  } as const
  // The second pass, for the texts, begins anew.
  const asTexts = options.append === true && options.outputFormat === 'csv' && options.writer === undefined
  const spooled = asTexts && !given.rewindable ? await spool(given) : undefined
  const source = spooled ?? given
  const whole = !model.divisible && options.batchRows === undefined
  const batchRows = Math.min(whole ? Number.POSITIVE_INFINITY : (options.batchRows ?? defaultBatchRows), run.left)
  const { openRowTexts } = asTexts ? await import('./data/csv/row-text.ts') : {}
  const texts = await openRowTexts?.(source, plan, { safe: options.csvSafe === true })
  const warned = new Set<string>()
  let rows = 0
  try {
    for await (const frame of readCsv(source, plan, { batchRows, reuse: !whole && options.append !== true })) {
      const block = sliceFrame(frame, 0, Math.min(frame.rows, run.left))
      const { data, warnings } = finishCsv(block, model.signature, plan, model.mode, { file: source.name, before: rows })
      rows += block.rows
      model.report(freshOf(warnings, warned))
      const predictions = await model.score(data, {
        params,
        ...(options.outputs !== undefined && { outputs: options.outputs }),
      })
      const beside = options.append === true ? { frame: block, texts: await texts?.take(block.rows) } : undefined
      await run.put(predictions, { file: source.name, rows: block.rows, beside })
      if (run.done) break
    }
  } finally {
    await texts?.close()
    await spooled?.remove()
  }
}

function freshOf(warnings: readonly Warning[], warned: Set<string>): readonly Warning[] {
  const fresh = warnings.filter(({ message }) => !warned.has(message))
  for (const { message } of fresh) warned.add(message)
  return fresh
}
