/**
 * `validate` on large contents and on many models, beside picklescan and fickling on the same pickles in one run.
 *
 * `--python PYTHON`: an interpreter with scikit-learn, skops, picklescan and fickling; it makes the pickles and times the peers. Without it
 * only the ONNX file and the models are measured. Every tool is asked in its own warm process: what an interpreter takes to start is not in
 * these figures.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultLimits } from '../src/limits.ts'
import { judgePickle } from '../src/pickle/file.ts'
import { validateModel } from '../src/validate.ts'
import { heading, option, ratio, row, runProcess, spread, tiny } from './measure.ts'

const runs = tiny ? 1 : 5
/** Of every tool: the first run loads and compiles. */
const warmUps = 2
const python = option('python')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-bench-'))

/** Seconds of each run on one path, and the verdict: the files' verdicts of a file, else whether there are errors. */
async function measure(
  path: string,
  file: string | undefined,
): Promise<{ readonly seconds: readonly number[]; readonly verdict: string }> {
  const seconds: number[] = []
  let verdict = ''
  for (let run = -warmUps; run < runs; run++) {
    const started = performance.now()
    const { findings, files } = await validateModel(path)
    if (run >= 0) seconds.push((performance.now() - started) / 1000)
    const errors = findings.filter(({ level }) => level === 'error')
    verdict = file === undefined ? (errors.length === 0 ? 'passed' : errors[0]!.code) : files[0]!.verdict
  }
  return { seconds, verdict }
}

function expect(what: string, verdict: string, wanted: string): void {
  if (verdict !== wanted) throw new Error(`${what}: ${verdict}, not ${wanted}`)
}

const megabytes = (path: string) => statSync(path).size / 1e6
const perSecond = (amount: number, seconds: readonly number[]) => seconds.map((one) => amount / one)

try {
  await pickles()
  await onnx()
  await models()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

interface Peer {
  readonly tool: string
  readonly file: string
  readonly seconds: readonly number[]
  readonly verdict: string
}

async function pickles(): Promise<void> {
  if (python === undefined) return
  const script = join('bench', 'validate_peers.py')
  const trees = tiny ? 5 : 100
  await runProcess(python, [script, 'make', folder, String(trees)])
  heading(`A forest of ${trees} trees, depth 12, 20 columns`, runs)
  const files = ['forest.pkl', 'forest.joblib', 'forest.skops'].map((name) => join(folder, name))
  const { stdout } = await runProcess(python, [script, 'scan', String(warmUps), String(runs), ...files.slice(0, 2)])
  const peers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Peer)
  for (const file of files) {
    const size = megabytes(file)
    const name = file.slice(folder.length + 1)
    const { seconds, verdict } = await measure(file, name)
    expect(name, verdict, 'safe')
    row(`${name}, ${size.toFixed(1)} MB: mlmodel (${verdict})`, perSecond(size, seconds), 'MB/s')
    const asked = peers.filter((one) => one.file === file)
    if (asked.length === 0) continue
    // What the peers look at: names and opcodes, and not whether the trees hold together.
    const names = namesOnly(file)
    row('  names and opcodes alone', perSecond(size, names), 'MB/s')
    for (const peer of asked) {
      row(`  ${peer.tool} (${peer.verdict})`, perSecond(size, peer.seconds), 'MB/s')
      // A scan that gives up at the first array has not read the file.
      if (peer.verdict === 'error' || peer.verdict === 'LIKELY_OVERTLY_MALICIOUS') continue
      ratio(
        `${peer.tool} / mlmodel's names and opcodes, ${name}`,
        spread(peer.seconds).median / spread(names).median,
        1,
        'higher',
      )
    }
  }
}

function namesOnly(file: string): readonly number[] {
  const seconds: number[] = []
  for (let run = -warmUps; run < runs; run++) {
    const started = performance.now()
    const { outcome } = judgePickle(readFileSync(file), defaultLimits)
    if (run >= 0) seconds.push((performance.now() - started) / 1000)
    expect(file, outcome, 'safe')
  }
  return seconds
}

async function onnx(): Promise<void> {
  const path = join(folder, 'large.onnx')
  const size = tiny ? 1 : 50
  writeFileSync(path, largeOnnx(size * 1e6))
  heading(`An ONNX file of ${size} MB`, runs)
  const { seconds, verdict } = await measure(path, 'large.onnx')
  expect('large.onnx', verdict, 'no-code')
  row('mlmodel', perSecond(megabytes(path), seconds), 'MB/s')
}

async function models(): Promise<void> {
  const many = join(folder, 'models')
  mkdirSync(many)
  const count = tiny ? 4 : 100
  for (let index = 0; index < count; index++) cpSync('examples/penguins/model', join(many, String(index)), { recursive: true })
  heading(`A folder of ${count} models`, runs)
  const rates: number[] = []
  for (let run = -warmUps; run < runs; run++) {
    const started = performance.now()
    for (const name of readdirSync(many)) {
      const { findings } = await validateModel(join(many, name))
      const error = findings.find(({ level }) => level === 'error')
      if (error !== undefined) throw new Error(`${name}: ${error.code}`)
    }
    if (run >= 0) rates.push(count / ((performance.now() - started) / 1000))
  }
  row('mlmodel, every rule, not scored', rates, 'models/s')
}

/** y = x × w with a weight of so many bytes, by the wire format of protobuf. */
function largeOnnx(bytes: number): Buffer {
  const varint = (value: number): number[] => {
    const out: number[] = []
    let left = value
    do {
      out.push((left % 128) + (left >= 128 ? 128 : 0))
      left = Math.floor(left / 128)
    } while (left > 0)
    return out
  }
  const number = (field: number, value: number) => Buffer.from([...varint(field * 8), ...varint(value)])
  const bytesOf = (field: number, ...parts: readonly (Buffer | string)[]) => {
    const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
    return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content])
  }
  const columns = bytes / 4
  const float = 1
  const value = (name: string, ...sizes: readonly number[]) => {
    const shape = bytesOf(2, ...sizes.map((size) => bytesOf(1, number(1, size))))
    return [bytesOf(1, name), bytesOf(2, bytesOf(1, number(1, float), shape))]
  }
  const node = bytesOf(1, bytesOf(1, 'x'), bytesOf(1, 'w'), bytesOf(2, 'y'), bytesOf(4, 'Mul'))
  const weights = Buffer.alloc(bytes)
  for (let at = 0; at < columns; at++) weights.writeFloatLE(Math.sin(at), at * 4)
  const weight = bytesOf(5, number(1, columns), number(2, float), bytesOf(8, 'w'), bytesOf(9, weights))
  const graph = bytesOf(7, node, bytesOf(2, 'large'), weight, bytesOf(11, ...value('x', 1)), bytesOf(12, ...value('y', columns)))
  return Buffer.concat([number(1, 8), bytesOf(8, number(2, 17)), graph])
}
