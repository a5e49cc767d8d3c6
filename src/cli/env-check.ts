/** `mlmodel env check`: what an interpreter has beside what the model wants. */
import { existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describeCheck } from '../describe/resolved-environment.ts'
import { readInterpreter } from '../env/interpreter.ts'
import { checkInterpreter, type EnvironmentCheck } from '../env/mismatch.ts'
import { resolveEnvironment } from '../env/resolve.ts'
import { MlmodelError } from '../errors/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { show } from '../show.ts'
import type { Console } from './command.ts'
import { type EnvOptions, wantsJson } from './env.ts'
import { place, text } from './env-render.ts'
import { jsonText } from './report.ts'
import { table, wrap } from './table.ts'
import { count } from './words.ts'

/** @returns the exit code: 1 where something has another version or is missing */
export async function checkModel(model: Mlmodel, location: string, options: EnvOptions, console: Console): Promise<number> {
  const interpreter = readInterpreter(options.python ?? activeInterpreter(console))
  const environment = await resolveEnvironment(model, {
    // MLflow compares requirements.txt whatever the manager.
    manager: options['env-manager'] ?? 'local',
    python: interpreter.version ?? undefined,
    platform: options.platform ?? thisPlatform(),
    machine: options.machine ?? thisMachine(),
    environmentRoot: console.terminal.environment.environmentRoot,
  })
  const check = checkInterpreter(model, environment, interpreter)
  await console.out.write(
    wantsJson(options)
      ? jsonText(describeCheck(location, interpreter, check, environment))
      : render(location, interpreter, check, options, console),
  )
  return check.mismatches.length === 0 ? 0 : 1
}

/** The environment that is active, else the first interpreter on the PATH. */
function activeInterpreter({ terminal }: Console): string {
  const { pythonEnvironment, path } = terminal.environment
  if (pythonEnvironment !== undefined) return pythonEnvironment
  const names = process.platform === 'win32' ? ['python.exe'] : ['python3', 'python']
  for (const folder of path.split(delimiter).filter((each) => each !== ''))
    for (const name of names) {
      const file = join(folder, name)
      if (existsSync(file) && statSync(file).isFile()) return file
    }
  throw new MlmodelError('INTERPRETER_NOT_GIVEN', undefined)
}

function thisPlatform(): 'linux' | 'darwin' | 'win32' {
  return process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux'
}

/** Python's names of machines. */
function thisMachine(): string {
  if (process.arch === 'arm64') return process.platform === 'linux' ? 'aarch64' : process.platform === 'win32' ? 'ARM64' : 'arm64'
  return process.platform === 'win32' ? 'AMD64' : 'x86_64'
}

function render(
  location: string,
  { path, version }: ReturnType<typeof readInterpreter>,
  { mismatches, matching, skipped }: EnvironmentCheck,
  options: EnvOptions,
  { ink, width, verbose }: Console,
): string {
  const head = `${ink.bold(show(location))} wants, and ${ink.bold(show(path))} (Python ${show(version ?? 'unknown')}) has:`
  const rows = mismatches.map((each) => [
    show(each.name),
    each.current === null ? 'not installed' : show(each.current),
    text({ ...each, text: each.required }),
    place({ ...each, text: '' }),
  ])
  const lines = [head]
  if (rows.length > 0)
    lines.push(
      '',
      ...table([['package', 'installed', 'wanted', 'by'], ...rows], {
        width,
        paint: [undefined, ink.yellow, undefined, ink.dim],
      }),
    )
  lines.push('', ...wrap(summary(mismatches.length, matching.length, skipped.length), width))
  if (options.all || verbose) {
    if (matching.length > 0)
      lines.push(
        '',
        ink.bold('Fits'),
        ...table(
          matching.map((each) => [show(each.name), show(each.current), show(each.required)]),
          { width },
        ),
      )
    if (skipped.length > 0)
      lines.push(
        '',
        ink.bold('Not compared'),
        ...table(
          skipped.map((each) => [text(each), place(each), each.why]),
          { width },
        ),
      )
  }
  return `${lines.join('\n')}\n`
}

function summary(mismatches: number, matching: number, skipped: number): string {
  const rest = skipped === 0 ? '' : `, ${count(skipped, 'line')} not compared`
  if (mismatches === 0) return `It has what the model wants: ${count(matching, 'package')}${rest}`
  return `${count(mismatches, 'mismatch').replace('mismatchs', 'mismatches')}, ${matching} fit${rest}`
}
