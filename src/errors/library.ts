import type { ErrorTable } from './define.ts'

/** What only a caller of the library can do wrong, and a model in a process of its own. */
export const libraryErrors = {
  VALUE_NO_DATA: {
    kind: 'body',
    message: (a: { found: string; why?: string }) =>
      `${a.found.replace(/^./, (first) => first.toUpperCase())} is no data${a.why === undefined ? '' : `: ${a.why}`}`,
    hint: () => 'Give numbers, bigints, strings, booleans, dates, null, Uint8Arrays, or lists and objects of them',
  },
  INPUT_NO_FORM: {
    kind: 'body',
    message: (a: { found: string }) => `The input must be rows, columns, tensors or the path of a file, not ${a.found}`,
    hint: () => 'For example `[{ age: 41 }]`, `{ age: [41, 42] }` or `{ dtype: "float32", shape: [1, 2], data: [1, 2] }`',
  },
  COLUMNS_UNEVEN: {
    kind: 'body',
    message: (a: { column: string; rows: number; first: string; wanted: number }) =>
      `The column \`${a.column}\` has ${a.rows} rows, \`${a.first}\` ${a.wanted}`,
    hint: () => 'Give each column a value for every row, `null` where it is missing',
  },
  TENSOR_DATA: {
    kind: 'body',
    message: (a: { why: string }) => `The tensor is none: ${a.why}`,
    hint: () => 'Give `{ data, shape, dtype }` with as many values as the shape has places',
  },
  PREDICTION_ABSENT: {
    kind: 'usage',
    message: (a: { name: string | undefined; names: readonly string[] }) =>
      a.name === undefined ? 'There is not one output: name it' : `There is no output \`${a.name}\``,
    hint: (a: { names: readonly string[] }) =>
      a.names.length === 0 ? 'The outputs have no names' : `There are ${a.names.map((name) => `\`${name}\``).join(', ')}`,
  },
  TYPES_NAME: {
    kind: 'usage',
    message: (a: { name: string }) => `\`${a.name}\` is no name of a TypeScript type`,
    hint: () => 'For example `--name Churn`',
  },
  OPTION_UNKNOWN: {
    kind: 'usage',
    message: (a: { of: string; option: string; near: string | undefined; known: readonly string[] }) =>
      `${a.of} has no option \`${a.option}\``,
    hint: (a: { near: string | undefined; known: readonly string[] }) =>
      a.near === undefined ? `There are ${a.known.map((name) => `\`${name}\``).join(', ')}` : `Did you mean \`${a.near}\`?`,
  },
  OPTION_VALUE: {
    kind: 'usage',
    message: (a: { of: string; option: string; wanted: string; found: string }) =>
      `The option \`${a.option}\` of ${a.of} must be ${a.wanted}, not ${a.found}`,
  },
  OPTIONS_NO_OBJECT: {
    kind: 'usage',
    message: (a: { of: string; found: string }) => `The options of ${a.of} must be an object, not ${a.found}`,
  },
  MODEL_CLOSED: {
    kind: 'usage',
    message: (_: object) => 'The model is closed',
  },
  TIMEOUT_NOT_ISOLATED: {
    kind: 'usage',
    message: (_: object) => 'A model in this process cannot be stopped while it computes',
    hint: () => 'Open it with `isolate: true` to give it a `timeout`',
  },
  NATIVE_ISOLATED: {
    kind: 'unsupported',
    message: (_: object) => 'The model runs in a process of its own, which cannot hand out its session',
    hint: () => 'Open it without `isolate`',
  },
  NATIVE_ABSENT: {
    kind: 'unsupported',
    message: (a: { flavor: string }) => `The flavor \`${a.flavor}\` has no object of its own here`,
  },
  RUNNER_ENTRY: {
    kind: 'runtime',
    message: (a: { looked: readonly string[] }) =>
      `The program of the model’s process is not found: ${a.looked.map((place) => `\`${place}\``).join(', ')}`,
    hint: () => 'Bundle `mlmodel/runner` as a file of its own and name it with the option `runner`',
  },
  RUNNER_NOT_STARTED: {
    kind: 'runtime',
    message: (a: { why: string }) => `The model’s process cannot be started: ${a.why}`,
  },
  RUNNER_DIED: {
    kind: 'runtime',
    message: (a: { signal: string | null; exitCode: number | null }) =>
      `The model’s process ${a.signal === null ? `ended with exit code ${a.exitCode}` : `was ended by ${a.signal}`}`,
    hint: (a: { signal: string | null }) =>
      a.signal === 'SIGKILL' ? 'Often the system was out of memory; try less data at a time' : undefined,
  },
  RUNNER_BUG: {
    kind: 'runtime',
    message: (a: { why: string }) => `A bug in the model’s process: ${a.why}`,
  },
  PREDICT_TIMEOUT: {
    kind: 'timeout',
    message: (a: { milliseconds: number }) => `The answer did not come within ${a.milliseconds} ms`,
    hint: () => 'Give it more time with `timeout`, or less data',
  },
  PREDICT_ABORTED: {
    kind: 'interrupted',
    message: (_: object) => 'The prediction was aborted',
  },
} satisfies ErrorTable
