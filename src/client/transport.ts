/** Requests to a server, and its refusals as errors. */
import { MlmodelError } from '../errors/index.ts'
import { readReply } from './json.ts'

export interface CallOptions {
  /** Milliseconds that an answer may take. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

export interface Transport {
  /** Without a slash at its end. */
  readonly base: string
  /** @throws CLIENT_UNREACHABLE, CLIENT_TIMEOUT, CLIENT_ABORTED */
  ask(path: string, sent: Sent, options: CallOptions): Promise<Answer>
}

export interface Sent {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  text(): string
}

export interface TransportOptions extends CallOptions {
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Redirects are not followed: the key would go with them. */
export function openTransport(base: string, defaults: TransportOptions): Transport {
  const own = { ...defaults.headers, ...(defaults.key !== undefined && { authorization: `Bearer ${defaults.key}` }) }
  return {
    base,
    async ask(path, { method, headers, body }, options) {
      const milliseconds = options.timeout ?? defaults.timeout
      const late = milliseconds === undefined ? undefined : AbortSignal.timeout(milliseconds)
      const signals = [options.signal, defaults.signal, late].filter((signal) => signal !== undefined)
      const url = `${base}${path}`
      try {
        const reply = await fetch(url, {
          method,
          headers: { ...own, ...headers },
          redirect: 'manual',
          ...(body !== undefined && { body }),
          ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
        })
        const bytes = new Uint8Array(await reply.arrayBuffer())
        return { status: reply.status, headers: reply.headers, bytes, text: () => new TextDecoder().decode(bytes) }
      } catch (cause) {
        if (late?.aborted === true) throw new MlmodelError('CLIENT_TIMEOUT', { milliseconds: milliseconds! }, { cause })
        if (signals.some((signal) => signal.aborted)) throw new MlmodelError('CLIENT_ABORTED', {}, { cause })
        throw new MlmodelError('CLIENT_UNREACHABLE', { url, why: reasonOf(cause) }, { cause })
      }
    },
  }
}

/** fetch says `fetch failed`, and why only in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { message?: string; code?: string }; message?: string }
  return cause?.message || cause?.code || message || String(error)
}

/** The answer where it is one. @throws CLIENT_REFUSED and the others by status */
export function accept(answer: Answer): Answer {
  const { status } = answer
  if (status >= 200 && status < 300) return answer
  const refusal = { status, ...wordsOf(answer) }
  if (status === 401 || status === 403 || status === 421) throw new MlmodelError('CLIENT_NO_ACCESS', refusal)
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) throw new MlmodelError('CLIENT_ABSENT', refusal)
  if (status === 429 || status === 503) throw new MlmodelError('CLIENT_OVERLOADED', refusal)
  if (status === 408 || status === 504) throw new MlmodelError('CLIENT_LATE', refusal)
  if (status >= 500) throw new MlmodelError('CLIENT_FAILED', refusal)
  throw new MlmodelError('CLIENT_REFUSED', refusal)
}

/** A refusal's words, wherever a server has them: MLflow, FastAPI, Open Inference, Azure, a proxy. */
function wordsOf(answer: Answer): { readonly message: string; readonly serverCode: string | undefined } {
  const text = answer.text().trim()
  try {
    const value = readReply(text)
    if (typeof value === 'object' && value !== null) {
      const { message, error, detail, code, error_code: mlflowCode } = value as Record<string, unknown>
      const found = [message, error, detail].find((each) => typeof each === 'string') as string | undefined
      const serverCode = [code, mlflowCode].find((each) => typeof each === 'string') as string | undefined
      if (found !== undefined) return { message: found, serverCode }
    }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
  }
  const location = answer.headers.get('location')
  const message = location === null ? text : `moved to ${location}`
  return { message: message.slice(0, 1000) || 'without a reason', serverCode: undefined }
}
