/**
 * What a Python pickle says about itself: its protocol and the names it asks for. A listing of opcodes, not a machine:
 * nothing is built, nothing is judged safe, and a name that is put together at run time is not found.
 *
 * @see Lib/pickletools.py of CPython for the opcodes
 */

export interface GlobalName {
  readonly module: string
  readonly name: string
}

export interface PickleListing {
  readonly protocol: number
  /** Every global, in order of first mention. */
  readonly globals: readonly GlobalName[]
  /** It asks for names that do not stand in it as text: extension codes, persistent ids, names put together at run time. */
  readonly hidden: boolean
  /** Bytes after the first pickle's end. */
  readonly trailing: number
  /** Follows joblib's form: array bytes stand between opcodes, so the listing ends at the first. */
  readonly joblib: boolean
  /** The walk met STOP, or the end of what was read of a longer file. */
  readonly whole: boolean
  /** Offset of the first byte that is no opcode. */
  readonly brokenAt?: number
  readonly firstInteger?: bigint
}

/** Opcode → how many bytes follow: a count, a line or two, or a length of so many bytes and that much. */
type Operand = number | 'line' | 'lines' | 'length1' | 'length4' | 'length8'

const operands = new Map<number, Operand>()
for (const character of '(.012NabdelotRsu})]Q') operands.set(character.charCodeAt(0), 0)
for (const code of [0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x97, 0x98]) operands.set(code, 0)
for (const character of 'ILFSVgpP') operands.set(character.charCodeAt(0), 'line')
for (const character of 'ci') operands.set(character.charCodeAt(0), 'lines')
for (const [character, count] of [
  ['J', 4],
  ['K', 1],
  ['M', 2],
  ['G', 8],
  ['h', 1],
  ['j', 4],
  ['q', 1],
  ['r', 4],
] as const) {
  operands.set(character.charCodeAt(0), count)
}
for (const [code, count] of [
  [0x80, 1],
  [0x95, 8],
  [0x82, 1],
  [0x83, 2],
  [0x84, 4],
] as const)
  operands.set(code, count)
for (const code of [0x55, 0x43, 0x8c, 0x8a]) operands.set(code, 'length1') // SHORT_BINSTRING SHORT_BINBYTES SHORT_BINUNICODE LONG1
for (const code of [0x54, 0x42, 0x58, 0x8b]) operands.set(code, 'length4') // BINSTRING BINBYTES BINUNICODE LONG4
for (const code of [0x8e, 0x8d, 0x96]) operands.set(code, 'length8') // BINBYTES8 BINUNICODE8 BYTEARRAY8

const decimal = /^-?\d{1,400}L?$/
const number = /^[-+]?(\d+(?:\.\d*)?|\.\d+)(e[-+]?\d+)?$|^[-+]?(inf|nan)$/i
/** A text line is looked for within this many bytes. */
const longestLine = 64 << 10
/** Most names kept; a pickle of a whole pipeline has a few dozen. */
const mostGlobals = 500

/**
 * Lists a pickle, or says that the bytes are none.
 *
 * @param bytes - the start of the file
 * @param size - bytes of the whole file; where it is more than given, an operand that runs out of the bytes is no mistake
 */
