/** The MLmodel file as a typed record; nothing in the folder is executed. */
import { type Gather, stopAtFirst } from './errors/gather.ts'
import { MlmodelError, type Where } from './errors/index.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { type Located, mlmodelName } from './locate/index.ts'
import { normalizeInside, readInside } from './paths.ts'
import { parseSignature } from './signature/parse.ts'
import type { Signature } from './signature/spec.ts'
import {
  isYamlList,
  isYamlMap,
  parseYaml,
  type YamlDocument,
  type YamlMap,
  type YamlPath,
  type YamlValue,
  yamlKind,
} from './yaml.ts'

export type { YamlMap, YamlValue } from './yaml.ts'

export interface InputExample {
  readonly artifactPath: string
  readonly type: string
  readonly pandasOrient?: string
  readonly servingInputPath?: string
  readonly hasParams: boolean
  readonly format?: string
}

export interface Mlmodel {
  /** Absolute path of the model's folder. */
  readonly directory: string
  /** The MLmodel file as the user gave it, for messages. */
  readonly file: string
  readonly artifactPath?: string
  readonly runId?: string
  readonly utcTimeCreated?: string
  readonly mlflowVersion?: string
  readonly modelUuid?: string
  readonly modelId?: string
  /** Flavor name → its keys, in the order of the file. An int is a bigint, a float a number. */
  readonly flavors: ReadonlyMap<string, YamlMap>
  readonly signature?: Signature
  readonly isSignatureFromTypeHint: boolean
  readonly typeHintFromExample: boolean
  readonly inputExample?: InputExample
  readonly metadata?: YamlValue
  readonly modelSizeBytes?: number
  readonly prompts?: readonly string[]
  readonly resources?: YamlValue
  readonly authPolicy?: YamlValue
  readonly envVars?: readonly string[]
  /** Top-level keys we do not know, kept as they are. */
  readonly unknown: YamlMap
  /** Every top-level key with its value as read. */
  readonly fields: YamlMap
  /** 1-based line of a field, given its path such as `['flavors', 'onnx', 'data']`. */
  lineOf(path: readonly (string | number)[]): number | undefined
  /** A scalar as it is written in the file: a version `3.10` without quotes is the number 3.1 in {@link fields}. */
  sourceOf(path: readonly (string | number)[]): string | undefined
}

/**
 * Reads the MLmodel file of a located model. Paths in it are checked by their text here, and again when they are opened.
 *
 * @throws MlmodelError of kinds `model`, `limit`, `io`: PATH_…, YAML_…, MLMODEL_FIELD, SIGNATURE_…, SCHEMA_…, PARAM_…
 */
export async function loadMlmodel(located: Located, limits: Limits = defaultLimits): Promise<Mlmodel> {
  const { directory, file } = located
  const bytes = await readInside(directory, mlmodelName, limits.yamlBytes, { file })
  return parseMlmodel(bytes, file, directory, limits)
}

/**
 * Reads the text of an MLmodel file.
 *
 * @param file its name for messages
 * @param directory the model's folder, taken over into the record; nothing in it is read
 * @param gather keeps errors of fields, which are then absent in the record
 * @throws MlmodelError as {@link loadMlmodel}, with file, line and field
 */
export function parseMlmodel(
  text: Uint8Array | string,
  file: string,
  directory: string,
  limits: Limits = defaultLimits,
  gather: Gather = stopAtFirst,
): Mlmodel {
  const document = parseYaml(text, file, limits, gather)
  const fields = document.value
  if (!isYamlMap(fields)) throw new MlmodelError('YAML_NOT_MAP', { found: yamlKind(fields) }, { where: { file, line: 1 } })
  const reader = new FieldReader(fields, document, file, gather)
  const signature = parseSignature(fields.get('signature'), reader.where(['signature']), {
    limits,
    lineOf: (part) => document.lineOf(['signature', part]),
    gather,
  })
  const inputExample = readInputExample(reader)
  const flavors = readFlavors(reader)
  return {
    directory,
    file,
    ...defined({
      artifactPath: reader.text(['artifact_path']),
      runId: reader.text(['run_id']),
      utcTimeCreated: reader.text(['utc_time_created']),
      mlflowVersion: reader.text(['mlflow_version']),
      modelUuid: reader.text(['model_uuid']),
      modelId: reader.text(['model_id']),
      signature,
      inputExample,
      modelSizeBytes: reader.size(['model_size_bytes']),
      prompts: reader.texts(['prompts']),
      envVars: reader.texts(['env_vars']),
      metadata: fields.get('metadata') ?? undefined,
      resources: fields.get('resources') ?? undefined,
      authPolicy: fields.get('auth_policy') ?? undefined,
    }),
    flavors,
    isSignatureFromTypeHint: reader.flag(['is_signature_from_type_hint']),
    typeHintFromExample: reader.flag(['type_hint_from_example']),
    unknown: new Map([...fields].filter(([key]) => !knownFields.has(key))),
    fields,
    lineOf: document.lineOf,
    sourceOf: document.sourceOf,
  }
}

/** The fields of MLmodel that MLflow writes, 1.7 to 3.17. */
export const knownFields: ReadonlySet<string> = new Set([
  'artifact_path',
  'run_id',
  'utc_time_created',
  'flavors',
  'model_uuid',
  'mlflow_version',
  'model_id',
  'prompts',
  'signature',
  'is_signature_from_type_hint',
  'type_hint_from_example',
  'saved_input_example_info',
  'metadata',
  'model_size_bytes',
  'resources',
  'auth_policy',
  'env_vars',
])

/**
 * Keys of flavors that name a file or folder of the model (mlflow-semantics: the keys of every flavor). Not among them:
 * `model_code_path` and `local_base_model_path`, which hold paths of the author's machine.
 */
