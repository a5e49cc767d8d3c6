/**
 * `npm run conformance:corpus -- DIR`: good and bad files by kind, as `manifest.jsonl` says. What the library reads, a child
 * process reads one by one, so that an endless loop or a crash is one failure: 2 s of the processor a file. Pickles, containers,
 * model files and environments are judged by the installed `mlmodel validate`, a process for each.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { readArguments } from './arguments.ts'
import type { Foreign } from './canonical.ts'
import { executableOf } from './command.ts'
import { type Judged, patience, validateFile } from './corpus-validate.ts'
import { packageUnderTest } from './package-under-test.ts'
import { openReport } from './report.ts'

const deadline = 2_000
/** Of the child in all; Node itself takes about 60 MB. */
const memoryLimit = 256 << 20

const { path, from } = readArguments(process.argv.slice(2), 'conformance:corpus -- DIR')
const underTest = from ?? packageUnderTest()
const executable = executableOf(underTest)
/** A graph that has to be stopped is run in a process of its own, which has to start and to be ended. */
const runDeadline = 10_000
/** Of the files that would run something, as many must be named as such as in the prototype (127 of 134); the others are refused. */
const namedShare = 127 / 134
let unsafeFiles = 0
let namedUnsafe = 0
const refusals = { unsafe: 0, reject: 0, unjudged: 0 }
const report = openReport((line) => console.log(line))
const folder = copyWithLinks(resolve(path))
let child: ChildProcess | undefined
try {
  for (const line of readFileSync(join(path, 'manifest.jsonl'), 'utf8').split('\n')) {
    if (line.trim() !== '') await judge(JSON.parse(line))
  }
} finally {
  child?.kill('SIGKILL')
  rmSync(dirname(folder), { recursive: true, force: true })
}
if (unsafeFiles > 0) {
  console.log(
    `unsafe files: ${unsafeFiles}, named ${refusals.unsafe}, refused as broken ${refusals.reject}, not judged ${refusals.unjudged}`,
  )
  if (namedUnsafe < Math.floor(unsafeFiles * namedShare))
    report.fail('unsafe files named as such', `at least ${Math.floor(unsafeFiles * namedShare)}`, String(namedUnsafe))
}
process.exitCode = report.end()

async function judge(entry: Foreign): Promise<void> {
  const reason = skipReason(entry)
  if (reason !== undefined) return report.skip(reason)
  if (isForValidate(entry)) return judgeByCommand(entry)
  child ??= await start()
  const isRun = entry.stage === 'run'
  const reply = await ask(child, { entry, file: join(folder, entry.file) }, isRun ? runDeadline : deadline)
  if (reply.verdict === 'dead' || reply.verdict === 'late') {
    child.kill('SIGKILL')
    child = undefined
  }
  const wanted = entry.verdict === 'unsafe' ? 'reject' : entry.verdict === 'safe' ? 'accept' : entry.verdict
  const fits =
    reply.verdict === wanted ||
    // Within the limits both are right, as long as the report is; so are both where the manifest says so.
    ((wanted === 'either' || entry.stage === 'limits') && (reply.verdict === 'accept' || reply.verdict === 'reject'))
  const heavy = entry.stage === 'limits' && reply.memory > memoryLimit
  if (fits && !heavy) report.pass()
  else
    report.fail(
      `${entry.file} (${entry.kind}: ${entry.why})`,
      `${wanted}${entry.stage === undefined ? '' : `, stage ${entry.stage}`}`,
      heavy ? `${reply.memory >> 20} MB` : `${reply.verdict} ${reply.detail}`,
    )
}

function isForValidate(entry: Foreign): boolean {
  return /^(pickle_\w+|models)\//.test(entry.file) || isEnvironment(entry)
}

function isEnvironment({ file, kind }: Foreign): boolean {
  return file.startsWith('yaml/') && ['requirement', 'channel', 'env-name'].includes(kind)
}

