/** `mlmodel predict`: one-shot scoring of files, streamed, with MLflow's answers. */
import type { Cell } from '../batch.ts'
import { inputFormatNames } from '../data/format.ts'
import type { ImageSize } from '../data/image/read.ts'
import { outputFormatOf, outputFormats } from '../data/predictions.ts'
import { MlmodelError, notice } from '../errors/index.ts'
import { findInputs } from '../inputs.ts'
import { parseJson } from '../json.ts'
import { type Model, openModel } from '../model.ts'
import { isNamed, type ScoreOptions, scoreInputs } from '../score.ts'
import type { Output } from '../whole-file.ts'
import {
  type Console,
  commonOptions,
  defineCommand,
  environmentOption,
  modelOperand,
  modelOption,
  refuseEnvironmentManager,
} from './command.ts'
import { openProgress } from './progress.ts'
import { standardOutput } from './standard-output.ts'

export const command = defineCommand({
  name: 'predict',
  summary: 'Score a file with a model, with the answers MLflow gives',
  usage: '<model> [-i file]… [options]',
  about:
    'Reads CSV, JSON (the forms of MLflow’s scoring server), JSON Lines, Parquet, Arrow, NPY, NPZ and images (PNG, JPEG, TIFF, BMP, GIF: uint8, height × width × channels); the format is told by the content, then by the extension. Several files are joined in order, or give a result each with `-o folder/`. Runs ONNX models; no Python, and nothing of the model is executed but its graph.',
  operands: [{ name: 'model', text: 'Folder or MLmodel file' }],
  options: {
    ...modelOption,
    flavor: { value: 'name', group: 'Model', text: 'Which flavor to run, when the model has several' },
    params: { value: 'json', group: 'Model', text: 'Params of the signature, such as \'{"temperature": 0.5}\'' },
    compat: {
      value: 'mlflow',
      choices: ['mlflow'],
      group: 'Model',
      text: 'MLflow’s exact answers, also where it loses data (MLMODEL_COMPAT)',
    },
    input: {
      short: 'i',
      aliases: ['input-path'],
      value: 'file',
      many: true,
      file: true,
      group: 'Input',
      text: 'The data: a file, a folder, a pattern (`*`, `?`, `**`, `{a,b}`); `-` or nothing is stdin. For several tensors `-i ids=ids.npy -i mask=mask.npy`',
    },
    'input-format': {
      short: 't',
      aliases: ['content-type'],
      value: 'format',
      choices: Object.keys(inputFormatNames),
      group: 'Input',
      text: 'Instead of telling it from the content and the extension',
    },
    limit: {
      value: 'n',
      number: { integer: true, minimum: 1 },
      group: 'Input',
      text: 'Score only the first rows; of all files together, with `-o folder/` of each',
    },
    'batch-rows': {
      value: 'n',
      number: { integer: true, minimum: 1 },
      group: 'Input',
      text: 'Most rows, or images, that the model is given at once. Default: blocks for tables, all rows of an array',
    },
    resize: {
      value: 'WxH',
      group: 'Input',
      text: 'Bring images of another size to this one (bicubic, proportions not kept), such as 224x224',
    },
    output: {
      short: 'o',
      aliases: ['output-path'],
      value: 'file',
      file: true,
      group: 'Output',
      text: 'Written whole or not at all; default stdout. `folder/`: a result for each input file, folder/NAME.EXTENSION',
    },
    'output-format': {
      value: 'format',
      choices: outputFormats,
      group: 'Output',
      text: 'Default: by the extension of `-o`, else MLflow’s JSON',
    },
    json: { group: 'Output', text: 'Same as `--output-format json`; errors are JSON too' },
    outputs: { value: 'names', group: 'Output', text: 'Only these outputs of the model, separated by commas, in this order' },
    append: { group: 'Output', text: 'The input’s columns before the predictions; from CSV to CSV the rows as they are spelled' },
    'csv-safe': {
      group: 'Output',
      text: 'In CSV an apostrophe before text that a spreadsheet would run (= + - @, tab, carriage return)',
    },
    'print-schema': {
      value: 'form',
      choices: ['spark', 'arrow', 'json'],
      group: 'Output',
      text: 'Print what the predictions’ columns are, and score nothing: Spark DDL, Arrow’s JSON, a JSON Schema of a row',
    },
    proba: { group: 'Output', text: 'Only the probabilities of a classifier, a column for each class' },
    threads: {
      value: 'n',
      number: { integer: true, minimum: 1, maximum: 1024 },
      group: 'Run',
      text: 'Threads of ONNX Runtime; default: the cores there are',
    },
    provider: { value: 'name', many: true, group: 'Run', text: 'Execution providers instead of the model’s, for example cuda' },
    timeout: {
      value: 'seconds',
      number: { minimum: 0.001, maximum: 86_400 },
      group: 'Run',
      text: 'Score in a process of its own and end it after this time',
    },
    ...environmentOption,
    ...commonOptions,
  },
  examples: [
    'mlmodel predict ./model -i data.csv',
    'mlmodel predict ./model -i data.csv -o predictions.csv',
    'mlmodel predict ./model -i data.csv -o scored.csv --append',
    'mlmodel predict ./model -i "photos/**/*.{jpg,png}" --resize 224x224 --append -o labels.csv',
    'mlmodel predict ./model -i tables/ -o results/ --output-format parquet',
    'cat request.json | mlmodel predict ./model',
    'mlmodel predict ./model -i ids=ids.npy -i mask=mask.npy -o out.npy --outputs logits',
  ],
  exitCodes: [
    [0, 'predictions are written'],
    [1, 'the data does not fit the model, or the model could not score it'],
    [2, 'the command could not do its work; nothing is written'],
    [130, 'interrupted'],
  ],
  async run({ operands, options }, console) {
    const path = modelOperand('predict', operands, options['model-uri'])
    refuseEnvironmentManager(options['env-manager'])
    const outputs = options.outputs?.split(',').map((name) => name.trim())
    if (options['print-schema'] !== undefined) {
      for (const option of ['output', 'append', 'csv-safe', 'resize', 'limit'] as const)
        if (options[option] !== undefined && options[option] !== false)
          throw new MlmodelError('OPTIONS_CONTRADICT', { options: ['--print-schema', `--${option}`] })
      const { printedSchema } = await import('./predict-schema.ts')
      const text = await printedSchema(path, options['print-schema'], outputs)
      await console.out.write(text)
      return 0
    }
    const folder = options.output !== undefined && (await isFolder(options.output)) ? options.output : undefined
    const named = options.output === undefined || folder !== undefined ? undefined : options.output
    const format = options['output-format'] ?? (options.json || named === undefined ? 'json' : outputFormat(named))
    const resize = options.resize === undefined ? undefined : parseSize(options.resize)
    const params = options.params === undefined ? undefined : parseParamsOption(options.params)
    if (options.timeout !== undefined && console.terminal.again !== undefined) {
      const { predictWithDeadline } = await import('./predict-deadline.ts')
      return predictWithDeadline(console.terminal.again, options.timeout, options.output)
    }
    if (options['csv-safe'] && format !== 'csv')
      throw new MlmodelError('OPTIONS_CONTRADICT', { options: ['--csv-safe', `--output-format ${format}`] })
    if (options.json && format !== 'json')
      throw new MlmodelError('OPTIONS_CONTRADICT', { options: ['--json', `--output-format ${format}`] })
    const progress = openProgress(console)
    const model = await openModel(path, {
      mode: isCompat(options.compat, console) ? 'compat' : 'strict',
      ...(options.flavor !== undefined && { flavor: options.flavor }),
      ...(options.threads !== undefined && { threads: options.threads }),
      ...(options.provider.length > 0 && { providers: options.provider }),
      onWarning: console.warn,
    })
    const scoring: Omit<ScoreOptions, 'write'> = {
      inputs: options.input,
      format: options['input-format'],
      stdin: () => console.terminal.stdin,
      params,
      outputs,
      probabilities: options.proba,
      append: options.append,
      csvSafe: options['csv-safe'],
      limit: options.limit,
      batchRows: options['batch-rows'],
      resize,
      outputFormat: format,
      onRows: (rows) => progress.rows(rows),
      finished: () => console.out.closed && (options.output === undefined || options.output === '-'),
    }
    try {
      if (folder === undefined) await scoreInto(model, scoring, named, console)
      else await scoreEach(model, scoring, folder, console)
    } finally {
      progress.stop()
      await model.close()
    }
    return 0
  },
})

