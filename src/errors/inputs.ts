import type { ErrorTable } from './define.ts'

const listed = (items: readonly string[]): string => items.map((item) => `\`${item}\``).join(', ')

/** Several files, images, and what is written beside the predictions. */
export const inputErrors = {
  INPUTS_NONE: {
    kind: 'not-found',
    message: (a: { input: string; folder: boolean }) =>
      a.folder ? `The folder \`${a.input}\` has no file of data` : `No file matches \`${a.input}\``,
    hint: (a: { folder: boolean }) =>
      a.folder
        ? 'Files directly in it are taken; for folders in it write `folder/**/*.csv`'
        : 'Known are *, ?, ** and {a,b}; put quotes around it, so that the shell leaves it alone',
  },
  INPUTS_LIMIT: {
    kind: 'limit',
    message: (a: { input: string; what: string; limit: number }) => `\`${a.input}\` stands for more than ${a.limit} ${a.what}`,
    hint: () => 'Score the files in several runs',
  },
  INPUTS_DIFFER: {
    kind: 'body',
    message: (a: { file: string; first: string; what: string }) =>
      `The ${a.what} of \`${a.file}\` are not those of \`${a.first}\`, so they cannot be joined`,
    hint: () => 'Write a result for each file: `-o results/`',
  },
  OUTPUT_TWICE: {
    kind: 'usage',
    message: (a: { path: string; inputs: readonly string[] }) => `${listed(a.inputs)} would both be written to \`${a.path}\``,
    hint: () => 'Score them one after the other, into different folders',
  },
  OUTPUT_IS_INPUT: {
    kind: 'usage',
    message: (a: { path: string }) => `The result of \`${a.path}\` would replace it`,
    hint: () => 'Choose another folder or format for the results',
  },
  OUTPUT_FOLDER_NO_FILES: {
    kind: 'usage',
    message: (a: { path: string }) =>
      `\`-o ${a.path}\` is a folder, for a result of each input file; standard input and named arrays have no file names`,
    hint: () => 'Name a file: `-o predictions.csv`',
  },
  ROWS_UNKNOWN: {
    kind: 'usage',
    message: (a: { option: string }) =>
      `\`${a.option}\` is for rows, and the input has no rows: its arrays differ in their first dimension`,
  },
  ROWS_NOT_KEPT: {
    kind: 'evaluation',
    message: (a: { rows: number; output: string | undefined; why: string }) =>
      `${a.output === undefined ? 'The answer' : `The output \`${a.output}\``} has not a row for each of ${a.rows} rows, which ${a.why} needs`,
    hint: () =>
      'Score the input whole: leave out `--batch-rows` and `--limit`, or cut the file; `--append` needs a row of answer for each row',
  },
  APPEND_NO_ROWS: {
    kind: 'usage',
    message: (a: { why: string }) => `\`--append\` puts predictions beside rows of input: ${a.why}`,
  },
  // These warn.
  INPUTS_SKIPPED: {
    kind: 'usage',
    message: (a: { folder: string; files: readonly string[]; more: number }) =>
      `${listed(a.files)}${a.more > 0 ? ` and ${a.more} more files` : ''} in \`${a.folder}\` ${a.files.length + a.more === 1 ? 'has' : 'have'} no extension of a data format and ${a.files.length + a.more === 1 ? 'is' : 'are'} left out`,
  },
  APPEND_RENAMED: {
    kind: 'usage',
    message: (a: { column: string; name: string }) =>
      `the input has a column \`${a.column}\` already: the prediction is \`${a.name}\``,
  },
  APPEND_ZONE: {
    kind: 'usage',
    message: (a: { column: string }) => `the times of \`${a.column}\` are written in UTC, without their time zone`,
  },
  APPEND_DECIMAL: {
    kind: 'usage',
    message: (a: { column: string }) => `the decimals of \`${a.column}\` are written as float64, which has 15 digits`,
  },
  IMAGE_ORIENTATION: {
    kind: 'usage',
    message: (a: { file: string; orientation: number }) =>
      `\`${a.file}\` has the EXIF orientation ${a.orientation}, which is not applied: pixels are taken as they are stored, as Pillow reads them`,
  },
  IMAGE_ALPHA: {
    kind: 'usage',
    message: (a: { file: string }) =>
      `\`${a.file}\` has transparent pixels; transparency is left out, and their colours are taken as they are stored`,
  },
  RESIZE_OPTION: {
    kind: 'usage',
    message: (a: { text: string }) => `\`--resize\` takes a width and a height, not \`${a.text}\``,
    hint: () => 'For example: --resize 224x224',
  },
  IMAGE_LIBRARY: {
    kind: 'unsupported',
    message: (a: { for: string; why?: string }) =>
      `${a.for} needs the package \`sharp\`, which ${a.why === undefined ? 'is not installed' : `cannot be loaded: ${a.why}`}`,
    hint: () => 'Install it beside mlmodel: `npm i sharp` (`npm i -g sharp` where mlmodel was installed with -g)',
  },
  IMAGE_BROKEN: {
    kind: 'body',
    message: (a: { format: string; why: string }) => `The ${a.format} image cannot be read: ${a.why}`,
    hint: () => 'Save the image again, as PNG for example',
  },
  IMAGE_UNSUPPORTED: {
    kind: 'body',
    message: (a: { format: string; what: string }) => `The ${a.format} image ${a.what}, which is not read here`,
    hint: () => 'Save it as PNG with 8 bits for each of red, green and blue',
  },
  IMAGE_LIMIT: {
    kind: 'limit',
    message: (a: { what: string; found: number; limit: number }) => `The image has ${a.found} ${a.what}, more than ${a.limit}`,
    hint: () => 'Make the image smaller',
  },
  IMAGE_SIZE: {
    kind: 'signature',
    message: (a: { width: number; height: number; wanted: string }) =>
      `The image is ${a.width} × ${a.height} (width × height), and the model takes ${a.wanted}`,
    hint: (a: { wanted: string }) =>
      /^\d+ × \d+$/.test(a.wanted)
        ? `Let it be resized: \`--resize ${a.wanted.replace(' × ', 'x')}\``
        : 'Let it be resized: `--resize WIDTHxHEIGHT`',
  },
  IMAGE_FORM: {
    kind: 'signature',
    message: (a: { found: string }) =>
      `Images are uint8 arrays of height × width × channels, one array for the model; its signature asks for ${a.found}`,
    hint: () => 'Give the data as NPY, or log the model with a signature of a uint8 tensor such as (-1, 224, 224, 3)',
  },
  OUTPUT_SCHEMA_UNKNOWN: {
    kind: 'unsupported',
    message: (a: { why: string }) => `The schema of the output is not known: ${a.why}`,
    hint: () => 'Write a signature with outputs into the model: `mlmodel signature set`',
  },
  OUTPUT_SCHEMA_TYPE: {
    kind: 'unsupported',
    message: (a: { output: string; type: string; schema: string }) =>
      `The output \`${a.output}\` is ${a.type}, for which ${a.schema} has no type`,
    hint: () => 'Leave it out: `--outputs NAME`',
  },
} satisfies ErrorTable