export function listPickle(bytes: Uint8Array, size: number): PickleListing | undefined {
  const walk = {
    at: 0,
    memo: new Map<number, string | undefined>(),
    memoized: 0,
    before: undefined as string | undefined,
    last: undefined as string | undefined,
  }
  const globals = new Map<string, GlobalName>()
  let hidden = false
  // Without a header: names look like names, or the end of the pickle is the end of the file.
  let plausible = true
  const addGlobal = (module: string, name: string) => {
    if (globals.size < mostGlobals) globals.set(`${module} ${name}`, { module, name })
  }
  let protocol = bytes[0] === 0x80 ? (bytes[1] ?? 255) : 0
  if (protocol > 5) return undefined
  let opcodes = 0
  let wrapper = false
  let firstInteger: bigint | undefined
  let ended = false
  const text = (start: number, length: number) => Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8')
  const finish = (end: { whole: boolean; brokenAt?: number; joblib?: boolean }): PickleListing | undefined => {
    // Protocol 0 is plain text, and much text begins like it (`channels:` is the opcode GLOBAL): without a header only a clean end counts.
    const certain = bytes[0] === 0x80 ? opcodes > 1 || operands.has(bytes[2] ?? 0) : plausible && end.whole && opcodes > 2
    if (!certain) return undefined
    return {
      protocol,
      globals: [...globals.values()],
      hidden,
      trailing: end.whole && end.joblib !== true && ended ? size - walk.at : 0,
      joblib: end.joblib ?? false,
      whole: end.whole,
      ...(end.brokenAt !== undefined && { brokenAt: end.brokenAt }),
      ...(firstInteger !== undefined && { firstInteger }),
    }
  }
  const push = (value?: string) => {
    walk.before = walk.last
    walk.last = value
  }
  while (walk.at < bytes.length) {
    const start = walk.at
    const opcode = bytes[walk.at++]!
    const kind = operands.get(opcode)
    if (kind === undefined) return finish({ whole: false, brokenAt: start })
    const operand = takeOperand(bytes, walk, kind)
    if (operand === undefined) return size > bytes.length ? finish({ whole: true }) : finish({ whole: false, brokenAt: start })
    opcodes++
    const argument = () => text(operand.start, operand.length)
    switch (opcode) {
      case 0x2e: // STOP
        ended = true
        plausible ||= walk.at === size
        return finish({ whole: true })
      case 0x80:
        protocol = Math.max(protocol, bytes[operand.start]!)
        break
      case 0x49: // INT
      case 0x4c: // LONG
        if (!decimal.test(argument().trim())) return finish({ whole: false, brokenAt: start })
        push()
        break
      case 0x46: // FLOAT
        if (!number.test(argument().trim())) return finish({ whole: false, brokenAt: start })
        push()
        break
      case 0x63: // GLOBAL
      case 0x69: {
        const [module = '', name = ''] = argument().split('\n')
        if (!/^[^\s'"]{1,200}$/.test(module)) return finish({ whole: false, brokenAt: start })
        if (!/^[A-Za-z_][\w.]*$/.test(module) || !/^[A-Za-z_][\w.]*$/.test(name.trim())) plausible = false
        addGlobal(module, name.trim())
        push()
        break
      }
      case 0x93: // STACK_GLOBAL
        if (walk.before !== undefined && walk.last !== undefined) addGlobal(walk.before, walk.last)
        else hidden = true
        push()
        break
      case 0x82: // EXT1, EXT2, EXT4, PERSID, BINPERSID
      case 0x83:
      case 0x84:
      case 0x50:
      case 0x51:
        hidden = true
        push()
        break
      case 0x56: // UNICODE
      case 0x54: // BINSTRING
      case 0x55: // SHORT_BINSTRING
      case 0x8c: // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
      case 0x58:
      case 0x8d:
        push(operand.length <= 400 ? argument() : undefined)
        break
      case 0x95: // FRAME
        break
      case 0x94: // MEMOIZE
        walk.memo.set(walk.memoized++, walk.last)
        break
      case 0x71: // BINPUT
      case 0x72:
        walk.memo.set(littleEndian(bytes, operand), walk.last)
        break
      case 0x68: // BINGET
      case 0x6a:
        push(walk.memo.get(littleEndian(bytes, operand)))
        break
      case 0x8a: // LONG1
        firstInteger ??= operand.length <= 16 ? signed(bytes, operand) : undefined
        push()
        break
      case 0x62: // BUILD
        if (wrapper) return finish({ whole: true, joblib: true })
        break
      default:
        push()
    }
    wrapper ||=
      globals.has('joblib.numpy_pickle NumpyArrayWrapper') ||
      globals.has('sklearn.externals.joblib.numpy_pickle NumpyArrayWrapper')
  }
  return finish({ whole: size > bytes.length, ...(size > bytes.length ? {} : { brokenAt: bytes.length }) })
}

interface Slice {
  readonly start: number
  readonly length: number
}

/** Steps over an operand; undefined where the bytes end within it. */
function takeOperand(bytes: Uint8Array, walk: { at: number }, kind: Operand): Slice | undefined {
  if (kind === 'line' || kind === 'lines') {
    const start = walk.at
    for (let lines = kind === 'line' ? 1 : 2; lines > 0; lines--) {
      const end = bytes.subarray(walk.at, walk.at + longestLine).indexOf(0x0a)
      if (end < 0) return undefined
      walk.at += end + 1
    }
    return { start, length: walk.at - 1 - start }
  }
  let length: number
  if (typeof kind === 'number') length = kind
  else {
    const prefix = Number(kind.slice(6))
    if (walk.at + prefix > bytes.length) return undefined
    length = littleEndian(bytes, { start: walk.at, length: prefix })
    walk.at += prefix
  }
  if (walk.at + length > bytes.length) return undefined
  const start = walk.at
  walk.at += length
  return { start, length }
}

/** Unsigned; beyond 2^53 only its size matters. */
function littleEndian(bytes: Uint8Array, { start, length }: Slice): number {
  let value = 0
  for (let index = length - 1; index >= 0; index--) value = value * 256 + bytes[start + index]!
  return value
}

function signed(bytes: Uint8Array, { start, length }: Slice): bigint {
  let value = 0n
  for (let index = length - 1; index >= 0; index--) value = value * 256n + BigInt(bytes[start + index]!)
  return length > 0 && bytes[start + length - 1]! >= 128 ? value - 256n ** BigInt(length) : value
}
