/** `mlmodel env diff`: the environments of two models beside each other. */
import { describeDifference } from '../describe/resolved-environment.ts'
import { compareEnvironments, type EnvironmentDifference } from '../env/compare.ts'
import { resolveEnvironment } from '../env/resolve.ts'
import type { ResolvedEnvironment } from '../env/resolved.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { show } from '../show.ts'
import type { Console } from './command.ts'
import { type EnvOptions, pythonVersion, wantsJson } from './env.ts'
import { place, text } from './env-render.ts'
import { jsonText } from './report.ts'
import { table } from './table.ts'

/** @returns the exit code, 0: a difference is an answer */
export async function diffModels(
  left: Mlmodel,
  right: Mlmodel,
  names: readonly [string, string],
  options: EnvOptions,
  console: Console,
): Promise<number> {
  const python = pythonVersion(options.python)
  const resolve = (model: Mlmodel): Promise<ResolvedEnvironment> =>
    resolveEnvironment(model, {
      manager: options['env-manager'],
      python,
      platform: options.platform,
      machine: options.machine,
      environmentRoot: console.terminal.environment.environmentRoot,
    })
  const [one, other] = [await resolve(left), await resolve(right)]
  const differences = compareEnvironments(one, other)
  await console.out.write(
    wantsJson(options) ? jsonText(describeDifference(names, differences, one.target)) : render(names, differences, console),
  )
  return 0
}

const titles: Readonly<Record<EnvironmentDifference['subject'], string>> = {
  python: 'Python',
  build: 'Build dependencies',
  requirement: 'Requirements',
  constraint: 'Constraints',
  option: 'Options for pip',
  channel: 'Channels of conda',
  conda: 'Packages of conda',
}

function render(
  [left, right]: readonly [string, string],
  differences: readonly EnvironmentDifference[],
  { ink, width }: Console,
): string {
  const lines = [`${ink.red('-')} ${show(left)}`, `${ink.green('+')} ${show(right)}`]
  if (differences.length === 0) return `${[...lines, '', 'The environments are the same'].join('\n')}\n`
  const sign = (cell: string): string => (cell.startsWith('-') ? ink.red(cell) : ink.green(cell))
  for (const [subject, title] of Object.entries(titles)) {
    const rows = differences
      .filter((each) => each.subject === subject)
      .flatMap((each) => [
        ...each.left.map((line) => ['-', text(line), place(line)]),
        ...each.right.map((line) => ['+', text(line), place(line)]),
      ])
    if (rows.length > 0) lines.push('', ink.bold(title), ...table(rows, { width, paint: [sign, undefined, ink.dim] }))
  }
  return `${lines.join('\n')}\n`
}
