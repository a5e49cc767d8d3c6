/** Making models: signatures from data, a model from an artifact, requests from a signature. */
import type { ErrorTable } from './define.ts'

export const makeErrors = {
  INFER_FORMAT: {
    kind: 'unsupported',
    message: (a: { format: string }) => `A signature cannot be inferred from ${a.format} yet`,
    hint: () => 'Use a table (CSV, Parquet, Arrow, JSON Lines), JSON, NPY or NPZ',
  },
  INFER_DATA: {
    kind: 'body',
    message: (a: { why: string }) => `The sample is no data that Python could hold: ${a.why}`,
    hint: () => 'Give a table, arrays or JSON values as Python’s json module reads them',
  },
  INFER_NOTHING: {
    kind: 'usage',
    message: (_: object) => 'There is nothing to infer a signature from',
    hint: () => 'Give inputs (`-i data.csv`), outputs (`--outputs predictions.csv`) or params (`--params \'{"k": 5}\'`)',
  },
  INFER_PARAMS: {
    kind: 'params',
    message: (a: { count: number }) => (a.count === 1 ? 'A param has no type' : `${a.count} params have no type`),
    hint: () => 'Give each param a default of one of MLflow’s types: a number, text, a boolean, a date, or a list of them',
  },
  INFER_PARAM: {
    kind: 'params',
    message: (a: { name: string; found: string; why: string }) => `The param \`${a.name}\` cannot be ${a.found}: ${a.why}`,
    hint: () => 'Give the param a default of one of MLflow’s types: a number, text, a boolean, a date, or a list of them',
  },
  SIGNATURE_ABSENT: {
    kind: 'model',
    message: (_: object) => 'The model has no signature',
    hint: () => 'Give it one: `mlmodel signature set ./model -i data.csv`',
  },
  SIGNATURE_NOT_SET: {
    kind: 'unsupported',
    message: (a: { why: string }) => `The signature cannot be written into this MLmodel file: ${a.why}`,
    hint: () => 'Edit the file by hand, with the text that `mlmodel signature infer` prints',
  },
  SIGNATURE_ACTION: {
    kind: 'usage',
    message: (a: { why: string }) => `\`mlmodel signature\` cannot be used so: ${a.why}`,
    hint: () =>
      'For example `mlmodel signature infer -i data.csv`, `mlmodel signature set ./model -i data.csv`, `mlmodel signature ./model`',
  },
  CREATE_NO_FILE: {
    kind: 'usage',
    message: (_: object) => '`mlmodel create` needs a file to make a model of',
    hint: () => 'For example `mlmodel create model.onnx -o ./model`',
  },
  CREATE_NO_FOLDER: {
    kind: 'usage',
    message: (_: object) => '`mlmodel create` needs a folder to make: `-o ./model`',
  },
  CREATE_FORMAT: {
    kind: 'unsupported',
    message: (a: { file: string; is: string; when: string }) => `\`${a.file}\` is ${a.is}; ${a.when}`,
    hint: () => 'ONNX files can be made into models today',
  },
  CREATE_EXISTS: {
    kind: 'usage',
    message: (a: { path: string }) => `\`${a.path}\` exists, and nothing is overwritten`,
    hint: () => 'Choose another folder, or remove this one first',
  },
  CREATE_NAME_TAKEN: {
    kind: 'unsupported',
    message: (a: { name: string }) =>
      `The ONNX file keeps tensors in a file \`${a.name}\`, and a model’s folder has a file of that name for something else`,
    hint: () => 'Save the ONNX model again with another name for its external data',
  },
  CREATE_NOT_WRITTEN: {
    kind: 'io',
    message: (a: { path: string; why: string }) => `The model \`${a.path}\` cannot be written: ${a.why}`,
  },
  EXAMPLE_NOTHING: {
    kind: 'model',
    message: (_: object) => 'The model has no signature and no stored example to make a request from',
    hint: () => 'Give it a signature: `mlmodel signature set ./model -i data.csv`',
  },
  EXAMPLE_TOO_LARGE: {
    kind: 'limit',
    message: (a: { elements: number; limit: number }) =>
      `A request for this model would have ${a.elements} values (limit ${a.limit})`,
    hint: () => 'Write a request by hand; `mlmodel inspect` shows what the model takes',
  },
  EXAMPLE_NOT_MADE: {
    kind: 'unsupported',
    message: (a: { why: string }) => `No request can be made up for this signature: ${a.why}`,
  },
  EXAMPLE_NO_FORM: {
    kind: 'unsupported',
    message: (a: { protocol: string; what: string }) => `The protocol ${a.protocol} has no form for ${a.what}`,
    hint: () => 'Use `--protocol mlflow`',
  },
} satisfies ErrorTable
