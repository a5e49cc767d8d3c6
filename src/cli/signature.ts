/** `mlmodel signature`: show, infer and set what a model takes and returns. */
import type { CellMap } from '../batch.ts'
import { inputFormatNames } from '../data/format.ts'
import { fileSource, readWhole, type Source, streamSource } from '../data/source.ts'
import { MlmodelError } from '../errors/index.ts'
import { inferSignature, readSample, sampleKinds } from '../infer/index.ts'
import { writeIndentedJson } from '../json/indented.ts'
import { parseJson } from '../json.ts'
import { defaultLimits } from '../limits.ts'
import { locate } from '../locate/index.ts'
import { loadMlmodel } from '../mlmodel.ts'
import { show } from '../show.ts'
import { rowSchema } from '../signature/json-schema.ts'
import { parseSignature, printSignature, type Signature, signatureToJson } from '../signature.ts'
import { type Console, commonOptions, defineCommand, modelOperand, modelOption } from './command.ts'
import { jsonText } from './report.ts'

interface Options {
  readonly input: string | undefined
  readonly 'input-format': string | undefined
  readonly as: (typeof sampleKinds)[number] | undefined
  readonly outputs: string | undefined
  readonly params: string | undefined
  readonly from: string | undefined
  readonly 'model-uri': string | undefined
  readonly json: boolean
  readonly 'json-schema': boolean
}

const actions = ['show', 'infer', 'set'] as const
type Action = (typeof actions)[number]

export const command = defineCommand({
  name: 'signature',
  summary: 'Show, infer or set what a model takes and returns',
  usage: '[show|infer|set] [model] [options]',
  about:
    '`infer -i data` prints what `mlflow.models.infer_signature` gives for the data. `set ./model -i data` writes it into the MLmodel file: the parts that are given, nothing else is touched. `show ./model`, or the model alone, prints the model’s own.',
  operands: [
    { name: 'action', text: 'show (default), infer or set' },
    { name: 'model', text: 'Folder or MLmodel file; not for infer' },
  ],
  options: {
    ...modelOption,
    input: {
      short: 'i',
      value: 'file',
      file: true,
      group: 'Data',
      text: 'Inputs: CSV, Parquet, Arrow, JSON, JSON Lines, NPY or NPZ; `-` is stdin',
    },
    'input-format': {
      short: 't',
      value: 'format',
      choices: Object.keys(inputFormatNames),
      group: 'Data',
      text: 'Instead of telling it from the content and the extension',
    },
    as: {
      value: 'kind',
      choices: sampleKinds,
      group: 'Data',
      text: 'What JSON is in Python: table (DataFrame), array (ndarray, or a dict of them), value (lists and dicts). Default: by its form',
    },
    outputs: { value: 'file', file: true, group: 'Data', text: 'Predictions, for the outputs of the signature' },
    params: { value: 'json', group: 'Data', text: 'Params with their defaults, such as \'{"temperature": 0.5}\'' },
    from: { value: 'file', file: true, group: 'Data', text: 'A signature as `--json` prints it, instead of data' },
    json: { group: 'Output', text: 'Print `to_dict()` of the signature: JSON texts, as an MLmodel file holds them' },
    'json-schema': { group: 'Output', text: 'Print a JSON Schema (2020-12) of one row of input' },
    ...commonOptions,
  },
  examples: [
    'mlmodel signature ./model',
    'mlmodel signature infer -i data.csv',
    'mlmodel signature infer -i data.csv --outputs predictions.csv --params \'{"k": 5}\'',
    'mlmodel signature set ./model -i data.csv',
    'mlmodel signature ./model --json-schema > row.schema.json',
  ],
  exitCodes: [
    [0, 'printed, or written'],
    [1, 'the model or the data is broken, or the model has no signature'],
    [2, 'the command could not do its work; nothing is written'],
  ],
  async run({ operands, options }, console) {
    const { action, models } = actionOf(operands)
    if (action === 'infer') {
      if (models.length > 0 || options['model-uri'] !== undefined)
        throw new MlmodelError('SIGNATURE_ACTION', { why: '`infer` is for data and takes no model' })
      return print(await given(options, console), options, console)
    }
    const located = await locate(modelOperand('signature', models, options['model-uri']))
    if (action === 'set' && (options.json || options['json-schema']))
      throw new MlmodelError('SIGNATURE_ACTION', {
        why: '`set` prints nothing; `mlmodel signature` of the model does, with `--json`',
      })
    if (action === 'set') {
      const { setSignature } = await import('../library/make.ts')
      await setSignature(located.directory, await given(options, console))
      if (!console.quiet) await console.err.write(`the signature is written to ${located.file}\n`)
      return 0
    }
    const model = await loadMlmodel(located)
    if (model.signature === undefined) throw new MlmodelError('SIGNATURE_ABSENT', {}, { where: { file: model.file } })
    return print(model.signature, options, console)
  },
})

