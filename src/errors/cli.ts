import type { ErrorTable } from './define.ts'

const asList = (items: readonly string[]) => items.map((item) => `\`${item}\``).join(', ')

/** The command line itself. */
export const cliErrors = {
  USAGE_NO_COMMAND: {
    kind: 'usage',
    message: () => 'No command given',
    hint: () => '`mlmodel --help` lists the commands',
  },
  USAGE_UNKNOWN_COMMAND: {
    kind: 'usage',
    message: (a: { given: string; guess?: string | undefined }) => `There is no command \`${a.given}\``,
    hint: (a: { guess?: string | undefined }) =>
      a.guess === undefined ? '`mlmodel --help` lists the commands' : `Did you mean \`mlmodel ${a.guess}\`?`,
  },
  USAGE_UNKNOWN_OPTION: {
    kind: 'usage',
    message: (a: { command: string; given: string; guess?: string | undefined }) =>
      `\`${a.command}\` has no option \`${a.given}\``,
    hint: (a: { command: string; guess?: string | undefined }) =>
      a.guess === undefined ? `\`${a.command} --help\` lists the options` : `Did you mean \`${a.guess}\`?`,
  },
  USAGE_OPTION_NEEDS_VALUE: {
    kind: 'usage',
    message: (a: { command: string; option: string; value: string }) =>
      `The option \`${a.option}\` needs a value: \`${a.option} <${a.value}>\``,
    hint: (a: { command: string }) => `\`${a.command} --help\` lists the options`,
  },
  USAGE_OPTION_TAKES_NO_VALUE: {
    kind: 'usage',
    message: (a: { option: string; given: string }) => `The option \`${a.option}\` takes no value, and \`${a.given}\` was given`,
  },
  USAGE_BAD_VALUE: {
    kind: 'usage',
    message: (a: { option: string; given: string; wanted: string }) =>
      `The option \`${a.option}\` takes ${a.wanted}, not \`${a.given}\``,
  },
  USAGE_EXTRA_ARGUMENT: {
    kind: 'usage',
    message: (a: { command: string; given: string; most: number; files?: string | undefined }) =>
      `\`${a.command}\` takes ${a.most === 0 ? 'no arguments' : a.most === 1 ? 'one argument' : `${a.most} arguments`}, and \`${a.given}\` is one too many`,
    hint: (a: { command: string; files?: string | undefined }) =>
      a.files === undefined
        ? `\`${a.command} --help\` shows how it is used`
        : `For several files write \`${a.files}\` before each, or a pattern in quotes, which the shell leaves whole: \`${a.files} "data/*.csv"\``,
  },
  USAGE_NO_MODEL: {
    kind: 'usage',
    message: (a: { command: string }) => `\`mlmodel ${a.command}\` needs a model`,
    hint: (a: { command: string }) => `Name a folder, an MLmodel file or any other file: \`mlmodel ${a.command} ./model\``,
  },
  USAGE_TWO_MODELS: {
    kind: 'usage',
    message: (a: { command: string; models: readonly string[] }) =>
      `\`mlmodel ${a.command}\` takes one model, and ${a.models.length} were given: ${asList(a.models)}`,
  },
  USAGE_NO_SHELL: {
    kind: 'usage',
    message: (a: { given?: string | undefined }) =>
      a.given === undefined ? '`mlmodel completion` needs the name of a shell' : `No completion for the shell \`${a.given}\``,
    hint: () => 'One of `bash`, `zsh` and `fish`: `source <(mlmodel completion bash)`',
  },
  IO_SYSTEM: {
    kind: 'io',
    message: (a: { why: string; path?: string | undefined }) =>
      a.path === undefined ? `The system refused: ${a.why}` : `Cannot use \`${a.path}\`: ${a.why}`,
  },
  COMMAND_LATER: {
    kind: 'unsupported',
    message: (a: { command: string; does: string }) => `\`mlmodel ${a.command}\` comes with a later version: it will ${a.does}`,
    hint: () => '`mlmodel inspect` and `mlmodel predict` work today',
  },
  ENV_MANAGER_NEEDS_PYTHON: {
    kind: 'unsupported',
    message: (a: { manager: string }) =>
      `\`--env-manager ${a.manager}\` asks for a Python environment, and Python comes with a later version`,
    hint: () => 'Leave `--env-manager` out: ONNX models run without Python',
  },
} satisfies ErrorTable
