/** A terminal without a process: what a command line writes is kept. */
import { PassThrough, Readable } from 'node:stream'
import { main } from '../../src/cli/main.ts'
import { type OutputStream, readEnvironment, type Terminal } from '../../src/cli/terminal.ts'

export interface Transcript {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface FakeOptions {
  readonly variables?: Readonly<Record<string, string>>
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Runs one command line in this process. */
export async function runLine(args: readonly string[], options: FakeOptions = {}): Promise<Transcript> {
  const stdout = sink(options)
  const stderr = sink(options)
  const terminal: Terminal = {
    stdin: Readable.from([]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment: readEnvironment(options.variables ?? {}),
  }
  const code = await main(args, terminal)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function sink({ isTTY, columns }: FakeOptions): { stream: OutputStream; text: () => string } {
  const chunks: Buffer[] = []
  const stream = new PassThrough()
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return {
    stream: Object.assign(stream, { ...(isTTY !== undefined && { isTTY }), ...(columns !== undefined && { columns }) }),
    text: () => Buffer.concat(chunks).toString('utf8'),
  }
}

/** The repository's root, from a test compiled into build/. */
export const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`)
