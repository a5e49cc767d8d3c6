/** Findings on the MLmodel file, its paths and its signature. */
import type { FindingTable } from './define.ts'
import { ofError } from './of-error.ts'

const relog = 'Log the model again, or set the signature with `mlmodel signature`'
const refetch = 'Fetch the file again; `git lfs pull` where the model came by Git'

export const mlmodelFindings = {
  LOCATION_NOT_MODEL: ofError('LOCATION_NOT_MODEL', {
    title: 'No MLmodel file',
    why: 'The MLmodel file says what the model is and how it is loaded; a folder without one is no MLflow model.',
    fix: 'Give the folder that has the MLmodel file; a partial download may lack it',
  }),

  MLMODEL_SCHEMA: {
    level: 'error',
    title: 'A field that the schema of MLmodel does not allow',
    why: 'MLflow fails when it loads the model, or takes the value for something else.',
    message: (args: { field: string; reason: string }) => `${args.field === '' ? 'The file' : args.field} ${args.reason}`,
    fix: () => 'Correct the field; schemas/mlmodel.schema.json says what each may be',
  },
  MLMODEL_UNKNOWN_FIELD: {
    level: 'notice',
    title: 'A field that MLflow does not know',
    why: 'MLflow keeps such a field and does nothing with it. A misspelt name looks the same.',
    message: (args: { field: string; near?: string }) => `MLflow knows no field ${args.field}`,
    fix: (args) =>
      args?.near === undefined ? 'Nothing, when the field is meant for another tool' : `Was \`${args.near}\` meant?`,
  },
  MLMODEL_OLD_FORM: {
    level: 'notice',
    title: 'A form that older versions of MLflow wrote',
    why: 'It is read here as those versions read it; newer tools may not know it.',
    message: (args: { field: string; form: string }) => `${args.field} is in an old form: ${args.form}`,
    fix: () => 'Nothing; a model that is logged again has the new form',
  },
  MLMODEL_TIME: {
    level: 'warning',
    title: 'A time of creation that is none',
    why: 'Tools that sort models by age read it; MLflow writes YYYY-MM-DD HH:MM:SS.ffffff in UTC.',
    message: (args: { text: string }) => `utc_time_created is no time: ${JSON.stringify(args.text)}`,
    fix: () => 'Write it as YYYY-MM-DD HH:MM:SS.ffffff, in quotes',
  },
  MLMODEL_NO_TIME: {
    level: 'notice',
    title: 'No time of creation',
    why: 'Nobody can tell how old the model is: MLflow gives the time of loading instead.',
    message: (_: Record<never, never>) => 'MLmodel has no utc_time_created',
    fix: () => 'Nothing; files written by hand or by MLflow before 1.0 lack it',
  },
  MLMODEL_NO_UUID: {
    level: 'notice',
    title: 'No model_uuid',
    why: 'Two copies of the model cannot be told from two models by their MLmodel files.',
    message: (_: Record<never, never>) => 'MLmodel has no model_uuid',
    fix: () => 'Nothing; MLflow writes one since 1.13',
  },
  MLMODEL_SIZE: {
    level: 'warning',
    title: 'A size that the folder does not have',
    why: 'The model is said to be larger than all of its files together: files are missing, or the field is wrong. Who reserves memory by it reserves too much.',
    message: (args: { claimed: number; found: number }) =>
      `model_size_bytes is ${args.claimed}, and the files of the folder have ${args.found} bytes`,
    fix: () => 'Compare the folder with where it was copied from, or correct the field',
  },
  MLMODEL_TOO_LARGE: {
    level: 'error',
    title: 'An MLmodel file beyond all measure',
    why: 'Real ones have a few kilobytes (500 columns: 40 kB). Reading one like this exhausts who reads it, and hides what it holds.',
    message: (args: { bytes: number; limit: number }) => `The file has ${args.bytes} bytes; at most ${args.limit} are read`,
    fix: () => 'Look at what makes the file large',
  },
  MLMODEL_NO_FLAVORS: {
    level: 'error',
    title: 'No flavors',
    why: 'A model without flavors cannot be loaded by anything.',
    message: (_: Record<never, never>) => 'flavors is absent or empty: nothing says how the model is loaded',
    fix: () => 'Log the model again',
  },

  FLAVOR_UNKNOWN: {
    level: 'error',
    title: 'Only flavors that MLflow does not know',
    why: 'Without a flavor of MLflow and without python_function nothing can load the model.',
    message: (args: { flavors: readonly string[] }) =>
      `flavors has no python_function and none of MLflow's own: ${args.flavors.join(', ')}`,
    fix: () => 'Log the model with a flavor of MLflow or as python_function',
  },
  FLAVOR_NO_PYFUNC: {
    level: 'warning',
    title: 'No python_function flavor',
    why: 'mlflow.pyfunc.load_model, `mlflow models serve` and every deployment target refuse the model.',
    message: (args: { flavors: readonly string[] }) =>
      `flavors has no python_function beside ${args.flavors.join(', ')}: it cannot be served by MLflow`,
    fix: () => 'Log the model again; nearly every flavor of MLflow adds python_function',
  },
  FLAVOR_REMOVED: {
    level: 'warning',
    title: 'A flavor that MLflow has given up',
    why: 'MLflow 3 cannot load the flavor; an older MLflow in an environment of its own can.',
    message: (args: { flavor: string }) => `flavors.${args.flavor} is no flavor of today's MLflow`,
    fix: () => 'Log the model as ONNX or as a Python model, or keep an old MLflow for it',
  },
  FLAVOR_FIELD_MISSING: {
    level: 'error',
    title: 'A flavor without a key it needs',
    why: 'MLflow looks the key up when it loads the flavor and fails with a KeyError.',
    message: (args: { flavor: string; key: string }) => `flavors.${args.flavor} has no \`${args.key}\``,
    fix: () => 'Log the model again, or add the key',
  },
  FLAVOR_LOADER_FOREIGN: {
    level: 'warning',
    title: "A loader that is not MLflow's",
    why: 'Loading the model in Python imports this module, which may be any module of the machine or of the model: whatever it does when imported is done.',
    message: (args: { loader: string }) => `python_function.loader_module is ${JSON.stringify(args.loader)}, no module of MLflow`,
    fix: () => 'Read the module before the model is loaded in Python',
  },
  FLAVOR_LOADER_ALONE: {
    level: 'warning',
    title: 'A loader without its flavor',
    why: "MLflow's loader reads the keys of its own flavor, which the file does not have.",
    message: (args: { loader: string; flavor: string }) =>
      `python_function.loader_module is ${args.loader}, and there is no flavor ${args.flavor}`,
    fix: () => 'Log the model again',
  },
  FLAVOR_FORMAT_UNKNOWN: {
    level: 'error',
    title: 'A serialization format that MLflow does not know',
    why: 'MLflow refuses to load the model.',
    message: (args: { flavor: string; format: string }) =>
      `flavors.${args.flavor}.serialization_format is ${JSON.stringify(args.format)}; known are skops, pickle and cloudpickle`,
    fix: () => 'Correct the key; `mlmodel inspect FILE` says what the file is',
  },
  FLAVOR_FORMAT_MISMATCH: {
    level: 'error',
    title: 'A file of another format than the flavor says',
    why: 'MLflow fails when it loads the file. A pickle in the place of a safe format is also a way to slip code past whoever trusts the field.',
    message: (args: { flavor: string; wanted: string; found: string }) =>
      `flavors.${args.flavor} wants ${args.wanted}, and the file is ${args.found}`,
    fix: () => 'Correct the field or restore the file',
  },

  FILE_EMPTY: {
    level: 'error',
    title: 'An empty file where a model must be',
    why: 'MLflow fails when it loads the model. An upload or a download that was cut off leaves such files.',
    message: (_: Record<never, never>) => 'The file is empty',
    fix: () => 'Fetch the file again',
  },
  FILE_LFS_POINTER: {
    level: 'error',
    title: 'A Git LFS pointer in place of the file',
    why: 'The repository was cloned without Git LFS: the folder has a note of 130 bytes where the model must be.',
    message: (_: Record<never, never>) => 'The file is a Git LFS pointer, not the file it stands for',
    fix: () => refetch,
  },
  FILE_WEB_PAGE: {
    level: 'error',
    title: 'A web page saved as a model file',
    why: 'A download gave a login or error page, which was saved under the name of the model.',
    message: (args: { content: string }) => `The file is no model but ${args.content}`,
    fix: () => 'Fetch the file again, and look at the answer of the server',
  },
  PATH_LINK_BROKEN: {
    level: 'warning',
    title: 'A symbolic link that leads nowhere',
    why: 'Something was not copied with the model, or is found only on the machine of its author.',
    message: (args: { path: string }) => `The symbolic link ${JSON.stringify(args.path)} leads nowhere`,
    fix: () => 'Copy the file it stands for, or remove the link',
  },
  PATH_HARD_LINK: {
    level: 'notice',
    title: 'A file with several names',
    why: 'A hard link can be a file outside of the folder under another name (CVE-2026-34446). Package caches and snapshots make them too.',
    message: (args: { links: number }) => `The file has ${args.links} names (hard links), perhaps outside of the folder`,
    fix: () => 'Copy the folder before it is handed on',
  },
  FOLDER_LISTING_CUT: {
    level: 'warning',
    unjudged: true,
    title: 'More files than are looked at',
    why: 'Files beyond the limit are not judged.',
    message: (args: { limit: number }) => `The folder has more than ${args.limit} files; the rest is not judged`,
    fix: () => 'Validate a folder that holds the model only',
  },

  SIGNATURE_MISSING: {
    level: 'notice',
    title: 'No signature',
    why: 'Nothing says what the model takes and returns: input is not checked, and Unity Catalog refuses the model.',
    message: (_: Record<never, never>) => 'The model has no signature',
    fix: () => relog,
  },
  SIGNATURE_NO_INPUTS: {
    level: 'notice',
    title: 'A signature without inputs',
    why: 'Input is not checked.',
    message: (_: Record<never, never>) => 'The signature says nothing of the inputs',
    fix: () => relog,
  },
  SIGNATURE_DUPLICATE_NAME: {
    level: 'error',
    title: 'Two columns or tensors of one name',
    why: 'MLflow looks columns up by name: it checks one of the two and fails on, or mixes up, the other. No request can fill both.',
    message: (args: { part: string; name: string }) => `${args.part} has the name ${JSON.stringify(args.name)} twice`,
    fix: () => 'Rename one of the two and log the model again',
  },
  SIGNATURE_NULL_DIMENSION: {
    level: 'warning',
    title: 'A dimension that fits nothing',
    why: 'MLflow compares a dimension null with every size and finds it different: the model refuses all input.',
    message: (args: { part: string }) => `${args.part} has a dimension null, which no input fits`,
    fix: () => 'Write -1 for any size',
  },

  ONNX_SIGNATURE_NAMES: {
    level: 'error',
    title: 'A signature with other input names than the ONNX graph',
    why: 'MLflow hands tensors to ONNX Runtime by the names of the signature: a name that the graph does not have, or one that it needs and is not there, fails every request.',
    message: (args: { missing: readonly string[]; unknown: readonly string[] }) =>
      [
        args.missing.length === 0 ? '' : `The ONNX graph needs ${quoted(args.missing)}, which the signature does not have`,
        args.unknown.length === 0 ? '' : `The signature has ${quoted(args.unknown)}, which is no input of the ONNX graph`,
      ]
        .filter((part) => part !== '')
        .join('. '),
    fix: () => relog,
  },
  ONNX_SIGNATURE_COUNT: {
    level: 'error',
    title: 'Another number of columns than the ONNX graph takes',
    why: 'MLflow makes one matrix of the columns: one of another width fails every request.',
    message: (args: { input: string; wanted: number; found: number }) =>
      `The ONNX input \`${args.input}\` takes ${args.wanted} columns, and the signature has ${args.found}`,
    fix: () => relog,
  },
  ONNX_SIGNATURE_RANK: {
    level: 'error',
    title: 'A tensor of another rank than the ONNX graph takes',
    why: 'Data that fits the signature does not fit the graph: every request fails.',
    message: (args: { input: string; wanted: string; found: string }) =>
      `The ONNX input \`${args.input}\` has the shape ${args.wanted}, the signature ${args.found}`,
    fix: () => relog,
  },
  ONNX_SIGNATURE_SHAPE: {
    level: 'error',
    title: 'A tensor of another size than the ONNX graph takes',
    why: 'Data that fits the signature does not fit the graph: every request fails.',
    message: (args: { input: string; wanted: string; found: string }) =>
      `The ONNX input \`${args.input}\` has the shape ${args.wanted}, the signature ${args.found}`,
    fix: () => relog,
  },
  ONNX_SIGNATURE_DTYPE: {
    level: 'error',
    title: 'A tensor or column of another type than the ONNX graph takes',
    why: 'MLflow casts nothing but float64 to float32 before ONNX Runtime: data that fits the signature is refused.',
    message: (args: { input: string; wanted: string; found: string }) =>
      `The ONNX input \`${args.input}\` takes ${args.wanted}, and the signature gives ${args.found}`,
    fix: () => relog,
  },
  ONNX_SIGNATURE_FORM: {
    level: 'error',
    title: 'A signature whose data the ONNX graph cannot be given',
    why: 'Data that fits the signature is refused by the graph: every request fails.',
    message: (args: { reason: string }) => `Data that fits the signature does not fit the ONNX graph: ${args.reason}`,
    fix: () => relog,
  },
  ONNX_SIGNATURE_OUTPUTS: {
    level: 'warning',
    title: 'A signature with other outputs than the ONNX graph',
    why: 'MLflow does not check outputs; whoever reads the signature expects something that never comes.',
    message: (args: { reason: string }) => `The outputs of the signature are not those of the ONNX graph: ${args.reason}`,
    fix: () => relog,
  },
  ONNX_INPUT_UNUSABLE: {
    level: 'warning',
    title: 'An ONNX input that no data can be given to',
    why: 'Sequences, maps and sparse tensors cannot be given by MLflow.',
    message: (args: { input: string; type: string }) =>
      `The ONNX input \`${args.input}\` is ${args.type}, which no request can give`,
    fix: () => 'Export the model with tensors as inputs',
  },

  EXAMPLE_MISSING: {
    level: 'warning',
    title: 'An input example that is not there',
    why: 'MLflow loads the model all the same; nothing shows what a request looks like, and nothing can be scored as a test.',
    message: (args: { path: string }) => `The input example ${JSON.stringify(args.path)} is not in the folder`,
    fix: () => 'Copy the file with the model, or log the model with an input example',
  },
  EXAMPLE_UNREADABLE: {
    level: 'error',
    title: 'An input example that cannot be read',
    why: 'Tools that show or score the example fail on it.',
    message: (args: { reason: string }) => `The input example cannot be read: ${args.reason}`,
    fix: () => 'Log the model again with an input example',
  },
  EXAMPLE_MISMATCH: {
    level: 'error',
    title: 'An input example that the model refuses',
    why: 'The example was checked like a request: either it or the signature is wrong.',
    message: (args: { reason: string }) => `The input example does not fit the model: ${args.reason}`,
    fix: () => 'Log the model again with an input example that it was trained on',
  },
  EXAMPLE_LOSSY: {
    level: 'warning',
    title: 'An input example that fits only by changing values',
    why: 'MLflow takes the example and silently changes values in it; this product refuses it in strict mode.',
    message: (args: { reason: string }) => `The input example is refused in strict mode: ${args.reason}`,
    fix: () => 'Log the model with an example of the types of the signature, or score with `--compat mlflow`',
  },
  EXAMPLE_REQUEST: {
    level: 'warning',
    title: 'A stored request that is none',
    why: 'The file is meant to be sent to a server as it stands; the server would refuse it.',
    message: (args: { reason: string }) => `The stored request would be refused: ${args.reason}`,
    fix: () => 'Write a request with `mlmodel example MODEL`',
  },
} as const satisfies FindingTable

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}
