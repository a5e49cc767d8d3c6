/**
 * What `inspect` knows, as one plain object: `--json` prints it, the terminal's text is rendered from it.
 * Keys are snake_case as in MLflow's files; the published schema is schemas/description.schema.json.
 */

/** JSON as it is printed: an integer beyond 2^53 is its decimal text, NaN and the infinities are `"NaN"`, `"Infinity"`, `"-Infinity"`. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain }

export interface FlavorDescription {
  readonly name: string
  readonly runs: boolean
  /** How it is run here; null when it is not. */
  readonly how: string | null
  /** Why it is not run here; null when it is. */
  readonly why: string | null
  /** The flavor's keys in the MLmodel file. */
  readonly keys: { readonly [key: string]: Plain }
}

export interface SignatureDescription {
  /** As MLflow writes them (`signature.inputs` of the MLmodel file, parsed). */
  readonly inputs: Plain
  readonly outputs: Plain
  readonly params: Plain
  readonly is_from_type_hint: boolean
  readonly type_hint_from_example: boolean
}

export interface EnvironmentPlace {
  /** A version or a requirement, as written. */
  readonly text: string
  readonly file: string
  readonly line: number
}

export interface EnvironmentDescription {
  /** The Python version MLflow would create: of python_env.yaml, else conda.yaml, else the MLmodel file. */
  readonly python: EnvironmentPlace | null
  /** Requirements for pip as written: of requirements.txt where there is one, else of the other files. */
  readonly requirements: readonly string[]
  /** Packages that only conda would install, Python and pip aside. */
  readonly conda_packages: readonly string[]
  /** Files that were read, relative to the folder. */
  readonly files: readonly string[]
  /** Files that the MLmodel file names and the folder lacks. */
  readonly missing_files: readonly string[]
  /** Packages (or `python`) for which two places name different versions. */
  readonly disagreements: readonly { readonly name: string; readonly places: readonly EnvironmentPlace[] }[]
  /** Why a file could not be read. */
  readonly errors: readonly string[]
}

export interface FileDescription {
  /** Relative to the folder, with `/`. */
  readonly path: string
  /** Null for a link that is not followed, and for what is no regular file. */
  readonly bytes: number | null
  readonly format: string
  readonly content: string
  /** Lower-case hexadecimal; only when asked for. */
  readonly sha256?: string
}

export interface OnnxValueDescription {
  readonly name: string
  /** Such as `tensor(float)`, as ONNX Runtime writes types. */
  readonly type: string
  /** A dimension of any size is its name, or null without one; null as a whole when the file says nothing. */
  readonly shape: readonly (number | string | null)[] | null
}

export interface OnnxDescription {
  readonly file: string
  readonly ir_version: number
  readonly producer: string | null
  /** Domain → version; the standard domain is `ai.onnx`. */
  readonly opsets: { readonly [domain: string]: number }
  readonly inputs: readonly OnnxValueDescription[]
  readonly outputs: readonly OnnxValueDescription[]
  readonly node_count: number
  /** Operator → nodes, most frequent first; subgraphs included. */
  readonly operators: { readonly [operator: string]: number }
  /** Elements of all initializers and constants. */
  readonly parameter_count: number
  /** Files beside it that hold weights, as the graph names them. */
  readonly external_data: readonly string[]
  readonly metadata: { readonly [key: string]: string }
}

export interface InputExampleDescription {
  readonly path: string
  readonly type: string
  readonly pandas_orient: string | null
  readonly serving_input_path: string | null
  readonly has_params: boolean
  /** Whether the file is there. */
  readonly found: boolean
}

export interface OriginDescription {
  readonly run_id: string | null
  readonly model_id: string | null
  readonly model_uuid: string | null
  readonly artifact_path: string | null
  readonly utc_time_created: string | null
  readonly mlflow_version: string | null
}

export interface ModelDescription {
  readonly schema_version: 1
  readonly kind: 'model'
  readonly name: string
  /** As the user gave it. */
  readonly location: string
  readonly mlmodel_file: string
  readonly origin: OriginDescription
  readonly flavors: readonly FlavorDescription[]
  /** The flavor `predict` would run; null when none can be. */
  readonly chosen_flavor: string | null
  /** What `predict` returns, in a sentence. */
  readonly predict: string
  readonly signature: SignatureDescription | null
  readonly environment: EnvironmentDescription
  readonly input_example: InputExampleDescription | null
  readonly metadata: Plain
  readonly prompts: Plain
  readonly resources: Plain
  readonly auth_policy: Plain
  readonly env_vars: Plain
  readonly model_size_bytes: number | null
  /** Top-level keys of the MLmodel file that MLflow does not know. */
  readonly other_fields: { readonly [key: string]: Plain }
  readonly files: readonly FileDescription[]
  readonly total_bytes: number
  readonly onnx: OnnxDescription | null
  /** Sentences on what looks wrong. */
  readonly warnings: readonly string[]
}

/** A file or folder that is no MLflow model. */
export interface ArtifactDescription {
  readonly schema_version: 1
  readonly kind: 'artifact'
  readonly name: string
  readonly location: string
  readonly is_folder: boolean
  /** A closed list of names; `folder` for a folder that is nothing more special. */
  readonly format: string
  readonly content: string
  readonly notes: readonly string[]
  /** What would make it a model, as a sentence and, where there is one, a line of Python. */
  readonly advice: string | null
  readonly log_line: string | null
  /** Path of an MLflow model nearby. */
  readonly model_nearby: string | null
  readonly files: readonly FileDescription[]
  readonly total_bytes: number
  readonly onnx: OnnxDescription | null
}

export type Description = ModelDescription | ArtifactDescription
