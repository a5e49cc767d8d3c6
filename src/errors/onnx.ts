import { guess } from '../guess.ts'
import type { ErrorTable } from './define.ts'

const list = (names: readonly string[]) => (names.length === 0 ? 'none' : names.map((name) => `\`${name}\``).join(', '))

/** A name that is missing and the one that was meant for it; nothing where none is near. */
function nearest(wanted: readonly string[], given: readonly string[]): readonly string[] {
  for (const name of wanted) {
    const near = guess(
      name,
      given.filter((other) => !wanted.includes(other)),
    )
    if (near !== undefined) return [name, near]
  }
  return []
}

/** ONNX files, ONNX Runtime, and feeding a graph. */
export const onnxErrors = {
  ONNX_RUNTIME_MISSING: {
    kind: 'runtime',
    message: (a: { package: string; version: string; tried: readonly string[] }) =>
      `ONNX Runtime is not installed for this platform${a.tried.length === 0 ? '' : `: ${a.tried.join('; ')}`}`,
    hint: (a: { package: string; version: string }) => `Install it with \`npm i ${a.package}@${a.version}\``,
  },
  ONNX_RUNTIME_PLATFORM: {
    kind: 'runtime',
    message: (a: { platform: string }) => `There is no ONNX Runtime for ${a.platform}`,
    hint: () => 'Builds exist for linux-x64, linux-arm64, darwin-arm64, win32-x64 and win32-arm64; `inspect` works everywhere',
  },
  ONNX_RUNTIME_MUSL: {
    kind: 'runtime',
    message: (_: { platform: string }) =>
      'ONNX Runtime needs glibc, and this Node runs on another C library (musl, as on Alpine Linux)',
    hint: () => 'Use an image with glibc, for example `node:22-slim`',
  },
  ONNX_BROKEN: {
    kind: 'model',
    message: (a: { why: string }) => `The ONNX file is broken: ${a.why}`,
  },
  ONNX_INVALID: {
    kind: 'model',
    message: (a: { why: string }) => `The ONNX graph is not valid: ${a.why}`,
  },
  ONNX_LIMIT: {
    kind: 'limit',
    message: (a: { what: string; limit: number | string }) => `The ONNX file has ${a.what} (limit ${a.limit})`,
  },
  ONNX_EXTERNAL: {
    kind: 'model',
    message: (a: { tensor: string; location: string; why: string }) =>
      `The tensor \`${a.tensor}\` keeps its data in \`${a.location}\`, ${a.why}`,
    hint: () => 'External data must be a regular file inside the model folder',
  },
  ONNX_UNKNOWN: {
    kind: 'model',
    message: (a: { what: string }) => `The ONNX model uses ${a.what}`,
    hint: () => 'Export the model with an opset this version of ONNX Runtime knows',
  },
  ONNX_NOT_LOADED: {
    kind: 'model',
    message: (a: { why: string }) => `ONNX Runtime refused the model: ${a.why}`,
  },
  ONNX_PROVIDER: {
    kind: 'usage',
    message: (a: { provider: string; available: readonly string[]; why?: string }) =>
      `The execution provider \`${a.provider}\` cannot be used here${a.why === undefined ? '' : `: ${a.why}`} (available: ${list(a.available)})`,
    hint: () => 'For CUDA or DirectML install `onnxruntime-node` beside mlmodel: `npm i onnxruntime-node`',
  },
  ONNX_SNAPSHOT: {
    kind: 'io',
    message: (a: { folder: string; reason: string }) =>
      `A private copy of the model could not be made in \`${a.folder}\`: ${a.reason}`,
    hint: () => 'A model above 256 MB is copied before it is run; name another folder in TMPDIR',
  },
  ONNX_OUTPUT_TYPE: {
    kind: 'unsupported',
    message: (a: { output: string; type: string }) =>
      `The output \`${a.output}\` has the type ${a.type}, which ONNX Runtime’s Node binding cannot return`,
    hint: () => 'Choose other outputs with `--outputs NAME`, or convert the model again with option `zipmap=False`',
  },
  ONNX_INPUT_TYPE_UNSUPPORTED: {
    kind: 'unsupported',
    message: (a: { input: string; type: string }) =>
      `The input \`${a.input}\` has the type ${a.type}, which ONNX Runtime’s Node binding cannot take`,
  },
  ONNX_LOCALE: {
    kind: 'runtime',
    message: (a: { locale: string }) =>
      `The operator StringNormalizer needs the locale \`${a.locale}\`, which this system does not have`,
    hint: (a: { locale: string }) =>
      `Install it, on Debian and Ubuntu with \`apt-get install locales && localedef -i ${a.locale.split('.')[0]} -f UTF-8 ${a.locale}\``,
  },
  ONNX_OUTPUT_UNKNOWN: {
    kind: 'usage',
    message: (a: { output: string; outputs: readonly string[] }) =>
      `The model has no output \`${a.output}\`; its outputs are ${list(a.outputs)}`,
  },
  ONNX_INPUT_FORM: {
    kind: 'evaluation',
    message: (a: { inputs: readonly string[]; form: string }) =>
      a.form === 'array'
        ? `An array without a name can only be given to a model of one input; this model has ${a.inputs.length}: ${list(a.inputs)}`
        : `The model takes a table or arrays by name (${list(a.inputs)}), not ${a.form}`,
    hint: (a: { inputs: readonly string[]; form: string }) =>
      a.form === 'array' ? `Name them, for example \`-i ${a.inputs[0]}=FILE\`` : undefined,
  },
  ONNX_INPUT_MISSING: {
    kind: 'evaluation',
    message: (a: { missing: readonly string[]; given: readonly string[] }) =>
      `The model needs the inputs ${list(a.missing)}, which the data does not have (given: ${list(a.given)})`,
    hint: (a: { missing: readonly string[]; given: readonly string[] }) => {
      const [name, near] = nearest(a.missing, a.given)
      return near === undefined
        ? 'Names are compared exactly; `mlmodel inspect` shows the inputs'
        : `Rename \`${near}\` to \`${name}\``
    },
  },
  ONNX_INPUT_UNKNOWN: {
    kind: 'evaluation',
    message: (a: { name: string; inputs: readonly string[] }) =>
      `The model has no input \`${a.name}\`; its inputs are ${list(a.inputs)}`,
    hint: (a: { name: string; inputs: readonly string[] }) => {
      const [, near] = nearest([a.name], a.inputs)
      return near === undefined ? `Leave \`${a.name}\` out` : `Rename \`${a.name}\` to \`${near}\``
    },
  },
  ONNX_INPUT_DTYPE: {
    kind: 'evaluation',
    message: (a: { input: string; found: string; wanted: string }) =>
      `The input \`${a.input}\` takes ${a.wanted}, and the data is ${a.found}`,
    hint: (a: { found: string; wanted: string }) =>
      /int/.test(a.found) && /float/.test(a.wanted)
        ? 'Write whole numbers with a point (`1.0`), or log the model with a signature'
        : a.wanted === 'string'
          ? 'Write the values as text: in JSON and NPY as strings; a signature makes text of CSV columns'
          : `Give the data as ${a.wanted}: in NPY with \`array.astype("${a.wanted}")\`; a signature of the model makes CSV and JSON so`,
  },
  ONNX_INPUT_SHAPE: {
    kind: 'evaluation',
    message: (a: { input: string; found: string; wanted: string }) =>
      `The input \`${a.input}\` takes the shape ${a.wanted}, and the data has ${a.found}`,
    hint: () => 'Reshape the data; `?` stands for any size, often the number of rows',
  },
  ONNX_INPUT_STRING: {
    kind: 'evaluation',
    message: (a: { input: string; why: string }) =>
      `A text for the input \`${a.input}\` ${a.why}, which cannot be handed to ONNX Runtime`,
    hint: () => 'Fill or clean the texts of the column first',
  },
  ONNX_INPUT_PANDAS_TEXT: {
    kind: 'evaluation',
    message: (a: { input: string }) =>
      `Input must be a list of dictionaries or a single numpy array for input \`${a.input}\`: MLflow cannot give a text column to one of several inputs`,
    hint: () => 'Leave out `--compat mlflow`',
  },
  ONNX_OUTPUT_LENGTHS: {
    kind: 'evaluation',
    message: (a: { shapes: readonly string[] }) =>
      `All arrays must be of the same length: the outputs ${a.shapes.join(', ')} do not make one table`,
    hint: () => 'Choose one output with `--outputs NAME`, or give the data as an array',
  },
  ONNX_RUN_FAILED: {
    kind: 'evaluation',
    message: (a: { why: string }) => `The model could not be computed: ${a.why}`,
    hint: () =>
      'Compare the data with the inputs, types and shapes that `mlmodel inspect` shows; the words are those of ONNX Runtime',
  },
} satisfies ErrorTable
