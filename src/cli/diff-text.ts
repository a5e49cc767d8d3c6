/** A difference of two models for people. */
import type { Change, ModelDiff, OutputDifference, SignatureChange, ValueDiff } from '../diff.ts'
import { show } from '../show.ts'
import type { Ink } from './ink.ts'
import { grouped, table, wrap } from './table.ts'
import { count } from './words.ts'

export interface DiffTextOptions {
  readonly width: number
  readonly ink: Ink
  /** Everything, however long. */
  readonly all: boolean
}

/** Lines of one list; a change of everything is told by its number. */
const mostLines = 12

/** Lines that end with a line feed. */
export function renderDiff(diff: ModelDiff, options: DiffTextOptions): string {
  const { ink } = options
  const blocks: string[][] = [
    signatureLines(diff, options),
    changeLines('flavors', diff.flavors, options),
    changeLines('environment', diff.environment, options),
    changeLines('operators', diff.operators, options),
    sizeLines(diff, ink),
    ...(diff.predictions === undefined
      ? []
      : ['failed' in diff.predictions ? failedLines(diff.predictions.reason, options) : valueLines(diff.predictions, options)]),
  ]
  const verdict = diff.breaks ? ink.red('breaks a client of the old version') : ink.green('breaks nothing')
  return `${[...blocks.filter((lines) => lines.length > 0), [verdict]].map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function signatureLines({ signature }: ModelDiff, options: DiffTextOptions): string[] {
  const { verdict, changes } = signature
  const { ink } = options
  const word = verdict === 'breaking' ? ink.red(verdict) : verdict === 'compatible' ? ink.yellow(verdict) : ink.green(verdict)
  const lines = changes.flatMap((change) => indented(changeText(change), options))
  return [`${ink.bold('signature')}  ${word}`, ...cut(lines, changes.length, options)]
}

function changeText({ part, name, effect, change, old, new: now }: SignatureChange): string {
  const subject = name === undefined ? part : `${part} \`${name}\``
  const values = old === undefined && now === undefined ? '' : `: ${[old, now].filter((each) => each !== undefined).join(' → ')}`
  return `${effect}: ${subject} ${change}${values}`
}

function changeLines(title: string, changes: readonly Change[], options: DiffTextOptions): string[] {
  if (changes.length === 0) return []
  const rows = changes.map(({ name, old, new: now }) => [
    old === undefined ? '+' : now === undefined ? '-' : ' ',
    show(name),
    valuesText(name, old, now),
  ])
  const shown = options.all ? rows : rows.slice(0, mostLines)
  return [options.ink.bold(title), ...table(shown, { width: options.width }), ...rest(changes.length - shown.length)]
}

/** A value that only repeats its name says nothing. */
function valuesText(name: string, old: string | undefined, now: string | undefined): string {
  const shown = [old, now].map((value) => (value === undefined || value === name ? '' : show(value)))
  if (old !== undefined && now !== undefined) return `${shown[0] || '(none)'} → ${shown[1] || '(none)'}`
  return shown[0] || shown[1] || ''
}

function sizeLines({ size }: ModelDiff, ink: Ink): string[] {
  const { old, new: now } = size
  const same = old.bytes === now.bytes && old.files === now.files
  const text = same
    ? `equal (${grouped(old.bytes)} bytes)`
    : `${grouped(old.bytes)} → ${grouped(now.bytes)} bytes, ${old.files} → ${now.files} files`
  return [`${ink.bold('size')}  ${text}`]
}

function failedLines(reason: string, options: DiffTextOptions): string[] {
  return [`${options.ink.bold('predictions')}  ${options.ink.red('the new version gives none')}`, ...indented(reason, options)]
}

function valueLines(values: ValueDiff, options: DiffTextOptions): string[] {
  const { ink } = options
  const { rows, changed, beyond, removed, added, outputs } = values
  const total = rows.old === rows.new ? count(rows.old, 'row') : `${rows.old} → ${rows.new} rows`
  const head = changed === 0 ? ink.green('equal') : `${changed} of ${total} changed, ${beyond} beyond the tolerance`
  const lines = [`${ink.bold('predictions')}  ${changed === 0 ? `${head} (${total})` : head}`]
  if (removed.length > 0) lines.push(...indented(`removed: ${removed.join(', ')}`, options))
  if (added.length > 0) lines.push(...indented(`added: ${added.join(', ')}`, options))
  const touched = outputs.filter(({ changed, types }) => changed > 0 || types !== undefined)
  if (touched.length === 0) return lines
  const number = (value: number | undefined) =>
    value === undefined ? '' : Number.isFinite(value) ? String(Number(value.toPrecision(4))) : 'infinite'
  lines.push(
    ...table(
      [
        ['output', 'rows', 'absolute', 'relative', 'ulp'],
        ...touched.map(({ name, changed, absolute, relative, ulp }) => [
          show(name) || '(unnamed)',
          String(changed),
          number(absolute),
          number(relative),
          number(ulp),
        ]),
      ],
      { width: options.width, align: ['left', 'right', 'right', 'right', 'right'] },
    ),
  )
  for (const output of touched) lines.push(...outputLines(output, options))
  return lines
}

function outputLines({ name, types, classes }: OutputDifference, options: DiffTextOptions): string[] {
  const title = name === '' ? '' : ` of ${show(name)}`
  const lines = types === undefined ? [] : indented(`type${title}: ${types.old} → ${types.new}`, options)
  if (classes === undefined) return lines
  const shown = options.all ? classes : classes.slice(0, mostLines)
  const rows = shown.map((change) => [show(change.old), '→', show(change.new), String(change.rows)])
  const tabled = table([['old', '', 'new', 'rows'], ...rows], {
    width: options.width,
    indent: 4,
    align: ['left', 'left', 'left', 'right'],
  })
  return [...lines, `  classes${title}`, ...tabled, ...rest(classes.length - shown.length)]
}

function indented(text: string, { width }: DiffTextOptions): string[] {
  return wrap(show(text, 2000), width - 4).map((line, index) => (index === 0 ? `  ${line}` : `    ${line}`))
}

function cut(lines: readonly string[], changes: number, { all }: DiffTextOptions): string[] {
  const most = 3 * mostLines
  return all || lines.length <= most
    ? [...lines]
    : [...lines.slice(0, most), `  and more of ${changes} changes; \`--verbose\` shows all`]
}

function rest(hidden: number): string[] {
  return hidden > 0 ? [`  and ${hidden} more; \`--verbose\` shows all`] : []
}
