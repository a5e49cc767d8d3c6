/** The command lines that people write most, read without commander, which costs 3 ms to load. */
import { type Command, type Invocation, mostOperands, type OptionTable } from './command.ts'

/**
 * Reads operands, switches and options whose value stands as an argument of its own.
 *
 * @returns undefined for everything else (mistakes, numbers, `--option=value`, `-ab`, `-`, `--`, …), which `parseArguments` reads
 */
export function readPlainArguments(command: Command, args: readonly string[]): Invocation<OptionTable> | undefined {
  const values: Record<string, unknown> = Object.create(null)
  for (const [name, spec] of Object.entries(command.options))
    values[name] = spec.value === undefined ? false : spec.many ? [] : undefined
  const operands: string[] = []
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    if (!arg.startsWith('-')) {
      operands.push(arg)
      continue
    }
    const [name, spec] =
      Object.entries(command.options).find(
        ([long, { short, aliases }]) =>
          arg === `--${long}` || arg === `-${short}` || aliases?.some((alias) => arg === `--${alias}`) === true,
      ) ?? []
    if (name === undefined || spec === undefined) return undefined
    if (spec.value === undefined) {
      values[name] = true
      continue
    }
    const text = args[++at]
    if (text === undefined || text.startsWith('-') || spec.number !== undefined) return undefined
    if (spec.choices?.includes(text) === false) return undefined
    values[name] = spec.many ? [...(values[name] as readonly string[]), text] : text
  }
  if (operands.length > mostOperands(command)) return undefined
  return { operands, options: values as Invocation<OptionTable>['options'] }
}
