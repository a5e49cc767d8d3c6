/**
 * The pickle machine: runs the opcodes of protocols 0 to 5 on a real stack and a real memo, and executes nothing. Names become
 * records, a call becomes a record that was judged, and what is judged is the very operand that Python's own machine would take.
 *
 * @see Lib/pickle.py and Modules/_pickle.c of CPython, whose differences are read as malformed
 */
import type { Limits } from '../limits.ts'
import { applyBuild, callGlobal, newObject } from './calls.ts'
import { lookUpName, type NameEntry } from './names.ts'
import { isUnhashable, pendingOf } from './pending.ts'
import { logicalSize } from './size.ts'
import { decodeText, parseFloatLine, parseStringLine, parseUnicodeLine, plainInteger } from './text.ts'
import { type DictNode, type GlobalNode, isNode, type ObjectNode, type PickleValue, type TupleNode } from './value.ts'
import { Malformed, mostUnsafe, type PickleVerdict, type Rejection, type UnsafeUse } from './verdict.ts'

/** How a container of pickles changes what one means. */
export interface MachineOptions {
  /** Offset of the first opcode. */
  readonly start?: number
  /** Resolves persistent ids, which only torch's files have; without it they are malformed. */
  readonly persistent?: (id: PickleValue, judge: Judge) => PickleValue
  /** The names of torch's tensors are on the list. */
  readonly torch?: boolean
  /**
   * Called after each BUILD: joblib reads an array's bytes there. Gives what to leave on the stack and where to go on;
   * undefined where the object is none of its own.
   */
  readonly built?: (
    object: PickleValue,
    at: number,
    judge: Judge,
  ) => { readonly value: PickleValue; readonly next: number } | undefined
}

/** What a judgement of a call may say and ask. */
export interface Judge {
  readonly limits: Limits
  readonly torch: boolean
  /** Says that a use is not allowed; reading goes on. */
  unsafe(use: Omit<UnsafeUse, 'offset'>, offset: number): void
  /** Names of the list by (module, name) as a file says them; unsafe where they are not listed. */
  global(module: string, name: string, offset: number): GlobalNode
  /** A value is about to be kept: names in it must be listed as data (P8). */
  keep(value: PickleValue, offset: number): void
}

const emptyTuple: TupleNode = { kind: 'tuple', items: [] }
const smallIntegers: readonly bigint[] = Array.from({ length: 256 }, (_, value) => BigInt(value))
/** Dearer than its bytes in Python as in JavaScript: 4,300 digits. */
const longestInteger = 1786
/** CPython writes items in batches of 1,000, so a real stack stays low however large the pickle. */
const highestStack = 1_000_000
/** A thousand times what the largest honest models share. */
const mostValues = 1e10

