/** Findings on platforms that a model is deployed to. */
import type { FindingTable } from './define.ts'

/** Which part of a signature a sentence is about. */
export interface Part {
  /** `inputs` or `outputs`. */
  readonly part: 'inputs' | 'outputs'
  /** The column or tensor; absent where the signature names none. */
  readonly name?: string
}

const named = ({ part, name }: Part): string => (name === undefined ? `the ${part}` : `${part} \`${name}\``)
const relog = 'Log the model with another signature, or deploy with a scoring script of your own'

export const targetFindings = {
  TARGET_NO_PYFUNC: {
    level: 'error',
    title: 'No python_function flavor for a platform that loads one',
    why: "The platform's server calls mlflow.pyfunc.load_model, which refuses a model without the flavor python_function.",
    message: (args: { platform: string; flavors: readonly string[] }) =>
      `${args.platform} cannot load the model: it has ${args.flavors.join(', ') || 'no flavor'} and no python_function`,
    fix: () => "Log the model with MLflow's save_model or log_model of its flavor, which add python_function",
  },
  TARGET_ONNX_RANK: {
    level: 'error',
    title: 'Columns that do not reach an ONNX graph in its rank',
    why: "MLflow's ONNX wrapper hands a table to a graph of one input as a matrix and to a graph of several inputs as one vector per column. ONNX Runtime refuses every other rank, and the server answers each request with an error.",
    message: (args: { platform: string; input: string; fed: number; rank: number }) =>
      `on ${args.platform} every request fails: MLflow feeds columns as rank ${args.fed}, and the graph's input \`${args.input}\` has rank ${args.rank}`,
    fix: () =>
      'Log the model with a tensor signature, or reshape inside the graph; `mlmodel predict` and `mlmodel serve` take the columns as they are',
  },
  TARGET_ONNX_LENGTHS: {
    level: 'error',
    title: 'ONNX outputs of different lengths for a table',
    why: 'MLflow\'s ONNX wrapper flattens every output into one column of a table. Outputs with different numbers of values a row do not fit together, and pandas refuses ("All arrays must be of the same length").',
    message: (args: { platform: string; outputs: readonly string[] }) =>
      `on ${args.platform} every request fails: the outputs ${args.outputs.join(', ')} have different numbers of values a row`,
    fix: () => 'Save the graph with one output (for classifiers: the labels, or ZipMap), or log it with a tensor signature',
  },

  AZURE_NO_INPUTS: {
    level: 'error',
    title: 'A signature without inputs: Azure does not start',
    why: "Azure's generated scoring script reads the first input of the signature while it is imported, and a signature with outputs or params alone ends it with an AttributeError.",
    message: (_: Record<never, never>) => 'the container does not start: the signature has no inputs',
    fix: () => 'Set the inputs with `mlmodel signature`, or remove the signature',
  },
  AZURE_OPEN_DIMENSION: {
    level: 'error',
    title: 'An open dimension beyond the first: Azure does not start',
    why: "Azure's generated scoring script makes a sample array of the signature's shape. It replaces -1 in the first place only; NumPy then refuses negative dimensions while the script is imported.",
    message: (args: Part & { shape: string }) =>
      `the container does not start: ${named(args)} has shape ${args.shape}, and only the first dimension may be -1`,
    fix: (args) =>
      args?.part === 'inputs'
        ? 'Log the model with an array as input example, which is then used as the sample, or fix the dimensions'
        : 'Fix the dimensions of the outputs, or leave the outputs out of the signature',
  },
  AZURE_SCALAR_TENSOR: {
    level: 'error',
    title: 'A scalar tensor: Azure does not start',
    why: "Azure's generated scoring script counts the items of a sample of each tensor, and a scalar has none to count (TypeError: len() of unsized object).",
    message: (args: Part & { from: 'signature' | 'example' }) =>
      `the container does not start: ${args.from === 'example' ? 'the stored input example' : named(args)} is a scalar tensor`,
    fix: () => 'Give the tensor a dimension, such as [1] or [-1]',
  },
  AZURE_TENSOR_TYPE: {
    level: 'error',
    title: 'A tensor type that Azure cannot describe: it does not start',
    why: "Azure's generated scoring script describes every tensor in its Swagger document while it is imported; complex and extended numbers and points in time in nanoseconds end it with an error.",
    message: (args: Part & { dtype: string }) =>
      `the container does not start: ${named(args)} has type ${args.dtype}, for which the scoring script has no description`,
    fix: () => relog,
  },
  AZURE_COLUMN_TYPE: {
    level: 'error',
    title: 'Array, Object, Map or Any columns as input: Azure does not start',
    why: "Azure's generated scoring script makes a sample table of the columns. Such a type has no pandas type, and the way it falls back to knows only booleans, numbers and strings.",
    message: (args: Part & { type: string }) => `the container does not start: ${named(args)} has type ${args.type}`,
    fix: () => relog,
  },
  AZURE_OUTPUT_TYPE: {
    level: 'error',
    title: 'Output columns that Azure cannot describe: it does not start',
    why: "Azure's generated scoring script makes an empty sample table of the output columns and describes it; array, object, map, any and datetime columns end it with an error while it is imported.",
    message: (args: Part & { type: string }) => `the container does not start: ${named(args)} has type ${args.type}`,
    fix: () => 'Leave the outputs out of the signature, or give the column another type',
  },
  AZURE_SAMPLE: {
    level: 'error',
    title: 'A sample that Azure cannot describe: it does not start',
    why: "Azure's generated scoring script takes a dict as a set of named NumPy arrays, and for Transformers as JSON. What is neither ends it with an error while it is imported.",
    message: (args: { reason: string }) => `the container does not start: ${args.reason}`,
    fix: () => 'Log the model without the input example, or with a table or an array as example',
  },
  AZURE_NAMED_ARRAYS: {
    level: 'error',
    title: 'Predictions that are a dict of arrays: Azure answers HTTP 500',
    why: "Azure's scoring script returns what the model returned, and its server writes it with Python's json, which knows no NumPy arrays inside a dict. MLflow's own server does, so the model works there.",
    message: (args: { names: readonly string[]; from: 'graph' | 'signature' }) =>
      `every request gets HTTP 500: the predictions are a dict of arrays (${args.names.join(', ')}), which the server cannot write as JSON`,
    fix: (args) =>
      args?.from === 'graph'
        ? 'Log the ONNX model with columns as signature, deploy with a scoring script of your own, or serve it with `mlmodel serve --protocol azureml`'
        : 'Return one array or a table, or deploy with a scoring script of your own',
  },
  AZURE_UNTYPED_TABLE: {
    level: 'warning',
    title: 'No signature: Azure reads tables only with pandas before 3',
    why: "Without a sample the scoring script reads a table with pandas.read_json from a text, which pandas 3 takes for a file's name: HTTP 500. Arrays are read as they should be.",
    message: (_: Record<never, never>) =>
      'without a signature a table as `input_data` gets HTTP 500 when pandas 3 or newer is installed',
    fix: () => 'Log the model with a signature, or pin pandas below 3',
  },
  AZURE_TEXT_LIST: {
    level: 'warning',
    title: 'One column without a name: Azure takes no list',
    why: 'A signature of columns makes the scoring script read `input_data` as a table in split form. A list of texts gets HTTP 500, and a table reaches the estimator as a DataFrame, whose column names a scikit-learn vectorizer takes for the texts.',
    message: (_: Record<never, never>) =>
      'a list of texts as `input_data` gets HTTP 500, and a table does not reach a text estimator as texts',
    fix: () => 'Log the model without a signature (a list is then read as an array), or wrap it so that it takes a table',
  },
  AZURE_DATES: {
    level: 'warning',
    title: 'Dates that may come back: Azure answers HTTP 500',
    why: "Azure's server writes the predictions with Python's json, which knows no timestamps. A Python model that takes dates and does not say what it returns may return them.",
    message: (args: { columns: readonly string[] }) =>
      `the inputs ${args.columns.join(', ')} are datetimes and the outputs are not declared: if the model returns dates, every request gets HTTP 500`,
    fix: () => 'Return dates as text, and declare the outputs in the signature',
  },
  AZURE_PACKAGE: {
    level: 'error',
    title: "A requirement that Azure's server cannot live with",
    why: "Azure installs the model's requirements beside azureml-inference-server-http and azureml-ai-monitoring, which the generated scoring script needs. What contradicts them fails when the image is built or when the container starts.",
    message: (args: { requirement: string; needs: string }) => `the model asks for ${args.requirement}, and ${args.needs}`,
    fix: () => 'Loosen the requirement',
  },
  AZURE_PACKAGE_OLD_SERVER: {
    level: 'warning',
    title: "A requirement that keeps Azure's server old",
    why: 'The newest azureml-inference-server-http does not fit the requirement, so the installer goes back to an older one or gives up.',
    message: (args: { requirement: string; needs: string }) => `the model asks for ${args.requirement}, and ${args.needs}`,
    fix: () => 'Loosen the requirement, or pin azureml-inference-server-http to a version that fits it',
  },
  AZURE_MONITORING_ABSENT: {
    level: 'notice',
    title: 'azureml-ai-monitoring is not among the requirements',
    why: "Since May 2026 the generated scoring script imports azureml.ai.monitoring. Images built from the model's own conda.yaml have failed to start without it (azureml-examples #3904, #4008, #4031).",
    message: (_: Record<never, never>) => 'the requirements do not name azureml-ai-monitoring, which the scoring script imports',
    fix: () => "Log the model with extra_pip_requirements=['azureml-ai-monitoring', 'azureml-inference-server-http']",
  },
  AZURE_BATCH_FILES: {
    level: 'error',
    title: 'A signature that no file of a batch job fits',
    why: 'A batch endpoint reads CSV and Parquet files as tables and PNG, JPEG, TIFF, BMP and GIF files as arrays of one image; every other file fails the job.',
    message: (args: { reason: string }) => `no kind of file that a batch endpoint reads fits the signature: ${args.reason}`,
    fix: () => 'Deploy with a scoring script of your own, or score with `mlmodel predict`',
  },
  AZURE_BATCH_ONLY: {
    level: 'notice',
    title: 'A signature that only some files of a batch job fit',
    why: 'A batch endpoint reads CSV and Parquet files as tables and PNG, JPEG, TIFF, BMP and GIF files as arrays of one image. A file of another kind in the folder fails the whole job.',
    message: (args: { files: string; reason: string }) => `only ${args.files} fit the signature: ${args.reason}`,
    fix: (args) => `Put only ${args?.files ?? 'such files'} into the job's folder`,
  },

  KSERVE_FORMAT: {
    level: 'warning',
    title: "A model format that KServe's runtime does not claim",
    why: 'kserve-mlserver claims the model format mlflow in versions 1 and 2; for any other version KServe finds no runtime unless one is named.',
    message: (args: { version: string }) =>
      `the model was written by MLflow ${args.version}: an InferenceService with modelFormat version ${args.version.split('.')[0]} finds no runtime`,
    fix: () => 'Leave the version out or name the runtime in the InferenceService, or install a ServingRuntime that claims it',
  },
  KSERVE_ENVIRONMENT: {
    level: 'warning',
    title: 'No packed environment for MLServer',
    why: 'MLServer builds no environment: it takes a conda-pack archive (environment.tar.gz) or has only what its image has. conda.yaml and requirements.txt are not read.',
    message: (_: Record<never, never>) =>
      "the folder has no environment.tar.gz, so the model runs with the packages of MLServer's image",
    fix: () => 'Pack the environment with conda-pack, or build an image that has the packages',
  },
  KSERVE_SIGNATURE: {
    level: 'error',
    title: 'A signature with which MLServer does not load the model',
    why: 'MLServer 1.7.1 makes its metadata of the inputs and outputs of a signature and fails where one of the two is absent, or a tensor type has no name in the Open Inference Protocol.',
    message: (args: { reason: string }) => `MLServer does not load the model: ${args.reason}`,
    fix: () => 'Set inputs and outputs with `mlmodel signature`, or remove the signature',
  },

  SAGEMAKER_ENVIRONMENT: {
    level: 'warning',
    title: "No environment file for MLflow's SageMaker image",
    why: "MLflow's image installs the environment of the model's python_function flavor when it is built or started; without one only what the image has is there.",
    message: (_: Record<never, never>) => 'python_function names no env, so nothing of what the model needs is installed',
    fix: () => 'Log the model again with its environment, or give an image that has the packages',
  },
  VERTEX_INSTANCES: {
    level: 'error',
    title: 'A signature that no Vertex AI request fits',
    why: 'Vertex AI sends {"instances": [...], "parameters": ...} and nothing else. MLflow refuses arrays, objects and maps as cells of `instances`.',
    message: (args: { column: string; type: string }) =>
      `the column \`${args.column}\` has type ${args.type}, which MLflow does not take in \`instances\``,
    fix: () => 'Serve the model with `mlmodel serve`, which takes such columns in `instances`',
  },
  VERTEX_PARAMETERS: {
    level: 'warning',
    title: 'Params that Vertex AI cannot set',
    why: 'Vertex AI sends them as `parameters`; MLflow reads `params` and ignores the rest, so every request is answered with the defaults.',
    message: (args: { names: readonly string[] }) => `the params ${args.names.join(', ')} keep their defaults`,
    fix: () => 'Put what a caller must choose into the inputs',
  },
  TARGET_REQUEST_SIZE: {
    level: 'warning',
    title: 'One row is larger than a request may be',
    why: 'The platform refuses larger requests before they reach the model.',
    message: (args: { platform: string; name: string; bytes: number; limit: string }) =>
      `one row of \`${args.name}\` is at least ${args.bytes} bytes as JSON, and ${args.platform} takes requests of ${args.limit}`,
    fix: () => 'Send smaller inputs, or score in batches from files',
  },
  DATABRICKS_SIGNATURE: {
    level: 'error',
    title: 'Unity Catalog refuses the signature',
    why: 'Every model of Unity Catalog, and so every model that Databricks serves from it, must have a signature with inputs and outputs.',
    message: (args: { missing: string }) => `the model cannot be registered in Unity Catalog: ${args.missing}`,
    fix: () => 'Set inputs and outputs with `mlmodel signature`',
  },
} as const satisfies FindingTable
