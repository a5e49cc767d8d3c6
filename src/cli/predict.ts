/** `mlmodel predict`: one-shot scoring of files, streamed, with MLflow's answers. */
import type { Cell } from '../batch.ts'
import { outputFormatOf, outputFormats } from '../data/predictions.ts'
import { MlmodelError } from '../errors/index.ts'
import { parseJson } from '../json.ts'
import { openModel } from '../model.ts'
import { scoreInputs } from '../score.ts'
import {
  type Console,
  commonOptions,
  defineCommand,
  environmentOption,
  modelOperand,
  modelOption,
  refuseEnvironmentManager,
} from './command.ts'
import type { Output } from './output-file.ts'
import { openProgress } from './progress.ts'
import type { Outlet } from './terminal.ts'

export const command = defineCommand({
  name: 'predict',
  summary: 'Score a file with a model, with the answers MLflow gives',
  usage: '<model> [-i file] [options]',
  about:
    'Reads CSV, JSON (the forms of MLflow’s scoring server), NPY and NPZ; the format is told by the content, then by the extension. Runs ONNX models; no Python, and nothing of the model is executed but its graph.',
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
      text: 'The data; `-` or nothing is stdin. For several tensors `-i ids=ids.npy -i mask=mask.npy`',
    },
    'input-format': {
      short: 't',
      aliases: ['content-type'],
      value: 'format',
      choices: ['csv', 'json', 'npy', 'npz', 'text/csv', 'application/json'],
      group: 'Input',
      text: 'Instead of telling it from the content and the extension',
    },
    output: {
      short: 'o',
      aliases: ['output-path'],
      value: 'file',
      file: true,
      group: 'Output',
      text: 'Written whole or not at all; default stdout',
    },
    'output-format': {
      value: 'format',
      choices: outputFormats,
      group: 'Output',
      text: 'Default: by the extension of `-o`, else MLflow’s JSON',
    },
    json: { group: 'Output', text: 'Same as `--output-format json`; errors are JSON too' },
    outputs: { value: 'names', group: 'Output', text: 'Only these outputs of the model, separated by commas, in this order' },
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
    const format =
      options['output-format'] ?? (options.json || options.output === undefined ? 'json' : outputFormat(options.output))
    if (options.timeout !== undefined && console.terminal.again !== undefined) {
      const { predictWithDeadline } = await import('./predict-deadline.ts')
      return predictWithDeadline(console.terminal.again, options.timeout, options.output)
    }
    if (options.json && format !== 'json')
      throw new MlmodelError('OPTIONS_CONTRADICT', { options: ['--json', `--output-format ${format}`] })
    const params = options.params === undefined ? undefined : parseParamsOption(options.params)
    const progress = openProgress(console)
    const model = await openModel(path, {
      mode: isCompat(options.compat, console) ? 'compat' : 'strict',
      ...(options.flavor !== undefined && { flavor: options.flavor }),
      ...(options.threads !== undefined && { threads: options.threads }),
      ...(options.provider.length > 0 && { providers: options.provider }),
      onWarning: console.warn,
    })
    const output =
      options.output === undefined || options.output === '-'
        ? standardOutput(console.out)
        : await fileOutput(options.output, options.input)
    try {
      await scoreInputs(model, {
        inputs: options.input,
        format: options['input-format'],
        stdin: () => console.terminal.stdin,
        params,
        outputs: options.outputs?.split(',').map((name) => name.trim()),
        probabilities: options.proba,
        outputFormat: format,
        write: (chunk) => output.write(chunk),
        onRows: (rows) => progress.rows(rows),
        finished: () => console.out.closed && (options.output === undefined || options.output === '-'),
      })
      await output.commit()
    } catch (error) {
      await output.abandon()
      throw error
    } finally {
      progress.stop()
      await model.close()
    }
    return 0
  },
})

function standardOutput(out: Outlet): Output {
  return { write: (chunk) => out.write(chunk), commit: async () => {}, abandon: async () => {} }
}

async function fileOutput(path: string, inputs: readonly string[]): Promise<Output> {
  const { openOutputFile, refuseOverwriting } = await import('./output-file.ts')
  await refuseOverwriting(path, inputs)
  return openOutputFile(path)
}

/** @throws OUTPUT_FORMAT_UNKNOWN */
function outputFormat(path: string): (typeof outputFormats)[number] {
  const format = path === '-' ? 'json' : outputFormatOf(path)
  if (format === undefined) throw new MlmodelError('OUTPUT_FORMAT_UNKNOWN', { path, formats: outputFormats })
  return format
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
