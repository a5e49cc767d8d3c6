/**
 * `pandas.to_datetime` on a column, for the forms `dataframe_split` and `dataframe_records`: the first text decides the
 * format that all must have; where no format can be told, each text is read by itself.
 *
 * @see pandas/core/tools/datetimes.py and pandas/_libs/tslibs/parsing.pyx (guess_datetime_format)
 */
import { notATime } from '../dtype.ts'
import { daysFromCivil, daysInMonth } from './calendar.ts'
import { integerRanges, nanosecondsOf } from './numpy.ts'
import { Refusal, type Sink } from './sink.ts'
import { type Cell, cellsOf, isInteger, isMissing, isMoment, type Series } from './values.ts'

export interface Instant {
  readonly nanoseconds: bigint
  /** Minutes east of UTC, where the text names a zone. */
  readonly offset?: number
}

const missingTexts = new Set(['', 'NaT', 'nat', 'NAT', 'nan', 'NaN', 'NAN'])

/** @throws Refusal where the column as a whole is refused: booleans, mixed time zones */
export function toDatetime(series: Series, sink: Sink): Series {
  if (series.dtype === 'datetime64') return series
  if (series.dtype === 'bool') throw new Refusal('booleans are no dates')
  const cells = cellsOf(series)
  if (series.dtype === 'str' || series.dtype === 'object') return fromObjects(cells, sink)
  if (isInteger(series.dtype)) return instants(cells, sink, (cell) => inRange(cell as bigint))
  return instants(cells, sink, (cell) => fromFloat(cell as number))
}

function fromFloat(value: number): Instant {
  return { nanoseconds: nanosecondsOf(value) }
}

function inRange(nanoseconds: bigint, offset?: number): Instant | string {
  const [least, most] = integerRanges['int64']!
  if (nanoseconds < least || nanoseconds > most) return 'outside of 1677-09-21 to 2262-04-11'
  return { nanoseconds, ...(offset !== undefined && { offset }) }
}

function instants(cells: readonly Cell[], sink: Sink, read: (cell: Cell) => Instant | string): Series {
  return seriesOfInstants(cells, (cell, row) => {
    const instant = read(cell)
    if (typeof instant === 'string') sink.refuse([row], cell, instant)
    return typeof instant === 'string' ? notAnInstant : instant
  })
}

/** A column of dates; missing values and the texts that pandas takes for them are NaT. */
export function seriesOfInstants(cells: readonly Cell[], read: (cell: Cell, row: number) => Instant): Series {
  const values = new BigInt64Array(cells.length)
  const offsets = new Set<number | undefined>()
  cells.forEach((cell, row) => {
    const instant = isMissing(cell) || (typeof cell === 'string' && missingTexts.has(cell)) ? notAnInstant : read(cell, row)
    values[row] = instant.nanoseconds
    if (instant !== notAnInstant) offsets.add(instant.offset)
  })
  if (offsets.size > 1) throw new Refusal('dates with different time zones')
  const zoned = offsets.size === 1 && !offsets.has(undefined)
  return { dtype: 'datetime64', values, ...(zoned && { zoned: true as const }) }
}

const notAnInstant: Instant = { nanoseconds: notATime }

function fromObjects(cells: readonly Cell[], sink: Sink): Series {
  const first = cells.find(
    (cell) => !isMissing(cell) && !(typeof cell === 'string' && (missingTexts.has(cell) || isCurrent(cell))),
  )
  const format = typeof first === 'string' ? guessFormat(first) : undefined
  if (format !== undefined) {
    const read = reader(format)
    return instants(cells, sink, (cell) =>
      typeof cell === 'string' ? (current(cell) ?? read(cell)) : `not in the format ${format} of the first date`,
    )
  }
  return instants(cells, sink, readAlone)
}

/** Reads one cell as a date as `pd.to_datetime` does; a string is the reason why it is none. */
export function readAlone(cell: Cell): Instant | string {
  if (typeof cell === 'bigint') return inRange(cell)
  if (typeof cell === 'number') return Math.abs(cell) < 2 ** 63 ? fromFloat(cell) : 'outside of 1677-09-21 to 2262-04-11'
  if (isMoment(cell)) return { nanoseconds: cell.nanoseconds }
  if (typeof cell !== 'string') return 'no date'
  const now = current(cell)
  if (now !== undefined) return now
  const text = cell.trim()
  const format = guessFormat(text) ?? looseFormats.find((candidate) => typeof reader(candidate)(text) !== 'string')
  return format === undefined ? 'no date' : reader(format)(text)
}

// Read by dateutil, one text at a time.
const looseFormats = [
  '%m/%d/%y',
  '%Y-%m-%d',
  '%Y-%m-%dT%H:%M:%S,%f',
  '%Y-%m-%d %H:%M:%S,%f',
  '%Y-%m-%d %I:%M:%S %p',
  '%Y-%m-%d %I:%M %p',
]

function isCurrent(text: string): boolean {
  return text === 'now' || text === 'today'
}

function current(text: string): Instant | undefined {
  return isCurrent(text) ? { nanoseconds: BigInt(Date.now()) * 1_000_000n } : undefined
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]

