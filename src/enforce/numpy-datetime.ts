/**
 * NumPy's own reading of date texts, for `inputs` and `instances`: ISO 8601 only, a time zone is converted to UTC, and a
 * year outside of nanoseconds' range wraps without a word.
 *
 * @see numpy/_core/src/multiarray/datetime_strings.c (parse_iso_8601_datetime)
 */
import { notATime } from '../dtype.ts'
import { daysFromCivil, daysInMonth } from './calendar.ts'

export interface ParsedDatetime {
  /** Exact, not yet wrapped to 64 bits. */
  readonly nanoseconds: bigint
}

const shape = /^([+-]?\d+)(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d*))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?)?)?$/

/** Reads a text; a string says why NumPy raises. */
export function parseNumpyDatetime(text: string): ParsedDatetime | string {
  const trimmed = text.replace(/^[\t-\r ]+/, '')
  if (text === '' || /^nat$/i.test(trimmed)) return { nanoseconds: notATime }
  const named = /^(now|today)$/i.exec(trimmed)
  if (named !== null) return { nanoseconds: currentTime(named[1]!.toLowerCase()) }
  const match = shape.exec(trimmed)
  if (match === null) return 'not an ISO 8601 date'
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone] = match
  // Years beyond this overflow NumPy's own arithmetic too.
  if (year!.length > 13) return 'year out of range'
  if (Number(month) < 1 || Number(month) > 12) return 'month out of range'
  if (Number(day) < 1 || Number(day) > daysInMonth(Number(year), Number(month))) return 'day out of range'
  if (Number(hour) > 23) return 'hour out of range'
  if (Number(minute) > 59) return 'minute out of range'
  if (Number(second) > 59) return 'second out of range'
  const offset = zoneMinutes(zone)
  if (offset === undefined) return 'time zone out of range'
  const days = daysFromCivil(Number(year), Number(month), Number(day))
  const seconds = days * 86_400n + BigInt(Number(hour) * 3600 + (Number(minute) - offset) * 60 + Number(second))
  return { nanoseconds: seconds * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0')) }
}

function zoneMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const hours = Number(digits.slice(0, 2))
  const minutes = Number(digits.slice(2))
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

/** NumPy's `now` is to the second, in UTC; `today` the local date. */
function currentTime(name: string): bigint {
  const now = new Date()
  if (name === 'now') return BigInt(Math.floor(now.getTime() / 1000)) * 1_000_000_000n
  return daysFromCivil(now.getFullYear(), now.getMonth() + 1, now.getDate()) * 86_400_000_000_000n
}
