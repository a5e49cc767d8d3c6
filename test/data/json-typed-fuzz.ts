/**
 * Random signatures and bodies, in a worker so that an endless loop can be seen and ended from outside: the typed reader
 * must give what the exact reader and enforcement give in both modes, or nothing, and must take every clean body.
 */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { readTyped } from '../../src/data/json-typed.ts'
import { type DataType, dtypes, type NumericDtype } from '../../src/dtype.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { parseJson } from '../../src/json.ts'
import type { ColumnSpec, Signature, TensorSpec } from '../../src/signature.ts'

export interface FuzzOrder {
  readonly seed: number
  readonly cases: number
  /** The number of the case being tried, for the watchdog. */
  readonly progress: Int32Array
}
export interface FuzzResult {
  readonly accepted: number
  readonly clean: number
  readonly failure?: string
}

let state = 1
/** A number in [0, 1); small and repeatable (mulberry32). */
function random(): number {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
}
function below(limit: number): number {
  return Math.floor(random() * limit)
}
function pick<Item>(items: readonly Item[]): Item {
  return items[below(items.length)]!
}

const columnNames = ['a', 'b', 'c d', 'é', 'q"t', '__proto__', 'data', '0', 'x\\y', '😀']
const columnTypes: readonly DataType[] = ['float', 'double', 'integer', 'long', 'boolean', 'string']
const tensorTypes: readonly (NumericDtype | 'string')[] = [
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'string',
]

function shuffled<Item>(items: readonly Item[]): Item[] {
  return [...items]
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}

/** Values that fit a type for certain, as text; the second list may or may not. */
const integers: Readonly<Record<string, readonly string[]>> = {
  int8: ['0', '-0', '127', '-128', '7'],
  int16: ['0', '32767', '-32768'],
  int32: ['0', '-0', '12', '-7', '2147483647', '-2147483648'],
  int64: [
    '0',
    '-0',
    '1234567890123456',
    '-12345678901234567',
    '9223372036854775807',
    '-9223372036854775808',
    '9007199254740993',
    '-1',
  ],
  uint8: ['0', '255', '8'],
  uint16: ['0', '65535'],
  uint32: ['0', '4294967295'],
  uint64: ['0', '18446744073709551615', '9223372036854775808', '9007199254740993', '5'],
}
const odd = [
  'null',
  'NaN',
  '-Infinity',
  'true',
  'false',
  '1.0',
  '2.5',
  '1e3',
  '1e400',
  '-1e39',
  '3.4028235677973366e38',
  '65520',
  '9007199254740993',
  '18446744073709551616',
  '9223372036854775808',
  '-9223372036854775809',
  '128',
  '-1',
  '"x"',
  '"\\u0000"',
  '"\\ud800"',
  '"1"',
  '[]',
  '{}',
  '[1]',
  '01',
  '1.',
  '-',
  '.5',
  '1e',
  '+1',
  '0x1',
  'nul',
  '"\u0001"',
  '"\\x"',
]

function realText(): string {
  const kind = random()
  if (kind < 0.3) return (random() * 10 - 5).toFixed(5)
  if (kind < 0.5) return String(random() * 100 - 50)
  if (kind < 0.6) return String(below(100_000) - 50_000)
  if (kind < 0.7) return (random() * 10 - 5).toExponential(below(18))
  if (kind < 0.8) return (random() * 2 * 10 ** (below(40) - 30)).toPrecision(1 + below(17))
  if (kind < 0.9) return `0.${'0'.repeat(below(12))}${below(1_000_000_000)}${pick(['', String(below(1_000_000_000))])}`
  return pick([
    '0',
    '-0',
    '0.0',
    '-0.0',
    '-0e0',
    '1E5',
    '123456789',
    '1234567890',
    '0.1234567890123456789',
    '9007199254740991',
    'NaN',
    'Infinity',
    '-Infinity',
    'null',
    '5e-324',
  ])
}

function fitting(dtype: string): string {
  if (dtype === 'float16') return random() < 0.5 ? (random() * 100).toFixed(3) : pick(['65504', '65519.9', '1e-8', '0.1', '-0.0'])
  if (dtype.startsWith('float')) return realText()
  if (dtype === 'bool') return pick(['true', 'false'])
  if (dtype === 'string')
    return pick([
      '"a"',
      '"é"',
      '""',
      '"x\\ny"',
      '"\\u00e9\\ud83d\\ude00"',
      '"😀"',
      '"a,b]}"',
      '"\\\\"',
      '"\\""',
      '"longer text than others"',
    ])
  return pick(integers[dtype]!)
}

interface Made {
  readonly signature: Signature
  readonly body: string
  /** Nothing in it that the typed reader may leave to the exact one. */
  readonly clean: boolean
}

