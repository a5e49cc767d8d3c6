/** A process that scores for a server: frames go to it and come back over a pipe of its own; its ending is told once. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import type { Executable } from './deadline.ts'
import { frameReader, writeFrame } from './frames.ts'

/** The descriptor of the pipe in the child. */
export const pipeDescriptor = 3

/** Why a process is no more. */
export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: string | null
  /** The system's words when it could not be started. */
  readonly why?: string
}

export interface FrameProcess {
  readonly pid: number | undefined
  send(kind: number, parts: readonly Uint8Array[]): void
  /** Ends it at once (SIGKILL): native code that computes hears nothing else. */
  kill(): void
}

export interface FrameProcessEvents {
  onFrame(kind: number, content: Buffer): void
  /** Called once, after the last frame. */
  onEnd(end: ProcessEnd): void
}

/** Starts this program again as a process that speaks frames (`serveFrames` in child-frames.ts). Never throws: `onEnd` tells. */
export function startFrameProcess(executable: Executable, args: readonly string[], events: FrameProcessEvents): FrameProcess {
  let ended = false
  const end = (how: ProcessEnd): void => {
    if (ended) return
    ended = true
    events.onEnd(how)
  }
  let child: ChildProcess
  try {
    child = spawn(executable.path, [...executable.prefix, ...args], {
      // It prints nothing of its own; ONNX Runtime's last words go to stderr.
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      shell: false,
      windowsHide: true,
    })
  } catch (error) {
    // Node throws what it does not know as an event: too little memory, too long an argument.
    setImmediate(() => end({ exitCode: null, signal: null, why: wordsOf(error) }))
    return { pid: undefined, send: () => {}, kill: () => {} }
  }
  // Without free descriptors there is a child that never was, and it has no pipes.
  const pipe = child.stdio?.[pipeDescriptor] as unknown as Duplex | null | undefined
  child.on('error', (error) => end({ exitCode: null, signal: null, why: wordsOf(error) }))
  // `close` comes after `exit`, when the pipe has been read to its end: no answer is lost.
  child.on('close', (exitCode, signal) => end({ exitCode, signal }))
  const read = frameReader((kind, content) => events.onFrame(kind, content))
  let isMad = false
  pipe?.on('data', (chunk: Buffer) => {
    // What it says after nonsense is not believed.
    if (isMad) return
    try {
      read(chunk)
    } catch {
      isMad = true
      child.kill('SIGKILL')
    }
  })
  // A pipe that breaks is told by `close`.
  pipe?.on('error', () => {})
  return {
    pid: child.pid,
    send: (kind, parts) => {
      if (pipe?.writable === true) writeFrame(pipe, kind, parts)
    },
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}

/** The system's word for it, without paths: strangers may read why a model is not ready. */
function wordsOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return `its process could not be started${code === undefined ? '' : ` (${code})`}`
}
