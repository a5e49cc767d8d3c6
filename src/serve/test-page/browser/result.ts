/** The prediction: a table, a drawing where there is something to draw, the reply as JSON; or what went wrong. */
import { drawChart } from './chart.ts'
import { find, make } from './elements.ts'
import { isNumber, type Json, plainText, prettyJson, readJson } from './json.ts'
import { chartOf, type Table, tableOf } from './predictions.ts'
import type { Refusal } from './refusal.ts'
import { openTabs, type Tabs } from './tabs.ts'

const mostRows = 200
/** Characters of a cell, and of the reply. */
const longestCell = 200
const longestReply = 200_000

export interface ResultView {
  /** @param text - the reply's body */
  show(text: string, labels: readonly string[]): number | undefined
  /** @param link - goes to the field of a problem; undefined where it has none */
  refuse(refusal: Refusal, link: (problem: Refusal['problems'][number]) => (() => void) | undefined): void
  say(text: string): void
  clear(): void
}

/** Opens the part of the page that shows predictions. */
export function openResult(): ResultView {
  const tabs: Tabs = openTabs(['table', 'json'], () => {})
  const [result, errors, status] = [find('result'), find('errors'), find('status')]
  const clear = (): void => {
    result.hidden = true
    find('output-tabs').hidden = true
    errors.replaceChildren()
  }
  return {
    clear,
    say(text) {
      status.textContent = text
    },
    show(text, labels) {
      clear()
      result.hidden = false
      find('output-tabs').hidden = false
      let reply: Json | undefined
      try {
        reply = readJson(text)
      } catch {
        // Shown as it is.
      }
      find('json').textContent = cut(reply === undefined || text.length > longestReply ? text : prettyJson(reply))
      const table = reply === undefined ? undefined : tableOf(reply)
      if (table === undefined) {
        find('chart').replaceChildren()
        find('table').replaceChildren(make('p', { class: 'hint' }, 'The reply is no table: see it as JSON.'))
        tabs.choose('json')
        return undefined
      }
      showTable(table, labels)
      return table.rows.length
    },
    refuse(refusal, link) {
      clear()
      const items = refusal.problems.map((problem) => {
        const go = link(problem)
        const place = [problem.row === undefined ? '' : `row ${problem.row}`, problem.field ?? ''].filter((part) => part !== '')
        if (go === undefined)
          return make('li', {}, place.length > 0 ? `${place.join(', ')}: ${problem.message}` : problem.message)
        const button = make('button', { type: 'button', class: 'plain' }, problem.field)
        button.addEventListener('click', go)
        return make('li', {}, button, `: ${problem.message}`)
      })
      errors.replaceChildren(
        make('div', { class: 'refusal' }, make('h3', {}, refusal.title), make('ul', { class: 'problems' }, ...items)),
      )
    },
  }
}

function cut(text: string): string {
  if (text.length <= longestReply) return text
  return `${text.slice(0, longestReply)}\n… and ${(text.length - longestReply).toLocaleString('en')} characters more`
}

function showTable(table: Table, labels: readonly string[]): void {
  const { columns, rows } = table
  const shown = rows.slice(0, mostRows)
  const first = chartOf(table, 0, labels)
  const choosable = first?.kind === 'probabilities' && rows.length > 1
  const buttons: HTMLButtonElement[] = []
  const choose = (row: number): void => {
    const chart = chartOf(table, row, labels)
    const title = choosable ? make('p', { class: 'chart-title' }, `Row ${row + 1}`) : undefined
    find('chart').replaceChildren(
      ...[title, chart === undefined ? undefined : drawChart(chart, find('chart').clientWidth)].filter(
        (each) => each !== undefined,
      ),
    )
    for (const [index, button] of buttons.entries()) button.setAttribute('aria-pressed', String(index === row))
  }
  const isNumeric = columns.map((_, column) => shown.every((row) => row[column] === null || isNumber(row[column])))
  const body = shown.map((row, index) => {
    const number = String(index + 1)
    let head: Node = document.createTextNode(number)
    if (choosable) {
      const button = make('button', { type: 'button', class: 'row-button', 'aria-label': `Draw row ${number}` }, number)
      button.addEventListener('click', () => choose(index))
      buttons.push(button)
      head = button
    }
    const cells = row.map((cell, column) => {
      const text = plainText(cell)
      const isMissing = cell === undefined || cell === null
      return make(
        'td',
        {
          class: isMissing ? 'missing' : isNumeric[column] ? 'number' : undefined,
          title: text.length > longestCell ? 'cut' : undefined,
        },
        isMissing ? 'null' : text.length > longestCell ? `${text.slice(0, longestCell)}…` : text,
      )
    })
    return make('tr', {}, make('th', { scope: 'row' }, head), ...cells)
  })
  const heads = columns.map((name, column) => make('th', { scope: 'col', class: isNumeric[column] ? 'number' : undefined }, name))
  const head = make(
    'thead',
    {},
    make('tr', {}, make('th', { scope: 'col' }, make('span', { class: 'visually-hidden' }, 'Row')), ...heads),
  )
  const element = make(
    'table',
    {},
    make('caption', { class: 'visually-hidden' }, 'Predictions'),
    head,
    make('tbody', {}, ...body),
  )
  const rest = rows.length - shown.length
  find('table').replaceChildren(
    // It scrolls; with the keyboard too.
    make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Predictions as a table' }, element),
    ...(rest > 0 ? [make('p', { class: 'hint' }, `and ${rest.toLocaleString('en')} rows more: they are in the JSON.`)] : []),
  )
  choose(0)
}
