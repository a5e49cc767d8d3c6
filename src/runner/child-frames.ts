/** The child's end of a pipe of frames. */
import { Socket } from 'node:net'
import { frameReader, writeFrame } from './frames.ts'
import { endWithParent } from './parent-watch.ts'
import { pipeDescriptor } from './process.ts'

export interface FrameChannel {
  send(kind: number, parts: readonly Uint8Array[]): void
}

/**
 * Opens the pipe that the parent has given this process. The process ends when the parent closes it or is gone.
 *
 * SIGINT and SIGTERM are the parent's to handle: a terminal sends Ctrl-C to both.
 */
export function openFrameChannel(onFrame: (kind: number, content: Buffer) => void): FrameChannel {
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
  const pipe = new Socket({ fd: pipeDescriptor, readable: true, writable: true })
  const read = frameReader(onFrame)
  pipe.on('data', read)
  const leave = (): void => {
    process.kill(process.pid, 'SIGKILL')
  }
  pipe.on('end', leave)
  pipe.on('close', leave)
  pipe.on('error', leave)
  endWithParent()
  return { send: (kind, parts) => writeFrame(pipe, kind, parts) }
}
