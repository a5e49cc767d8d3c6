/**
 * The CSV reader with types given, with its SIMD kernels and without, beside `pandas.read_csv(dtype=float64)`: 500,000 rows of
 * 20 numbers, with 6 digits and with all. CPU of reading alone, each run in a fresh process (the start of Node and pandas' import are not counted), in turn.
 *
 *     node build/bench/csv-read.js [--python PATH | MLMODEL_BENCH_PYTHON=PATH] [--runs 7] [--rows 500000] [--tiny]
 *
 * Without a Python that has pandas only our times are shown; the values are then checked against JavaScript's `Number`.
 */
import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCsv } from '../src/data/csv/read.ts'
import { fileSource } from '../src/data/source.ts'
import { heading, option, ratio, row, runProcess, spread, tiny } from './measure.ts'

const columns = 20
const rows = Number(option('rows') ?? (tiny ? 2_000 : 500_000))
const runs = Number(option('runs') ?? (tiny ? 2 : 7))
const folder = join(tmpdir(), 'mlmodel-bench')

type Digits = '6' | '17'
const targets: Readonly<Record<Digits, number>> = { 6: 0.45, 17: 0.85 }

interface Reading {
  readonly rows: number
  readonly cpuMs: number
  /** Sums of the low and the high words of all doubles, modulo 2^32: one wrong bit shows. */
  readonly low: number
  readonly high: number
}

/** A small generator (mulberry32), so that every run has the same numbers. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Sums of normal numbers, as `%.6g` and as `repr` print them; the file is kept for the next time. */
function makeFile(digits: Digits): string {
  const path = join(folder, `read-${rows}x${columns}-${digits}.csv`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const next = numbers(Number(digits))
  const descriptor = openSync(`${path}.part`, 'w')
  writeSync(descriptor, `${Array.from({ length: columns }, (_, at) => `c${at}`).join(',')}\n`)
  let text = ''
  for (let at = 0; at < rows; at++) {
    for (let column = 0; column < columns; column++) {
      const value = (next() + next() + next() + next() - 2) * 173 + next() * 2 ** -30
      text += (digits === '6' ? Number(value.toPrecision(6)) : value) + (column === columns - 1 ? '\n' : ',')
    }
    if (text.length < 1 << 20 && at < rows - 1) continue
    writeSync(descriptor, text)
    text = ''
  }
  closeSync(descriptor)
  renameSync(`${path}.part`, path)
  return path
}

/** What the child process does: reads once, then sums. The sums are taken frame by frame and their time is subtracted. */
async function readOnce(path: string, kernels: boolean): Promise<Reading> {
  let count = 0
  let low = 0
  let high = 0
  let summing = 0
  const before = process.cpuUsage()
  for await (const frame of readCsv(fileSource(path), { typeOf: () => 'double' }, { reuse: true, kernels })) {
    const start = process.cpuUsage()
    for (const column of frame.columns) {
      const values = column.values as Float64Array
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2)
      for (let at = 0; at < words.length; at += 2) {
        low = (low + words[at]!) >>> 0
        high = (high + words[at + 1]!) >>> 0
      }
    }
    const used = process.cpuUsage(start)
    summing += used.user + used.system
    count += frame.rows
  }
  const { user, system } = process.cpuUsage(before)
  return { rows: count, cpuMs: (user + system - summing) / 1000, low, high }
}

const pandasScript = `
import sys, json, time
import numpy, pandas
started = time.process_time()
frame = pandas.read_csv(sys.argv[1], dtype="float64")
used = time.process_time() - started
words = numpy.ascontiguousarray(frame.to_numpy()).view("<u4").reshape(-1, 2).sum(axis=0, dtype="u8") % 2**32
print(json.dumps({"rows": len(frame), "cpuMs": used * 1000, "low": int(words[0]), "high": int(words[1]),
  "versions": f"Python {sys.version.split()[0]}, pandas {pandas.__version__}, numpy {numpy.__version__}"}))
`

/** The sums by JavaScript's own \`Number\`, for a small file. */
function plainSums(path: string): Pick<Reading, 'low' | 'high'> {
  const values = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(',').map(Number))
  const words = new Uint32Array(Float64Array.from(values).buffer)
  const sum = (first: number) => words.reduce((total, word, at) => (at % 2 === first ? (total + word) >>> 0 : total), 0)
  return { low: sum(0), high: sum(1) }
}

async function measure(digits: Digits, python: string | undefined): Promise<void> {
  const path = makeFile(digits)
  const ours: Reading[] = []
  const plain: Reading[] = []
  const theirs: Reading[] = []
  let versions = ''
  let peak = 0
  for (let run = 0; run < runs; run++) {
    const child = await runProcess(process.execPath, [process.argv[1]!, '--child', path])
    ours.push(JSON.parse(child.stdout) as Reading)
    peak = Math.max(peak, child.peakMb)
    const loop = await runProcess(process.execPath, [process.argv[1]!, '--child', path, '--kernels', 'no'])
    plain.push(JSON.parse(loop.stdout) as Reading)
    if (python === undefined) continue
    const answer = JSON.parse((await runProcess(python, ['-c', pandasScript, path])).stdout) as Reading & { versions: string }
    theirs.push(answer)
    versions = answer.versions
  }
  const [first] = ours as [Reading]
  assert.equal(first.rows, rows)
  const expected = theirs[0] ?? (rows <= 50_000 ? plainSums(path) : first)
  for (const reading of [...ours, ...plain, ...theirs])
    assert.deepEqual([reading.low, reading.high], [expected.low, expected.high], 'values differ')
  heading(
    `${rows} rows × ${columns}, ${digits} digits, ${(statSync(path).size / 1e6).toFixed(0)} MB${versions === '' ? '' : `; ${versions}`}`,
    runs,
  )
  const cpu = (readings: readonly Reading[]) => readings.map(({ cpuMs }) => cpuMs)
  row('readCsv, CPU', cpu(ours), 'ms')
  row('the same without the SIMD kernels', cpu(plain), 'ms')
  console.log(`peak memory of the process: ${peak.toFixed(0)} MB`)
  if (theirs.length === 0) return
  row('pandas.read_csv, CPU', cpu(theirs), 'ms')
  console.log('values: equal to the bit')
  const pairs = ours.map(({ cpuMs }, at) => cpuMs / theirs[at]!.cpuMs)
  row('readCsv / pandas, pair by pair', pairs, '×', 2)
  ratio(`to pandas, ${digits} digits`, spread(pairs).median, tiny ? undefined : targets[digits])
}

const child = option('child')
if (child !== undefined) console.log(JSON.stringify(await readOnce(child, option('kernels') !== 'no')))
else {
  const python = option('python') ?? process.env['MLMODEL_BENCH_PYTHON']
  if (python === undefined) console.log('no --python and no MLMODEL_BENCH_PYTHON: without pandas')
  for (const digits of ['6', '17'] as const) await measure(digits, python)
}
