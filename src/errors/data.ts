import type { ErrorTable } from './define.ts'
import { spelling } from './spelling.ts'

export const dataErrors = {
  // Sources: files, streams, memory.
  SOURCE_NOT_FOUND: {
    kind: 'not-found',
    message: (a: { file: string }) => `There is no file \`${a.file}\``,
    hint: () => 'Paths are taken from the current folder',
  },
  SOURCE_URL: {
    kind: 'usage',
    message: (a: { url: string }) => `\`${a.url}\` is no file of this machine`,
    hint: () => 'Give a path, or a URL that begins with `file:`',
  },
  SOURCE_IS_DIRECTORY: {
    kind: 'usage',
    message: (a: { file: string }) => `\`${a.file}\` is a folder, not a file of data`,
    hint: () => 'Name a file in it',
  },
  SOURCE_UNREADABLE: {
    kind: 'io',
    message: (a: { file: string; why: string }) => `\`${a.file}\` cannot be read: ${a.why}`,
  },
  SOURCE_TOO_LARGE: {
    kind: 'limit',
    message: (a: { file: string; limit: number }) => `\`${a.file}\` is larger than ${a.limit} bytes`,
    hint: () => 'Give the data in parts, or as CSV, which is read block by block',
  },
  // CSV. Rows are of data, the header not counted.
  CSV_EMPTY: {
    kind: 'body',
    message: () => 'The CSV has no columns: there is no header line',
    hint: () => 'The first line must name the columns',
  },
  CSV_UTF8: {
    kind: 'body',
    message: (a: { looksLike?: string }) =>
      a.looksLike === undefined ? 'The CSV is not valid UTF-8' : `The CSV is not valid UTF-8; it looks like ${a.looksLike}`,
    hint: () => 'Save it as UTF-8, e.g. `iconv -f latin1 -t utf-8`',
  },
  CSV_NUL: {
    kind: 'body',
    message: () => 'The CSV has a NUL byte',
    hint: () => 'Is this a binary file, or text in UTF-16? Save it as UTF-8 text',
  },
  CSV_UNCLOSED_QUOTE: {
    kind: 'body',
    message: () => 'The CSV ends inside a quoted field',
    hint: () => 'A field that begins with a quote must end with one; quotes inside it are doubled',
  },
  CSV_LONG_ROW: {
    kind: 'body',
    message: (a: { expected: number; found: number }) => `The row has ${a.found} fields, the rows before it ${a.expected}`,
    hint: () => 'Put fields that contain a comma in quotes',
  },
  CSV_FIRST_ROW_LONGER: {
    kind: 'body',
    message: (a: { header: number; found: number }) =>
      `The first row has ${a.found} fields, the header ${a.header}: pandas would silently take the first ${a.found - a.header === 1 ? 'column' : `${a.found - a.header} columns`} as row labels`,
    hint: () => 'Name the extra column in the header, or write the file with `to_csv(index=False)`',
  },
  /** Rule L7: MLflow reads the file, so it is no unreadable body. */
  CSV_DUPLICATE_COLUMN: {
    kind: 'signature',
    message: (a: { name: string }) => `The header names the column \`${a.name}\` twice`,
    hint: () => 'Remove or rename one of them',
  },
  CSV_VALUE: {
    kind: 'body',
    message: (a: { found: string; wanted: string; why?: string }) =>
      `\`${a.found}\` is not ${/^[aeiou]/.test(a.wanted) ? 'an' : 'a'} ${a.wanted}${a.why === undefined ? '' : `: ${a.why}`}`,
    hint: (a: { wanted: string }) => spelling(a.wanted, 'csv'),
  },
  /** Rule L6: MLflow makes it infinite. */
  CSV_OVERFLOW: {
    kind: 'signature',
    message: (a: { found: string; wanted: string }) => `\`${a.found}\` is beyond the range of a ${a.wanted}`,
    hint: () => 'Rule L6; with `--compat mlflow` it becomes infinite. Write `inf` where that is meant',
  },
  CSV_MISSING_VALUE: {
    kind: 'body',
    message: (a: { found: string; wanted: string }) =>
      a.found === ''
        ? `The cell is empty, and ${a.wanted} cannot be missing`
        : `\`${a.found}\` means a missing value, and ${a.wanted} cannot be missing`,
    hint: () => 'Fill the missing values, or declare the column as `double` when the model is logged',
  },
  CSV_MIXED_COLUMN: {
    kind: 'body',
    message: (a: { found: string; wanted: string; before: 'words' | 'numbers' }) =>
      a.before === 'words'
        ? `\`${a.found}\` is a number in a ${a.wanted} column that so far was spelled True and False`
        : `\`${a.found}\` is a word in a ${a.wanted} column that so far was spelled in numbers`,
    hint: () => 'Spell the whole column in one way',
  },
  CSV_DATETIME: {
    kind: 'body',
    message: () => 'MLflow reads no datetime column from CSV',
    hint: () => 'Send JSON, or leave out `--compat mlflow`',
  },
  CSV_FIELD_LIMIT: {
    kind: 'limit',
    message: (a: { limit: number }) => `A field is longer than ${a.limit} bytes`,
    hint: () => 'Is a closing quote missing?',
  },
  CSV_ROW_LIMIT: {
    kind: 'limit',
    message: (a: { limit: number }) => `A row is longer than ${a.limit} bytes`,
    hint: () => 'Is a closing quote missing?',
  },
  CSV_TABLE_LIMIT: {
    kind: 'limit',
    message: (a: { rows: number; columns: number; limit: number }) =>
      `The table has more than ${a.rows} rows of ${a.columns} columns, which take more than ${a.limit} bytes`,
    hint: () => 'Score it in parts',
  },
  CSV_COLUMN_LIMIT: {
    kind: 'limit',
    message: (a: { found: number; limit: number }) => `The header has ${a.found} columns, more than ${a.limit}`,
    hint: () => 'Are there line ends? Send a table this wide as NPY',
  },
  JSON_SYNTAX: {
    kind: 'body',
    message: (a: { reason: string; line: number; column: number; character: number; before?: string; after?: string }) =>
      `This is no JSON: ${a.reason}: line ${a.line} column ${a.column} (char ${a.character})`,
    hint: (a: { before?: string; after?: string }) =>
      a.after === undefined
        ? undefined
        : `Look ${a.after === '' ? 'at the end' : `at \`${a.after}\``}${a.before === '' ? '' : `, behind \`${a.before}\``}`,
  },
  JSON_ENCODING: {
    kind: 'body',
    message: (a: { message: string }) => `This is no JSON text: ${a.message}`,
    hint: () => 'JSON is UTF-8',
  },
  JSON_SIZE: {
    kind: 'limit',
    message: (a: { bytes: number; limit: number }) => `The JSON text has ${a.bytes} bytes (limit ${a.limit})`,
    hint: () => 'Send the rows in parts, or as CSV',
  },
  JSON_DEPTH: {
    kind: 'limit',
    message: (a: { limit: number }) => `The JSON text is nested more than ${a.limit} levels deep`,
    hint: () => 'Is it data? No form of MLflow needs more than a few levels',
  },
  JSON_DIGITS: {
    kind: 'limit',
    message: (a: { digits: number; limit: number }) => `The integer has ${a.digits} digits (limit ${a.limit})`,
    hint: () => 'Write it as text, in quotes',
  },
  JSON_NOT_WRITABLE: {
    kind: 'evaluation',
    message: (a: { what: string }) => `JSON has no form of ${a.what}`,
    hint: () => 'Choose another output format, or other outputs with `--outputs NAME`',
  },
} satisfies ErrorTable
