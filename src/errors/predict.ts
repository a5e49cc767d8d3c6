import type { ErrorTable } from './define.ts'

const asList = (items: readonly string[]): string => items.map((item) => `\`${item}\``).join(', ')

/** Choosing a flavor, reading inputs and writing predictions. */
export const predictErrors = {
  FLAVOR_ABSENT: {
    kind: 'usage',
    message: (a: { flavor: string; present: readonly string[] }) => `The model has no flavor \`${a.flavor}\``,
    hint: (a: { present: readonly string[] }) => `It has ${asList(a.present)}`,
  },
  FLAVOR_NOT_RUN: {
    kind: 'unsupported',
    message: (a: { flavors: readonly string[]; reasons: readonly string[] }) =>
      a.flavors.length === 0 ? 'The model has no flavor' : `The model cannot be run here: ${a.reasons.join('; ')}`,
    hint: () => 'Log the model as ONNX with `mlflow.onnx.log_model`, or score it with `mlflow models predict`',
  },
  INPUT_UNREADABLE: {
    kind: 'io',
    message: (a: { path: string; why: string }) => `The input \`${a.path}\` cannot be read: ${a.why}`,
  },
  INPUT_FROM_TERMINAL: {
    kind: 'usage',
    message: (_: object) => 'No input was given, and standard input is a terminal',
    hint: () => 'Name a file with `-i data.csv`, or pipe the data in',
  },
  INPUT_EMPTY: {
    kind: 'body',
    message: (a: { path: string }) => `\`${a.path}\` is empty`,
    hint: () => 'Name a file with `-i data.csv`, or pipe the data in',
  },
  INPUT_FORMAT_UNKNOWN: {
    kind: 'usage',
    message: (a: { path: string }) => `The format of \`${a.path}\` cannot be told from its content or its name`,
    hint: () => 'Say it, for example `-t csv` or `-t json`',
  },
  INPUT_FORMAT_UNREAD: {
    kind: 'unsupported',
    message: (a: { path: string; format: string }) => `\`${a.path}\` is ${a.format}, which is not read yet`,
    hint: () => 'Read are CSV with commas, JSON, JSON Lines, Parquet, Arrow, NPY, NPZ and images',
  },
  INPUT_IS_OUTPUT: {
    kind: 'usage',
    message: (a: { path: string }) => `\`-o ${a.path}\` would overwrite the input`,
    hint: () => 'Name another file',
  },
  INPUT_SEVERAL: {
    kind: 'usage',
    message: (a: { why: string }) => `Arrays by name are given as \`-i ids=ids.npy -i mask=mask.npy\`: ${a.why}`,
  },
  OUTPUT_FORMAT_UNKNOWN: {
    kind: 'usage',
    message: (a: { path: string; formats: readonly string[] }) => `No output format has the extension of \`${a.path}\``,
    hint: (a: { formats: readonly string[] }) =>
      `Use one of ${a.formats.map((format) => `.${format}`).join(', ')}, or say it with \`--output-format\``,
  },
  RESIZE_NO_IMAGE: {
    kind: 'usage',
    message: (a: { path: string }) => `\`--resize\` is for images, and \`${a.path}\` is none`,
    hint: () => 'Leave `--resize` out',
  },
  OPTIONS_CONTRADICT: {
    kind: 'usage',
    message: (a: { options: readonly string[] }) =>
      `${a.options.map((option) => `\`${option}\``).join(' and ')} contradict each other`,
    hint: () => 'Leave one of them out',
  },
  OUTPUT_NOT_WRITTEN: {
    kind: 'io',
    message: (a: { path: string; why: string }) => `The output \`${a.path}\` cannot be written: ${a.why}`,
  },
  PARAMS_OPTION: {
    kind: 'usage',
    message: (a: { text: string }) => `\`--params\` takes a JSON object, not \`${a.text}\``,
    hint: () => 'For example: --params \'{"temperature": 0.5}\'',
  },
  COMPAT_UNKNOWN: {
    kind: 'usage',
    message: (a: { value: string }) => `MLMODEL_COMPAT is \`${a.value}\``,
    hint: () => 'Set it to `mlflow` for MLflow’s exact answers, or leave it out',
  },
  PREDICTIONS_NO_TABLE: {
    kind: 'usage',
    message: (a: { why: string }) => `The predictions are no table: ${a.why}`,
    hint: () => 'Write them as JSON (`--output-format json`), or choose outputs with `--outputs`',
  },
  PROBABILITIES_ABSENT: {
    kind: 'usage',
    message: (a: { outputs: readonly string[] }) =>
      `\`--proba\` is for classifiers that answer labels and probabilities; this model answers ${asList(a.outputs)}`,
  },
  PREDICT_DEADLINE: {
    kind: 'timeout',
    message: (a: { seconds: number }) => `Scoring did not end within ${a.seconds} s and was stopped`,
    hint: () => 'Give it more time with `--timeout`, or less data',
  },
  PREDICT_DIED: {
    kind: 'runtime',
    message: (a: { signal: string }) => `The process that scored was ended by ${a.signal}`,
    hint: (a: { signal: string }) =>
      a.signal === 'SIGKILL' ? 'Often the system was out of memory; try less data at a time' : undefined,
  },
} satisfies ErrorTable
