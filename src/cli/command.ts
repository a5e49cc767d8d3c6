/** What a subcommand is: data that the parser, the help and the shell completion are all made from, and a function. */
import { MlmodelError } from '../errors/index.ts'
import type { Ink } from './ink.ts'
import type { Outlet, Terminal } from './terminal.ts'

export interface OptionSpec {
  /** One letter without the dash. */
  readonly short?: string
  /** Other long names taken for the same option, without dashes; MLflow's flags among them. */
  readonly aliases?: readonly string[]
  /** Placeholder of the value, such as `file`; without it the option is a switch. */
  readonly value?: string
  /** May be given several times; its value is a list. */
  readonly many?: boolean
  readonly choices?: readonly string[]
  /** The value is a number; bounds are inclusive. */
  readonly number?: { readonly integer?: boolean; readonly minimum?: number; readonly maximum?: number }
  /** Heading of the help under which it stands. */
  readonly group: string
  /** One or two lines of help, without full stop. */
  readonly text: string
  /** Completed as a file name by the shell. */
  readonly file?: boolean
}

/** Long name without dashes → option. */
export type OptionTable = Readonly<Record<string, OptionSpec>>

type OptionValue<Spec extends OptionSpec> = Spec extends { readonly value: string }
  ? Spec extends { readonly number: object }
    ? number
    : Spec extends { readonly choices: readonly (infer Choice)[] }
      ? Choice
      : string
  : never

/** What the user gave: a switch is true or false, a list may be empty, anything else may be absent. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly value: string }
    ? Table[Name] extends { readonly many: true }
      ? readonly OptionValue<Table[Name]>[]
      : OptionValue<Table[Name]> | undefined
    : boolean
}

/** The doors to the person at the terminal; a command writes nowhere else. */
export interface Console {
  readonly terminal: Terminal
  /** Results only. */
  readonly out: Outlet
  /** Everything else. */
  readonly err: Outlet
  /** Colours for stdout and for stderr; each plain when its stream is. */
  readonly ink: Ink
  readonly errorInk: Ink
  /** Columns of stdout, 80 when it is no terminal. */
  readonly width: number
  readonly quiet: boolean
  readonly verbose: boolean
  /** Prints `warning: …` on stderr; silent with `--quiet`. The text is escaped here. */
  warn(text: string): void
}

export interface Invocation<Table extends OptionTable> {
  /** The arguments that are no options. */
  readonly operands: readonly string[]
  readonly options: OptionValues<Table>
}

export interface Command<Table extends OptionTable = OptionTable> {
  readonly name: string
  /** Imperative, no full stop; at most 60 characters. */
  readonly summary: string
  /** What follows the name on the usage line, such as `<model> [options]`. */
  readonly usage: string
  /** Operands: name and meaning; any number is taken where one says `many`. */
  readonly operands: readonly {
    readonly name: string
    readonly text: string
    readonly many?: true
    /** Words that may stand there, for completion. */
    readonly choices?: readonly string[]
  }[]
  readonly options: Table
  /** Whole command lines, each one that works. */
  readonly examples: readonly string[]
  /** A paragraph of the help after the summary. */
  readonly about?: string
  readonly exitCodes?: readonly (readonly [code: number, meaning: string])[]
  /** Settles with the exit code; throws MlmodelError for everything that goes wrong on purpose. */
  run(invocation: Invocation<Table>, console: Console): Promise<number>
}

/**
 * Declares a command; the types of its options are taken from its table (write the table `as const`).
 *
 * @example
 * export const command = defineCommand({ name: 'predict', options: { ...commonOptions, input: {…} } as const, … })
 */
export function defineCommand<const Table extends OptionTable>(command: Command<Table>): Command {
  return command as unknown as Command
}

/** The most operands a command takes. */
export function mostOperands({ operands }: Command): number {
  return operands.some(({ many }) => many === true) ? Number.POSITIVE_INFINITY : operands.length
}

/** Options every command has; spread them last. `--json` is the command's own: what it prints differs. */
export const commonOptions = {
  color: {
    value: 'when',
    choices: ['auto', 'always', 'never'],
    group: 'General',
    text: 'Colour: auto (on a terminal), always, never',
  },
  quiet: { short: 'q', group: 'General', text: 'No warnings and no progress' },
  verbose: { short: 'v', group: 'General', text: 'More detail, and the causes of an error' },
  help: { short: 'h', group: 'General', text: 'Print this help' },
} as const satisfies OptionTable

/** The option by which MLflow's commands name the model; see {@link modelOperand}. */
export const modelOption = {
  'model-uri': {
    short: 'm',
    value: 'model',
    file: true,
    group: 'Model',
    text: 'The model, as in `mlflow models`, instead of the argument',
  },
} as const satisfies OptionTable

/**
 * The one model a command is for: its operand or `-m`.
 *
 * @throws USAGE_NO_MODEL, USAGE_TWO_MODELS
 */
export function modelOperand(command: string, operands: readonly string[], modelUri: string | undefined): string {
  const given = modelUri === undefined ? operands : [...operands, modelUri]
  if (given.length === 0) throw new MlmodelError('USAGE_NO_MODEL', { command })
  if (given.length > 1) throw new MlmodelError('USAGE_TWO_MODELS', { command, models: given })
  return given[0]!
}

/** MLflow's way to ask for a Python environment; for the commands that score. */
export const environmentOption = {
  'env-manager': {
    value: 'manager',
    choices: ['local', 'virtualenv', 'uv', 'conda'],
    group: 'Python',
    text: '`local` builds no environment, as here; the others need Python, which comes with a later version',
  },
} as const satisfies OptionTable

/**
 * Refuses the environment managers that build a Python environment; `local` asks for what is done anyway.
 *
 * @throws ENV_MANAGER_NEEDS_PYTHON
 */
export function refuseEnvironmentManager(manager: string | undefined): void {
  if (manager !== undefined && manager !== 'local') throw new MlmodelError('ENV_MANAGER_NEEDS_PYTHON', { manager })
}
