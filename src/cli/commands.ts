/** The subcommands in the order of the help; each is loaded when it is called for. */
import type { Command } from './command.ts'

export interface CommandEntry {
  readonly name: string
  /** As the command's own `summary`; kept here so that the help of `mlmodel` loads no command. A test holds them equal. */
  readonly summary: string
  /** Comes with a later version: refuses for now. */
  readonly later?: boolean
  load(): Promise<Command>
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'inspect',
    summary: 'Show what a model is, takes and returns, without running it',
    load: async () => (await import('./inspect.ts')).command,
  },
  {
    name: 'validate',
    summary: 'Check that a model is complete and safe',
    load: async () => (await import('./validate.ts')).command,
  },
  {
    name: 'env',
    summary: 'Resolve the environment a model asks for',
    load: async () => (await import('./env.ts')).command,
  },
  {
    name: 'predict',
    summary: 'Score a file with a model, with the answers MLflow gives',
    load: async () => (await import('./predict.ts')).command,
  },
  {
    name: 'serve',
    summary: 'Serve models over HTTP, as MLflow, KServe and Azure do',
    load: async () => (await import('./serve.ts')).command,
  },
  {
    name: 'diff',
    summary: 'Say what changed from one model to the next',
    load: async () => (await import('./diff.ts')).command,
  },
  {
    name: 'openapi',
    summary: 'Write the OpenAPI document of a model’s server',
    load: async () => (await import('./openapi.ts')).command,
  },
  {
    name: 'types',
    summary: 'Write TypeScript types of a model’s input and output',
    load: async () => (await import('./types.ts')).command,
  },
  {
    name: 'create',
    summary: 'Make a model of an ONNX file',
    load: async () => (await import('./create.ts')).command,
  },
  {
    name: 'signature',
    summary: 'Show, infer or set what a model takes and returns',
    load: async () => (await import('./signature.ts')).command,
  },
  {
    name: 'example',
    summary: 'Print a request that a model accepts',
    load: async () => (await import('./example.ts')).command,
  },
  {
    name: 'completion',
    summary: 'Print the completion script of a shell',
    load: async () => (await import('./completion.ts')).command,
  },
]