/** A pattern of the texts whose format can be guessed, and the format's directives. */
const datePatterns: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [/^\d{4}([-/.])\d{1,2}\1\d{1,2}(?!\d)/, ([, mark]) => `%Y${mark}%m${mark}%d`],
  [/^\d{4}-\d{1,2}$/, () => '%Y-%m'],
  [/^\d{8}(?!\d)/, () => '%Y%m%d'],
  [/^\d{4}$/, () => '%Y'],
  [
    /^(\d{1,2})([-/.])\d{1,2}\2\d{4}(?!\d)/,
    ([, first, mark]) => (Number(first) > 12 ? `%d${mark}%m${mark}%Y` : `%m${mark}%d${mark}%Y`),
  ],
  [/^([A-Za-z]+)([ -])\d{1,2}(,?)\2\d{4}(?!\d)/, ([, name, mark, comma]) => `${monthDirective(name!)}${mark}%d${comma}${mark}%Y`],
  [/^\d{1,2}([ -])([A-Za-z]+)\1\d{4}(?!\d)/, ([, mark, name]) => `%d${mark}${monthDirective(name!)}${mark}%Y`],
]

function monthDirective(name: string): string {
  return months.includes(name.toLowerCase()) ? '%b' : '%B'
}

const timePattern = /^([Tt ])\d{1,2}(?:(:)\d{1,2}(?:(:)\d{1,2}(\.\d*)?)?|(\d{4}))?( ?)(Z|[+-]\d\d(?::?\d\d)?|UTC|GMT)?( *)$/

/** The format pandas would guess from a text, as directives of strptime; undefined where it guesses none. */
function guessFormat(text: string): string | undefined {
  const lead = /^ */.exec(text)![0]
  const body = text.slice(lead.length)
  for (const [pattern, directives] of datePatterns) {
    const match = pattern.exec(body)
    if (match === null) continue
    const rest = body.slice(match[0].length)
    const time = /^ *$/.test(rest) ? rest : timeDirectives(rest)
    if (time === undefined) continue
    const format = lead + directives(match) + time
    if (typeof reader(format)(text) === 'object' && !/^0/.test(/\d{4}/.exec(text)?.[0] ?? '')) return format
  }
  return undefined
}

function timeDirectives(text: string): string | undefined {
  const match = timePattern.exec(text)
  if (match === null) return undefined
  const [, mark, minute, second, fraction, packed, gap = '', zone, tail = ''] = match
  const clock = packed !== undefined ? '%H%M%S' : `%H${minute === undefined ? '' : ':%M'}${second === undefined ? '' : ':%S'}`
  const named = zone === 'UTC' || zone === 'GMT'
  if (zone === undefined && gap !== '') return `${mark}${clock}${fraction === undefined ? '' : '.%f'}${gap}${tail}`
  return `${mark}${clock}${fraction === undefined ? '' : '.%f'}${gap}${zone === undefined ? '' : named ? '%Z' : '%z'}${tail}`
}

const directivePatterns: Readonly<Record<string, string>> = {
  Y: '(?<Y>\\d{4})',
  y: '(?<y>\\d\\d)',
  m: '(?<m>1[0-2]|0[1-9]|[1-9])',
  d: '(?<d>3[01]|[12]\\d|0[1-9]|[1-9])',
  H: '(?<H>2[0-3]|[01]\\d|\\d)',
  I: '(?<H>1[0-2]|0[1-9]|[1-9])',
  M: '(?<M>[0-5]\\d|\\d)',
  S: '(?<S>[0-5]\\d|\\d)',
  f: '(?<f>\\d*)',
  p: '(?<p>[AaPp][Mm])',
  z: '(?<z>Z|[+-]\\d\\d(?::?\\d\\d)?)',
  Z: '(?<Z>UTC|GMT)',
  b: `(?<b>${months.join('|')})`,
  B: `(?<b>${monthNames.join('|')})`,
}

const readers = new Map<string, (text: string) => Instant | string>()

function reader(format: string): (text: string) => Instant | string {
  const known = readers.get(format)
  if (known !== undefined) return known
  const pattern = format.replace(/%(.)|[.*+?^${}()|[\]\\]/g, (part, directive) =>
    directive === undefined ? `\\${part}` : directivePatterns[directive]!,
  )
  const expression = new RegExp(`^${pattern}$`, format.includes('%b') || format.includes('%B') ? 'i' : '')
  const read = (text: string): Instant | string => {
    const match = expression.exec(text)
    return match === null ? `not in the format ${format} of the first date` : instantOf(match.groups!)
  }
  readers.set(format, read)
  return read
}

function instantOf(parts: Readonly<Record<string, string | undefined>>): Instant | string {
  const { Y, y, m, d = '1', H = '0', M = '0', S = '0', f = '', p, z, Z, b } = parts
  const year = y === undefined ? Number(Y) : Number(y) + (Number(y) < 69 ? 2000 : 1900)
  const month = b === undefined ? Number(m ?? 1) : months.indexOf(b.slice(0, 3).toLowerCase()) + 1
  if (year < 1 || Number(d) > daysInMonth(year, month)) return 'no day of that month'
  const hour = p === undefined ? Number(H) : (Number(H) % 12) + (p.toLowerCase() === 'pm' ? 12 : 0)
  const offset = z === undefined ? (Z === undefined ? undefined : 0) : zoneMinutes(z)
  const seconds =
    daysFromCivil(year, month, Number(d)) * 86_400n + BigInt(hour * 3600 + (Number(M) - (offset ?? 0)) * 60 + Number(S))
  return inRange(seconds * 1_000_000_000n + BigInt(f.slice(0, 9).padEnd(9, '0')), offset)
}

function zoneMinutes(zone: string): number {
  if (zone === 'Z') return 0
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  return (zone.startsWith('-') ? -1 : 1) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2)))
}
