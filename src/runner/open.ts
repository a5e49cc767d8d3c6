/** A model in a process of its own: one request at a time, each with a deadline, ended and started anew when need be. */
import { type ChildProcess, spawn } from 'node:child_process'
import { MlmodelError } from '../errors/index.ts'
import type { Executable } from './deadline.ts'
import { type ChildMessage, errorFromData, type OpenMessage, type RunnerAnswer, type RunnerRequest } from './messages.ts'

export interface CallOptions {
  /** Milliseconds from the call on, waiting for others included. */
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Runner {
  /** The process's number; undefined while there is none. */
  readonly pid: number | undefined
  /**
   * Asks the process, which is started if there is none. Calls are answered in turn. A deadline or an abort of the call that
   * is being answered kills the process; calls that wait go to the next one.
   *
   * @throws PREDICT_TIMEOUT, PREDICT_ABORTED, RUNNER_DIED, RUNNER_NOT_STARTED, MODEL_CLOSED, and what the model throws
   */
  ask<Request extends RunnerRequest>(request: Request, options?: CallOptions): Promise<RunnerAnswer[Request['kind']]>
  /** Ends the process and every call with MODEL_CLOSED. */
  close(): Promise<void>
}

export interface RunnerOptions {
  readonly executable: Executable
  readonly model: Omit<OpenMessage, 'kind'>
  readonly onWarning: (text: string) => void
}

interface Call {
  readonly request: RunnerRequest
  /** Settles the promise and forgets timer and signal; only the first of the two has an effect. */
  resolve(answer: RunnerAnswer[keyof RunnerAnswer]): void
  reject(error: unknown): void
}

/** Nothing is started before the first call. */
export function openRunner(options: RunnerOptions): Runner {
  const waiting: Call[] = []
  let current: Call | undefined
  let child: ChildProcess | undefined
  let closed = false

  function start(): ChildProcess {
    const { path, prefix } = options.executable
    const started = spawn(path, [...prefix, '__runner'], {
      // The model's process prints nothing of its own; ONNX Runtime's last words go to stderr.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      shell: false,
      windowsHide: true,
    })
    started.on('message', (message: ChildMessage) => {
      if (started === child) hear(message)
    })
    const gone = (error: MlmodelError): void => {
      if (started !== child) return
      child = undefined
      settle((call) => call.reject(error))
    }
    started.on('error', (error) => gone(new MlmodelError('RUNNER_NOT_STARTED', { why: error.message }, { cause: error })))
    started.on('exit', (exitCode, signal) => gone(new MlmodelError('RUNNER_DIED', { signal, exitCode })))
    started.send({ kind: 'open', ...options.model } satisfies OpenMessage, () => {})
    return started
  }

  function hear(message: ChildMessage): void {
    if (message.kind === 'warning') options.onWarning(message.text)
    else if (message.kind === 'answer') settle((call) => call.resolve(message.answer))
    else {
      // A process without a model is of no use: the next call tries again.
      if (!message.opened) kill()
      settle((call) => call.reject(errorFromData(message.error)))
    }
  }

  function settle(how: (call: Call) => void): void {
    const call = current
    current = undefined
    if (call !== undefined) how(call)
    next()
  }

  function kill(): void {
    const old = child
    child = undefined
    old?.kill('SIGKILL')
    old?.unref()
  }

  /** Hands the next call over. An idle process does not keep this one alive. */
  function next(): void {
    if (current !== undefined || closed) return
    current = waiting.shift()
    if (current === undefined) {
      child?.unref()
      child?.channel?.unref()
      return
    }
    const call = current
    try {
      child ??= start()
      child.ref()
      child.channel?.ref()
      // A channel that breaks is told by `exit`.
      child.send(call.request, () => {})
    } catch (error) {
      // What cannot be copied into a message is found before anything is sent.
      current = undefined
      call.reject(error)
      next()
    }
  }

  return {
    get pid() {
      return child?.pid
    },
    ask: (request, { timeout, signal } = {}) =>
      new Promise((resolve, reject) => {
        if (closed) throw new MlmodelError('MODEL_CLOSED', {})
        if (signal?.aborted === true) throw aborted(signal)
        const forget = (): void => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
        }
        const call: Call = {
          request,
          resolve(answer) {
            forget()
            resolve(answer as never)
          },
          reject(error) {
            forget()
            reject(error)
          },
        }
        const giveUp = (error: MlmodelError): void => {
          if (call === current) {
            kill()
            settle(() => call.reject(error))
            return
          }
          waiting.splice(waiting.indexOf(call), 1)
          call.reject(error)
        }
        const onAbort = (): void => giveUp(aborted(signal!))
        const onTimeout = (): void => giveUp(new MlmodelError('PREDICT_TIMEOUT', { milliseconds: timeout! }))
        // A timer of more than 2^31 - 1 ms would ring at once.
        const timer = timeout !== undefined && timeout < 2 ** 31 ? setTimeout(onTimeout, timeout) : undefined
        signal?.addEventListener('abort', onAbort)
        waiting.push(call)
        next()
      }),
    async close() {
      if (closed) return
      closed = true
      const calls = [...(current === undefined ? [] : [current]), ...waiting.splice(0)]
      current = undefined
      const old = child
      child = undefined
      for (const call of calls) call.reject(new MlmodelError('MODEL_CLOSED', {}))
      if (old === undefined || old.exitCode !== null || old.signalCode !== null) return
      old.ref()
      await new Promise<void>((resolve) => {
        old.once('exit', () => resolve())
        old.once('error', () => resolve())
        old.kill('SIGKILL')
      })
    },
  }
}

function aborted(signal: AbortSignal): MlmodelError {
  return new MlmodelError('PREDICT_ABORTED', {}, { cause: signal.reason })
}