/** Scores into a file, which is absent when that fails, or to stdout. */
async function scoreInto(
  model: Model,
  scoring: Omit<ScoreOptions, 'write'>,
  path: string | undefined,
  console: Console,
): Promise<void> {
  const output = path === undefined || path === '-' ? standardOutput(console.out) : await fileOutput(path, scoring.inputs)
  try {
    await scoreInputs(model, { ...scoring, write: (chunk) => output.write(chunk) })
    await output.commit()
  } catch (error) {
    await output.abandon()
    throw error
  }
}

/** A result for each file; those before one that fails are there. */
async function scoreEach(model: Model, scoring: Omit<ScoreOptions, 'write'>, folder: string, console: Console): Promise<void> {
  const { makeFolderOf, planResults } = await import('./output-folder.ts')
  const { files, skipped } = scoring.inputs.some(isNamed) ? { files: [], skipped: [] } : await findInputs(scoring.inputs)
  for (const args of skipped) console.warn(notice('INPUTS_SKIPPED', args).message)
  for (const { input, path } of await planResults(folder, files, scoring.outputFormat)) {
    await makeFolderOf(path)
    await scoreInto(model, { ...scoring, inputs: [input] }, path, console)
  }
}

async function isFolder(output: string): Promise<boolean> {
  return (await import('./output-folder.ts')).isOutputFolder(output)
}

