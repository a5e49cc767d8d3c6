/**
 * One command in a process of its own, ended at a deadline: ONNX Runtime computes on the thread that calls it and
 * cannot be interrupted there, but a process can be killed.
 */
import { spawn } from 'node:child_process'

/** How to start this program again. */
export interface Executable {
  /** The Node binary (or the single executable). */
  readonly path: string
  /** Node's flags and the entry file, which come before the arguments. */
  readonly prefix: readonly string[]
}

export type Ending =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'deadline' }

export interface RunOptions {
  readonly milliseconds: number
  /** Aborting kills the process at once; the ending is then its signal. */
  readonly abort?: AbortSignal
}

/** A started process: its number is known before it ends, so that what it leaves behind can be found. */
export interface Run {
  readonly pid: number | undefined
  readonly ending: Promise<Ending>
}

/** Starts this program with other arguments; it shares stdin, stdout and stderr. */
export function runWithDeadline(executable: Executable, args: readonly string[], options: RunOptions): Run {
  const child = spawn(executable.path, [...executable.prefix, ...args], { stdio: 'inherit', shell: false })
  const ending = new Promise<Ending>((resolve, reject) => {
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, options.milliseconds)
    options.abort?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      if (late) resolve({ kind: 'deadline' })
      else resolve(signal === null ? { kind: 'exit', code: code ?? 2 } : { kind: 'signal', signal })
    })
  })
  return { pid: child.pid, ending }
}
