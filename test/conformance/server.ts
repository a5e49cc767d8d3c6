/** The installed `mlmodel serve` on a model: it must say what the library said, which the runner has judged. */
import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'

export interface Server {
  /** Posts a body to `/invocations`. */
  post(body: Uint8Array, contentType: string | undefined): Promise<{ readonly status: number; readonly text: string }>
  stop(): Promise<void>
}

/** Milliseconds that a server may take to be ready. */
const deadline = 60_000

/** Starts a server on a port that is free. @throws Error with what it said, when it does not get ready */
export function startServer(executable: string, model: string, mode: 'strict' | 'compat'): Promise<Server> {
  const args = [executable, 'serve', model, '--port', '0', '--threads', '1', ...(mode === 'compat' ? ['--compat', 'mlflow'] : [])]
  const { MLMODEL_COMPAT: _, ...env } = process.env
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  return new Promise((done, failed) => {
    let said = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), deadline)
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
      const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      done({ post: (body, contentType) => post(Number(port), body, contentType), stop: () => stop(child) })
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      failed(new Error(`the server ended with ${code}: ${said}`))
    })
  })
}

function post(port: number, body: Uint8Array, contentType: string | undefined): Promise<{ status: number; text: string }> {
  return new Promise((done, failed) => {
    const headers = { 'content-length': body.length, ...(contentType !== undefined && { 'content-type': contentType }) }
    const asked = request(
      { host: '127.0.0.1', port, path: '/invocations', method: 'POST', headers, timeout: deadline },
      (reply) => {
        const chunks: Buffer[] = []
        reply.on('data', (chunk: Buffer) => chunks.push(chunk))
        reply.on('end', () => done({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }))
      },
    )
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', failed)
    asked.end(body)
  })
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.once('exit', () => done())
    child.kill('SIGTERM')
  })
}
