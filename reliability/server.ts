/** A real server for one scenario: started, asked, looked at, ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
/** A value of the environment that no answer may hold. */
export const canary = 'canary-5b0ce1'

export interface RunningServer {
  readonly process: ChildProcess
  readonly pid: number
  readonly port: number
  /** What it has said on stderr. */
  log(): string
  /** Its own resident memory. */
  rss(): number
  /** That of its runner processes together. */
  runnersRss(): number
  runners(): readonly number[]
  descriptors(): number
  /** Sends SIGTERM and settles with the exit code. */
  stop(): Promise<number | null>
}

export interface StartOptions {
  /** More variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>
  /** A line of `sh` before it, such as `ulimit -n 256`. */
  readonly before?: string
}

/** Starts `mlmodel serve` on a free port; settles when it listens. */
export async function startServer(args: readonly string[], options: StartOptions = {}): Promise<RunningServer> {
  const command = [process.execPath, `${root}bin/mlmodel.js`, 'serve', ...args, '-p', '0']
  const [file, ...rest] = options.before === undefined ? command : ['sh', '-c', `${options.before}; exec "$0" "$@"`, ...command]
  const child = spawn(file!, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', MLMODEL_CANARY: canary, ...options.environment },
  })
  let log = ''
  const listening = new Promise<number>((resolve, reject) => {
    child.stderr!.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-1_000_000)
      const port = /Serving on https?:\/\/[^\s]*:(\d+)/.exec(log)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${log}`)))
  })
  const port = await listening
  const pid = child.pid!
  return {
    process: child,
    pid,
    port,
    log: () => log,
    rss: () => rssOf(pid),
    runnersRss: () => childrenOf(pid).reduce((sum, one) => sum + rssOf(one), 0),
    runners: () => childrenOf(pid),
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill('SIGTERM')
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    },
  }
}

export function rssOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

export function isAlive(pid: number): boolean {
  // A process that has ended and was not waited for is no process.
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

export const linear = `${root}bench/models/linear`
export const slow = `${root}test/fixtures/library/slow`
export const alloc = `${root}test/fixtures/serve/alloc`

const columns = Array.from({ length: 20 }, (_, index) => `x${String(index).padStart(2, '0')}`)

/** A request to `linear` of so many rows. */
export function linearBody(rows = 1): string {
  const data = Array.from({ length: rows }, (_, row) => columns.map((_name, column) => row + column / 8))
  return JSON.stringify({ dataframe_split: { columns, data } })
}

/** A request to `slow`: about 25 µs a loop on a usual machine. */
export function slowBody(loops: number): string {
  return JSON.stringify({ inputs: { n: [loops] } })
}
