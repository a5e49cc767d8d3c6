/**
 * A scoring request in JSON to typed columns and its predictions back to JSON, beside the plainest code there is:
 * `JSON.parse`, a loop into a `Float32Array`, `JSON.stringify` (which does less: no NaN, no `1.0`, no blanks, int64 wrong).
 * Same process, rounds alternate, bodies rotate: one body again and again would teach the branch predictor its digits.
 */
import assert from 'node:assert/strict'
import type { Frame, NumericColumn } from '../src/batch.ts'
import { readTyped } from '../src/data/json-typed.ts'
import { writePredictions } from '../src/data/reply.ts'
import { parseJson, writeJsonValue } from '../src/json.ts'
import { loadKernels } from '../src/kernels/ready.ts'
import type { Signature } from '../src/signature.ts'
import { heading, ratio, row, spread, tiny } from './measure.ts'

const width = 20
const runs = tiny ? 3 : 31
const names = Array.from({ length: width }, (_, index) => `feature_${index}`)
const signature: Signature = {
  inputs: {
    kind: 'columns',
    columns: names.map((name) => ({ kind: 'column', name, type: { kind: 'scalar', dataType: 'float' }, required: true })),
  },
}

let seed = 42
function next(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0
  return (seed >>> 0) / 4294967296
}

type Digits = 'five decimals' | 'all digits'

/** A body as Python's `json.dumps` writes it. */
function makeBody(rows: number, digits: Digits): Buffer {
  const cell = (): string =>
    digits === 'five decimals' ? (next() * 10 - 5).toFixed(5) : String(next() * 10 - 5 + next() * 2 ** -31)
  const data = Array.from({ length: rows }, () => `[${names.map(cell).join(', ')}]`)
  return Buffer.from(
    `{"dataframe_split": {"columns": [${names.map((name) => `"${name}"`).join(', ')}], "data": [${data.join(', ')}]}}`,
  )
}

/** Two numbers a row, as a classifier's probabilities; made before, so that only JSON is timed. */
function makePredictions(rows: number): Float32Array {
  return Float32Array.from({ length: rows * 2 }, next)
}

function ours(body: Buffer, rows: number, predictions: Float32Array): Buffer {
  const batch = readTyped(body, signature)
  if (batch === undefined) throw new Error('the typed reader gave up')
  return writePredictions({ kind: 'array', tensor: { dtype: 'float32', shape: [rows, 2], values: predictions } }, { wrap: true })
}

function plainRead(body: Buffer): Float32Array {
  const { data } = (JSON.parse(body.toString()) as { dataframe_split: { data: number[][] } }).dataframe_split
  const values = new Float32Array(data.length * width)
  let at = 0
  for (const cells of data) for (let column = 0; column < width; column++) values[at++] = cells[column]!
  return values
}

function plainWrite(rows: number, predictions: Float32Array): Buffer {
  const answer: number[][] = []
  for (let line = 0; line < rows; line++) answer.push([predictions[line * 2]!, predictions[line * 2 + 1]!])
  return Buffer.from(JSON.stringify({ predictions: answer }))
}

function plain(body: Buffer, rows: number, predictions: Float32Array): Buffer {
  plainRead(body)
  return plainWrite(rows, predictions)
}

/** Both must read the same numbers from every body, and the replies must hold the same. */
function check(bodies: readonly Buffer[], rows: number, predictions: readonly Float32Array[]): void {
  for (const [at, body] of bodies.entries()) {
    const { columns } = readTyped(body, signature) as Frame
    const wanted = plainRead(body)
    for (let line = 0; line < rows; line++) {
      for (let column = 0; column < width; column++) {
        assert.equal((columns[column] as NumericColumn).values[line], wanted[line * width + column])
      }
    }
    const reply = ours(body, rows, predictions[at]!).toString()
    assert.deepEqual(JSON.parse(reply), JSON.parse(plain(body, rows, predictions[at]!).toString()))
    // The layout is Python's: what our exact reader and writer make of it is the same text.
    assert.equal(writeJsonValue(parseJson(reply).value), reply)
  }
}

/** CPU of one call: what else the machine does then disturbs less. */
function microseconds(calls: number, call: (at: number) => void): number {
  const before = process.cpuUsage()
  for (let at = 0; at < calls; at++) call(at)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

function measure(rows: number, digits: Digits, target: number | undefined): void {
  const distinct = tiny ? 4 : rows === 1 ? 256 : 64
  const bodies = Array.from({ length: distinct }, () => makeBody(rows, digits))
  const predictions = Array.from({ length: distinct }, () => makePredictions(rows))
  check(bodies, rows, predictions)
  const calls = tiny ? distinct : rows === 1 ? 8192 : 256
  const figures = { ours: [] as number[], plain: [] as number[], read: [] as number[], plainRead: [] as number[] }
  for (let run = -3; run < runs; run++) {
    const oursTook = microseconds(calls, (at) => ours(bodies[at % distinct]!, rows, predictions[at % distinct]!))
    const plainTook = microseconds(calls, (at) => plain(bodies[at % distinct]!, rows, predictions[at % distinct]!))
    const readTook = microseconds(calls, (at) => readTyped(bodies[at % distinct]!, signature))
    const plainReadTook = microseconds(calls, (at) => plainRead(bodies[at % distinct]!))
    if (run < 0) continue
    figures.ours.push(oursTook)
    figures.plain.push(plainTook)
    figures.read.push(readTook)
    figures.plainRead.push(plainReadTook)
  }
  heading(`JSON request, ${rows} × ${width} float columns, ${digits}; ${distinct} bodies in turn, ${calls} calls a run`, runs)
  row('typed reader and reply', figures.ours, 'µs', 2)
  row('JSON.parse, loop, JSON.stringify', figures.plain, 'µs', 2)
  row('typed reader alone', figures.read, 'µs', 2)
  row('JSON.parse and loop alone', figures.plainRead, 'µs', 2)
  const pairs = figures.ours.map((value, at) => value / figures.plain[at]!)
  row('ratio pair by pair', pairs, '×', 2)
  ratio('typed / plain (median of pairs)', spread(pairs).median, target)
}

await loadKernels()
measure(1, 'five decimals', 0.5)
measure(1, 'all digits', undefined)
measure(100, 'five decimals', 0.45)
measure(100, 'all digits', undefined)
