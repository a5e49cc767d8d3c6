/** The help texts, made from the same tables as the parser, so that neither knows an option the other does not. */
import type { Command, OptionSpec } from './command.ts'
import { commands } from './commands.ts'
import type { Ink } from './ink.ts'
import { wrap } from './table.ts'

const defaultExitCodes = [
  [0, 'done'],
  [1, 'the model or the data was judged bad'],
  [2, 'the command could not do its work'],
] as const

/** The help of `mlmodel` itself: at most 24 lines of 80 columns. */
export function programHelp(ink: Ink): string {
  const widest = Math.max(...commands.map((command) => command.name.length))
  return [
    'MLflow models without Python: look at them, score with them',
    '',
    `${ink.bold('Usage:')} mlmodel <command> [options]`,
    '',
    ink.bold('Commands:'),
    ...commands.map(
      (command) =>
        `  ${ink.green(command.name.padEnd(widest))}  ${command.summary}${command.later === true ? ink.dim(' (later version)') : ''}`,
    ),
    '',
    ink.bold('Options:'),
    `  -V, --version  Print the version`,
    `  -h, --help     Print this help; \`mlmodel <command> --help\` that of a command`,
    '',
    ink.bold('Examples:'),
    '  $ mlmodel predict ./model -i people.csv -o scores.json',
    '',
  ].join('\n')
}

/** The help of one command: sentence, usage, arguments, grouped options, examples, exit codes. */
export function commandHelp(command: Command, ink: Ink, width = 80): string {
  const lines = [command.summary, '', `${ink.bold('Usage:')} mlmodel ${command.name} ${command.usage}`]
  if (command.about !== undefined) lines.push('', ...wrap(command.about, width))
  if (command.operands.length > 0) {
    lines.push(
      '',
      ink.bold('Arguments:'),
      ...rows(
        command.operands.map(({ name, text }) => [`<${name}>`, text] as const),
        width,
      ),
    )
  }
  const groups = new Map<string, (readonly [string, string])[]>()
  for (const [name, option] of Object.entries(command.options)) {
    groups.set(option.group, [...(groups.get(option.group) ?? []), [flags(name, option), description(option)]])
  }
  const widest = Math.min(30, Math.max(...[...groups.values()].flat().map(([left]) => left.length)))
  for (const [group, options] of groups) lines.push('', ink.bold(`${group}:`), ...rows(options, width, widest))
  lines.push('', ink.bold('Examples:'), ...command.examples.map((example) => `  $ ${example}`))
  const codes = command.exitCodes ?? defaultExitCodes
  lines.push(
    '',
    ink.bold('Exit codes:'),
    ...rows(
      codes.map(([code, meaning]) => [String(code), meaning] as const),
      width,
    ),
  )
  return `${lines.join('\n')}\n`
}

function flags(name: string, option: OptionSpec): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `
  return `${short}--${name}${option.value === undefined ? '' : ` <${option.value}>`}`
}

function description(option: OptionSpec): string {
  // A text that explains its choices names them; the others are listed.
  const choices =
    option.choices?.every((choice) => option.text.includes(choice)) === false ? `: ${option.choices.join(', ')}` : ''
  const notes = [
    ...(option.many === true ? ['may be repeated'] : []),
    ...(option.aliases ?? []).map((alias) => `also --${alias}`),
  ]
  return `${option.text}${choices}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
}

function rows(
  pairs: readonly (readonly [string, string])[],
  width: number,
  widest = Math.max(...pairs.map(([left]) => left.length)),
): string[] {
  return pairs.flatMap(([left, right]) => {
    const text = wrap(right, width - widest - 4)
    if (left.length > widest) return [`  ${left}`, ...text.map((line) => `${' '.repeat(widest + 4)}${line}`)]
    return text.map((line, index) => `  ${(index === 0 ? left : '').padEnd(widest)}  ${line}`)
  })
}
