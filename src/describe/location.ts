/** Gathers what `describeModel` tells, from a path: a model, or an artifact that is none. */
import { statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { readEnvironment } from '../env/index.ts'
import { type ErrorArguments, MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { type Located, locate } from '../locate/index.ts'
import { loadMlmodel, type Mlmodel } from '../mlmodel.ts'
import type { Content } from '../sniff.ts'
import { adviseFile } from './advice.ts'
import type { ArtifactDescription, Description, FileDescription, OnnxDescription } from './description.ts'
import { describeEnvironment } from './environment.ts'
import { listFiles, sniffFile } from './files.ts'
import { describeFolder } from './folder.ts'
import { describeModel, totalBytes } from './model.ts'
import { describeOnnxFile, onnxFileOf } from './onnx.ts'

export interface DescribeOptions {
  readonly flavor?: string
  /** Adds the SHA-256 of each file. */
  readonly digests?: boolean
  readonly limits?: Limits
}

/**
 * Describes what is at a path. Nothing is executed, followed out of the folder, or loaded into ONNX Runtime.
 *
 * @throws LOCATION_* when nothing is there, MLMODEL_* and SIGNATURE_* when the MLmodel file is broken, FLAVOR_ABSENT
 */
export async function describeLocation(location: string, options: DescribeOptions = {}): Promise<Description> {
  let located: Located
  try {
    located = await locate(location)
  } catch (error) {
    if (!(error instanceof MlmodelError) || error.code !== 'LOCATION_NOT_MODEL') throw error
    const { near } = error.arguments as ErrorArguments<'LOCATION_NOT_MODEL'>
    return describeArtifact(location, near, options)
  }
  return describeLocated(located, location, options)
}

async function describeLocated(located: Located, location: string, options: DescribeOptions): Promise<Description> {
  const limits = options.limits ?? defaultLimits
  const model = await loadMlmodel(located, limits)
  const warnings: string[] = []
  const [{ files, cut }, environment, graph] = await Promise.all([
    listFiles(located.directory, { limits, digests: options.digests === true, isModel: true }),
    readEnvironment(model, limits),
    describeOnnx(model, limits),
  ])
  if (graph.warning !== undefined) warnings.push(graph.warning)
  if (cut) warnings.push(`Only the first ${files.length} files are listed`)
  return describeModel(model, {
    location,
    name: basename(located.directory),
    environment: describeEnvironment(environment),
    files,
    warnings,
    ...(graph.onnx !== undefined && { onnx: graph.onnx }),
    ...(graph.onnxFailure !== undefined && { onnxFailure: graph.onnxFailure }),
    ...(options.flavor !== undefined && { flavor: options.flavor }),
  })
}

/** The graph of a model with the flavor onnx; where the file is broken, the rest is still worth showing. */
async function describeOnnx(
  model: Mlmodel,
  limits: Limits,
): Promise<{ onnx?: OnnxDescription; onnxFailure?: string; warning?: string }> {
  const file = onnxFileOf(model)
  if (file === undefined) return {}
  try {
    const { onnx, failure } = await describeOnnxFile(model.directory, file, limits)
    return { onnx, ...(failure !== undefined && { onnxFailure: lowerFirst(failure) }) }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    // A graph too large to look into may well run.
    return error.code === 'FILE_TOO_LARGE'
      ? { warning: `The graph is not shown: ${error.message}` }
      : { onnxFailure: lowerFirst(error.message) }
  }
}

function lowerFirst(sentence: string): string {
  return /^[A-Z][a-z]/.test(sentence) ? sentence[0]!.toLowerCase() + sentence.slice(1) : sentence
}

async function describeArtifact(
  location: string,
  near: string | undefined,
  options: DescribeOptions,
): Promise<ArtifactDescription> {
  const limits = options.limits ?? defaultLimits
  const path = resolve(location)
  const isFolder = statSync(path).isDirectory()
  const common = {
    schema_version: 1,
    kind: 'artifact',
    name: basename(path),
    location,
    is_folder: isFolder,
    model_nearby: near ?? null,
  } as const
  if (isFolder) {
    const { files } = await listFiles(path, { limits, digests: options.digests === true })
    return { ...common, ...describeFolder(files, location), files, total_bytes: totalBytes(files), onnx: null }
  }
  const { content, bytes } = await sniffFile(path, basename(path))
  const notes = [...(content.notes ?? [])]
  const onnx = await graphOf(content, path, limits, notes)
  const advice = adviseFile(content, location)
  const files: FileDescription[] =
    options.digests === true
      ? (await listFiles(dirname(path), { limits, digests: true })).files.filter((file) => file.path === basename(path))
      : []
  return {
    ...common,
    format: content.format,
    content: content.title,
    notes,
    advice: advice?.advice ?? null,
    log_line: advice?.line ?? null,
    files,
    total_bytes: bytes,
    onnx: onnx ?? null,
  }
}

async function graphOf(content: Content, path: string, limits: Limits, notes: string[]): Promise<OnnxDescription | undefined> {
  if (content.format !== 'onnx') return undefined
  try {
    const { onnx, failure } = await describeOnnxFile(dirname(path), basename(path), limits)
    if (failure !== undefined) notes.push(failure)
    return onnx
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    notes.push(error.message)
    return undefined
  }
}
