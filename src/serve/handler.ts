/** The server as a function of the web's Request and Response, for use inside another server: Express, Hono, node:http, … */
import { MlmodelError } from '../errors/index.ts'
import { runnerExecutable } from '../runner/entry.ts'
import { type Application, openApplication } from './application.ts'
import type { Incoming } from './message.ts'

/** The protocols that a handler may be confined to. */
export const handlerProtocols = ['mlflow', 'open-inference', 'azureml'] as const
export type HandlerProtocol = (typeof handlerProtocols)[number]

export interface HandlerOptions {
  /** Only the routes of this protocol, and the probes; default all. */
  readonly protocol?: HandlerProtocol
  /** What stands before the routes in the path, such as `/models/churn`; default nothing. */
  readonly prefix?: string
  /** Default `strict`; `compat`: MLflow's exact answers. */
  readonly mode?: 'strict' | 'compat'
  /** Which flavor to run, when the model has several. */
  readonly flavor?: string
  /** Intra-op threads of ONNX Runtime in each process; default the cores this process may use. */
  readonly threads?: number
  /** Processes that score, of each model; default 1. */
  readonly workers?: number
  /** Milliseconds that a request may take; default 60,000. */
  readonly timeout?: number
  /** Bytes of a body; default 100 MiB. */
  readonly maxBody?: number
  /** Requests that may wait; default 1000. */
  readonly maxWaiting?: number
  /** Rows of waiting requests that are scored together; default 1024, 0 for none. */
  readonly maxBatchRows?: number
  /** In a bundle: the file made of the entry `mlmodel/runner`, when it does not lie beside the bundle. */
  readonly runner?: string | URL
  /** Told of warnings of the models and of processes that were started anew. */
  readonly onWarning?: (text: string) => void
}

/** Answers one request; `close()` ends the processes that score. */
export interface Handler extends AsyncDisposable {
  (request: Request): Promise<Response>
  close(): Promise<void>
}

const defaults = { timeout: 60_000, maxBody: 100 << 20, maxWaiting: 1000, maxBatchRows: 1024 }

const knownOptions: Readonly<Record<keyof HandlerOptions, true>> = {
  protocol: true,
  prefix: true,
  mode: true,
  flavor: true,
  threads: true,
  workers: true,
  timeout: true,
  maxBody: true,
  maxWaiting: true,
  maxBatchRows: true,
  runner: true,
  onWarning: true,
}

/**
 * Opens models for serving from another server; settles when each has made its first prediction.
 *
 * @param models - a model's folder, or folders by the names the models shall have; the first is the default
 * @throws MlmodelError of the kinds `not-found`, `model`, `unsupported`, `runtime`, `usage`
 * @example
 * const handler = await createHandler('./model')
 * app.post('/invocations', (context) => handler(context.req.raw))
 */
export async function createHandler(
  models: string | Readonly<Record<string, string>>,
  options: HandlerOptions = {},
): Promise<Handler> {
  const stranger = Object.keys(options).find((name) => !Object.hasOwn(knownOptions, name))
  if (stranger !== undefined) throw new MlmodelError('SERVE_OPTION', { given: stranger, known: Object.keys(knownOptions) })
  const named = typeof models === 'string' ? { model: models } : models
  const maxBody = Math.min(options.maxBody ?? defaults.maxBody, 1 << 30)
  const application = await openApplication({
    executable: runnerExecutable(options.runner),
    models: Object.entries(named).map(([name, path]) => ({ name, path })),
    mode: options.mode ?? 'strict',
    flavor: options.flavor,
    threads: options.threads,
    workers: options.workers ?? 1,
    timeout: options.timeout ?? defaults.timeout,
    maxWaiting: options.maxWaiting ?? defaults.maxWaiting,
    maxBatchRows: options.maxBatchRows ?? defaults.maxBatchRows,
    maxBatchDelay: 0,
    maxBody,
    mlflowVersion: '3.17.2',
    onlyProtocol: options.protocol,
    azureml: options.protocol === 'azureml',
    prefix: options.prefix,
    onWarning: options.onWarning ?? (() => {}),
  })
  const handle = (request: Request): Promise<Response> => answer(application, request, options.prefix ?? '', maxBody)
  const close = (): Promise<void> => application.close()
  return Object.assign(handle, { close, [Symbol.asyncDispose]: close })
}

async function answer(application: Application, request: Request, prefix: string, maxBody: number): Promise<Response> {
  const url = new URL(request.url)
  if (prefix !== '' && url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`))
    return Response.json({ detail: 'Not Found' }, { status: 404 })
  const body = await readBody(request, maxBody)
  if (body === undefined) return Response.json({ error: `the body is larger than ${maxBody} bytes` }, { status: 413 })
  const incoming: Incoming = {
    method: request.method,
    path: url.pathname.slice(prefix.length) || '/',
    query: url.search.slice(1),
    header: (name) => request.headers.get(name) ?? undefined,
    body,
    isGone: () => request.signal.aborted,
  }
  const reply = await application.answer(incoming)
  const empty = reply.status === 204 || reply.status === 304 || request.method === 'HEAD'
  return new Response(empty ? null : (reply.body as string), { status: reply.status, headers: { ...reply.headers } })
}

/** @returns undefined for a body that is too large; what comes behind the limit is not read */
async function readBody(request: Request, most: number): Promise<Uint8Array | undefined> {
  if (request.body === null) return new Uint8Array(0)
  if (Number(request.headers.get('content-length') ?? 0) > most) return undefined
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > most) return undefined
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)
}
