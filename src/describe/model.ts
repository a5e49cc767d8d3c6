/** A model as one plain object. */

import { MlmodelError } from '../errors/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { paramsToCell, schemaToCell } from '../signature.ts'
import { trimEndOf } from '../trim.ts'
import type {
  EnvironmentDescription,
  FileDescription,
  FlavorDescription,
  ModelDescription,
  OnnxDescription,
  SignatureDescription,
} from './description.ts'
import { describeFlavors } from './flavors.ts'
import { mapToPlain, toPlain } from './plain.ts'
import { describeReturns } from './returns.ts'

/** What stands around the MLmodel file, gathered by `describeLocation` or by the caller. */
export interface DescribeParts {
  /** As the user gave it. */
  readonly location: string
  readonly name: string
  readonly environment: EnvironmentDescription
  readonly files: readonly FileDescription[]
  readonly onnx?: OnnxDescription
  /** Why the graph of an ONNX model cannot be read; the flavor then does not run. */
  readonly onnxFailure?: string
  /** Which flavor to describe as the one that runs, instead of the first that can. */
  readonly flavor?: string
  readonly warnings?: readonly string[]
}

/**
 * Describes a model. Pure: reads nothing.
 *
 * @throws FLAVOR_ABSENT when `parts.flavor` is none of the model's
 */
export function describeModel(model: Mlmodel, parts: DescribeParts): ModelDescription {
  const flavors = describeFlavors(model).map((flavor) => judgeFile(flavor, parts))
  if (parts.flavor !== undefined && !model.flavors.has(parts.flavor)) {
    throw new MlmodelError(
      'FLAVOR_ABSENT',
      { flavor: parts.flavor, present: [...model.flavors.keys()] },
      { where: { file: model.file } },
    )
  }
  const chosen = parts.flavor ?? flavors.find((flavor) => flavor.runs && flavor.name !== 'python_function')?.name
  // Where nothing runs here, MLflow would use the flavor behind `python_function`: the first that is not it.
  const described = chosen ?? flavors[0]?.name
  return {
    schema_version: 1,
    kind: 'model',
    name: parts.name,
    location: parts.location,
    mlmodel_file: model.file,
    origin: {
      run_id: model.runId ?? null,
      model_id: model.modelId ?? null,
      model_uuid: model.modelUuid ?? null,
      artifact_path: model.artifactPath ?? null,
      utc_time_created: model.utcTimeCreated ?? null,
      mlflow_version: model.mlflowVersion ?? null,
    },
    flavors,
    chosen_flavor: flavors.find((flavor) => flavor.name === chosen)?.runs === true ? chosen! : null,
    predict: describeReturns(described, model, parts.onnx),
    signature: describeSignature(model),
    environment: parts.environment,
    input_example: describeInputExample(model, parts.files),
    metadata: toPlain(model.metadata),
    prompts: toPlain(model.prompts),
    resources: toPlain(model.resources),
    auth_policy: toPlain(model.authPolicy),
    env_vars: toPlain(model.envVars),
    model_size_bytes: model.modelSizeBytes ?? null,
    other_fields: mapToPlain(model.unknown),
    files: parts.files.map((file) => nameWeights(file, parts.onnx)),
    total_bytes: totalBytes(parts.files),
    onnx: parts.onnx ?? null,
    warnings: [...(parts.warnings ?? []), ...missingFiles(model, parts.files)],
  }
}

/** Files that stand in place of a model file that was never fetched. */
const placeholders: readonly string[] = ['git-lfs-pointer', 'html', 'empty', 'xml']

/** A flavor whose file is missing or broken does not run, whatever the MLmodel file says. */
function judgeFile(flavor: FlavorDescription, { files, onnxFailure }: DescribeParts): FlavorDescription {
  const viaOnnx = flavor.name === 'onnx' || flavor.keys['loader_module'] === 'mlflow.onnx'
  if (onnxFailure === undefined || !viaOnnx || !flavor.runs) return flavor
  const placeholder = files.find((file) => file.path === flavor.keys['data'] && placeholders.includes(file.format))
  const failure = placeholder === undefined ? onnxFailure : `\`${placeholder.path}\` is ${article(placeholder.content)}`
  return { ...flavor, runs: false, how: null, why: flavor.name === 'onnx' ? failure : flavor.how }
}

/** External data of a graph has no form of its own; the graph says what it is. */
function nameWeights(file: FileDescription, onnx: OnnxDescription | undefined): FileDescription {
  if (onnx === undefined || !onnx.external_data.includes(file.path)) return file
  return { ...file, format: 'onnx-external-data', content: `weights of ${onnx.file}` }
}

/** The sum of what is listed. */
export function totalBytes(files: readonly FileDescription[]): number {
  return files.reduce((sum, file) => sum + (file.bytes ?? 0), 0)
}

function describeSignature(model: Mlmodel): SignatureDescription | null {
  if (model.signature === undefined) return null
  const { inputs, outputs, params } = model.signature
  return {
    inputs: inputs === undefined ? null : toPlain(schemaToCell(inputs)),
    outputs: outputs === undefined ? null : toPlain(schemaToCell(outputs)),
    params: params === undefined ? null : toPlain(paramsToCell(params)),
    is_from_type_hint: model.isSignatureFromTypeHint,
    type_hint_from_example: model.typeHintFromExample,
  }
}

function describeInputExample(model: Mlmodel, files: readonly FileDescription[]): ModelDescription['input_example'] {
  const example = model.inputExample
  if (example === undefined) return null
  return {
    path: example.artifactPath,
    type: example.type,
    pandas_orient: example.pandasOrient ?? null,
    serving_input_path: example.servingInputPath ?? null,
    has_params: example.hasParams,
    found: files.some((file) => file.path === example.artifactPath),
  }
}

/** Data files that the flavors name and that are not in the folder: by name only, as the listing shows them. */
function missingFiles(model: Mlmodel, files: readonly FileDescription[]): string[] {
  const warnings: string[] = []
  const seen = new Set<string>()
  for (const [flavor, keys] of model.flavors) {
    for (const key of ['data', 'model_path', 'pickled_model', 'model_data', 'python_model']) {
      const path = keys.get(key)
      if (typeof path !== 'string' || path === '' || path === '.' || seen.has(path)) continue
      seen.add(path)
      const clean = trimEndOf(path.replace(/^\.\//, ''), '/')
      if (!files.some((file) => file.path === clean || file.path.startsWith(`${clean}/`))) {
        warnings.push(`The flavor ${flavor} names \`${path}\` (${key}), which is not in the folder`)
      }
    }
  }
  const wrong = files.filter((file) => placeholders.includes(file.format) && seen.has(file.path))
  return [...warnings, ...wrong.map((file) => `\`${file.path}\` is no model file but ${article(file.content)}`)]
}

function article(phrase: string): string {
  return `${/^[aeiou]/i.test(phrase) || phrase.startsWith('HTML') ? 'an' : 'a'} ${phrase}`
}