/** Safe is said of what is safe, never of anything else; within a stage's limits of time and memory. */
async function judgeByCommand(entry: Foreign): Promise<void> {
  const judged = await validateFile(executable!, entry, join(folder, entry.file), deadline)
  const isRefused = judged.verdict === 'unsafe' || judged.verdict === 'reject' || judged.verdict === 'unjudged'
  // Of an environment a finding at its line is asked for, which `unsafe` stands for.
  if (entry.verdict === 'unsafe' && !isEnvironment(entry)) {
    unsafeFiles++
    if (judged.verdict === 'unsafe') namedUnsafe++
    if (isRefused) refusals[judged.verdict as keyof typeof refusals]++
  }
  const wanted = entry.verdict === 'safe' || entry.verdict === 'accept' ? 'accept' : entry.verdict
  const fits = wanted === 'accept' ? judged.verdict === 'accept' : isRefused
  const isEither = entry.stage === 'limits' && (isRefused || judged.verdict === 'accept')
  const heavy = entry.stage === 'limits' && judged.memory > memoryLimit
  if ((fits || isEither) && !heavy) return report.pass()
  report.fail(
    `${entry.file} (${entry.kind}: ${entry.why})`,
    `${wanted}${entry.stage === undefined ? '' : `, stage ${entry.stage}`}`,
    heavy ? `${judged.memory >> 20} MB` : described(judged),
  )
}

function described({ verdict, detail }: Judged): string {
  return `${verdict} ${detail}`
}

function skipReason(entry: Foreign): string | undefined {
  const kind = entry.file.split('/')[0]
  if (isForValidate(entry)) return executable === undefined ? `${kind}: --from is no package with a command` : undefined
  return ['npy', 'csv', 'json', 'yaml', 'onnx'].includes(kind) ? undefined : `${kind}: no reader yet`
}

interface Reply {
  readonly verdict: 'accept' | 'reject' | 'wrong' | 'crash' | 'late' | 'dead'
  readonly detail: string
  readonly memory: number
  readonly cpu: number
}

function start(): Promise<ChildProcess> {
  const started = fork(join(import.meta.dirname, 'corpus-reader.js'), [underTest], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  })
  return new Promise((done, failed) => {
    started.once('message', () => done(started))
    started.once('exit', (code) => failed(new Error(`the reading process ended with ${code}`)))
  })
}

function ask(reader: ChildProcess, question: Foreign, deadline: number): Promise<Reply> {
  return new Promise((done) => {
    const finish = (reply: Reply) => {
      clearTimeout(timer)
      reader.removeAllListeners('message')
      reader.removeAllListeners('exit')
      done(reply)
    }
    const none = { memory: 0, cpu: 0 }
    const longest = deadline * patience
    const timer = setTimeout(() => finish({ ...none, verdict: 'late', detail: `no answer in ${longest} ms` }), longest)
    reader.once('message', (message) => {
      const reply = message as Reply
      finish(reply.cpu > deadline ? { ...reply, verdict: 'late', detail: `${Math.round(reply.cpu)} ms of the processor` } : reply)
    })
    reader.once('exit', (code, signal) => finish({ ...none, verdict: 'dead', detail: `ended with ${signal ?? code}` }))
    reader.send(question)
  })
}

/** The folder with the symbolic links of ../links.tsv, and the files that lie beside it. */
function copyWithLinks(source: string): string {
  const parent = mkdtempSync(join(tmpdir(), 'mlmodel-corpus-'))
  const copy = join(parent, basename(source))
  mkdirSync(copy)
  for (const kind of ['npy', 'csv', 'json', 'yaml', 'onnx', 'models', 'pickle_bad', 'pickle_good'])
    if (existsSync(join(source, kind))) cpSync(join(source, kind), join(copy, kind), { recursive: true })
  for (const name of ['s.bin', 'secret.bin'])
    if (existsSync(join(source, name))) copyFileSync(join(source, name), join(copy, name))
  const links = join(source, '..', 'links.tsv')
  if (!existsSync(links)) return copy
  for (const line of readFileSync(links, 'utf8').split('\n')) {
    const [place, target] = line.split('\t')
    if (target === undefined || !place!.startsWith(`${basename(source)}/`)) continue
    const at = join(parent, place!)
    rmSync(at, { recursive: true, force: true })
    if (existsSync(dirname(at)) && statSync(dirname(at)).isDirectory()) symlinkSync(target, at)
  }
  return copy
}
