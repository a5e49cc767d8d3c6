/** `mlmodel example`: a request that a model accepts. */
import { exampleRequest, protocols } from '../example/index.ts'
import { locate } from '../locate/index.ts'
import { loadMlmodel } from '../mlmodel.ts'
import { openOutputFile } from '../whole-file.ts'
import { commonOptions, defineCommand, modelOperand, modelOption } from './command.ts'
import { standardOutput } from './standard-output.ts'

export const command = defineCommand({
  name: 'example',
  summary: 'Print a request that a model accepts',
  usage: '<model> [options]',
  about:
    'The example that was stored with the model, where it fits the signature; else one row made up from the signature, or from the graph of an ONNX model. Nothing is run.',
  operands: [{ name: 'model', text: 'Folder or MLmodel file' }],
  options: {
    ...modelOption,
    protocol: {
      value: 'name',
      choices: protocols,
      group: 'Output',
      text: 'Whose request: mlflow (default; POST /invocations), azureml (`input_data`), open-inference (v2)',
    },
    output: { short: 'o', value: 'file', file: true, group: 'Output', text: 'Written whole or not at all; default stdout' },
    json: { group: 'Output', text: 'Errors are JSON too' },
    ...commonOptions,
  },
  examples: [
    'mlmodel example ./model',
    'mlmodel example ./model --protocol open-inference',
    'mlmodel example ./model | mlmodel predict ./model',
  ],
  exitCodes: [
    [0, 'a request is written'],
    [1, 'the model is broken, or says nothing of its inputs'],
    [2, 'the command could not do its work'],
  ],
  async run({ operands, options }, console) {
    const model = await loadMlmodel(await locate(modelOperand('example', operands, options['model-uri'])))
    const { text, warnings } = await exampleRequest(model, options.protocol ?? 'mlflow')
    for (const warning of warnings) console.warn(warning)
    const toFile = options.output !== undefined && options.output !== '-'
    const output = toFile ? await openOutputFile(options.output!) : standardOutput(console.out)
    await output.write(Buffer.from(text))
    await output.commit()
    return 0
  },
})
