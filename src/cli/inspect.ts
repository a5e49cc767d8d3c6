/** `mlmodel inspect`: what a model is, takes and returns, without running it. */
import { describeLocation } from '../describe.ts'
import { commonOptions, defineCommand, modelOperand, modelOption } from './command.ts'
import { renderDescription } from './render.ts'
import { jsonText } from './report.ts'

export const command = defineCommand({
  name: 'inspect',
  summary: 'Show what a model is, takes and returns, without running it',
  usage: '<model> [options]',
  about:
    'Reads the MLmodel file and what stands around it; nothing is executed, followed out of the folder, or loaded into ONNX Runtime. A file or folder that is no MLflow model is told by its content.',
  operands: [{ name: 'model', text: 'Folder, MLmodel file, or any other file' }],
  options: {
    ...modelOption,
    flavor: { value: 'name', group: 'Model', text: 'Describe this flavor of a model that has several' },
    all: { short: 'a', group: 'Output', text: 'List everything: long signatures, requirements, all files' },
    digests: { group: 'Output', text: 'Add the SHA-256 of each file' },
    json: { group: 'Output', text: 'Print one JSON document (schemas/description.schema.json); same as `--format json`' },
    format: { value: 'format', choices: ['text', 'json'], group: 'Output', text: '`text` (default) or `json`' },
    ...commonOptions,
  },
  examples: ['mlmodel inspect ./model', 'mlmodel inspect ./model --json | jq .signature.inputs', 'mlmodel inspect model.pkl'],
  exitCodes: [
    [0, 'described; a file that is no model is an answer too'],
    [1, 'the MLmodel file or the signature is broken'],
    [2, 'the command could not do its work'],
  ],
  async run({ operands, options }, console) {
    const location = modelOperand('inspect', operands, options['model-uri'])
    const description = await describeLocation(location, {
      digests: options.digests,
      ...(options.flavor !== undefined && { flavor: options.flavor }),
    })
    const text =
      options.json || options.format === 'json'
        ? jsonText(description)
        : renderDescription(description, { width: console.width, ink: console.ink, all: options.all || console.verbose })
    await console.out.write(text)
    return 0
  },
})
