/** Bytes to a server and what comes back, below HTTP. */
import { connect } from 'node:net'

/** Sends bytes (latin1), says that no more come, and reads to the end. */
export function exchange(port: number, bytes: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host })
    const done = (): void => resolve(Buffer.concat(chunks).toString('latin1'))
    socket.on('data', (chunk) => chunks.push(chunk))
    // The server may close before everything is sent.
    socket.on('error', () => {})
    socket.on('close', done)
    socket.end(bytes, 'latin1')
  })
}

/** The statuses of all answers in what a server has sent. */
export function statuses(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))
}
