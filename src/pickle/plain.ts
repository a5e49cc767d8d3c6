/** Rules for what Python's own values are made with: bytes, sets, dates, dictionaries of the collections module. */
import type { Call, CallRule } from './calls.ts'
import { isUnhashable } from './pending.ts'
import type { Rule } from './special-names.ts'
import { isNode, type PickleValue } from './value.ts'
import { Malformed } from './verdict.ts'

const latin1Names: ReadonlySet<PickleValue> = new Set(['latin1', 'latin-1'])

/** `_codecs.encode(text, 'latin1')`: how protocols 0 to 2 write bytes. Any other codec may unpack or run something. */
const codecsEncode: CallRule = (call) => {
  const [text, codec] = call.args
  if (call.args.length !== 2 || typeof text !== 'string' || !latin1Names.has(codec!))
    return call.refuse(`encodes by ${typeof codec === 'string' ? codec : 'what is no codec'}`)
  return bytesOfLatin1(text, call)
}

function bytesOfLatin1(text: string, call: Call): Uint8Array {
  if (/[^\u0000-\u00ff]/.test(text)) throw new Malformed('encodes text as Latin-1 that is none', call.offset)
  return Buffer.from(text, 'latin1')
}

const bytes: CallRule = (call) => {
  const [value] = call.args
  if (call.args.length === 0) return new Uint8Array(0)
  if (call.args.length === 1 && value instanceof Uint8Array) return value
  if (call.args.length === 1 && isNode(value, 'list')) {
    // Python 2's way: a list of numbers.
    if (!value.items.every((item) => typeof item === 'bigint' && item >= 0n && item < 256n))
      return call.refuse('makes bytes of what is none')
    return Uint8Array.from(value.items, Number)
  }
  return call.refuse('is called with a size')
}

const byteArray: CallRule = (call) => {
  const [value, codec] = call.args
  if (call.args.length === 0) return { kind: 'bytearray', bytes: new Uint8Array(0) }
  if (call.args.length === 1 && value instanceof Uint8Array) return { kind: 'bytearray', bytes: value }
  if (call.args.length === 2 && typeof value === 'string' && latin1Names.has(codec!))
    return { kind: 'bytearray', bytes: bytesOfLatin1(value, call) }
  return call.refuse('is called with a size')
}

const set: CallRule = (call) => {
  const kind = call.callee.name === 'set' ? 'set' : 'frozenset'
  const [value] = call.args
  if (call.args.length === 0) return { kind, items: [] }
  if (call.args.length !== 1 || !(isNode(value, 'list') || isNode(value, 'tuple')))
    return call.refuse('is made of what is no list')
  if (isNode(value, 'tuple')) call.judge.keep(value, call.offset)
  if (value.items.some(isUnhashable)) throw new Malformed('puts a list or a dictionary into a set', call.offset)
  return { kind, items: [...value.items] }
}

/** `slice(start, stop, step)` and `range(…)`: three numbers at most, and nobody counts them here. */
const slice: CallRule = (call) => {
  const plain =
    call.args.length <= 3 &&
    call.args.every((arg) => arg === null || typeof arg === 'bigint' || typeof arg === 'string' || typeof arg === 'boolean')
  return plain ? call.record() : call.refuse('is called with other than numbers')
}

const complex: CallRule = (call) =>
  call.args.length <= 2 && call.args.every((arg) => typeof arg === 'number' || typeof arg === 'bigint')
    ? call.record()
    : call.refuse('is called with other than numbers')

