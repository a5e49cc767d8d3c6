/** stdout and stderr written without Node's streams, which cost 3 ms to open: as much as half of what `inspect` does with a model. */
import { fstatSync, writeSync } from 'node:fs'
import type { OutputStream } from './terminal.ts'

/**
 * A stream over a file, pipe or socket, written at once, as Node does it for the first two. A terminal is Node's own stream from the start; so is
 * anything else from the moment that it does not take all that is given.
 *
 * @param open gives Node's stream of the descriptor
 */
export function directStream(descriptor: 1 | 2, open: () => OutputStream): OutputStream {
  // Windows has its own ways with pipes and says so in other codes.
  if (process.platform === 'win32' || mayBeTerminal(descriptor)) return open()
  const listeners: (readonly ['error' | 'close' | 'drain', (error?: Error) => void])[] = []
  let stream: OutputStream | undefined
  return {
    on(event, listener) {
      listeners.push([event, listener])
      stream?.on(event, listener)
    },
    write(chunk) {
      if (stream !== undefined) return stream.write(chunk)
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      let written = 0
      try {
        while (written < bytes.length) written += writeSync(descriptor, bytes, written)
        return true
      } catch {
        // A full pipe, a reader that went away, a full disk: Node's stream waits, or meets the same and tells the listeners.
        stream = open()
        for (const [event, listener] of listeners) stream.on(event, listener)
        return stream.write(bytes.subarray(written))
      }
    },
  }
}

function mayBeTerminal(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice()
  } catch {
    return true
  }
}
