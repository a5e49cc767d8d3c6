/** A validation for people: by model, by file, most severe first. */
import { placeText } from '../errors/place.ts'
import { type Finding, infoOf, type Level } from '../finding/index.ts'
import { show } from '../show.ts'
import type { ModelVerdict } from '../validate/report.ts'
import type { Ink } from './ink.ts'
import { wrap } from './table.ts'
import { countLevels, type ModelOutcome, type Outcome, shownFix, shownMessage } from './validation.ts'
import { count } from './words.ts'

export interface TextOptions {
  readonly width: number
  readonly ink: Ink
  /** Notices and everything beyond the limit too. */
  readonly all: boolean
}

/** Findings printed of one model; more are not read. */
const mostFindings = 100

/** Lines that end with a line feed. */
export function renderValidation(outcome: Outcome, options: TextOptions): string {
  const blocks = outcome.models.map((model) => modelLines(model, options))
  if (outcome.models.length > 1) blocks.push([totals(outcome, options.ink)])
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function modelLines(model: ModelOutcome, options: TextOptions): string[] {
  const { findings } = model
  const visible = options.all ? findings : findings.filter(({ level }) => level !== 'notice').slice(0, mostFindings)
  const lines = [options.ink.bold(show(model.location))]
  for (const [file, group] of byFile(visible)) {
    lines.push('', `  ${options.ink.cyan(show(file))}`)
    // What to do is said once for findings of one kind that stand together.
    for (const [index, found] of group.entries())
      lines.push(...findingLines(found, group[index + 1]?.code !== found.code, options))
  }
  if (visible.length > 0) lines.push('')
  return [
    ...lines,
    ...wrap(summary(model, findings.length - visible.length, options), options.width - 2).map((line) => `  ${line}`),
  ]
}

/** Files in the order of their most severe finding, which comes first. */
function byFile(findings: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  const groups = new Map<string, Finding[]>()
  for (const found of findings) {
    const file = found.where.file ?? 'the folder'
    const group = groups.get(file)
    if (group === undefined) groups.set(file, [found])
    else group.push(found)
  }
  return groups
}

function findingLines(found: Finding, withFix: boolean, { width, ink }: TextOptions): string[] {
  const { file: _, ...rest } = found.where
  const place = placeText(rest)
  const head = `${paintLevel(found.level, ink)} ${ink.bold(found.code)}`
  const headWidth = found.level.length + found.code.length + 5
  const fits = headWidth + 2 + place.length <= width
  const indented = (text: string, paint: (line: string) => string) => wrap(text, width - 6).map((line) => `      ${paint(line)}`)
  const plain = (line: string) => line
  return [
    place === '' ? `    ${head}` : fits ? `    ${head}  ${ink.dim(place)}` : `    ${head}`,
    ...(place !== '' && !fits ? indented(place, ink.dim) : []),
    ...indented(shownMessage(found), plain),
    ...(withFix ? indented(`fix: ${shownFix(found)}`, ink.dim) : []),
  ]
}

function paintLevel(level: Level, ink: Ink): string {
  return level === 'error' ? ink.red(level) : level === 'warning' ? ink.yellow(level) : ink.dim(level)
}

const verdictWords: Readonly<Record<ModelVerdict, string>> = {
  passed: 'passed',
  failed: 'failed',
  unjudged: 'not judged whole',
}

function summary(model: ModelOutcome, hidden: number, { ink, all }: TextOptions): string {
  const { findings, verdict } = model
  const levels = countLevels(findings)
  const paint = verdict === 'passed' ? ink.green : verdict === 'failed' ? ink.red : ink.yellow
  const notices = levels.notice === 0 ? [] : [count(levels.notice, 'notice')]
  const parts = [
    ...(levels.error > 0 ? [count(levels.error, 'error')] : []),
    ...(levels.warning > 0 ? [count(levels.warning, 'warning')] : []),
    ...notices,
    ...(model.known > 0 ? [`${model.known} known by the baseline`] : []),
    ...(model.ignored > 0 ? [`${model.ignored} ignored`] : []),
  ]
  const judged = model.files.filter((file) => file.verdict === 'safe').length
  const counted = `${count(model.files.length, 'file')}${judged === 0 ? '' : `, ${judged} that could carry code and ${judged === 1 ? 'is' : 'are'} safe`}`
  const more = hidden > 0 && !all ? '; `--verbose` shows all' : ''
  return `${paint(verdictWords[verdict])}: ${[...parts, counted].join(', ')}${more}`
}

function totals({ models }: Outcome, ink: Ink): string {
  const of = (verdict: ModelVerdict) => models.filter((model) => model.verdict === verdict).length
  const parts = [
    of('failed') > 0 ? ink.red(`${of('failed')} failed`) : '',
    of('unjudged') > 0 ? ink.yellow(`${of('unjudged')} not judged whole`) : '',
    of('passed') > 0 ? ink.green(`${of('passed')} passed`) : '',
  ]
  return `${count(models.length, 'model')}: ${parts.filter((part) => part !== '').join(', ')}`
}

/** What `--explain` prints of one code. */
export function explain(code: Finding['code'], { width, ink }: Pick<TextOptions, 'width' | 'ink'>): string {
  const info = infoOf(code)
  const paragraph = (text: string) => wrap(text, width - 2).map((line) => `  ${line}`)
  const effect = info.unjudged === true ? ' (not judged: exit code 2)' : ''
  return [
    ...wrap(`${code}: ${info.title}`, width).map((line) => line.replace(code, ink.bold(code))),
    '',
    `  ${paintLevel(info.level, ink)}${effect}`,
    '',
    ...paragraph(info.why),
    '',
    ...paragraph(`fix: ${info.fix()}`),
    '',
  ].join('\n')
}
