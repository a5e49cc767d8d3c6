import { guess } from '../guess.ts'
import type { ErrorTable } from './define.ts'
import { spelling } from './spelling.ts'

const list = (names: readonly (string | number)[]): string => names.map((name) => `\`${name}\``).join(', ')

/** What a request or a file must be to fit a model's signature. Row numbers and places stand in `where`. */
export const enforceErrors = {
  // The errors that stand for all problems of one input; without `first`, their number is said.
  DATA_UNREADABLE: {
    kind: 'body',
    message: (a: Summary) => summary(a, 'The input cannot be read as the signature asks'),
  },
  DATA_MISMATCH: {
    kind: 'signature',
    message: (a: Summary) => summary(a, "The input does not fit the model's signature"),
  },
  PARAMS_INVALID: {
    kind: 'params',
    message: (a: Summary) => summary(a, 'The params are invalid'),
  },

  // Content type.
  CONTENT_TYPE_MISSING: {
    kind: 'content-type',
    message: (_: object) => 'The request has no Content-Type',
    hint: () => 'Send `Content-Type: application/json` or `text/csv`',
  },
  CONTENT_TYPE_UNKNOWN: {
    kind: 'content-type',
    message: (a: { given: string }) => `The content type must be application/json or text/csv, not ${JSON.stringify(a.given)}`,
    hint: () => 'Send `Content-Type: application/json` or `text/csv`',
  },
  CONTENT_TYPE_CHARSET: {
    kind: 'content-type',
    message: (a: { charset: string }) => `The charset must be utf-8, not ${JSON.stringify(a.charset)}`,
    hint: () => 'Encode the body as UTF-8 and leave out the charset',
  },
  CONTENT_TYPE_PARAMETER: {
    kind: 'content-type',
    message: (a: { parameter: string }) => `The content type takes no parameter ${JSON.stringify(a.parameter)}, only charset`,
    hint: () => 'MLflow before 2.0 took `format=…`; now the form of the body says it',
  },

  // The form of a JSON body.
  BODY_NOT_OBJECT: {
    kind: 'body',
    message: (a: { found: string }) => `The body must be a JSON object, not ${a.found}`,
    hint: () => 'Put the rows under a key, e.g. `{"dataframe_split": {"columns": […], "data": […]}}` or `{"inputs": …}`',
  },
  BODY_FORM: {
    kind: 'body',
    message: (a: { given: readonly string[] }) =>
      `The body must have exactly one of \`dataframe_split\`, \`dataframe_records\`, \`instances\` and \`inputs\`; it has ${a.given.length === 0 ? 'none' : list(a.given)}`,
    hint: (a: { given: readonly string[] }) =>
      a.given.length === 0
        ? 'Put the rows under one of these keys, e.g. `{"dataframe_split": {"columns": […], "data": […]}}`; a file of a record on each line is `-t jsonl`'
        : 'Send one form in a body',
  },
  BODY_TYPE_HINT: {
    kind: 'params',
    message: (a: { given: readonly string[] }) =>
      `This model's signature comes from a type hint: the body must have \`inputs\`; it has ${a.given.length === 0 ? 'nothing' : list(a.given)}`,
    hint: () => 'Put the data under `inputs`: `{"inputs": […]}`',
  },
  TABLE_SPARSE: {
    kind: 'limit',
    message: (a: { rows: number; columns: number; sent: number }) =>
      `${a.sent} values would make a table of ${a.rows} rows and ${a.columns} columns`,
    hint: () => 'Give every row the same keys',
  },
  BODY_TABLE: {
    kind: 'body',
    message: (a: { form: string; why: string }) => `\`${a.form}\` makes no table: ${a.why}`,
    hint: (a: { form: string }) =>
      a.form === 'dataframe_split'
        ? 'A table is `{"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}`, each row as long as `columns`'
        : 'A table is a list of objects, one a row: `[{"a": 1, "b": 2}, {"a": 3, "b": 4}]`',
  },
  BODY_VALUE: {
    kind: 'body',
    message: (a: { form: string; why: string }) => `\`${a.form}\` cannot be read: ${a.why}`,
    hint: () => 'Lists must be of equal length at each depth, and their values as the signature says; `mlmodel inspect` shows it',
  },

  // Values and columns.
  VALUE_UNREADABLE: {
    kind: 'body',
    message: (a: { found: string; wanted: string; why?: string }) =>
      `${a.found} is not ${article(a.wanted)}${a.why === undefined ? '' : `: ${a.why}`}`,
    hint: (a: { wanted: string }) => spelling(a.wanted, 'json'),
  },
  COLUMN_UNREADABLE: {
    kind: 'body',
    message: (a: { column: string | number | undefined; wanted: string; why: string }) =>
      `${subject(a.column)} is not read as ${a.wanted}: ${a.why}`,
    hint: (a: { wanted: string; why: string }) => (/CSV/.test(a.why) ? 'Send the data as JSON' : spelling(a.wanted, 'json')),
  },
  COLUMNS_MISSING: {
    kind: 'signature',
    message: (a: { missing: readonly (string | number)[]; extra: readonly (string | number)[] }) =>
      `The model's input ${a.missing.length === 1 ? 'column' : 'columns'} ${list(a.missing)} ${a.missing.length === 1 ? 'is' : 'are'} missing${a.extra.length === 0 ? '' : `; ${list(a.extra)} ${a.extra.length === 1 ? 'is' : 'are'} not in the signature`}`,
    hint: (a: { missing: readonly (string | number)[]; extra: readonly (string | number)[] }) => {
      const near = a.missing.flatMap((name) => {
        const found = guess(String(name), a.extra.map(String))
        return found === undefined ? [] : [`\`${found}\` to \`${name}\``]
      })
      if (near.length > 0)
        return `Rename ${near.join(', ')}: names are compared exactly, upper and lower case and spaces included`
      return `Add ${a.missing.length === 1 ? 'the column' : 'the columns'}; \`mlmodel inspect\` shows what the model takes`
    },
  },
  COLUMNS_TOO_FEW: {
    kind: 'signature',
    message: (a: { wanted: number; found: number }) => `The signature has ${a.wanted} columns without names, the data ${a.found}`,
    hint: () => 'Columns without names go by their order; `mlmodel inspect` shows what the model takes',
  },
  COLUMN_REPEATED: {
    kind: 'signature',
    message: (a: { column: string | number }) => `The column \`${a.column}\` is there more than once`,
    hint: () => 'Remove or rename one of them',
  },
  COLUMN_TYPE: {
    kind: 'signature',
    message: (a: { column: string | number | undefined; wanted: string; why: string }) =>
      `${subject(a.column)} does not fit ${a.wanted}: ${a.why}`,
    hint: (a: { wanted: string }) => spelling(a.wanted, 'array'),
  },
  DATA_FORM: {
    kind: 'signature',
    message: (a: { why: string }) => `The data does not have the form that the signature asks for: ${a.why}`,
    hint: () => '`mlmodel inspect` shows the inputs, their types and shapes',
  },

  /** Rule X4: MLflow reads no tensors from CSV. */
  VALUE_INEXACT: {
    kind: 'signature',
    message: (a: { found: string; wanted: string; nearest: string }) =>
      `${a.found} is not exact in ${a.wanted}, the nearest is ${a.nearest}`,
    hint: (a: { wanted: string }) => `Round the values first, e.g. with NumPy's \`astype("${a.wanted}")\`, or send NPY`,
  },

  // Rules of the closed list: MLflow would go on with another value (docs/differences.md).
  VALUE_CHANGED: {
    kind: 'signature',
    message: (a: { rule: string; found: string; wanted: string; why: string }) =>
      `${a.found} is not ${article(a.wanted)}: ${a.why}`,
    hint: (a: { rule: string; wanted: string }) =>
      `${spelling(a.wanted, 'json') ?? 'Change the value'} (rule ${a.rule}; \`--compat mlflow\` goes on as MLflow does)`,
  },
  KEY_REPEATED: {
    kind: 'signature',
    message: (a: { key: string }) => `\`${a.key}\` is given twice`,
    hint: () => 'Rule L7; MLflow takes the last',
  },
  ROWS_UNEVEN: {
    kind: 'signature',
    message: (a: { row: number; missing: readonly string[]; extra: readonly string[] }) =>
      `Row ${a.row} of \`instances\` has other keys than the first${a.missing.length === 0 ? '' : `: it lacks ${list(a.missing)}`}${a.extra.length === 0 ? '' : `${a.missing.length === 0 ? ':' : ' and'} has ${list(a.extra)}`}`,
    hint: () => 'Rule L12; with MLflow values move to other rows. Give every row all keys, null where there is no value',
  },

  // Params.
  PARAMS_NOT_OBJECT: {
    kind: 'params',
    message: (a: { found: string }) => `Params must be an object, not ${a.found}`,
    hint: () => 'For example `{"temperature": 0.5}`',
  },
  PARAM_VALUE: {
    kind: 'params',
    message: (a: { param: string; found: string; wanted: string; why?: string }) =>
      `The param \`${a.param}\` is ${a.wanted}; ${a.found} is none${a.why === undefined ? '' : `: ${a.why}`}`,
    hint: (a: { wanted: string }) => spelling(a.wanted, 'json'),
  },

  // Warnings.
  VALUES_CHANGED: {
    kind: 'signature',
    message: (a: { column: string | number | undefined; count: number; why: string; example: string }) =>
      `${subject(a.column)}: ${a.count === 1 ? 'one value' : `${a.count} values`} changed as MLflow does (${a.why}), e.g. ${a.example}`,
  },
  COLUMNS_IGNORED: {
    kind: 'signature',
    message: (a: { columns: readonly (string | number)[] }) =>
      `${a.columns.length === 1 ? 'The column' : 'The columns'} ${list(a.columns)} ${a.columns.length === 1 ? 'is' : 'are'} not in the signature and ignored`,
  },
  PARAMS_IGNORED: {
    kind: 'params',
    message: (a: { params: readonly string[]; known: readonly string[] }) =>
      `${a.params.length === 0 ? 'Params are' : `The params ${list(a.params)} are`} ignored: the signature ${a.known.length === 0 ? 'has no params' : `knows ${list(a.known)}`}`,
  },
} satisfies ErrorTable

/** How many problems an error stands for, and the sentence of the first. */
export interface Summary {
  readonly count: number
  readonly first?: string
}

function summary(a: Summary, lead: string): string {
  if (a.first === undefined) return `${lead}: ${a.count} ${a.count === 1 ? 'problem' : 'problems'}`
  return `${lead}: ${a.first}${a.count > 1 ? `, and ${a.count - 1} more ${a.count === 2 ? 'problem' : 'problems'}` : ''}`
}

function subject(column: string | number | undefined): string {
  return column === undefined ? 'The input' : `The column \`${column}\``
}

function article(wanted: string): string {
  return /^(an? |Array|Object|Map)/.test(wanted) ? wanted : `${/^[aeiou]/i.test(wanted) ? 'an' : 'a'} ${wanted}`
}