export const pathKeys: readonly string[] = [
  'data',
  'model_data',
  'model_path',
  'pickled_model',
  'python_model',
  'saved_model_dir',
  'model_binary',
  'peft_adaptor',
  'adapter_weights',
  'agent_data',
  'tools_data',
  'persist_dir',
  'code',
]

function readFlavors(reader: FieldReader): ReadonlyMap<string, YamlMap> {
  const flavors = reader.map(['flavors'])
  const read = new Map<string, YamlMap>()
  for (const name of flavors.keys()) {
    const keys = reader.map(['flavors', name])
    for (const key of pathKeys) reader.path(['flavors', name, key])
    readInnerPaths(reader, name)
    read.set(name, keys)
  }
  return read
}

/** Paths one level further in: environment files, artifacts, extra files. */
function readInnerPaths(reader: FieldReader, flavor: string): void {
  const env = reader.value(['flavors', flavor, 'env'])
  // A text through MLflow 1.30, a mapping since 2.0. Other flavors may mean something else by it.
  if (flavor === 'python_function') {
    if (isYamlMap(env)) for (const key of env.keys()) reader.path(['flavors', flavor, 'env', key])
    else reader.path(['flavors', flavor, 'env'])
  }
  const artifacts = reader.value(['flavors', flavor, 'artifacts'])
  if (isYamlMap(artifacts)) for (const name of artifacts.keys()) reader.path(['flavors', flavor, 'artifacts', name, 'path'])
  const extra = reader.value(['flavors', flavor, 'extra_files'])
  if (isYamlList(extra)) for (const index of extra.keys()) reader.path(['flavors', flavor, 'extra_files', index, 'path'])
}

function readInputExample(reader: FieldReader): InputExample | undefined {
  const field = 'saved_input_example_info'
  const example = reader.value([field])
  if (example === undefined || example === null) return undefined
  reader.map([field])
  if (!isYamlMap(example)) return undefined
  return {
    artifactPath: reader.path([field, 'artifact_path']) ?? reader.required([field, 'artifact_path'], 'a path'),
    type: reader.text([field, 'type']) ?? reader.required([field, 'type'], 'text'),
    // MLflow writes the text "true".
    hasParams: ['true', true].includes(reader.value([field, 'params']) as string | boolean),
    ...defined({
      pandasOrient: reader.text([field, 'pandas_orient']),
      servingInputPath: reader.path([field, 'serving_input_path']),
      format: reader.text([field, 'format']),
    }),
  }
}

/** Takes fields out of the document, each checked for what it must be, with its line in errors. */
class FieldReader {
  readonly #fields: YamlMap
  readonly #document: YamlDocument
  readonly #file: string
  readonly #gather: Gather

  constructor(fields: YamlMap, document: YamlDocument, file: string, gather: Gather) {
    this.#fields = fields
    this.#document = document
    this.#file = file
    this.#gather = gather
  }

  where(path: YamlPath): Where {
    // A field that is absent is missed where its mapping begins.
    const line = this.#document.lineOf(path) ?? this.#document.lineOf(path.slice(0, -1))
    return { file: this.#file, ...(line !== undefined && { line }), path: path.join('.') }
  }

  value(path: YamlPath): YamlValue | undefined {
    return path.reduce<YamlValue | undefined>((value, step) => {
      if (typeof step === 'number') return isYamlList(value) ? value[step] : undefined
      return isYamlMap(value) ? value.get(step) : undefined
    }, this.#fields)
  }

  #refuse<Instead>(path: YamlPath, wanted: string, instead: Instead): Instead {
    const args = { field: path.join('.'), wanted, found: yamlKind(this.value(path)) }
    return this.#gather.attempt(() => {
      throw new MlmodelError('MLMODEL_FIELD', args, { where: this.where(path) })
    }, instead)
  }

  /** Refuses a text that must be there and is not; what is there and wrong was refused when it was read. */
  required(path: YamlPath, wanted: string): string {
    const value = this.value(path)
    return value === undefined || value === null ? this.#refuse(path, wanted, '') : ''
  }

  /** A text; a number or a date written without quotes counts as what is written. */
  text(path: YamlPath): string | undefined {
    const value = this.value(path)
    if (value === undefined || value === null) return undefined
    if (typeof value === 'string') return value
    return this.#document.sourceOf(path) ?? this.#refuse(path, 'text', undefined)
  }

  texts(path: YamlPath): readonly string[] | undefined {
    const value = this.value(path)
    if (value === undefined || value === null) return undefined
    if (!isYamlList(value) || value.some((item) => typeof item !== 'string'))
      return this.#refuse(path, 'a list of texts', undefined)
    return value as readonly string[]
  }

  map(path: YamlPath): YamlMap {
    const value = this.value(path)
    if (value === undefined || value === null) return new Map()
    return isYamlMap(value) ? value : this.#refuse(path, 'a mapping', new Map())
  }

  flag(path: YamlPath): boolean {
    const value = this.value(path) ?? false
    return typeof value === 'boolean' ? value : this.#refuse(path, 'true or false', false)
  }

  size(path: YamlPath): number | undefined {
    const value = this.value(path)
    if (value === undefined || value === null) return undefined
    return typeof value === 'bigint' && value >= 0n ? Number(value) : this.#refuse(path, 'a whole number of bytes', undefined)
  }

  /** A path inside the model's folder, as it is written. */
  path(path: YamlPath): string | undefined {
    const value = this.value(path)
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string') return this.#refuse(path, 'a path', undefined)
    return this.#gather.attempt(() => {
      normalizeInside(value, this.where(path))
      return value
    }, undefined)
  }
}

/** Leaves out what is undefined: optional fields are absent, never undefined. */
function defined<T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