/** A first operand that is no action is the model to show; a folder `./infer` is meant by its path. */
function actionOf(operands: readonly string[]): { readonly action: Action; readonly models: readonly string[] } {
  const first = operands[0] as Action
  return actions.includes(first) ? { action: first, models: operands.slice(1) } : { action: 'show', models: operands }
}

/** The signature that the options give: inferred, or read. */
async function given(options: Options, console: Console): Promise<Signature> {
  const isData = options.input !== undefined || options.outputs !== undefined || options.params !== undefined
  if (options.from !== undefined) {
    if (isData) throw new MlmodelError('SIGNATURE_ACTION', { why: '`--from` is instead of data' })
    return readSignature(options.from)
  }
  const read = async (path: string | undefined, format: string | undefined) =>
    path === undefined ? undefined : readSample(source(path, console), { format, as: options.as })
  const inputs = await read(options.input, options['input-format'])
  const outputs = await read(options.outputs, undefined)
  if (options.as !== undefined && inputs?.isJson !== true && outputs?.isJson !== true)
    throw new MlmodelError('SIGNATURE_ACTION', { why: '`--as` says what a JSON value is, and there is none' })
  const params = options.params === undefined ? inputs?.params : readParams(options.params)
  const { signature, warnings } = inferSignature({ inputs: inputs?.sample, outputs: outputs?.sample, params })
  for (const warning of warnings) console.warn(warning)
  return signature
}

function source(path: string, console: Console): Source {
  return path === '-' ? streamSource(console.terminal.stdin, 'standard input') : fileSource(path)
}

/** @throws PARAMS_OPTION, and JSON_* for text that is no JSON */
function readParams(text: string): CellMap {
  const { value } = parseJson(text, { where: { path: '--params' } })
  if (!(value instanceof Map)) throw new MlmodelError('PARAMS_OPTION', { text })
  return value
}

/** The document of `--json`. */
async function readSignature(path: string): Promise<Signature> {
  const where = { file: path }
  const { value } = parseJson(await readWhole(fileSource(path), defaultLimits.yamlBytes), { where })
  const signature = value instanceof Map ? parseSignature(value as never, where) : undefined
  if (signature === undefined)
    throw new MlmodelError('SIGNATURE_FIELD', { field: 'the signature', wanted: 'an object', found: 'another value' }, { where })
  return signature
}

async function print(signature: Signature, options: Options, console: Console): Promise<number> {
  if (options['json-schema']) {
    if (signature.inputs === undefined) throw new MlmodelError('SIGNATURE_ACTION', { why: 'the signature has no inputs' })
    await console.out.write(`${writeIndentedJson(rowSchema(signature.inputs))}\n`)
    return 0
  }
  const lines = printSignature(signature).split('\n')
  await console.out.write(
    options.json ? jsonText(signatureToJson(signature)) : lines.map((line) => show(line, longestLine)).join('\n'),
  )
  return 0
}

/** A signature of some thousands of columns is printed whole. */
const longestLine = 1 << 20
