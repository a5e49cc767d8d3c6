/**
 * What a plain YAML scalar means to PyYAML's `safe_load`, the only reader MLflow uses. Its rules are YAML 1.1 with gaps of
 * its own: `y` and `1e3` are text, `010` is 8, `1:30` is 90. The patterns are those of yaml/resolver.py (PyYAML 6.0).
 */

/** A scalar as read; `invalid` where PyYAML's pattern takes the text and its constructor then fails. */
export type PlainScalar =
  | { readonly type: 'null' | 'merge' | 'value' | 'text' }
  | { readonly type: 'bool' | 'int' | 'float' | 'timestamp'; readonly value: boolean | bigint | number | string }
  | { readonly type: 'invalid'; readonly as: string }

const bool = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/
const float =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const int = /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/
const nothing = /^(?:~|null|Null|NULL|)$/
const timestamp =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/
const timestampParts =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?(?:[ \t]*(Z|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?)?$/

/** Digits Python's int() takes (sys.int_info.default_max_str_digits); more raise in PyYAML too. */
const longestInteger = 4300

/** Reads a scalar written without quotes and without a tag. */
export function readPlain(text: string): PlainScalar {
  // Most keys and values: no word of the patterns is that long, and all else in them begins with a digit or a sign.
  if (text.length > 5 && /^[A-Za-z]/.test(text)) return { type: 'text' }
  if (bool.test(text)) return { type: 'bool', value: readBool(text)! }
  if (float.test(text)) return { type: 'float', value: readFloat(text)! }
  if (int.test(text)) return read('int', readInt(text), 'integer')
  if (text === '<<') return { type: 'merge' }
  if (nothing.test(text)) return { type: 'null' }
  if (timestamp.test(text)) return read('timestamp', readTimestamp(text), 'date')
  if (text === '=') return { type: 'value' }
  return { type: 'text' }
}

/** Reads a scalar with one of the tags `!!bool`, `!!int`, `!!float`, `!!timestamp`, however it is written. */
export function readTagged(type: 'bool' | 'int' | 'float' | 'timestamp', text: string): PlainScalar {
  if (type === 'bool') return read(type, readBool(text), 'boolean')
  if (type === 'int') return read(type, readInt(text), 'integer')
  if (type === 'float') return read(type, readFloat(text), 'number')
  return read(type, readTimestamp(text), 'date')
}

function read(
  type: 'bool' | 'int' | 'float' | 'timestamp',
  value: boolean | bigint | number | string | undefined,
  as: string,
): PlainScalar {
  return value === undefined ? { type: 'invalid', as } : { type, value }
}

function readBool(text: string): boolean | undefined {
  const lower = text.toLowerCase()
  if (lower === 'yes' || lower === 'true' || lower === 'on') return true
  return lower === 'no' || lower === 'false' || lower === 'off' ? false : undefined
}

/** `construct_yaml_int`: underscores go first, then sign, base by prefix, base 60 by colons. */
function readInt(text: string): bigint | undefined {
  const bare = text.replaceAll('_', '')
  const negative = bare.startsWith('-')
  const digits = /^[-+]/.test(bare) ? bare.slice(1) : bare
  const magnitude = readMagnitude(digits)
  return magnitude === undefined ? undefined : negative ? -magnitude : magnitude
}

function readMagnitude(digits: string): bigint | undefined {
  if (digits === '0') return 0n
  if (digits.startsWith('0b')) return /^0b[01]+$/.test(digits) ? BigInt(digits) : undefined
  if (digits.startsWith('0x')) return /^0x[0-9a-fA-F]+$/.test(digits) ? BigInt(digits) : undefined
  if (digits.length > longestInteger) return undefined
  if (digits.startsWith('0')) return /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : undefined
  if (/^[0-9]+(?::[0-9]+)+$/.test(digits)) return digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n)
  return /^[0-9]+$/.test(digits) ? BigInt(digits) : undefined
}

/** `construct_yaml_float`; the sum of base 60 runs from the seconds up, as Python's does, for the same rounding. */
function readFloat(text: string): number | undefined {
  const bare = text.replaceAll('_', '').toLowerCase()
  const sign = bare.startsWith('-') ? -1 : 1
  const digits = /^[-+]/.test(bare) ? bare.slice(1) : bare
  if (digits === '.inf') return sign * Number.POSITIVE_INFINITY
  if (digits === '.nan') return Number.NaN
  if (digits.includes(':')) {
    let value = 0
    let base = 1
    for (const part of digits.split(':').reverse()) {
      if (!isDecimal(part)) return undefined
      value += Number(part) * base
      base *= 60
    }
    return sign * value
  }
  if (/^(?:inf|infinity)$/.test(digits)) return sign * Number.POSITIVE_INFINITY
  if (digits === 'nan') return Number.NaN
  return isDecimal(digits) ? sign * Number(digits) : undefined
}

function isDecimal(digits: string): boolean {
  return /^(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?$/.test(digits)
}

/** `str(datetime)` or `str(date)` of it, which is what MLflow makes of `utc_time_created`; undefined for no such day. */
function readTimestamp(text: string): string | undefined {
  const parts = timestampParts.exec(text)
  if (parts === null) return undefined
  const number = (index: number): number => Number(parts[index] ?? '0')
  const day = new Date(0)
  day.setUTCFullYear(number(1), number(2) - 1, number(3))
  if (number(1) < 1 || day.getUTCMonth() !== number(2) - 1 || day.getUTCDate() !== number(3)) return undefined
  const date = `${parts[1]}-${two(number(2))}-${two(number(3))}`
  if (parts[4] === undefined) return date
  if (number(4) > 23 || number(5) > 59 || number(6) > 59) return undefined
  const fraction = (parts[7] ?? '').slice(0, 6).padEnd(6, '0')
  const zone = readZone(parts[8], parts[9], number(10), number(11))
  if (zone === undefined) return undefined
  const seconds = `${two(number(4))}:${two(number(5))}:${two(number(6))}`
  return `${date} ${seconds}${fraction === '000000' ? '' : `.${fraction}`}${zone}`
}

function readZone(zone: string | undefined, sign: string | undefined, hours: number, minutes: number): string | undefined {
  if (zone === undefined) return ''
  const total = hours * 60 + minutes
  // datetime.timezone takes less than a day.
  if (total >= 24 * 60) return undefined
  return `${sign === '-' && total > 0 ? '-' : '+'}${two(Math.floor(total / 60))}:${two(total % 60)}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