/** `OrderedDict()` and, in protocols 0 and 1, `OrderedDict([[key, value], …])`. */
const mapping: CallRule = (call) => {
  const [value] = call.args
  if (call.args.length === 0) return call.record()
  if (call.args.length !== 1) return call.refuse('is made of more than one value')
  if (isNode(value, 'dict')) return { ...call.record([]), entries: [...value.entries] }
  if (!isNode(value, 'list')) return call.refuse('is made of what is no list of pairs')
  const entries: PickleValue[] = []
  for (const pair of value.items) {
    const isPair = (isNode(pair, 'list') || isNode(pair, 'tuple')) && pair.items.length === 2
    if (!isPair) return call.refuse('is made of what is no list of pairs')
    if (isUnhashable(pair.items[0]!)) throw new Malformed('uses a list or a dictionary as a key', call.offset)
    entries.push(...pair.items)
  }
  return { ...call.record([]), entries }
}

/** The factory is called whenever a key is missing. */
const defaultDict: CallRule = (call) => {
  const [factory, initial] = call.args
  if (call.args.length > 2) return call.refuse('is made of more than two values')
  if (factory !== undefined && factory !== null) {
    if (!isNode(factory, 'global')) {
      // A partial is listed with the function it calls.
      if (!(isNode(factory, 'object') && factory.entry?.rule === 'partial')) return call.refuse('has a factory that is no type')
    } else call.judge.keep(factory, call.offset)
  }
  if (initial === undefined) return call.record()
  if (!isNode(initial, 'dict')) return call.refuse('is made of what is no dictionary')
  return { ...call.record([factory ?? null]), entries: [...initial.entries] }
}

const deque: CallRule = (call) => {
  const [value, most] = call.args
  if (call.args.length > 2 || !(most === undefined || most === null || typeof most === 'bigint'))
    return call.refuse('is made of more than its values')
  if (value === undefined) return call.record()
  if (!isNode(value, 'list') && !isNode(value, 'tuple')) return call.refuse('is made of what is no list')
  if (isNode(value, 'tuple')) call.judge.keep(value, call.offset)
  return { ...call.record([most ?? null]), items: [...value.items] }
}

const byteLengths: Readonly<Record<string, number>> = { datetime: 10, date: 4, time: 6 }

/** Dates are packed bytes, with a time zone behind; timedelta and timezone take numbers and one another. */
const datetime: CallRule = (call) => {
  const { name } = call.callee
  const size = byteLengths[name]
  const [packed, zone] = call.args
  if (size === undefined) {
    const plain = call.args.every(
      (arg) => typeof arg === 'bigint' || typeof arg === 'number' || typeof arg === 'string' || isListedTime(arg),
    )
    return plain && call.args.length <= 3 ? call.record() : call.refuse('is called with other than numbers')
  }
  // Python 2 wrote the bytes as text.
  const data = typeof packed === 'string' ? Buffer.from(packed, 'latin1') : packed
  if (!(data instanceof Uint8Array) || data.length !== size || call.args.length > 2)
    throw new Malformed(`makes a ${name} of what is none`, call.offset)
  const month = data[name === 'time' ? 0 : 2]! & 0x7f
  if (name !== 'time' && (month < 1 || month > 12)) throw new Malformed(`makes a ${name} of what is none`, call.offset)
  if (zone !== undefined && !isListedTime(zone)) return call.refuse('has a time zone that is not listed')
  return call.record([data, ...call.args.slice(1)])
}

function isListedTime(value: PickleValue): boolean {
  return value === null || (isNode(value, 'object') && value.module === 'datetime')
}

const decimal: CallRule = (call) => {
  const [text] = call.args
  if (call.args.length === 1 && typeof text === 'string' && /^[-+]?[\d.Ee+\-/]{1,4300}$|^[-+]?(Infinity|s?NaN\d*)$/.test(text))
    return call.record()
  return call.args.length === 2 && call.args.every((arg) => typeof arg === 'bigint')
    ? call.record()
    : call.refuse('is made of what is no number')
}

/** Rules by name, for calls.ts. */
export const plainCalls: { readonly [Each in Rule]?: CallRule } = {
  'codecs-encode': codecsEncode,
  bytes,
  bytearray: byteArray,
  set,
  slice,
  complex,
  mapping,
  'default-dict': defaultDict,
  deque,
  datetime,
  decimal,
}