function make(): Made {
  const strange = random() < 0.25
  let clean = !strange
  const value = (dtype: string): string => (strange && random() < 0.15 ? pick(odd) : fitting(dtype))
  const comma = pick([', ', ',', ',', ', ', ' ,\n\t'])
  const colon = pick([': ', ':', ' :\r\n'])
  const list = (items: readonly string[]): string => `[${items.join(comma)}]`
  const object = (entries: readonly (readonly [string, string])[]): string =>
    `{${entries.map(([name, text]) => `${pick([JSON.stringify(name), asciiText(name)])}${colon}${text}`).join(comma)}}`
  const rows = 1 + below(4)

  if (random() < 0.4) {
    const named = random() < 0.6
    const tensors = shuffled(columnNames)
      .slice(0, named ? 1 + below(3) : 1)
      .map((name): TensorSpec => {
        const dtype = pick(tensorTypes)
        const shape = [pick([-1, rows]), ...Array.from({ length: below(3) }, () => pick([-1, 2, 1]))]
        return { kind: 'tensor', ...(named && { name }), dtype, numpyDtype: dtypes[dtype].numpy, shape }
      })
    const nested = ({ dtype, shape }: TensorSpec, depth = 0): string => {
      if (depth === shape.length) return value(dtype!)
      const wanted = depth === 0 ? rows : shape[depth] === -1 ? 2 : shape[depth]!
      const size = strange && random() < 0.05 ? below(3) : wanted
      return list(Array.from({ length: size }, () => nested({ kind: 'tensor', dtype, numpyDtype: '', shape }, depth + 1)))
    }
    const one = tensors.length === 1 && (!named || random() < 0.5)
    const text = one ? nested(tensors[0]!) : object(tensors.map((tensor) => [tensor.name as string, nested(tensor)]))
    return {
      signature: { inputs: { kind: 'tensors', tensors } },
      body: object([[pick(['inputs', 'instances']), text]]),
      clean: clean && (one || rows > 0),
    }
  }

  const specs = shuffled(columnNames)
    .slice(0, 1 + below(5))
    .map(
      (name): ColumnSpec => ({
        kind: 'column',
        name,
        type: { kind: 'scalar', dataType: pick(columnTypes) },
        required: random() < 0.8,
      }),
    )
  const dtypeOf = ({ type }: ColumnSpec): string =>
    ({ float: 'float32', double: 'float64', integer: 'int32', long: 'int64', boolean: 'bool', string: 'string' })[
      (type as { dataType: 'float' }).dataType
    ]!
  const signature: Signature = { inputs: { kind: 'columns', columns: specs } }
  const form = pick(['split', 'split', 'records', 'instances', 'inputs', 'lists', 'only'])
  let body: string
  if (form === 'split') {
    const order = random() < 0.3 ? shuffled(specs) : specs
    const columns: [string, string] = ['columns', list(order.map(({ name }) => JSON.stringify(name)))]
    const data: [string, string] = [
      'data',
      list(Array.from({ length: rows }, () => list(order.map((spec) => value(dtypeOf(spec)))))),
    ]
    const index: [string, string] = [
      'index',
      list(Array.from({ length: rows }, (_, row) => String(strange && random() < 0.1 ? below(4) : row))),
    ]
    const parts = pick([
      [columns, data],
      [columns, data],
      [columns, index, data],
      [index, columns, data],
      [columns, data, index],
    ])
    body = object([['dataframe_split', object(parts)]])
  } else if (form === 'lists') {
    body = object([
      [
        pick(['inputs', 'instances']),
        object(specs.map((spec) => [spec.name as string, list(Array.from({ length: rows }, () => value(dtypeOf(spec))))])),
      ],
    ])
  } else if (form === 'only') {
    clean &&= specs.length === 1
    body = object([[pick(['inputs', 'instances']), list(Array.from({ length: rows }, () => value(dtypeOf(specs[0]!))))]])
  } else {
    const order = strange && random() < 0.1 ? shuffled(specs) : specs
    const records = list(
      Array.from({ length: rows }, () => object(order.map((spec) => [spec.name as string, value(dtypeOf(spec))]))),
    )
    body = object([[form === 'records' ? 'dataframe_records' : form, records]])
  }
  return { signature, body, clean }
}

function asciiText(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const alphabet = Buffer.from('{}[]",:\\u0123456789eE+-.tfnNI \n\t\0\x1f\x80\xc3\xa9', 'latin1')

function mutate(body: Buffer): Buffer {
  let bytes = [...body]
  for (let change = 1 + below(3); change > 0; change--) {
    const at = below(bytes.length + 1)
    const kind = random()
    if (kind < 0.4) bytes.splice(at, 1, pick([...alphabet]))
    else if (kind < 0.6) bytes.splice(at, 0, pick([...alphabet]))
    else if (kind < 0.8) bytes.splice(at, 1 + below(3))
    else if (kind < 0.9) bytes = bytes.slice(0, at)
    else bytes.splice(at, 0, ...bytes.slice(at, at + below(12)))
  }
  return Buffer.from(bytes)
}

/** Tries one body; whether it was accepted. */
function tryBody(body: Buffer, signature: Signature): boolean {
  const typed = readTyped(body, signature)
  try {
    parseJson(body)
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    assert.equal(typed, undefined, 'accepted what is no JSON')
  }
  if (typed === undefined) return false
  for (const mode of ['strict', 'compat'] as const) {
    const exact = readRequest(body, 'application/json', signature, { mode })
    assert.deepStrictEqual(typed, exact.data, mode)
    assert.deepStrictEqual(exact.warnings, [])
  }
  return true
}

function fuzz({ seed, cases, progress }: FuzzOrder): FuzzResult {
  let accepted = 0
  let clean = 0
  for (let index = 0; index < cases; index++) {
    Atomics.store(progress, 0, index)
    state = Math.imul(seed, 0x9e3779b1) + index
    const made = make()
    let body: Buffer = Buffer.from(made.body)
    try {
      if (made.clean) {
        clean++
        if (!tryBody(body, made.signature)) throw new Error('a clean body was not accepted')
      }
      // Twice: the second time its head is known.
      if (tryBody(body, made.signature)) accepted++
      body = mutate(body)
      if (tryBody(body, made.signature)) accepted++
    } catch (error) {
      const failure = `case ${index} of seed ${seed}: ${(error as Error).message}\n${body.toString('latin1')}\n${JSON.stringify(made.signature.inputs)}`
      return { accepted, clean, failure }
    }
  }
  return { accepted, clean }
}

parentPort?.postMessage(fuzz(workerData as FuzzOrder))
