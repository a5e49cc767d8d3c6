/** Two versions of a model: what a client of the old one meets in the new one. */

import { listFiles } from './describe/files.ts'
import type { SignatureChange } from './diff/change.ts'
import { type Change, diffEnvironments, diffFlavors, diffOperators } from './diff/parts.ts'
import { diffSignatures } from './diff/signature.ts'
import { diffPredictions, type Tolerance, type ValueDiff } from './diff/values.ts'
import { readEnvironment } from './env/index.ts'
import { fullMessage, MlmodelError } from './errors/index.ts'
import { modelPath } from './flavors/index.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { locate } from './locate/index.ts'
import { loadMlmodel, type Mlmodel } from './mlmodel.ts'
import { openLoaded } from './model.ts'
import { type OnnxModel, readOnnxInside } from './onnx/index.ts'
import { predictInput } from './predict-input.ts'

export type { SignatureChange } from './diff/change.ts'
export type { Change } from './diff/parts.ts'
export type { ClassChange, OutputDifference, Tolerance, ValueDiff } from './diff/values.ts'

export interface DiffOptions {
  /** A file in any format that `mlmodel predict` reads, scored with both models. */
  readonly input?: string
  /** Default: no difference at all. */
  readonly tolerance?: Tolerance
  readonly limits?: Limits
}

/** Bytes and files of a folder. */
export interface FolderSize {
  readonly bytes: number
  readonly files: number
}

/** What changed from one version of a model to the next. */
export interface ModelDiff {
  readonly old: string
  readonly new: string
  readonly signature: { readonly verdict: 'equal' | 'compatible' | 'breaking'; readonly changes: readonly SignatureChange[] }
  readonly flavors: readonly Change[]
  readonly environment: readonly Change[]
  readonly size: { readonly old: FolderSize; readonly new: FolderSize }
  /** Of ONNX graphs: operators, opsets, parameters. */
  readonly operators: readonly Change[]
  /** Of `input`: the predictions, or why the new model gave none. */
  readonly predictions?: ValueDiff | { readonly failed: 'new'; readonly reason: string }
  /** The signature breaks a client, python_function is gone, or predictions differ beyond the tolerance. */
  readonly breaks: boolean
}

/**
 * Compares two models. Only with `input` anything is run: both models score it here, without Python.
 *
 * @throws the errors of a location and of an MLmodel file; FLAVOR_NOT_RUN and INPUT_* where `input` cannot be scored with the old model
 */
export async function diffModels(oldLocation: string, newLocation: string, options: DiffOptions = {}): Promise<ModelDiff> {
  const { limits = defaultLimits, tolerance = { kind: 'ratio', most: 0 } } = options
  const before = await loadMlmodel(await locate(oldLocation), limits)
  const after = await loadMlmodel(await locate(newLocation), limits)
  const changes = diffSignatures(before.signature, after.signature)
  const verdict = changes.some(({ effect }) => effect === 'breaking') ? 'breaking' : changes.length > 0 ? 'compatible' : 'equal'
  const flavors = diffFlavors(before, after)
  const predictions = options.input === undefined ? undefined : await diffScores(before, after, options.input, tolerance, limits)
  const differs =
    predictions !== undefined && ('failed' in predictions || predictions.beyond > 0 || predictions.removed.length > 0)
  return {
    old: oldLocation,
    new: newLocation,
    signature: { verdict, changes },
    flavors,
    environment: diffEnvironments(await readEnvironment(before, limits), await readEnvironment(after, limits)),
    size: { old: await sizeOf(before, limits), new: await sizeOf(after, limits) },
    operators: diffOperators(await graphOf(before, limits), await graphOf(after, limits)),
    ...(predictions !== undefined && { predictions }),
    breaks: verdict === 'breaking' || differs || (before.flavors.has('python_function') && !after.flavors.has('python_function')),
  }
}

/** One after the other, so that only one model is in memory. */
async function diffScores(
  before: Mlmodel,
  after: Mlmodel,
  input: string,
  tolerance: Tolerance,
  limits: Limits,
): Promise<NonNullable<ModelDiff['predictions']>> {
  const old = await score(before, input, limits)
  try {
    return diffPredictions(old, await score(after, input, limits), tolerance)
  } catch (error) {
    // The old model takes the data, so this is what changed.
    if (error instanceof MlmodelError) return { failed: 'new', reason: fullMessage(error) }
    throw error
  }
}

async function score(mlmodel: Mlmodel, input: string, limits: Limits) {
  const model = await openLoaded(mlmodel, { limits })
  try {
    return await predictInput(model, { input, limits })
  } finally {
    await model.close()
  }
}

async function sizeOf({ directory }: Mlmodel, limits: Limits): Promise<FolderSize> {
  const { files } = await listFiles(directory, { isModel: true, limits })
  return { bytes: files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0), files: files.length }
}

/** A graph that cannot be read has no operators to compare; `validate` says what is wrong with it. */
async function graphOf(model: Mlmodel, limits: Limits): Promise<OnnxModel | undefined> {
  if (!model.flavors.has('onnx')) return undefined
  const path = modelPath(model)
  try {
    return await readOnnxInside(model.directory, path, limits, { file: path })
  } catch (error) {
    if (error instanceof MlmodelError) return undefined
    throw error
  }
}
