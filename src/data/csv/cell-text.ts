/** Cells of no fixed type as Python's `str` prints them, which is what its csv writer does. */
import { type Cell, isCellMap, isMoment, isTensor, type Moment, type Tensor } from '../../batch.ts'
import { notATime } from '../../dtype.ts'
import { longestNumber, putFloat16, putFloat32 } from './number-text.ts'

/** The text of a cell; undefined where it is missing. */
export function cellText(cell: Cell): string | undefined {
  if (cell === null || (typeof cell === 'number' && Number.isNaN(cell))) return undefined
  if (typeof cell === 'string') return cell
  if (isMoment(cell)) return cell.nanoseconds === notATime ? undefined : momentText(cell)
  return represent(cell)
}

/** `str(datetime)`, `str(date)`, `str(Timestamp)`. */
function momentText(moment: Moment): string {
  const [date, time, fraction] = momentParts(moment.nanoseconds)
  if (moment.kind === 'date') return date
  if (fraction === 0) return `${date} ${time}`
  const digits = String(fraction).padStart(9, '0')
  return `${date} ${time}.${fraction % 1000 === 0 ? digits.slice(0, 6) : digits}`
}

/** `2020-01-02`, `03:04:05` and the nanoseconds of the second. */
export function momentParts(nanoseconds: bigint): readonly [string, string, number] {
  let seconds = nanoseconds / 1_000_000_000n
  let fraction = Number(nanoseconds % 1_000_000_000n)
  if (fraction < 0) {
    seconds -= 1n
    fraction += 1_000_000_000
  }
  const [date, time] = new Date(Number(seconds) * 1000).toISOString().split('T') as [string, string]
  return [date, time.slice(0, 8), fraction]
}

function represent(cell: Cell): string {
  if (cell === null) return 'None'
  if (typeof cell === 'boolean') return cell ? 'True' : 'False'
  if (typeof cell === 'bigint') return String(cell)
  if (typeof cell === 'number') return floatText(cell)
  if (typeof cell === 'string') return quoteText(cell)
  if (cell instanceof Uint8Array) return bytesText(cell)
  if (isMoment(cell)) return momentText(cell)
  if (isTensor(cell)) return tensorText(cell)
  if (isCellMap(cell)) return `{${[...cell].map(([key, value]) => `${quoteText(key)}: ${represent(value)}`).join(', ')}}`
  return `[${cell.map(represent).join(', ')}]`
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  const magnitude = Math.abs(value)
  if (magnitude === Number.POSITIVE_INFINITY) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e16)) return Number.isInteger(value) ? `${value}.0` : `${value}`
  return value.toExponential().replace(/([+-])(\d)$/, '$10$2')
}

/** As nested lists: NumPy's own form breaks lines and leaves out the middle of long arrays. */
function tensorText(tensor: Tensor): string {
  const { shape, values, dtype } = tensor
  const element = (index: number): string => {
    const value = values[index] as Cell
    if (dtype === 'float16' || dtype === 'float32') return narrowText(value as number, dtype)
    if (dtype === 'bool') return value === 1 ? 'True' : 'False'
    if (dtype.startsWith('float') || typeof value !== 'number') return represent(value)
    return String(value)
  }
  let at = 0
  const nest = (level: number): string =>
    level === shape.length ? element(at++) : `[${Array.from({ length: shape[level]! }, () => nest(level + 1)).join(', ')}]`
  return nest(0)
}

function narrowText(value: number, dtype: 'float16' | 'float32'): string {
  const target = Buffer.alloc(longestNumber)
  const length = dtype === 'float16' ? putFloat16(target, 0, value) : putFloat32(target, 0, value)
  return length === 0 ? 'nan' : target.toString('latin1', 0, length)
}

/** `repr(bytes)`. */
export function bytesText(bytes: Uint8Array): string {
  const mark = bytes.includes(39) && !bytes.includes(34) ? '"' : "'"
  let text = `b${mark}`
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    if (character === mark || character === '\\') text += `\\${character}`
    else text += controls[character] ?? (byte < 32 || byte > 126 ? `\\x${byte.toString(16).padStart(2, '0')}` : character)
  }
  return text + mark
}

const controls: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
// What `str.isprintable` refuses: the categories Other and Separator, save the blank.
const unprintable = /(?! )[\p{C}\p{Z}]/u

function quoteText(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  let quoted = mark
  for (const character of text) {
    if (character === mark || character === '\\') quoted += `\\${character}`
    else if (controls[character] !== undefined) quoted += controls[character]
    else quoted += unprintable.test(character) ? escaped(character.codePointAt(0)!) : character
  }
  return quoted + mark
}

function escaped(point: number): string {
  const digits = point.toString(16)
  if (point < 0x100) return `\\x${digits.padStart(2, '0')}`
  return point < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}
