/**
 * Puts pickles together byte by byte, for tests: honest ones and gadgets. Nothing here is ever given to Python. The arguments
 * of gadgets are harmless words.
 */
import { crc32, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'

/** Bytes of opcodes: texts are Latin-1, numbers single bytes. */
export function bytesOf(...parts: readonly (string | number | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : typeof part === 'number' ? Buffer.from([part]) : part,
    ),
  )
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

/** Ways to push one text; each gives the same `str` in Python 3. */
export const textForms: Readonly<Record<string, (text: string) => Buffer>> = {
  short: (text) => bytesOf(0x8c, Buffer.byteLength(text), Buffer.from(text)),
  long: (text) => bytesOf('X', u32(Buffer.byteLength(text)), Buffer.from(text)),
  eight: (text) => bytesOf(0x8d, u64(Buffer.byteLength(text)), Buffer.from(text)),
  line: (text) => bytesOf(`V${text}\n`),
  escaped: (text) => bytesOf(`V${[...text].map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}\n`),
  quoted: (text) => bytesOf(`S'${text}'\n`),
  hexadecimal: (text) =>
    bytesOf(`S'${[...text].map((each) => `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}'\n`),
  octal: (text) => bytesOf(`S"${[...text].map((each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`).join('')}"\n`),
  binary: (text) => bytesOf('T', u32(text.length), text),
  shortBinary: (text) => bytesOf('U', text.length, text),
}

/** Ways to have a name on the stack. */
export const nameForms: Readonly<Record<string, (module: string, name: string, text: (text: string) => Buffer) => Buffer>> = {
  global: (module, name) => bytesOf(`c${module}\n${name}\n`),
  stack: (module, name, text) => bytesOf(text(module), text(name), 0x93),
  memo: (module, name, text) => bytesOf(text(module), 'q\x05', '0', text(name), 'q\x03', '0', 'h\x05', 'h\x03', 0x93),
  overwritten: (module, name, text) =>
    bytesOf(
      text('collections'),
      'q\x01',
      '0',
      text(module),
      'q\x01',
      '0',
      text('OrderedDict'),
      'q\x02',
      '0',
      text(name),
      'q\x02',
      '0',
      'h\x01',
      'h\x02',
      0x93,
    ),
  late: (module, name, text) =>
    bytesOf(text(module), text('decoy'), '0', 'p7\n', '0', text(name), 'p8\n', '0', 'g7\n', 'g8\n', 0x93),
  memoized: (module, name, text) => bytesOf(text(module), 0x94, text(name), 0x94, '(', text('numpy'), text('dtype'), '1', 0x93),
  doubled: (module, name, text) => bytesOf(text(module), '2', '0', text(name), '2', '0', 0x93),
  junk: (module, name, text) => bytesOf(text(module), text(name), 'N', '0', ')', '0', '(', 'K\x01', '1', 0x93),
}

/** Ways to use the name with one argument. */
export const callForms: Readonly<Record<string, (callee: Buffer, argument: Buffer) => Buffer>> = {
  reduce: (callee, argument) => bytesOf(callee, argument, 0x85, 'R'),
  tuple: (callee, argument) => bytesOf(callee, '(', argument, 't', 'R'),
  object: (callee, argument) => bytesOf(callee, argument, 0x85, 0x81),
  objectNamed: (callee, argument) => bytesOf(callee, argument, 0x85, '}', 0x92),
  obj: (callee, argument) => bytesOf('(', callee, argument, 'o'),
  discarded: (callee, argument) => bytesOf(callee, argument, 0x85, 'R', '0', 'N'),
  alone: (callee) => callee,
}

/** Where the use stands. */
export const placeForms: Readonly<Record<string, (use: Buffer) => Buffer>> = {
  alone: (use) => bytesOf(0x80, 4, use, '.'),
  noHeader: (use) => bytesOf(use, '.'),
  framed: (use) => bytesOf(0x80, 4, 0x95, u64(use.length + 1), use, '.'),
  list: (use) => bytesOf(0x80, 4, ']', use, 'a', '.'),
  key: (use) => bytesOf(0x80, 4, '}', 'K\x01', use, 's', '.'),
  state: (use) =>
    bytesOf(0x80, 4, 'csklearn.linear_model._base\nLinearRegression\n', ')', 0x81, '}', 'X', u32(5), 'coef_', use, 's', 'b', '.'),
  broken: (use) => bytesOf(0x80, 4, use, 0xff),
  cut: (use) => bytesOf(0x80, 4, use),
  second: (use) => bytesOf(0x80, 4, 'N.', 0x80, 4, use, '.'),
  objects: (use) =>
    bytesOf(
      0x80,
      4,
      arrayHead,
      '(',
      'K\x01',
      'K\x01',
      0x85,
      'cnumpy\ndtype\n',
      'X',
      u32(2),
      'O8',
      0x89,
      0x88,
      0x87,
      'R',
      0x89,
      ']',
      use,
      'a',
      't',
      'b',
      '.',
    ),
}

/** `_reconstruct(ndarray, (0,), b'b')`. */
const arrayHead = bytesOf('cnumpy._core.multiarray\n_reconstruct\n', 'cnumpy\nndarray\n', 'K\x00', 0x85, 'C\x01b', 0x87, 'R')

/** What the pickle is wrapped in. */
export const wrapForms: Readonly<Record<string, (pickle: Buffer) => Buffer>> = {
  plain: (pickle) => pickle,
  zlib: (pickle) => deflateSync(pickle),
  gzip: (pickle) => gzipSync(pickle),
  joblib: (pickle) => bytesOf(joblibArray, pickle.subarray(pickle[0] === 0x80 ? 2 : 0)),
}

/** A dictionary state, in the order of joblib: an array of two doubles whose bytes follow, and POP. */
const joblibArray = bytesOf(
  0x80,
  4,
  'cjoblib.numpy_pickle\nNumpyArrayWrapper\n',
  ')',
  0x81,
  '}',
  '(',
  textForms.short!('subclass'),
  'cnumpy\nndarray\n',
  textForms.short!('shape'),
  'K\x02',
  0x85,
  textForms.short!('order'),
  textForms.short!('C'),
  textForms.short!('dtype'),
  'cnumpy\ndtype\n',
  textForms.short!('f8'),
  0x89,
  0x88,
  0x87,
  'R',
  textForms.short!('allow_mmap'),
  0x88,
  textForms.short!('numpy_array_alignment_bytes'),
  'K\x10',
  'u',
  'b',
  2,
  0xff,
  0xff,
  Buffer.alloc(16),
  '0',
)

/** A zip file of one member, stored or deflated. */
export function zipOf(name: string, content: Uint8Array, deflated: boolean): Buffer {
  const data = deflated ? deflateRawSync(content) : Buffer.from(content)
  const head = Buffer.alloc(26)
  head.writeUInt16LE(20, 0)
  head.writeUInt16LE(deflated ? 8 : 0, 4)
  head.writeUInt32LE(crc32(content), 10)
  head.writeUInt32LE(data.length, 14)
  head.writeUInt32LE(content.length, 18)
  head.writeUInt16LE(name.length, 22)
  const local = bytesOf('PK\x03\x04', head, name, data)
  const central = bytesOf('PK\x01\x02', 20, 0, head, Buffer.alloc(14), name)
  central.writeUInt32LE(0, 42)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(local.length, 12)
  return bytesOf(local, central, 'PK\x05\x06', end)
}
