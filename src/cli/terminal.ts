/** The process as the command line sees it: streams, arguments and environment, handed in so that tests need no process. */
import type { Readable } from 'node:stream'
import type { Executable } from '../runner/deadline.ts'
import type { ServingVariables } from '../serve/platform.ts'

/** The environment variables this product reads, taken once. */
export interface Environment {
  /** NO_COLOR is set and not empty (https://no-color.org). */
  readonly noColor: boolean
  /** FORCE_COLOR is set and is neither `0` nor `false`. */
  readonly forceColor: boolean
  /** TERM=dumb: no colour and no moving progress. */
  readonly dumb: boolean
  readonly ci: boolean
  /** MLMODEL_COMPAT, `mlflow` for MLflow's exact answers. */
  readonly compat: string | undefined
  /** What hosting platforms, MLflow and OpenTelemetry say to a server. */
  readonly serving: ServingVariables
  /** MLFLOW_ENV_ROOT, below which MLflow makes environments. */
  readonly environmentRoot: string | undefined
  /** VIRTUAL_ENV or CONDA_PREFIX: the Python environment that is active. */
  readonly pythonEnvironment: string | undefined
  /** PATH. */
  readonly path: string
}

/** What is used of a writable stream. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  /** Whether it takes more at once. */
  write(chunk: string | Uint8Array): boolean
  on(event: 'error' | 'close' | 'drain', listener: (error?: Error) => void): void
}

export interface Terminal {
  readonly stdin: Readable
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly environment: Environment
  /** How to start this very command line again in a process of its own; absent in such a process. */
  readonly again?: { readonly executable: Executable; readonly args: readonly string[] }
}

/** Picks the variables this product reads. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const force = variables['FORCE_COLOR']
  return {
    noColor: (variables['NO_COLOR'] ?? '') !== '',
    forceColor: force !== undefined && force !== '0' && force !== 'false',
    dumb: variables['TERM'] === 'dumb',
    ci: (variables['CI'] ?? '') !== '' && variables['CI'] !== 'false',
    compat: variables['MLMODEL_COMPAT'],
    // Read when a server asks: its names are loaded with it.
    serving: variables,
    environmentRoot: variables['MLFLOW_ENV_ROOT'],
    pythonEnvironment: variables['VIRTUAL_ENV'] || variables['CONDA_PREFIX'] || undefined,
    path: variables['PATH'] ?? '',
  }
}

/** A stream that is written with back-pressure and may be closed by its reader at any time. */
export interface Outlet {
  /** The reader went away (`mlmodel … | head`): writing goes on without effect, and the command ends as if it had finished. */
  readonly closed: boolean
  /** Settles when the stream takes more. */
  write(chunk: string | Uint8Array): Promise<void>
}

/**
 * Wraps a stream once for the life of the process. A broken pipe closes the outlet silently; any other failure (a full
 * disk) rejects the write that met it, or the next one.
 */
export function openOutlet(stream: OutputStream): Outlet {
  let closed = false
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const settle = () => {
    wake?.()
    wake = undefined
  }
  stream.on('error', (error?: NodeJS.ErrnoException) => {
    closed = true
    // Windows says EOF where POSIX says EPIPE.
    const code = error?.code
    if (code !== 'EPIPE' && code !== 'EOF' && code !== 'ERR_STREAM_DESTROYED') failure = error
    settle()
  })
  stream.on('close', () => {
    closed = true
    settle()
  })
  stream.on('drain', settle)
  return {
    get closed() {
      return closed
    },
    async write(chunk) {
      if (!closed && !stream.write(chunk)) {
        await new Promise<void>((resolve) => {
          wake = resolve
          if (closed) settle()
        })
      }
      if (failure !== undefined) throw failure
    },
  }
}
