/** `mlmodel inspect`: what a model is, takes and returns, without running it. */
import { commonOptions, defineCommand, modelOption } from './command.ts'

export const command = defineCommand({
  name: 'inspect',
  summary: 'Show what a model is, takes and returns, without running it',
  usage: '<model> [options]',
  operands: [{ name: 'model', text: 'Folder, MLmodel file, or any other file' }],
  options: {
    ...modelOption,
    ...commonOptions,
  },
  examples: ['mlmodel inspect ./model'],
  async run() {
    return 0
  },
})
