/**
 * Element types as `numpy.dtype(text)` reads them (NumPy 2 on 64-bit Linux), normalised to the name MLflow writes back.
 * MLflow itself writes names only; codes such as `<f4` come from signatures written by hand.
 */
import { type Dtype, dtypes } from '../dtype.ts'

/** `dtype` is undefined where we hold no such elements: the signature is described, not scored. */
export type NumpyDtype = { readonly dtype: Dtype | undefined; readonly name: string } | { readonly reason: string }

/** Names and one-letter codes that mean another name. */
const aliases: Readonly<Record<string, string>> = {
  bool_: 'bool',
  '?': 'bool',
  b: 'int8',
  byte: 'int8',
  h: 'int16',
  short: 'int16',
  i: 'int32',
  intc: 'int32',
  l: 'int64',
  q: 'int64',
  n: 'int64',
  p: 'int64',
  int: 'int64',
  int_: 'int64',
  intp: 'int64',
  long: 'int64',
  longlong: 'int64',
  B: 'uint8',
  ubyte: 'uint8',
  H: 'uint16',
  ushort: 'uint16',
  I: 'uint32',
  uintc: 'uint32',
  L: 'uint64',
  Q: 'uint64',
  N: 'uint64',
  P: 'uint64',
  uint: 'uint64',
  uintp: 'uint64',
  ulong: 'uint64',
  ulonglong: 'uint64',
  e: 'float16',
  half: 'float16',
  f: 'float32',
  single: 'float32',
  d: 'float64',
  float: 'float64',
  double: 'float64',
  g: 'float128',
  longdouble: 'float128',
  F: 'complex64',
  csingle: 'complex64',
  D: 'complex128',
  complex: 'complex128',
  cdouble: 'complex128',
  G: 'complex256',
  clongdouble: 'complex256',
  U: 'str',
  str_: 'str',
  unicode: 'str',
  S: 'bytes',
  a: 'bytes',
  bytes_: 'bytes',
  O: 'object',
  object_: 'object',
  V: 'void',
  M: 'datetime64',
  m: 'timedelta64',
  c: 'bytes8',
}

/** Kind letter and bytes, as in `<f4`. */
const sized: Readonly<Record<string, readonly [name: string, bytes: readonly number[]]>> = {
  i: ['int', [1, 2, 4, 8]],
  u: ['uint', [1, 2, 4, 8]],
  f: ['float', [2, 4, 8, 16]],
  c: ['complex', [8, 16, 32]],
}

const unheld = ['float128', 'complex256', 'void', 'datetime64', 'timedelta64', 'bytes8']
const units = /^\[(\d*)(Y|M|W|D|h|m|s|ms|us|μs|ns|ps|fs|as|generic)\]$/

/** Reads the text of a `tensor-spec`'s `dtype`. */
export function readNumpyDtype(text: string): NumpyDtype {
  const name = Object.hasOwn(aliases, text) ? aliases[text]! : text
  if (Object.hasOwn(dtypes, name) && dtypes[name as Dtype].numpy === name) return { dtype: name as Dtype, name }
  if (name === 'str') return { dtype: 'string', name }
  if (unheld.includes(name)) return { dtype: undefined, name }
  return readTime(text) ?? readCode(text) ?? notUnderstood
}

const notUnderstood: NumpyDtype = { reason: 'is none of NumPy' }

function readTime(text: string): NumpyDtype | undefined {
  const match = /^(datetime64|timedelta64|[<>=|]?[Mm]8)(\[.*\])$/s.exec(text)
  if (match === null) return undefined
  const unit = units.exec(match[2]!)
  if (unit === null) return { reason: 'has a unit NumPy does not know' }
  const base = match[1]!.endsWith('M8') || match[1] === 'datetime64' ? 'datetime64' : 'timedelta64'
  const step = unit[1] === '' || Number(unit[1]) === 1 ? '' : String(Number(unit[1]))
  const letter = unit[2] === 'μs' ? 'us' : unit[2]!
  const name = letter === 'generic' ? base : `${base}[${step}${letter}]`
  return { dtype: name === 'datetime64[ns]' ? 'datetime64' : undefined, name }
}

/** `<f4`, `|b1`, `U0`, `V8`: byte order (which the name does not show), letter, bytes. */
function readCode(text: string): NumpyDtype | undefined {
  const match = /^[<>=|]?([a-zA-Z?])(\d*)$/.exec(text)
  if (match === null) return /[,()]/.test(text) ? { reason: 'is structured; only one element type is supported' } : undefined
  const [, letter, digits] = match as unknown as [string, string, string]
  const bytes = Number(digits)
  if (digits === '') return Object.hasOwn(aliases, letter) ? readNumpyDtype(letter) : undefined
  if (letter === 'b') return bytes === 1 ? readNumpyDtype('bool') : undefined
  if (letter === 'U' || letter === 'S' || letter === 'a') {
    const name = letter === 'U' ? 'str' : 'bytes'
    return bytes === 0 ? readNumpyDtype(name) : { reason: `has a size, which MLflow does not support; write ${name}` }
  }
  if (letter === 'V') return { dtype: undefined, name: bytes === 0 ? 'void' : `void${bytes * 8}` }
  if (letter === 'O') return bytes === 8 || bytes === 4 ? readNumpyDtype('object') : undefined
  if (letter === 'M' || letter === 'm') return bytes === 8 ? readNumpyDtype(letter) : undefined
  const known = sized[letter]
  return known?.[1].includes(bytes) === true ? readNumpyDtype(`${known[0]}${bytes * 8}`) : undefined
}
