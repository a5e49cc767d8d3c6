/**
 * The files of the corpus that `mlmodel validate` judges: pickles and their containers by themselves, model files and conda.yaml inside
 * a model.
 */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Foreign } from './canonical.ts'

/** What the command said of one file. */
export interface Judged {
  readonly verdict: 'accept' | 'unsafe' | 'reject' | 'unjudged' | 'crash' | 'late' | 'dead'
  readonly detail: string
  /** Bytes at most resident; 0 where the process did not say. */
  readonly memory: number
  readonly milliseconds: number
}

/** A machine with other work lets a process wait: the deadline is one of the processor's time, and this many times as long passes. */
export const patience = 10

/**
 * Runs the installed command on one file, in the environment of a user's shell, and reads its report.
 *
 * @param deadline - milliseconds of the processor
 */
export async function validateFile(executable: string, entry: Foreign, file: string, deadline: number): Promise<Judged> {
  const folder = mkdtempSync(join(file, '..', '.validate-'))
  try {
    const isEnvironment = entry.file.startsWith('yaml/')
    const target = isEnvironment
      ? environmentAround(file, join(folder, 'model'))
      : entry.file.startsWith('models/')
        ? modelAround(entry, file, join(folder, 'model'))
        : file
    const note = join(folder, 'memory')
    const preload = pathToFileURL(join(import.meta.dirname, 'memory-at-exit.js')).href
    const args = ['--import', preload, executable, 'validate', target, '--json', '--no-run']
    const before = performance.now()
    const { code, signal, stdout, stderr } = await run(args, { ...process.env, MEMORY_NOTE: note }, deadline * patience)
    const milliseconds = performance.now() - before
    const told = readNote(note)
    const shared = { memory: told.memory, milliseconds }
    if (told.polluted) return { ...shared, verdict: 'crash', detail: 'Object.prototype was changed' }
    if (told.cpu > deadline) return { ...shared, verdict: 'late', detail: `${Math.round(told.cpu)} ms of the processor` }
    if (signal !== null) return { ...shared, verdict: signal === 'SIGKILL' ? 'late' : 'dead', detail: `ended with ${signal}` }
    return { ...shared, ...(isEnvironment ? readFindings(entry, file, code, stdout, stderr) : readReport(code, stdout, stderr)) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readReport(code: number | null, stdout: string, stderr: string): Pick<Judged, 'verdict' | 'detail'> {
  let model: Foreign
  try {
    model = JSON.parse(stdout).models[0]
  } catch {
    return { verdict: 'crash', detail: `exit code ${code}, ${stderr.slice(0, 300)}` }
  }
  const findings = (model.findings as readonly Foreign[]).filter(({ level }) => level !== 'notice')
  const detail = findings.map((found) => `${found.code}: ${found.message}`).join('; ')
  if (code === 0) return { verdict: 'accept', detail }
  if (code === 2) return { verdict: 'unjudged', detail }
  const isUnsafe = (model.files as readonly Foreign[]).some(({ verdict }) => verdict === 'unsafe')
  return code === 1 ? { verdict: isUnsafe ? 'unsafe' : 'reject', detail } : { verdict: 'crash', detail: `exit code ${code}` }
}

/** `unsafe`: an error or a warning at the line that the manifest speaks of. A warning alone leaves the exit code 0. */
function readFindings(
  entry: Foreign,
  file: string,
  code: number | null,
  stdout: string,
  stderr: string,
): Pick<Judged, 'verdict' | 'detail'> {
  let findings: readonly Foreign[]
  try {
    findings = JSON.parse(stdout).models[0].findings.filter(({ level }: Foreign) => level !== 'notice')
  } catch {
    return { verdict: 'crash', detail: `exit code ${code}, ${stderr.slice(0, 300)}` }
  }
  const wanted = lineOfDefect(entry, readFileSync(file, 'utf8'))
  const inFile = findings.filter(({ where }) => where.file === environmentName)
  const named = inFile.some(({ where }) => where.line === wanted)
  const detail = inFile.map(({ code, where, message }) => `line ${where.line} ${code}: ${message}`).join('; ')
  return { verdict: named ? 'unsafe' : 'accept', detail: `at line ${wanted}: ${detail || 'nothing'}` }
}

/** Counted from 1: the requirement that the manifest quotes, the list of channels, or the name of the environment. */
function lineOfDefect({ kind, why }: Foreign, text: string): number {
  const quoted = /^requirement line '(.*)': flagged/.exec(why)?.[1]
  const lines = text.split('\n')
  const at = lines.findIndex((line) =>
    kind === 'requirement'
      ? quoted !== undefined && line.includes(quoted)
      : line.startsWith(kind === 'channel' ? 'channels:' : 'name:'),
  )
  if (at < 0) throw new Error(`${kind} \`${why}\` is on no line`)
  return at + 1
}

const environmentName = 'conda.yaml'

/** A model's folder whose environment is this file. */
function environmentAround(file: string, folder: string): string {
  mkdirSync(folder)
  copyFileSync(file, join(folder, environmentName))
  writeFileSync(
    join(folder, 'MLmodel'),
    `flavors:
  python_function:
    env:
      conda: ${environmentName}
    loader_module: mlflow.sklearn
utc_time_created: '2026-01-02 03:04:05.000000'
`,
  )
  return folder
}

function readNote(path: string): { readonly memory: number; readonly cpu: number; readonly polluted: boolean } {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { memory: 0, cpu: 0, polluted: false }
  }
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

function run(args: readonly string[], env: NodeJS.ProcessEnv, timeout: number): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, args, { env, timeout, killSignal: 'SIGKILL', maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      done({ code, signal: error?.signal ?? null, stdout, stderr })
    })
  })
}

/** What MLflow's flavor of a file's extension writes beside it. */
const flavors: Readonly<Record<string, (name: string) => string>> = {
  '.pkl': (name) => sklearn(name, 'cloudpickle'),
  '.skops': (name) => sklearn(name, 'skops'),
  '.txt': (name) => booster('lightgbm', name, 'lgb_version: 4.6.0'),
  '.ubj': (name) => booster('xgboost', name, 'xgb_version: 3.2.0'),
  '.json': (name) => booster('xgboost', name, 'xgb_version: 3.2.0'),
  '.cbm': (name) => booster('catboost', name, 'model_type: CatBoostClassifier\n    save_format: cbm'),
}

function sklearn(name: string, format: string): string {
  return `flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: ${name}
    predict_fn: predict
  sklearn:
    pickled_model: ${name}
    serialization_format: ${format}
    sklearn_version: 1.9.1
`
}

function booster(flavor: string, name: string, line: string): string {
  return `flavors:
  ${flavor}:
    data: ${name}
    ${line}
  python_function:
    data: ${name}
    loader_module: mlflow.${flavor}
`
}

/** A model's folder with this file in it, as its flavor would have written it. */
function modelAround(entry: Foreign, file: string, folder: string): string {
  const name = `model${extname(file)}`
  const make = flavors[extname(file)]
  if (make === undefined) throw new Error(`no flavor writes ${basename(entry.file)}`)
  mkdirSync(folder)
  copyFileSync(file, join(folder, name))
  writeFileSync(join(folder, 'MLmodel'), `${make(name)}utc_time_created: '2026-01-02 03:04:05.000000'\n`)
  return folder
}
