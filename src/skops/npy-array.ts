/** NPY members of a skops file as the arrays of pickles, structured types included: the nodes of a tree are records. */
import type { Limits } from '../limits.ts'
import {
  type ArrayNode,
  checkedArray,
  type DtypeField,
  type DtypeNode,
  dtypeOfString,
  elementTotal,
  Malformed,
} from '../pickle/arrays.ts'

/** A Python literal of an NPY header. */
type Literal = string | number | boolean | Literal[] | Map<string, Literal>

const deepest = 16

/**
 * Reads one array.
 *
 * @throws Malformed
 */
export function readNpyArray(bytes: Uint8Array, limits: Limits): ArrayNode {
  const version = bytes[6]
  const short = version === 1
  if (
    bytes.length < 12 ||
    Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== '\x93NUMPY' ||
    !(version! >= 1 && version! <= 3) ||
    bytes[7] !== 0
  )
    throw new Malformed('is no NPY array', 0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const from = short ? 10 : 12
  const length = short ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > limits.npyHeaderBytes) throw new Malformed('has an NPY header that is too long', 8, true)
  if (from + length > bytes.length) throw new Malformed('is cut off', bytes.length)
  const header = parseLiteral(Buffer.from(bytes.subarray(from, from + length)).toString(version === 3 ? 'utf8' : 'latin1'))
  if (!(header instanceof Map) || header.size !== 3) throw wrong()
  const fortran = header.get('fortran_order')
  const shape = header.get('shape')
  if (typeof fortran !== 'boolean' || !Array.isArray(shape) || shape.length > limits.npyDimensions) throw wrong()
  for (const size of shape) if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw wrong()
  const dtype = dtypeOf(header.get('descr')!, 0)
  if (dtype.objects) throw new Malformed('has an NPY array of objects, which only a pickle can hold', 0)
  return checkedArray(dtype, shape as number[], fortran, bytes.subarray(from + length))
}

function dtypeOf(descr: Literal, depth: number): DtypeNode {
  if (typeof descr === 'string') {
    const plain = dtypeOfString(descr) ?? timeType(descr)
    if (plain === undefined) throw new Malformed('has an NPY array of an unknown type', 0)
    return plain
  }
  if (!Array.isArray(descr) || depth > deepest) throw wrong()
  const fields: DtypeField[] = []
  let size = 0
  for (const field of descr) {
    if (!Array.isArray(field) || field.length < 2 || field.length > 3) throw wrong()
    const [name, type, shape] = field
    // A title stands beside the name: ('title', 'name').
    const text = Array.isArray(name) ? name[1] : name
    if (typeof text !== 'string') throw wrong()
    let dtype = dtypeOf(type!, depth + 1)
    if (shape !== undefined) dtype = subarray(dtype, shape)
    // Nameless fields are padding.
    if (text !== '') fields.push({ name: text, dtype, offset: size })
    size += dtype.size
    if (size > 1 << 24) throw wrong()
  }
  return {
    kind: 'dtype',
    code: 'V',
    size,
    bigEndian: false,
    fields,
    objects: fields.some(({ dtype }) => dtype.objects),
    built: true,
  }
}

function subarray(dtype: DtypeNode, shape: Literal): DtypeNode {
  const lengths = Array.isArray(shape) ? shape : [shape]
  for (const length of lengths) if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) throw wrong()
  const size = elementTotal(lengths as number[], 0) * dtype.size
  if (size > 1 << 24) throw wrong()
  return {
    kind: 'dtype',
    code: 'V',
    size,
    bigEndian: false,
    subarray: { dtype, shape: lengths as number[] },
    objects: dtype.objects,
    built: true,
  }
}

function timeType(text: string): DtypeNode | undefined {
  const match = /^([<>|=]?)([mM])8\[(\d{0,6})(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\]$/.exec(text)
  if (match === null) return undefined
  const unit = { name: match[4]!, count: match[3] === '' ? 1 : Number(match[3]) }
  return { kind: 'dtype', code: match[2]!, size: 8, bigEndian: match[1] === '>', unit, objects: false, built: true }
}

const token = /\s*(?:'([^'\\\n\0]*)'|"([^"\\\n\0]*)"|(\d{1,16})L?(?![\w.])|(True|False)\b|([{}[\](),:]))/y

/** Reads the literal of a header: texts without escapes, whole numbers, booleans, lists, tuples and one dictionary. */
function parseLiteral(text: string): Literal {
  let at = 0
  const next = (): RegExpExecArray => {
    token.lastIndex = at
    const match = token.exec(text)
    if (match === null) throw wrong()
    at = token.lastIndex
    return match
  }
  const value = (match: RegExpExecArray, depth: number): Literal => {
    const [, single, double, digits, word, punctuation] = match
    if (single !== undefined || double !== undefined) return (single ?? double)!
    if (digits !== undefined) return Number(digits)
    if (word !== undefined) return word === 'True'
    if (depth > deepest) throw wrong()
    if (punctuation === '(' || punctuation === '[') {
      const close = punctuation === '(' ? ')' : ']'
      const items: Literal[] = []
      let commas = 0
      for (let each = next(); each[5] !== close; each = next()) {
        items.push(value(each, depth + 1))
        const separator = next()[5]
        if (separator === close) break
        if (separator !== ',') throw wrong()
        commas++
      }
      // `(3)` is a number in Python, not a tuple.
      return close === ')' && items.length === 1 && commas === 0 ? items[0]! : items
    }
    if (punctuation !== '{' || depth > 0) throw wrong()
    const entries = new Map<string, Literal>()
    for (let each = next(); each[5] !== '}'; each = next()) {
      const key = each[1] ?? each[2]
      if (key === undefined || entries.has(key) || next()[5] !== ':') throw wrong()
      entries.set(key, value(next(), depth + 1))
      const separator = next()[5]
      if (separator === '}') break
      if (separator !== ',') throw wrong()
    }
    return entries
  }
  const read = value(next(), 0)
  if (text.slice(at).trim() !== '' || text.includes('\0')) throw wrong()
  return read
}

function wrong(): Malformed {
  return new Malformed('has an NPY header that is no plain description of an array', 0)
}
