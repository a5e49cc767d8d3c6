/** Cells as Python's `json.dumps` writes them, with MLflow's encoder for what JSON has no form of. */
import { type Cell, type CellMap, isCellMap, isMoment, isTensor, type Moment, type Tensor } from '../batch.ts'
import { float16ToNumber, notATime } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import { formatPythonFloat } from './python-number.ts'

/** Prints one element of a tensor or column. */
export type ElementPrinter = (index: number) => string

/**
 * Writes a value: `", "` and `": "`, only ASCII, floats as `repr` prints them, NaN as a token, bytes as base64 in lines,
 * dates as ISO text.
 *
 * @throws JSON_NOT_WRITABLE for complex numbers
 */
export function writeJsonValue(cell: Cell): string {
  if (cell === null) return 'null'
  switch (typeof cell) {
    case 'boolean':
      return cell ? 'true' : 'false'
    case 'bigint':
      return cell.toString()
    case 'number':
      return formatPythonFloat(cell)
    case 'string':
      return writeJsonString(cell)
  }
  if (Array.isArray(cell)) return `[${cell.map(writeJsonValue).join(', ')}]`
  if (isCellMap(cell)) return writeMap(cell)
  if (cell instanceof Uint8Array) return writeBytes(cell)
  if (isMoment(cell)) return `"${isoMoment(cell)}"`
  if (isTensor(cell)) return writeTensor(cell)
  throw new MlmodelError('JSON_NOT_WRITABLE', { what: 'a value of unknown type' })
}

function writeMap(map: CellMap): string {
  let text = '{'
  for (const [key, value] of map) text += `${text === '{' ? '' : ', '}${writeJsonString(key)}: ${writeJsonValue(value)}`
  return `${text}}`
}

/** Python's ESCAPE_ASCII; what it leaves alone needs no second look. */
const plainText = /^[ !#-[\]-~]*$/
const notAscii = /[\u007f-\uffff]/g

/** A JSON string of ASCII characters only, as `json.dumps` writes it (unlike JavaScript, DEL is escaped too). */
export function writeJsonString(text: string): string {
  if (plainText.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(notAscii, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** MLflow's form of bytes: base64 in lines of 76 characters, each with its newline, as Python's `encodebytes`. */
export function writeBytes(bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  return `"${base64.replace(/.{1,76}/g, '$&\\n')}"`
}

/** `isoformat()` of a date, or of a pandas timestamp: fractions of 6 digits, or 9 where microseconds do not do. */
export function isoMoment(moment: Moment): string {
  if (moment.nanoseconds === notATime) return 'NaT'
  const seconds = floorDivide(moment.nanoseconds, 1_000_000_000n)
  const fraction = moment.nanoseconds - seconds * 1_000_000_000n
  const iso = new Date(Number(seconds) * 1000).toISOString().slice(0, -5)
  if (moment.kind === 'date') return iso.slice(0, -9)
  if (fraction === 0n) return iso
  const digits = fraction.toString().padStart(9, '0')
  return `${iso}.${digits.endsWith('000') ? digits.slice(0, 6) : digits}`
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient
}

/** Nested lists of a tensor, as `json.dumps(array.tolist())` writes them; datetimes are integers, NaT is null. */
export function writeTensor(tensor: Tensor): string {
  const print = elementPrinter(tensor)
  const { shape } = tensor
  if (shape.length === 0) return print(0)
  let next = 0
  const level = (depth: number): string => {
    const size = shape[depth]!
    // Nothing inside is written below an empty dimension, however large the others are.
    let text = '['
    if (depth === shape.length - 1) {
      for (let index = 0; index < size; index++) text += index === 0 ? print(next++) : `, ${print(next++)}`
    } else for (let index = 0; index < size; index++) text += index === 0 ? level(depth + 1) : `, ${level(depth + 1)}`
    return `${text}]`
  }
  return level(0)
}

/** How one element of a tensor is printed, chosen once by its type. */
export function elementPrinter(tensor: Tensor): ElementPrinter {
  switch (tensor.dtype) {
    case 'float64':
    case 'float32': {
      const values = tensor.values as Float64Array
      return (index) => formatPythonFloat(values[index]!)
    }
    case 'float16': {
      const values = tensor.values as Uint16Array
      return (index) => formatPythonFloat(float16ToNumber(values[index]!))
    }
    case 'bool': {
      const values = tensor.values as Uint8Array
      return (index) => (values[index] === 0 ? 'false' : 'true')
    }
    case 'datetime64': {
      const values = tensor.values as BigInt64Array
      return (index) => (values[index] === notATime ? 'null' : `${values[index]}`)
    }
    case 'string':
      return (index) => {
        const text = tensor.values[index]!
        return text === null ? 'null' : writeJsonString(text)
      }
    case 'bytes':
      return (index) => {
        const bytes = tensor.values[index]!
        return bytes === null ? 'null' : writeBytes(bytes)
      }
    case 'object':
      return (index) => writeJsonValue(tensor.values[index]!)
    case 'complex64':
    case 'complex128':
      throw new MlmodelError('JSON_NOT_WRITABLE', { what: 'a complex number' })
    default: {
      const { values } = tensor
      return (index) => `${values[index]}`
    }
  }
}
