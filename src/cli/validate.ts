/** `mlmodel validate`: comes with a later version; until then it refuses and says so. */
import { MlmodelError } from '../errors/index.ts'
import { commonOptions, defineCommand, modelOption } from './command.ts'

export const command = defineCommand({
  name: 'validate',
  summary: 'Check that a model is complete and safe',
  usage: '<model> [options]',
  about: 'Comes with a later version: for now this command refuses with exit code 2.',
  operands: [{ name: 'model', text: 'Folder or MLmodel file' }],
  options: {
    ...modelOption,
    json: { group: 'Output', text: 'Print one JSON document' },
    ...commonOptions,
  },
  examples: ['mlmodel validate ./model'],
  async run() {
    throw new MlmodelError('COMMAND_LATER', {
      command: 'validate',
      does: 'check that a model is complete, consistent and safe to load',
    })
  },
})
