/** Arguments → operands and option values, by commander's rules, with our own words for every mistake. */
import { CommanderError, Option, Command as Parser } from 'commander'
import { MlmodelError } from '../errors/index.ts'
import { guess } from '../guess.ts'
import { type Command, type Invocation, mostOperands, type OptionSpec, type OptionTable } from './command.ts'

/** Every spelling of an option with its dashes: short, long, aliases. */
export function optionNames(name: string, option: OptionSpec): string[] {
  const long = [name, ...(option.aliases ?? [])].map((each) => `--${each}`)
  return option.short === undefined ? long : [`-${option.short}`, ...long]
}

/**
 * Reads the arguments of a command. `--` ends the options; `-` is an operand.
 *
 * @throws USAGE_UNKNOWN_OPTION, USAGE_OPTION_NEEDS_VALUE, USAGE_OPTION_TAKES_NO_VALUE, USAGE_BAD_VALUE, USAGE_EXTRA_ARGUMENT
 */
export function parseArguments(command: Command, args: readonly string[]): Invocation<OptionTable> {
  const title = `mlmodel ${command.name}`
  const values: Record<string, unknown> = Object.create(null)
  const parser = new Parser(command.name).exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
  // A switch's value is read back by its camel-cased name, commander's own.
  const switches: [name: string, option: Option][] = []
  for (const [name, spec] of Object.entries(command.options)) {
    values[name] = spec.value === undefined ? false : spec.many ? [] : undefined
    for (const [index, long] of [name, ...(spec.aliases ?? [])].entries()) {
      const flags = `${index === 0 && spec.short !== undefined ? `-${spec.short}, ` : ''}--${long}`
      if (spec.value === undefined) {
        const option = new Option(flags)
        switches.push([name, option])
        parser.addOption(option)
      } else {
        parser.addOption(
          new Option(`${flags} <value>`).argParser((text: string) => {
            const value = convert(name, spec, text)
            values[name] = spec.many ? [...(values[name] as unknown[]), value] : value
          }),
        )
      }
    }
  }
  let parsed: { operands: string[]; unknown: string[] }
  try {
    parsed = parser.parseOptions([...args])
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.optionMissingArgument')
      throw missingValue(command, error, title)
    throw error
  }
  for (const [name, option] of switches) if (parser.getOptionValue(option.attributeName()) === !option.negate) values[name] = true
  if (values['help'] !== true) refuseStrangers(command, parsed, title)
  return { operands: parsed.operands, options: values as Invocation<OptionTable>['options'] }
}

function refuseStrangers(command: Command, parsed: { operands: string[]; unknown: string[] }, title: string): void {
  const stranger = parsed.unknown.find((each) => each.startsWith('-'))
  if (stranger !== undefined) {
    const given = stranger.split('=', 1)[0]!
    const spelled = Object.entries(command.options).flatMap(([name, option]) => optionNames(name, option))
    if (given !== stranger && spelled.includes(given))
      throw new MlmodelError('USAGE_OPTION_TAKES_NO_VALUE', { option: given, given: stranger })
    const near = guess(
      given,
      spelled.filter((each) => each.startsWith('--')),
    )
    throw new MlmodelError('USAGE_UNKNOWN_OPTION', { command: title, given, guess: near })
  }
  const most = mostOperands(command)
  const extra = parsed.operands[most]
  if (extra !== undefined) {
    // `-i *.csv` without quotes comes as one file of `-i` and many operands.
    const files = Object.values(command.options).find(({ file, many }) => file === true && many === true)?.short
    const given = { command: title, given: extra, most, files: files === undefined ? undefined : `-${files}` }
    throw new MlmodelError('USAGE_EXTRA_ARGUMENT', given)
  }
}

function missingValue(command: Command, error: CommanderError, title: string): MlmodelError {
  // "error: option '-m, --model-uri <value>' argument missing"
  const long = /--([\w-]+)/.exec(error.message)?.[1] ?? ''
  const found = Object.entries(command.options).find(([name, option]) => name === long || option.aliases?.includes(long))
  return new MlmodelError('USAGE_OPTION_NEEDS_VALUE', { command: title, option: `--${long}`, value: found?.[1].value ?? 'value' })
}

function convert(name: string, spec: OptionSpec, text: string): unknown {
  if (spec.choices !== undefined && !spec.choices.includes(text)) {
    throw new MlmodelError('USAGE_BAD_VALUE', { option: `--${name}`, given: text, wanted: oneOf(spec.choices) })
  }
  if (spec.number === undefined) return text
  const { integer = false, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = spec.number
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value) || value < minimum || value > maximum || (integer && !Number.isSafeInteger(value))) {
    throw new MlmodelError('USAGE_BAD_VALUE', {
      option: `--${name}`,
      given: text,
      wanted: numberWords(integer, minimum, maximum),
    })
  }
  return value
}

function oneOf(choices: readonly string[]): string {
  const quoted = choices.map((choice) => `\`${choice}\``)
  return quoted.length === 1 ? quoted[0]! : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

function numberWords(integer: boolean, minimum: number, maximum: number): string {
  const noun = integer ? 'a whole number' : 'a number'
  if (Number.isFinite(minimum) && Number.isFinite(maximum)) return `${noun} from ${minimum} to ${maximum}`
  if (Number.isFinite(minimum)) return `${noun} of at least ${minimum}`
  return Number.isFinite(maximum) ? `${noun} of at most ${maximum}` : noun
}
