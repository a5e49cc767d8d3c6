/**
 * `npm run fuzz -- [--reader NAME] [--mutants N] [--seed N]`: mutants of every reader, in processes that are watched. A fault is an
 * exception that is no MlmodelError, more than a second, or memory beyond ten times what was given (or what the file may declare)
 * and 64 MB. Each is written to `build/fuzz/found/`, to become a fixture in test/fixtures/fuzz.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeMutants } from './made.ts'
import { type FuzzedReader, readers } from './readers.ts'

const longestMutant = 1_000
/** On a machine with other work a second passes quickly: what was late is read again alone, by the time of the processor. */
const longestAlone = 10_000
const child = join(import.meta.dirname, 'watched.js')
const options = readOptions(process.argv.slice(2))
const folder = join('build', 'fuzz', 'found')
const scratch = mkdtempSync(join(tmpdir(), 'mlmodel-fuzz-'))
const progress = join(scratch, 'progress')
let faults = 0

try {
  for (const reader of readers) {
    if (options.reader !== undefined && options.reader !== reader.name) continue
    const found = await fuzz(reader)
    faults += found
    console.log(`${reader.name}: ${options.mutants} mutants, ${found} faults`)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
console.log(`seed ${options.seed}; ${faults} faults`)
process.exitCode = faults === 0 ? 0 : 1

interface Options {
  readonly reader: string | undefined
  readonly mutants: number
  readonly seed: number
}

function readOptions(argv: readonly string[]): Options {
  const value = (name: string) => {
    const at = argv.indexOf(name)
    return at < 0 ? undefined : argv[at + 1]
  }
  return {
    reader: value('--reader'),
    mutants: Number(value('--mutants') ?? 20_000),
    seed: Number(value('--seed') ?? Math.floor(Math.random() * 2 ** 31)),
  }
}

type Ended =
  | { readonly kind: 'done'; readonly milliseconds: number }
  | { readonly kind: 'late'; readonly at: number }
  | { readonly kind: 'fault'; readonly at: number; readonly why: string }
  | { readonly kind: 'heavy'; readonly at: number; readonly growth: number }

async function fuzz(reader: FuzzedReader): Promise<number> {
  let at = 0
  let found = 0
  while (at < options.mutants && found < 20) {
    const ended = await watch(reader.name, at, options.mutants)
    if (ended.kind === 'done') break
    at = ended.at + 1
    if (ended.kind === 'heavy') {
      // What ran before in the same process leaves garbage: alone, the mutant shows its own.
      const alone = await watch(reader.name, ended.at, ended.at + 1)
      if (alone.kind !== 'heavy') continue
      keep(reader, ended.at, `${Math.round(alone.growth / 2 ** 20)} MB more than the idle process`)
    } else if (ended.kind === 'late') {
      const alone = await watch(reader.name, ended.at, ended.at + 1, longestAlone)
      if (alone.kind === 'done' && alone.milliseconds < longestMutant) continue
      keep(reader, ended.at, `more than ${longestMutant} ms`)
    } else keep(reader, ended.at, ended.why)
    found++
  }
  return found
}

/** Runs mutants in a process until one is at fault. */
function watch(reader: string, from: number, to: number, longest = longestMutant): Promise<Ended> {
  writeFileSync(progress, Buffer.alloc(8))
  const started: ChildProcess = fork(child, [reader, String(options.seed), String(from), String(to), progress], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return new Promise((done) => {
    let before = -1
    let since = performance.now()
    const timer = setInterval(() => {
      const now = readFileSync(progress).readDoubleLE()
      if (now !== before) {
        before = now
        since = performance.now()
      } else if (before > 0 && performance.now() - since > longest) finish({ kind: 'late', at: before - 1 })
    }, 100)
    const finish = (ended: Ended) => {
      clearInterval(timer)
      started.removeAllListeners()
      started.kill('SIGKILL')
      done(ended)
    }
    started.once('message', (ended) => finish(ended as Ended))
    started.once('exit', (code, signal) => {
      const at = readFileSync(progress).readDoubleLE() - 1
      finish({ kind: 'fault', at: Math.max(from, at), why: `the process ended with ${signal ?? code}` })
    })
  })
}

function keep(reader: FuzzedReader, at: number, why: string): void {
  const [bytes] = makeMutants(reader, options.seed, at, at + 1)
  const name = `${reader.name}-${createHash('sha256').update(bytes!).digest('hex').slice(0, 12)}.bin`
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), bytes!)
  console.log(`FAULT ${reader.name} mutant ${at} of seed ${options.seed} (${join(folder, name)}, ${bytes!.length} bytes): ${why}`)
}
