/** The access log: a line of JSON a request. */
import { write, writeSync } from 'node:fs'
import type { Incoming } from './message.ts'
import type { Finished, Onlooker } from './observe.ts'

/** Characters of a path that are written. */
const longestPath = 2000

/** @param write - takes one line, without its end */
export function accessLog(writeLine: (line: string) => void): Onlooker {
  return {
    begin: (request, id) => ({
      end: (finished, milliseconds) => writeLine(accessLine(new Date(), request, id, finished, milliseconds)),
    }),
  }
}

/** One line, without its end: ASCII, so that no terminal and no reader of logs is led astray by what a client has sent. */
export function accessLine(
  time: Date,
  { method, path, body, header }: Pick<Incoming, 'method' | 'path' | 'body' | 'header'>,
  id: string,
  { status, bytes, reply }: Finished,
  milliseconds: number,
): string {
  const scored = reply?.scored
  const line = JSON.stringify({
    time: time.toISOString(),
    method,
    path: path.slice(0, longestPath),
    status,
    ms: Math.round(milliseconds * 1000) / 1000,
    bytes_in: body.length,
    bytes_out: bytes,
    request_id: id,
    ...(scored !== undefined && { model: scored.model, version: scored.version, rows: scored.rows }),
    agent: header('user-agent')?.slice(0, 200),
  })
  return line.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Lines that nobody has taken yet, in bytes; what comes beyond is dropped. */
const mostWaiting = 4 << 20
/** Milliseconds: lines are written together; a pipe that is full is tried again. */
const [gathering, patience] = [100, 50]

export interface LineWriter {
  write(line: string): void
  /** Writes what is left, as far as it is taken at once. */
  close(): void
}

/**
 * Writes lines to a file or pipe without waiting for it: a log whose reader hangs loses lines, and no request waits.
 *
 * @param onDropped - told of each line that is lost
 */
export function openLineWriter(descriptor: number, onDropped: () => void): LineWriter {
  let lines: string[] = []
  let size = 0
  let timer: NodeJS.Timeout | undefined
  let busy: Buffer | undefined

  function flush(): void {
    timer = undefined
    if (busy !== undefined || lines.length === 0) return
    busy = Buffer.from(`${lines.join('\n')}\n`)
    lines = []
    size = 0
    push()
  }

  function push(): void {
    write(descriptor, busy!, (error, written) => {
      if (busy === undefined) return
      if (error !== null && error.code === 'EAGAIN') {
        setTimeout(push, patience).unref()
        return
      }
      if (error !== null) onDropped()
      busy = error !== null || written >= busy.length ? undefined : busy.subarray(written)
      if (busy !== undefined) push()
      else if (lines.length > 0) flush()
    })
  }

  return {
    write(line) {
      if (size > mostWaiting) {
        onDropped()
        return
      }
      lines.push(line)
      size += line.length
      timer ??= setTimeout(flush, gathering)
    },
    close() {
      clearTimeout(timer)
      const rest = lines.length === 0 ? '' : `${lines.join('\n')}\n`
      lines = []
      try {
        // What is being written is nearly always written; a second time would be once too often.
        writeSync(descriptor, rest)
      } catch {
        // Nobody reads it.
      }
    },
  }
}
