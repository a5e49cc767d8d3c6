/** A resolved environment for a terminal: what is installed, by whom, and what is wrong. */
import type { EnvironmentChange } from '../env/override.ts'
import type { ManagerView, PlacedText, ResolvedEnvironment, ResolvedRequirement } from '../env/resolved.ts'
import { withoutSecrets } from '../env/secrets.ts'
import { type Finding, findingFix, findingMessage } from '../finding/index.ts'
import { show } from '../show.ts'
import type { Ink } from './ink.ts'
import { table, wrap } from './table.ts'
import { count, more, type RenderOptions } from './words.ts'

/** Lines of a list without `--all`. */
const mostLines = 30
const mostNotices = 5

/** The whole text, ending with a line break. */
export function renderEnvironment(
  location: string,
  environment: ResolvedEnvironment,
  findings: readonly Finding[],
  changes: readonly EnvironmentChange[],
  options: RenderOptions,
): string {
  const sections = [
    renderHead(location, environment, options),
    renderList('Build dependencies', environment.buildDependencies, options),
    renderList('Requirements', environment.requirements, options),
    renderList('Constraints', environment.constraints, options),
    renderPlaces('Options for pip', environment.options, options),
    renderConda(environment, options),
    renderChanges(changes, options),
    renderManagers(environment.views, changes.length > 0, options),
    renderFindings(findings, options),
  ].filter((lines) => lines.length > 0)
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function renderHead(
  location: string,
  { manager, target, python, views }: ResolvedEnvironment,
  { ink, width }: RenderOptions,
): string[] {
  const view = views.find((each) => each.manager === manager)!
  const rows: string[][] = [
    ['Python', python === null ? 'not named: MLflow takes the one it runs with' : `${text(python)}  ${place(python)}`],
  ]
  rows.push(['manager', `${manager}: ${show(view.why)}`])
  rows.push(['markers for', `Python ${show(target.python)}, ${target.platform}, ${show(target.machine)}`])
  return [ink.bold(show(location)), ...table(rows, { width, paint: [ink.dim] })]
}

function renderList(title: string, requirements: readonly ResolvedRequirement[], options: RenderOptions): string[] {
  const { ink, width, all } = options
  if (requirements.length === 0) return title === 'Requirements' ? [ink.bold(title), '  none'] : []
  const shown = all ? requirements : requirements.slice(0, mostLines)
  const rows = shown.map((each) => [text(each), place(each), note(each)])
  const lines = table(
    rows.map((row) => (rows.some((each) => each[2] !== '') ? row : row.slice(0, 2))),
    {
      width,
      paint: [undefined, ink.dim, ink.yellow],
    },
  )
  return [
    `${ink.bold(title)} ${ink.dim(String(requirements.length))}`,
    ...lines,
    ...more(requirements.length - shown.length, 'line'),
  ]
}

function note({ kind, applies, via }: ResolvedRequirement): string {
  if (kind === 'invalid') return 'no requirement'
  if (applies === false) return 'not for this target'
  return via.length > 1 ? `by ${show(via.at(-1)!.file)}:${via.at(-1)!.line}` : ''
}

function renderPlaces(title: string, places: readonly PlacedText[], { ink, width }: RenderOptions): string[] {
  if (places.length === 0) return []
  const rows = [...new Map(places.map((each) => [`${each.file}:${each.line}`, each])).values()].map((each) => [
    text(each),
    place(each),
  ])
  return [ink.bold(title), ...table(rows, { width, paint: [undefined, ink.dim] })]
}

function renderConda({ conda, manager }: ResolvedEnvironment, { ink, width }: RenderOptions): string[] {
  if (conda === null) return []
  const rows = [
    ...conda.channels.map((each) => ['channel', text(each), place(each)]),
    ...conda.packages.map((each) => ['package', text(each), place(each)]),
  ]
  if (rows.length === 0) return []
  const title = manager === 'conda' ? 'Packages of conda' : 'Packages of conda (installed by conda only)'
  return [ink.bold(title), ...table(rows, { width, paint: [ink.dim, undefined, ink.dim] })]
}

function renderChanges(changes: readonly EnvironmentChange[], { ink, width }: RenderOptions): string[] {
  if (changes.length === 0) return []
  const rows = changes.flatMap(({ before, after }) => [
    ...before.map((each) => ['-', text(each), place(each)]),
    ...(after === null ? [] : [['+', text(after), place(after)]]),
  ])
  const sign = (cell: string): string => (cell.startsWith('-') ? ink.red(cell) : ink.green(cell))
  return [ink.bold('Override'), ...table(rows, { width, paint: [sign, undefined, ink.dim] })]
}

function renderManagers(views: readonly ManagerView[], isOverridden: boolean, { ink, width }: RenderOptions): string[] {
  const rows = views.flatMap((view) => {
    const virtualenv = views.find(({ manager }) => manager === 'virtualenv')
    if (view.manager === 'uv' && view.why === virtualenv?.why && view.name === virtualenv.name) return [['uv', 'as virtualenv']]
    const lines = [view.refusal === null ? view.why : `cannot: ${view.refusal.message}`]
    if (view.name !== null && view.refusal === null) {
      const state = view.exists === null ? '' : view.exists ? ' (is there)' : ' (not built yet)'
      lines.push(`${view.name}${state}`)
    } else if (view.refusal === null && view.nameless !== null && view.manager !== 'local')
      lines.push(`no name: ${view.nameless}`)
    return lines.map((line, index) => [index === 0 ? view.manager : '', show(line, 400)])
  })
  const title = isOverridden ? 'What MLflow makes of the files as they stand' : 'What MLflow makes of it'
  return [ink.bold(title), ...table(rows, { width, paint: [ink.dim] })]
}

/** Errors and warnings, then notices, each with what to do where it has not been said before. */
export function renderFindings(findings: readonly Finding[], { ink, width, all }: RenderOptions): string[] {
  if (findings.length === 0) return [ink.green('Nothing is wrong with it')]
  const counts = (['error', 'warning', 'notice'] as const)
    .map((level) => [findings.filter((each) => each.level === level).length, level] as const)
    .filter(([number]) => number > 0)
    .map(([number, level]) => count(number, level))
  const loud = findings.filter(({ level }) => level !== 'notice')
  const quiet = findings.filter(({ level }) => level === 'notice')
  const shown = [...loud, ...(all ? quiet : quiet.slice(0, mostNotices))]
  const fixed = new Set<string>()
  const lines = shown.flatMap((found) => {
    const fix = findingFix(found)
    const isNew = !fixed.has(fix)
    fixed.add(fix)
    return [
      `  ${level(found, ink)} ${ink.cyan(whereText(found))}  ${ink.dim(found.code)}`,
      ...wrap(show(findingMessage(found), 1000), width - 4).map((line) => `    ${line}`),
      ...(isNew ? wrap(`fix: ${show(fix, 400)}`, width - 4).map((line) => `    ${ink.dim(line)}`) : []),
    ]
  })
  return [`${ink.bold('Findings')} ${ink.dim(counts.join(', '))}`, ...lines, ...more(findings.length - shown.length, 'notice')]
}

function level({ level: name }: Finding, ink: Ink): string {
  return name === 'error' ? ink.red('error  ') : name === 'warning' ? ink.yellow('warning') : 'notice '
}

function whereText({ where }: Finding): string {
  const file = show(where.file ?? '')
  return where.line === undefined ? file : `${file}:${where.line}`
}

/** A stranger's line, with passwords left out. */
export function text(each: PlacedText): string {
  return show(withoutSecrets(each.text))
}

/** `requirements.txt:3`; an option of the command line as it is spelled. */
export function place({ file, line }: PlacedText): string {
  return line === 0 ? show(file) : `${show(file)}:${line}`
}