/** Runs one pickle to its STOP, or to where it breaks. */
export function runPickle(bytes: Uint8Array, limits: Limits, options: MachineOptions = {}): PickleVerdict {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // The same memory: its decoders take a range, without a view for each text.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = bytes.length
  const unsafeUses: UnsafeUse[] = []
  const names = new Map<string, Map<string, NameEntry | undefined>>()
  const nameList: string[] = []
  let rejection: Rejection | undefined
  let protocol = 0
  const start = options.start ?? 0
  let at = start
  let frameEnd = -1
  let stack: PickleValue[] = []
  const marks: number[] = []
  let fence = 0
  // Dense from 0 as MEMOIZE writes it; indices beyond go to the map.
  const memo: (PickleValue | undefined)[] = []
  const sparse = new Map<number, PickleValue>()
  let memoized = 0
  const mostMemo = 1_000_000 + (length >> 2)
  const mostNodes = 750_000 + (length >> 3)
  let nodes = 0
  let opcodeAt = at
  let called = false
  let shared = 0

  const judge: Judge = {
    limits,
    torch: options.torch === true,
    unsafe(use, offset) {
      if (unsafeUses.length < mostUnsafe) unsafeUses.push({ ...use, offset })
    },
    global: (module, name, offset) => resolve(module, name, offset),
    keep(value, offset) {
      const pending = pendingOf(value)
      if (pending !== undefined)
        judge.unsafe({ module: pending.module, name: pending.name, how: 'value', why: 'is kept as a value' }, offset)
    },
  }

  const cutOff = (why: string): Malformed => new Malformed(why, opcodeAt, false, true)
  const soft = (why: string): void => {
    rejection ??= { why, offset: opcodeAt }
  }
  const need = (count: number): number => {
    const from = at
    if (count > length - at) throw cutOff(`needs ${count} more bytes than there are`)
    at += count
    return from
  }
  const line = (): string => {
    let end = at
    const most = Math.min(length, at + (1 << 24))
    while (end < most && bytes[end] !== 0x0a) end++
    if (end >= length) throw cutOff('a line has no end')
    if (end === most) throw new Malformed('a line is longer than 16 MiB', opcodeAt, true)
    const text = buffer.toString('latin1', at, end)
    at = end + 1
    return text
  }
  const nameLine = (): string => {
    const from = at
    line()
    const text = decodeText(bytes.subarray(from, at - 1))
    if (text === undefined) throw new Malformed('a name is no UTF-8', opcodeAt)
    return text
  }
  const length8 = (): number => {
    const size = view.getBigUint64(need(8), true)
    if (size > BigInt(length)) throw cutOff('claims more bytes than there are')
    return Number(size)
  }
  const slice = (size: number): Uint8Array => {
    const from = need(size)
    count()
    return bytes.subarray(from, from + size)
  }
  const text = (size: number): string => {
    const from = need(size)
    const end = from + size
    let index = from
    while (index < end && bytes[index]! < 0x80) index++
    if (index === end) return buffer.toString('latin1', from, end)
    const decoded = decodeText(bytes.subarray(from, end))
    if (decoded === undefined) throw new Malformed('a text is no UTF-8', opcodeAt)
    return decoded
  }
  const latin1 = (size: number): string => {
    const from = need(size)
    return buffer.toString('latin1', from, from + size)
  }
  const count = (): void => {
    if (++nodes > mostNodes) throw new Malformed(`has more than ${mostNodes} objects`, opcodeAt, true)
  }
  const push = (value: PickleValue): void => {
    if (stack.length >= highestStack) throw new Malformed(`puts more than ${highestStack} values on the stack`, opcodeAt, true)
    stack.push(value)
  }
  const pop = (): PickleValue => {
    if (stack.length <= fence) throw new Malformed('takes a value from an empty stack', opcodeAt)
    return stack.pop()!
  }
  const top = (): PickleValue => {
    if (stack.length <= fence) throw new Malformed('wants a value of an empty stack', opcodeAt)
    return stack[stack.length - 1]!
  }
  const popMark = (): PickleValue[] => {
    const mark = marks.pop()
    if (mark === undefined) throw new Malformed('wants a mark that nobody set', opcodeAt)
    fence = marks.length === 0 ? 0 : marks[marks.length - 1]!
    return stack.splice(mark)
  }
  const put = (index: number): void => {
    const value = top()
    if (index > Math.max(length, 255)) throw cutOff(`writes slot ${index} of the memo, more than the file has bytes`)
    if (index < memo.length) memo[index] = value
    else if (index === memo.length && !sparse.has(index)) {
      memo.push(value)
      memoized++
    } else {
      if (!sparse.has(index)) memoized++
      sparse.set(index, value)
    }
    if (memoized > mostMemo) throw new Malformed(`keeps more than ${mostMemo} values in the memo`, opcodeAt, true)
  }
  const get = (index: number): void => {
    const value = index < memo.length ? memo[index] : sparse.get(index)
    if (value === undefined) throw new Malformed(`reads slot ${index} of the memo, which nobody wrote`, opcodeAt)
    if (typeof value === 'object' && value !== null && 'kind' in value) shared++
    push(value)
  }
  const index = (): number => {
    const digits = line()
    if (/^\d{1,9}$/.test(digits)) return Number(digits)
    // Python would read these too; nobody writes them.
    if (!/^\s{0,9}\+?\d{1,9}\s{0,9}$/.test(digits)) throw new Malformed('a slot of the memo is no plain number', opcodeAt)
    soft('has a slot of the memo that is not written plainly')
    return Number(digits)
  }
  const resolve = (module: string, name: string, offset: number): GlobalNode => {
    const found = lookUpName(module, name, protocol, judge.torch)
    let seen = names.get(found.module)
    if (seen === undefined) {
      seen = new Map()
      names.set(found.module, seen)
    }
    if (!seen.has(found.name)) {
      seen.set(found.name, found.entry)
      if (nameList.length < 10_000) nameList.push(`${found.module}.${found.name}`)
      if (found.entry === undefined)
        judge.unsafe({ module: found.module, name: found.name, how: 'unlisted', why: 'is not on the list' }, offset)
    }
    count()
    return { kind: 'global', module: found.module, name: found.name, entry: found.entry, offset }
  }
  const tuple = (items: readonly PickleValue[]): TupleNode => {
    if (items.length === 0) return emptyTuple
    count()
    let pending: GlobalNode | undefined
    let unhashable = false
    for (const item of items) {
      if (typeof item !== 'object' || item === null || !('kind' in item)) continue
      pending ??= pendingOf(item)
      if (isUnhashable(item)) unhashable = true
    }
    return { kind: 'tuple', items, ...(pending !== undefined && { pending }), ...(unhashable && { unhashable }) }
  }
  const keepAll = (items: readonly PickleValue[]): void => {
    for (const item of items) if (typeof item === 'object' && item !== null) judge.keep(item, opcodeAt)
  }
  const append = (target: PickleValue, items: readonly PickleValue[]): void => {
    keepAll(items)
    if (isNode(target, 'list')) for (const item of items) target.items.push(item)
    else if (isNode(target, 'object') && (target.entry === undefined || target.entry.items === 'list')) {
      withoutState(target)
      target.items ??= []
      for (const item of items) target.items.push(item)
    } else notA('a list', target)
  }
  const setItems = (target: PickleValue, items: readonly PickleValue[]): void => {
    if (items.length % 2 !== 0) throw new Malformed('has a key without its value', opcodeAt)
    keepAll(items)
    let entries: PickleValue[]
    if (isNode(target, 'dict')) entries = target.entries
    else if (isNode(target, 'object') && (target.entry === undefined || target.entry.items === 'dict')) {
      withoutState(target)
      target.entries ??= []
      entries = target.entries
    } else {
      notA('a dictionary', target)
      return
    }
    for (let index = 0; index < items.length; index += 2) {
      if (isUnhashable(items[index]!)) throw new Malformed('uses a list or a dictionary as a key', opcodeAt)
      entries.push(items[index]!, items[index + 1]!)
    }
  }
  /** Python calls the object's own `extend` or `append`, which a state would have put there; its pickler writes items first. */
  const withoutState = (target: ObjectNode): void => {
    if (target.state !== undefined) throw new Malformed(`adds items to ${target.module}.${target.name} after its state`, opcodeAt)
  }
  /** On an object it would call a method of the class with values of the file's choice. */
  const notA = (what: string, target: PickleValue): void => {
    if (!isNode(target, 'object') && !isNode(target, 'global'))
      throw new Malformed(`puts items into what is not ${what}`, opcodeAt)
    const { module, name } = target
    judge.unsafe({ module, name, how: 'call', why: `is used as ${what}` }, opcodeAt)
  }
  const addItems = (target: PickleValue, items: readonly PickleValue[]): void => {
    if (!isNode(target, 'set')) throw new Malformed('puts items into what is no set', opcodeAt)
    keepAll(items)
    for (const item of items) {
      if (isUnhashable(item)) throw new Malformed('puts a list or a dictionary into a set', opcodeAt)
      target.items.push(item)
    }
  }
  const dict = (items: PickleValue[]): PickleValue => {
    const made: DictNode = { kind: 'dict', entries: [] }
    count()
    setItems(made, items)
    return made
  }
  const call = (callee: PickleValue, args: PickleValue): PickleValue => {
    count()
    called = true
    if (!isNode(args, 'tuple')) throw new Malformed('calls with what is no tuple of arguments', opcodeAt)
    return callGlobal(callee, args, judge, opcodeAt)
  }
  const create = (callee: PickleValue, args: PickleValue, named: PickleValue | undefined): PickleValue => {
    count()
    called = true
    if (!isNode(args, 'tuple')) throw new Malformed('makes an object from what is no tuple of arguments', opcodeAt)
    if (named !== undefined && !isNode(named, 'dict')) throw new Malformed('names arguments by what is no dictionary', opcodeAt)
    return newObject(callee, args, named, judge, opcodeAt)
  }
  const build = (): void => {
    const state = pop()
    const target = top()
    const left = applyBuild(target, state, judge, opcodeAt)
    if (left !== target) stack[stack.length - 1] = left
    const after = options.built?.(left, at, judge)
    if (after === undefined) return
    // joblib reads on in the file itself, so nothing of a frame may be left.
    if (frameEnd > at) soft('array bytes stand inside a frame')
    stack[stack.length - 1] = after.value
    at = after.next
    frameEnd = -1
  }
  const signedLong = (size: number): bigint => {
    if (size < 0 || size > length - at) throw cutOff('claims more bytes than there are')
    if (size > longestInteger) throw new Malformed(`has an integer of more than ${limits.integerDigits} digits`, opcodeAt, true)
    const from = need(size)
    if (size === 0) return 0n
    if (size <= 6) {
      let value = 0
      for (let byte = size - 1; byte >= 0; byte--) value = value * 256 + bytes[from + byte]!
      return BigInt(bytes[from + size - 1]! >= 0x80 ? value - 2 ** (8 * size) : value)
    }
    const digits = Buffer.from(bytes.subarray(from, from + size))
      .reverse()
      .toString('hex')
    return BigInt.asIntN(size * 8, BigInt(`0x${digits}`))
  }
  const integerLine = (isLong: boolean): PickleValue => {
    let digits = line()
    if (!isLong && digits === '00') return false
    if (!isLong && digits === '01') return true
    if (isLong && digits.endsWith('L')) digits = digits.slice(0, -1)
    if (plainInteger.test(digits)) return BigInt(digits)
    if (/^-?[1-9]\d*$/.test(digits))
      throw new Malformed(`has an integer of more than ${limits.integerDigits} digits`, opcodeAt, true)
    // Spaces, signs and underscores are read by one of Python's machines and not by the other.
    if (!/^[\s\d_+\-xXa-fA-F]{0,100}$/.test(digits)) throw new Malformed('has an integer that is none', opcodeAt)
    soft('has an integer that is not written plainly')
    return 0n
  }

  const step = (opcode: number): boolean => {
    switch (opcode) {
      case 0x28: // MARK
        if (marks.length >= highestStack) throw new Malformed(`sets more than ${highestStack} marks`, opcodeAt, true)
        marks.push(stack.length)
        fence = stack.length
        break
      case 0x2e: // STOP
        return true
      case 0x30: // POP
        if (marks.length > 0 && marks[marks.length - 1] === stack.length) popMark()
        else pop()
        break
      case 0x31: // POP_MARK
        popMark()
        break
      case 0x32: // DUP
        shared++
        push(top())
        break
      case 0x46: {
        // FLOAT
        const value = parseFloatLine(line())
        if (value === undefined) throw new Malformed('has a float that is none', opcodeAt)
        push(value)
        break
      }
      case 0x49: // INT
        push(integerLine(false))
        break
      case 0x4c: // LONG
        push(integerLine(true))
        break
      case 0x4a: // BININT
        push(BigInt(view.getInt32(need(4), true)))
        break
      case 0x4b: // BININT1
        push(smallIntegers[bytes[need(1)]!]!)
        break
      case 0x4d: // BININT2
        push(BigInt(view.getUint16(need(2), true)))
        break
      case 0x4e: // NONE
        push(null)
        break
      case 0x50: // PERSID
      case 0x51: {
        // BINPERSID
        const id = opcode === 0x50 ? line() : pop()
        if (options.persistent === undefined) throw new Malformed('has a persistent id, which only torch’s files have', opcodeAt)
        count()
        push(options.persistent(id, judge))
        break
      }
      case 0x52: {
        // REDUCE
        const args = pop()
        push(call(pop(), args))
        break
      }
      case 0x53: {
        // STRING
        const value = parseStringLine(line())
        if (value === undefined) throw new Malformed('has a string without its quotes', opcodeAt)
        push(value)
        break
      }
      case 0x54: {
        // BINSTRING
        const size = view.getInt32(need(4), true)
        if (size < 0) throw new Malformed('claims a negative number of bytes', opcodeAt)
        push(latin1(size))
        break
      }
      case 0x55: // SHORT_BINSTRING
        push(latin1(bytes[need(1)]!))
        break
      case 0x56: {
        // UNICODE
        const value = parseUnicodeLine(line())
        if (value === undefined) throw new Malformed('has a text whose escapes are broken', opcodeAt)
        push(value)
        break
      }
      case 0x58: // BINUNICODE
        push(text(view.getUint32(need(4), true)))
        break
      case 0x8c: // SHORT_BINUNICODE
        push(text(bytes[need(1)]!))
        break
      case 0x8d: // BINUNICODE8
        push(text(length8()))
        break
      case 0x42: // BINBYTES
        push(slice(view.getUint32(need(4), true)))
        break
      case 0x43: // SHORT_BINBYTES
        push(slice(bytes[need(1)]!))
        break
      case 0x8e: // BINBYTES8
        push(slice(length8()))
        break
      case 0x96: // BYTEARRAY8
        push({ kind: 'bytearray', bytes: slice(length8()) })
        break
      case 0x61: {
        // APPEND
        const item = pop()
        append(top(), [item])
        break
      }
      case 0x65: {
        // APPENDS
        const items = popMark()
        append(top(), items)
        break
      }
      case 0x62: // BUILD
        build()
        break
      case 0x63: {
        // GLOBAL
        const module = nameLine()
        push(resolve(module, nameLine(), opcodeAt))
        break
      }
      case 0x69: {
        // INST
        const module = nameLine()
        const callee = resolve(module, nameLine(), opcodeAt)
        const args = tuple(popMark())
        push(args.items.length === 0 ? create(callee, args, undefined) : call(callee, args))
        break
      }
      case 0x6f: {
        // OBJ
        const [callee, ...rest] = popMark()
        if (callee === undefined) throw new Malformed('makes an object of nothing', opcodeAt)
        const args = tuple(rest)
        push(rest.length === 0 ? create(callee, args, undefined) : call(callee, args))
        break
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = pop()
        const module = pop()
        if (typeof name !== 'string' || typeof module !== 'string')
          throw new Malformed('asks for a name that is no text', opcodeAt)
        push(resolve(module, name, opcodeAt))
        break
      }
      case 0x81: {
        // NEWOBJ
        const args = pop()
        push(create(pop(), args, undefined))
        break
      }
      case 0x92: {
        // NEWOBJ_EX
        const named = pop()
        const args = pop()
        push(create(pop(), args, named))
        break
      }
      case 0x64: // DICT
        push(dict(popMark()))
        break
      case 0x7d: // EMPTY_DICT
        count()
        push({ kind: 'dict', entries: [] })
        break
      case 0x6c: {
        // LIST
        const items = popMark()
        count()
        keepAll(items)
        push({ kind: 'list', items })
        break
      }
      case 0x5d: // EMPTY_LIST
        count()
        push({ kind: 'list', items: [] })
        break
      case 0x8f: // EMPTY_SET
        count()
        push({ kind: 'set', items: [] })
        break
      case 0x90: {
        // ADDITEMS
        const items = popMark()
        addItems(top(), items)
        break
      }
      case 0x91: {
        // FROZENSET
        const items = popMark()
        count()
        keepAll(items)
        if (items.some(isUnhashable)) throw new Malformed('puts a list or a dictionary into a set', opcodeAt)
        push({ kind: 'frozenset', items })
        break
      }
      case 0x73: {
        // SETITEM
        const value = pop()
        const key = pop()
        setItems(top(), [key, value])
        break
      }
      case 0x75: {
        // SETITEMS
        const items = popMark()
        setItems(top(), items)
        break
      }
      case 0x29: // EMPTY_TUPLE
        push(emptyTuple)
        break
      case 0x74: // TUPLE
        push(tuple(popMark()))
        break
      case 0x85: // TUPLE1
        push(tuple([pop()]))
        break
      case 0x86: {
        // TUPLE2
        const second = pop()
        push(tuple([pop(), second]))
        break
      }
      case 0x87: {
        // TUPLE3
        const third = pop()
        const second = pop()
        push(tuple([pop(), second, third]))
        break
      }
      case 0x88: // NEWTRUE
        push(true)
        break
      case 0x89: // NEWFALSE
        push(false)
        break
      case 0x8a: // LONG1
        push(signedLong(bytes[need(1)]!))
        break
      case 0x8b: // LONG4
        push(signedLong(view.getInt32(need(4), true)))
        break
      case 0x47: // BINFLOAT
        push(view.getFloat64(need(8), false))
        break
      case 0x67: // GET
        get(index())
        break
      case 0x68: // BINGET
        get(bytes[need(1)]!)
        break
      case 0x6a: // LONG_BINGET
        get(view.getUint32(need(4), true))
        break
      case 0x70: // PUT
        put(index())
        break
      case 0x71: // BINPUT
        put(bytes[need(1)]!)
        break
      case 0x72: // LONG_BINPUT
        put(view.getUint32(need(4), true))
        break
      case 0x94: // MEMOIZE
        put(memoized)
        break
      case 0x80: // PROTO
        protocol = bytes[need(1)]!
        if (protocol > 5) throw new Malformed(`is of protocol ${protocol}, and the newest is 5`, opcodeAt)
        break
      case 0x95: {
        // FRAME
        const size = view.getBigUint64(need(8), true)
        if (size > BigInt(length - at)) throw cutOff('has a frame longer than the file')
        if (frameEnd > at) soft('has a frame in a frame')
        frameEnd = at + Number(size)
        break
      }
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw new Malformed('has an extension code, whose meaning stands elsewhere', opcodeAt)
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        throw new Malformed('wants a buffer that stands elsewhere', opcodeAt)
      default:
        throw new Malformed(`has the byte 0x${opcode.toString(16).padStart(2, '0')} where an opcode must be`, opcodeAt)
    }
    return false
  }

  let value: PickleValue | undefined
  try {
    for (;;) {
      if (at >= length) {
        opcodeAt = at
        throw cutOff('ends before its STOP')
      }
      opcodeAt = at
      const wasInFrame = at < frameEnd
      if (step(bytes[at++]!)) break
      if (wasInFrame && at > frameEnd && frameEnd >= 0) {
        soft('has an opcode that reaches over the end of its frame')
        frameEnd = -1
      }
    }
    value = pop()
    judge.keep(value, opcodeAt)
    if (frameEnd > at) soft('ends inside a frame')
    if (shared > 0 && logicalSize(value, mostValues) > mostValues)
      soft('stands for more values than any computer holds, by sharing them')
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    rejection ??= { why: error.message, offset: error.offset, ...(error.limit && { limit: true }) }
    if (error.cut) rejection = { ...rejection, cut: true }
    value = undefined
  }
  stack = []
  const outcome = unsafeUses.length > 0 ? 'unsafe' : rejection !== undefined ? 'reject' : 'safe'
  return {
    outcome,
    unsafe: unsafeUses,
    ...(rejection !== undefined && { rejection }),
    names: nameList,
    protocol,
    called,
    ...(outcome === 'safe' && { value: value! }),
    end: at,
  }
}