async function fileOutput(path: string, inputs: readonly string[]): Promise<Output> {
  const { openOutputFile, refuseOverwriting } = await import('../whole-file.ts')
  await refuseOverwriting(path, inputs.some(isNamed) ? inputs : (await findInputs(inputs)).files.map((file) => file.path))
  return openOutputFile(path)
}

/** @throws OUTPUT_FORMAT_UNKNOWN */
function outputFormat(path: string): (typeof outputFormats)[number] {
  const format = path === '-' ? 'json' : outputFormatOf(path)
  if (format === undefined) throw new MlmodelError('OUTPUT_FORMAT_UNKNOWN', { path, formats: outputFormats })
  return format
}

/** @throws RESIZE_OPTION */
function parseSize(text: string): ImageSize {
  const [, width, height] = /^(\d{1,5})[x×](\d{1,5})$/i.exec(text) ?? []
  if (!(Number(width) > 0 && Number(height) > 0)) throw new MlmodelError('RESIZE_OPTION', { text })
  return { width: Number(width), height: Number(height) }
}

/** @throws PARAMS_OPTION, and JSON_* for text that is no JSON */
function parseParamsOption(text: string): Cell {
  const { value } = parseJson(text, { where: { path: '--params' } })
  if (!(value instanceof Map)) throw new MlmodelError('PARAMS_OPTION', { text })
  return value
}

/** @throws COMPAT_UNKNOWN for a MLMODEL_COMPAT we do not know */
function isCompat(option: string | undefined, console: Console): boolean {
  const asked = option ?? console.terminal.environment.compat
  if (asked === undefined || asked === '' || asked === 'strict') return false
  if (asked !== 'mlflow') throw new MlmodelError('COMPAT_UNKNOWN', { value: asked })
  return true
}
