/** One command line from its arguments to its exit code: the only place that turns errors into text and codes. */
import { MlmodelError } from '../errors/index.ts'
import { show } from '../show.ts'
import { version } from '../version.ts'
import type { Command, Console, OptionTable } from './command.ts'
import { commands } from './commands.ts'
import { commandHelp, programHelp } from './help.ts'
import { type ColorChoice, colorInk, plain, wantsColor } from './ink.ts'
import { readPlainArguments } from './plain-arguments.ts'
import { bugDocument, errorDocument, jsonText, renderBug, renderError, systemError } from './report.ts'
import { type Outlet, openOutlet, type Terminal } from './terminal.ts'

/** Switches that may stand before the command; they are given to it. */
const earlySwitches: readonly string[] = ['--json', '--quiet', '-q', '--verbose', '-v']

/** What people call our commands elsewhere. */
const synonyms: Readonly<Record<string, string>> = {
  show: 'inspect',
  describe: 'inspect',
  info: 'inspect',
  score: 'predict',
  run: 'predict',
  check: 'validate',
  lint: 'validate',
  'prepare-env': 'env',
}

/**
 * Runs one command line. Never ends the process: `process.exit` cuts piped output off at 64 KiB.
 *
 * @param args - without the executable and the script
 * @returns the exit code: 0 done, 1 the model or the data was judged bad, 2 the command could not do its work
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const out = openOutlet(terminal.stdout)
  const err = openOutlet(terminal.stderr)
  const console = await openConsole(
    terminal,
    out,
    err,
    requestedColor(args),
    switchGiven(args, '--quiet', '-q'),
    switchGiven(args, '--verbose', '-v'),
  )
  try {
    return await dispatch(args, console)
  } catch (error) {
    return await report(error, console, jsonRequested(args))
  }
}

async function dispatch(args: readonly string[], console: Console): Promise<number> {
  let start = 0
  for (; start < args.length; start++) {
    const arg = args[start]!
    if (!arg.startsWith('-') || arg === '-') break
    if (arg === '--help' || arg === '-h') return help(args[start + 1], console)
    if (arg === '--version' || arg === '-V') {
      await console.out.write(`${version}\n`)
      return 0
    }
    if (arg === '--color') start++
    else if (!earlySwitches.includes(arg) && !arg.startsWith('--color=')) {
      const { guess } = await import('../guess.ts')
      const near = guess(arg.split('=', 1)[0]!, ['--help', '--version', '--color', '--json', '--quiet', '--verbose'])
      throw new MlmodelError('USAGE_UNKNOWN_OPTION', { command: 'mlmodel', given: arg, guess: near })
    }
  }
  const name = args[start]
  if (name === undefined) {
    if (jsonRequested(args)) throw new MlmodelError('USAGE_NO_COMMAND', undefined)
    await console.err.write(programHelp(console.errorInk))
    return 2
  }
  if (name === 'help') return help(args[start + 1], console)
  const command = await loadCommand(name)
  const rest = [...args.slice(0, start), ...args.slice(start + 1)]
  const invocation = readPlainArguments(command, rest) ?? (await import('./parse.ts')).parseArguments(command, rest)
  if ((invocation.options as Record<string, unknown>)['help'] === true) {
    await console.out.write(commandHelp(command, console.ink, console.width))
    return 0
  }
  return command.run(invocation, console)
}

async function loadCommand(name: string): Promise<Command> {
  const entry = commands.find((candidate) => candidate.name === name)
  if (entry !== undefined) return entry.load()
  const { guess } = await import('../guess.ts')
  const path = /^[./~]|[/\\]/.test(name)
  const names = commands.map((candidate) => candidate.name)
  throw new MlmodelError('USAGE_UNKNOWN_COMMAND', {
    given: name,
    guess: path ? `inspect ${name}` : (guess(name, names) ?? (Object.hasOwn(synonyms, name) ? synonyms[name] : undefined)),
  })
}

async function help(topic: string | undefined, console: Console): Promise<number> {
  const text =
    topic === undefined || topic.startsWith('-')
      ? programHelp(console.ink)
      : commandHelp(await loadCommand(topic), console.ink, console.width)
  await console.out.write(text)
  return 0
}

async function openConsole(
  terminal: Terminal,
  out: Outlet,
  err: Outlet,
  color: ColorChoice | undefined,
  quiet: boolean,
  verbose: boolean,
): Promise<Console> {
  const outColor = wantsColor(terminal.stdout, color, terminal.environment)
  const errorColor = wantsColor(terminal.stderr, color, terminal.environment)
  const colored = outColor || errorColor ? await colorInk() : plain
  const errorInk = errorColor ? colored : plain
  return {
    terminal,
    out,
    err,
    ink: outColor ? colored : plain,
    errorInk,
    width: Math.max(40, terminal.stdout.columns ?? 80),
    quiet,
    verbose,
    warn(text) {
      if (!quiet) void err.write(`${errorInk.yellow('warning:')} ${show(text, 2000)}\n`)
    },
  }
}

async function report(error: unknown, console: Console, json: boolean): Promise<number> {
  const known = error instanceof MlmodelError ? error : systemError(error)
  if (known === undefined) {
    if (json) await console.out.write(jsonText(bugDocument(error)))
    await console.err.write(renderBug(error, console.errorInk))
    return 2
  }
  // The failure may be that of stdout.
  if (json && !console.out.closed) await console.out.write(jsonText(errorDocument(known)))
  else await console.err.write(renderError(known, console.errorInk, console.verbose))
  return known.info.exitCode
}

// These three read the arguments before, or in spite of, the real parse: how to report a mistake must be known when it happens.

function jsonRequested(args: readonly string[]): boolean {
  const options = beforeDashes(args)
  return (
    options.includes('--json') ||
    options.includes('--format=json') ||
    options.some((arg, index) => arg === '--format' && options[index + 1] === 'json')
  )
}

function requestedColor(args: readonly string[]): ColorChoice | undefined {
  const options = beforeDashes(args)
  for (const [index, arg] of options.entries()) {
    const choice = arg === '--color' ? options[index + 1] : arg.startsWith('--color=') ? arg.slice(8) : undefined
    if (choice === 'auto' || choice === 'always' || choice === 'never') return choice
  }
  return undefined
}

function switchGiven(args: readonly string[], ...names: readonly string[]): boolean {
  return beforeDashes(args).some((arg) => names.includes(arg))
}

function beforeDashes(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  return end < 0 ? args : args.slice(0, end)
}

export type { OptionTable }
