/** Dates as text, read as ISO 8601: the judge's own arithmetic, in nanoseconds since 1970. */

const pattern = /^([+-]?\d{4,})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/

export interface IsoMoment {
  readonly nanoseconds: bigint
  readonly zoned: boolean
  readonly dateOnly: boolean
  /** Digits below the nanosecond that are not zero. */
  readonly finer: boolean
}

/** Reads `2020-01-02`, `2020-01-02T03:04:05.678+05:30` and the forms between; undefined for anything else. */
export function readIso(text: string): IsoMoment | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const y = Number(year)
  const m = Number(month)
  const d = Number(day)
  const h = Number(hour ?? 0)
  const min = Number(minute ?? 0)
  const s = Number(second ?? 0)
  if (m < 1 || m > 12 || d < 1 || d > daysIn(y, m) || h > 23 || min > 59 || s > 59) return undefined
  if (zone !== undefined && hour === undefined) return undefined
  let seconds = BigInt(daysFromCivil(y, m, d)) * 86400n + BigInt(h * 3600 + min * 60 + s)
  if (zone !== undefined && zone !== 'Z') {
    const sign = zone[0] === '-' ? -1 : 1
    const digits = zone.slice(1).replace(':', '')
    seconds -= BigInt(sign * (Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2) || 0) * 60))
  }
  const nanos = BigInt((fraction ?? '').slice(0, 9).padEnd(9, '0'))
  return {
    nanoseconds: seconds * 1_000_000_000n + nanos,
    zoned: zone !== undefined,
    dateOnly: hour === undefined,
    finer: /[1-9]/.test((fraction ?? '').slice(9)),
  }
}

/** Whether `datetime64[ns]` holds it; the lowest value is NaT. */
export function fitsNanoseconds(nanoseconds: bigint): boolean {
  return nanoseconds > -(2n ** 63n) && nanoseconds < 2n ** 63n
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

// Howard Hinnant's days_from_civil: exact for every year of the proleptic Gregorian calendar.
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468
}
