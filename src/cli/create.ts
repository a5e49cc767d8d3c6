/** `mlmodel create`: an ONNX file becomes an MLflow model. */
import type { CellMap } from '../batch.ts'
import { createModel } from '../create/index.ts'
import { inputFormatNames } from '../data/format.ts'
import { fileSource, streamSource } from '../data/source.ts'
import { MlmodelError } from '../errors/index.ts'
import { sampleKinds } from '../infer/index.ts'
import { parseJson } from '../json.ts'
import { show } from '../show.ts'
import { signatureToJson } from '../signature.ts'
import { commonOptions, defineCommand } from './command.ts'
import { jsonText } from './report.ts'
import { byteWords } from './words.ts'

export const command = defineCommand({
  name: 'create',
  summary: 'Make a model of an ONNX file',
  usage: '<file> -o <folder> [options]',
  about:
    'Writes what `mlflow.onnx.save_model` writes: MLmodel, environment files, signature, input example; data outside the ONNX file comes along. With a sample the signature is inferred from it and the model scores its first rows once; without one the signature is the graph’s.',
  operands: [{ name: 'file', text: 'ONNX file' }],
  options: {
    output: {
      short: 'o',
      value: 'folder',
      file: true,
      group: 'Output',
      text: 'The folder to make; it appears complete, and nothing is ever overwritten',
    },
    name: { value: 'name', group: 'Output', text: 'Kept in the MLmodel file as `metadata.name`' },
    json: { group: 'Output', text: 'Print one JSON document: folder, bytes, signature' },
    input: {
      short: 'i',
      value: 'file',
      file: true,
      group: 'Sample',
      text: 'A sample of the inputs: CSV, Parquet, Arrow, JSON, JSON Lines, NPY, NPZ; `-` is stdin',
    },
    'input-format': {
      short: 't',
      value: 'format',
      choices: Object.keys(inputFormatNames),
      group: 'Sample',
      text: 'Instead of telling it from the content and the extension',
    },
    as: {
      value: 'kind',
      choices: sampleKinds,
      group: 'Sample',
      text: 'What JSON is in Python: table, array, value. Default: a table by its form, else arrays of the graph’s types',
    },
    params: { value: 'json', group: 'Sample', text: 'Params with their defaults, such as \'{"temperature": 0.5}\'' },
    python: { value: 'version', group: 'Environment', text: 'Python version of the environment files; default 3.11.7' },
    requirement: { value: 'line', many: true, group: 'Environment', text: 'One more line of requirements.txt' },
    ...commonOptions,
  },
  examples: ['mlmodel create model.onnx -o ./model', 'mlmodel create model.onnx -o ./model -i sample.csv --name churn'],
  exitCodes: [
    [0, 'the model is made'],
    [1, 'the ONNX file or the sample is bad, or the model cannot score the sample'],
    [2, 'the command could not do its work; nothing is written'],
  ],
  async run({ operands, options }, console) {
    const file = operands[0]
    if (file === undefined) throw new MlmodelError('CREATE_NO_FILE', {})
    if (options.output === undefined) throw new MlmodelError('CREATE_NO_FOLDER', {})
    if (options.python !== undefined && !/^3\.\d{1,2}(\.\d{1,3})?$/.test(options.python))
      throw new MlmodelError('USAGE_BAD_VALUE', {
        option: '--python',
        given: options.python,
        wanted: 'a version such as `3.11.7`',
      })
    const input = options.input
    const { bytes, signature } = await createModel(file, options.output, {
      sample:
        input === undefined
          ? undefined
          : input === '-'
            ? streamSource(console.terminal.stdin, 'standard input')
            : fileSource(input),
      sampleFormat: options['input-format'],
      as: options.as,
      params: options.params === undefined ? undefined : readParams(options.params),
      name: options.name,
      python: options.python,
      requirements: options.requirement,
      onWarning: console.warn,
    })
    if (options.json) {
      const texts = signature === undefined ? null : signatureToJson(signature)
      await console.out.write(jsonText({ folder: options.output, bytes, signature: texts }))
    } else if (!console.quiet) await console.err.write(`made ${show(options.output)} (${byteWords(bytes)})\n`)
    return 0
  },
})

/** @throws PARAMS_OPTION, and JSON_* for text that is no JSON */
function readParams(text: string): CellMap {
  const { value } = parseJson(text, { where: { path: '--params' } })
  if (!(value instanceof Map)) throw new MlmodelError('PARAMS_OPTION', { text })
  return value
}
