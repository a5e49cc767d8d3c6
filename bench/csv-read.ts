/**
 * The CSV reader, with its SIMD kernels and without, beside `pandas.read_csv`: 500,000 rows of 20 numbers, with 6 digits and with
 * all, types given; and of mixed columns (numbers, text quoted and not, integers, booleans), types given and found out. CPU of
 * reading alone, each run in a fresh process (the start of Node and pandas' import are not counted), in turn.
 *
 *     node build/bench/csv-read.js [--python PATH | MLMODEL_BENCH_PYTHON=PATH] [--runs 7] [--rows 500000] [--only mixed] [--tiny]
 *
 * Without a Python that has pandas only our times are shown; the values are then checked against JavaScript's `Number`.
 */
import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CsvType } from '../src/data/csv/plan.ts'
import { readCsv } from '../src/data/csv/read.ts'
import { fileSource } from '../src/data/source.ts'
import { heading, option, ratio, row, runProcess, spread, tiny } from './measure.ts'

const columns = 20
const rows = Number(option('rows') ?? (tiny ? 2_000 : 500_000))
const runs = Number(option('runs') ?? (tiny ? 2 : 7))
const folder = join(tmpdir(), 'mlmodel-bench')

type Content = '6' | '17' | 'mixed' | 'inferred'
const contents: readonly Content[] = ['6', '17', 'mixed', 'inferred']
const targets: Readonly<Record<Content, number | undefined>> = { 6: 0.45, 17: 0.85, mixed: 0.5, inferred: undefined }
const titles: Readonly<Record<Content, string>> = {
  6: '6 digits',
  17: '17 digits',
  mixed: 'mixed columns',
  inferred: 'mixed columns, types found out',
}

/** The columns of mixed files. */
const mixedTypes = [
  'double',
  'double',
  'string',
  'double',
  'double',
  'long',
  'double',
  'string',
  'double',
  'boolean',
  'double',
  'double',
]

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
function makeFile(content: Content): string {
  const mixed = content === 'mixed' || content === 'inferred'
  const types = mixed ? mixedTypes : Array.from({ length: columns }, () => 'double')
  const path = join(folder, `read-${rows}x${types.length}-${mixed ? 'mixed' : content}.csv`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const next = numbers(mixed ? 5 : Number(content))
  const cell = (type: string): string => {
    if (type === 'string')
      return next() < 0.5 ? `"Town ${Math.floor(next() * 60)}, ${Math.floor(next() * 3)}"` : `code${Math.floor(next() * 500)}`
    if (type === 'long') return String(Math.floor(next() * 2e6) - 1e6)
    if (type === 'boolean') return next() < 0.5 ? 'True' : 'False'
    const value = (next() + next() + next() + next() - 2) * 173 + next() * 2 ** -30
    return content === '17' ? String(value) : String(Number(value.toPrecision(6)))
  }
  const descriptor = openSync(`${path}.part`, 'w')
  writeSync(descriptor, `${types.map((_, at) => `c${at}`).join(',')}\n`)
  let text = ''
  for (let at = 0; at < rows; at++) {
    text += `${types.map(cell).join(',')}\n`
    if (text.length < 1 << 20 && at < rows - 1) continue
    writeSync(descriptor, text)
    text = ''
  }
  closeSync(descriptor)
  renameSync(`${path}.part`, path)
  return path
}

/** What the child process does: reads once, then sums. The sums are taken frame by frame and their time is subtracted. */
async function readOnce(path: string, content: string, kernels: boolean): Promise<Reading> {
  let count = 0
  let low = 0
  let high = 0
  let summing = 0
  const before = process.cpuUsage()
  const typeOf = (_: string, at: number) =>
    content === 'inferred' ? 'infer' : content === 'mixed' ? (mixedTypes[at] as CsvType) : 'double'
  for await (const frame of readCsv(fileSource(path), { typeOf }, { reuse: true, kernels })) {
    const start = process.cpuUsage()
    for (const column of frame.columns) {
      if (column.dtype === 'string') for (const text of column.values) low = (low + text!.length) >>> 0
      if (column.dtype === 'bool') for (const value of column.values as Uint8Array) low = (low + value) >>> 0
      if (column.dtype !== 'float64' && column.dtype !== 'int64') continue
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
path, content, types = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
names = {"double": "float64", "long": "int64", "boolean": "bool", "string": "object"}
dtype = {f"c{at}": names[name] for at, name in enumerate(types)} if content == "mixed" else None if content == "inferred" else "float64"
started = time.process_time()
frame = pandas.read_csv(path, dtype=dtype)
used = time.process_time() - started
low = high = 0
for name in frame:
  column = frame[name]
  if column.dtype == bool: low += int(column.sum())
  elif column.dtype == "float64" or column.dtype == "int64":
    words = numpy.ascontiguousarray(column.to_numpy()).view("<u4").reshape(-1, 2).sum(axis=0, dtype="u8")
    low, high = low + int(words[0]), high + int(words[1])
  else: low += int(column.str.len().sum())
print(json.dumps({"rows": len(frame), "cpuMs": used * 1000, "low": low % 2**32, "high": high % 2**32,
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

async function measure(content: Content, python: string | undefined): Promise<void> {
  const path = makeFile(content)
  const ours: Reading[] = []
  const plain: Reading[] = []
  const theirs: Reading[] = []
  let versions = ''
  let peak = 0
  for (let run = 0; run < runs; run++) {
    const child = await runProcess(process.execPath, [process.argv[1]!, '--child', path, '--content', content])
    ours.push(JSON.parse(child.stdout) as Reading)
    peak = Math.max(peak, child.peakMb)
    const loop = await runProcess(process.execPath, [process.argv[1]!, '--child', path, '--content', content, '--kernels', 'no'])
    plain.push(JSON.parse(loop.stdout) as Reading)
    if (python === undefined) continue
    const answer = JSON.parse(
      (await runProcess(python, ['-c', pandasScript, path, content, mixedTypes.join(',')])).stdout,
    ) as Reading & { versions: string }
    theirs.push(answer)
    versions = answer.versions
  }
  const [first] = ours as [Reading]
  assert.equal(first.rows, rows)
  const plainNumbers = rows <= 50_000 && (content === '6' || content === '17')
  const expected = theirs[0] ?? (plainNumbers ? plainSums(path) : first)
  for (const reading of [...ours, ...plain, ...theirs])
    assert.deepEqual([reading.low, reading.high], [expected.low, expected.high], 'values differ')
  heading(
    `${rows} rows, ${titles[content]}, ${(statSync(path).size / 1e6).toFixed(0)} MB${versions === '' ? '' : `; ${versions}`}`,
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
  ratio(`to pandas, ${titles[content]}`, spread(pairs).median, tiny ? undefined : targets[content])
}

const child = option('child')
if (child !== undefined) console.log(JSON.stringify(await readOnce(child, option('content')!, option('kernels') !== 'no')))
else {
  const python = option('python') ?? process.env['MLMODEL_BENCH_PYTHON']
  if (python === undefined) console.log('no --python and no MLMODEL_BENCH_PYTHON: without pandas')
  for (const content of contents) if ((option('only') ?? content) === content) await measure(content, python)
}
