/** Drawings of predictions: bars of probabilities, a line of a series. */
import { draw, make, visible } from './elements.ts'
import type { Bar, Chart } from './predictions.ts'

const mostBars = 12

/**
 * Draws a chart. What it shows is also in words.
 *
 * @param room - pixels that there are; on a phone letters stay as large as elsewhere
 */
export function drawChart(chart: Chart, room: number): HTMLElement {
  return chart.kind === 'probabilities' ? drawBars(chart.bars) : drawSeries(chart, Math.min(720, Math.max(240, room)))
}

function drawBars(bars: readonly Bar[]): HTMLElement {
  const highest = Math.max(...bars.map(({ value }) => value))
  const shown = bars.length <= mostBars ? bars : [...bars].sort((left, right) => right.value - left.value).slice(0, mostBars)
  const list = make('ul', { class: 'bars', 'aria-label': 'Probabilities' })
  for (const { label, value } of shown) {
    const fill = make('span', { class: 'bar-fill' })
    // Not an attribute: the policy of the page allows no inline style.
    fill.style.width = `${value * 100}%`
    const isHighest = bars.length > 1 && value === highest
    list.append(
      make(
        'li',
        { class: isHighest ? 'bar-line highest' : 'bar-line' },
        make('span', { class: 'bar-label', title: visible(label) }, label),
        make('span', { class: 'bar-track', 'aria-hidden': 'true' }, fill),
        make('span', { class: 'bar-value' }, percent(value)),
      ),
    )
  }
  const rest = bars.length - shown.length
  return make('div', { class: 'chart' }, list, rest > 0 ? make('p', { class: 'hint' }, `and ${rest} more`) : undefined)
}

function percent(value: number): string {
  const digits = value > 0.001 && value < 0.999 ? 1 : 2
  return `${(value * 100).toFixed(value === 0 || value === 1 ? 0 : digits)} %`
}

const [height, left, right, top, bottom] = [200, 56, 12, 12, 26]

/** A line over the rows; of long series the lowest and highest of every pixel. */
function drawSeries({ name, values, isProbability }: Extract<Chart, { kind: 'series' }>, width: number): HTMLElement {
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0) return make('p', { class: 'hint' }, `${name}: no finite values to draw.`)
  const [lowest, highest] = [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))]
  const ticks = isProbability ? [0, 0.5, 1] : ticksOf(lowest, highest)
  const [from, to] = [Math.min(lowest, ticks[0]!), Math.max(highest, ticks.at(-1)!)]
  const last = Math.max(1, values.length - 1)
  const x = (index: number): number => left + (index / last) * (width - left - right)
  const y = (value: number): number => height - bottom - ((value - from) / (to - from || 1)) * (height - top - bottom)
  const points = thin(values, Math.floor(width))
  const words = `${name}: ${values.length} values from ${short(lowest)} to ${short(highest)}`
  const svg = draw('svg', { viewBox: `0 0 ${width} ${height}`, class: 'series', role: 'img', 'aria-label': visible(words) })
  for (const tick of ticks)
    svg.append(
      draw('line', { x1: left, x2: width - right, y1: y(tick), y2: y(tick), class: 'grid' }),
      draw('text', { x: left - 8, y: y(tick) + 4, 'text-anchor': 'end', class: 'tick' }, short(tick)),
    )
  for (const index of [...new Set([0, Math.floor(last / 2), values.length - 1])])
    svg.append(draw('text', { x: x(index), y: height - 6, 'text-anchor': anchor(index, last), class: 'tick' }, String(index + 1)))
  let path = ''
  let isDown = false
  for (const index of points) {
    const value = values[index]!
    if (!Number.isFinite(value)) {
      isDown = false
      continue
    }
    path += `${isDown ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`
    isDown = true
  }
  svg.append(draw('path', { d: path, class: 'line' }))
  if (values.length <= 60)
    for (const [index, value] of values.entries())
      if (Number.isFinite(value))
        svg.append(
          draw(
            'circle',
            { cx: x(index).toFixed(1), cy: y(value).toFixed(1), r: 3.5, class: 'dot' },
            draw('title', {}, `${index + 1}: ${value}`),
          ),
        )
  return make('figure', { class: 'chart' }, make('figcaption', {}, words), svg)
}

function anchor(index: number, last: number): string {
  if (index === 0) return 'start'
  return index === last ? 'end' : 'middle'
}

/** Indices to draw: all, or the lowest and highest of each part. */
function thin(values: readonly number[], parts: number): readonly number[] {
  if (values.length <= parts * 2) return values.map((_, index) => index)
  const size = values.length / parts
  return Array.from({ length: parts }, (_, part) => {
    let [low, high] = [Math.floor(part * size), Math.floor(part * size)]
    for (let index = low; index < Math.min(values.length, Math.floor((part + 1) * size)); index++) {
      if (values[index]! < values[low]!) low = index
      if (values[index]! > values[high]!) high = index
    }
    return low < high ? [low, high] : low > high ? [high, low] : [low]
  }).flat()
}

/** Three to six round numbers that span the values. */
function ticksOf(lowest: number, highest: number): readonly number[] {
  const span = highest - lowest || Math.abs(highest) || 1
  if (!Number.isFinite(span)) return [lowest, highest]
  const rough = 10 ** Math.floor(Math.log10(span / 3))
  const step = [1, 2, 5, 10].map((factor) => factor * rough).find((each) => span / each <= 4.5) ?? span
  const first = Math.floor(lowest / step)
  const last = Math.max(first + 1, Math.ceil(highest / step))
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
}

/** A number with as many digits as an axis has room for. */
function short(value: number): string {
  const size = Math.abs(value)
  if (value !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(1)
  return String(Number(value.toPrecision(4)))
}
