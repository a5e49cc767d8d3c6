/**
 * Who may ask: the name that the client believes to talk to (DNS rebinding), the page that a browser asks for (cross-site
 * requests), and the API key. Every route is closed until it is named here as open.
 *
 * @see CVE-2025-14279 (MLflow without a check of Host)
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Incoming, jsonReply, type Outgoing } from './message.ts'

export interface GuardOptions {
  /** The address that is listened on. */
  readonly host: string
  /** Names besides it; when given, they are checked on every address. `*` allows all. */
  readonly allowedHosts: readonly string[]
  /** Any of them opens; none: no key is asked for. */
  readonly keys: readonly string[]
  /** Origins whose pages may ask; `*` allows all. */
  readonly origins: readonly string[]
}

/** What a probe of an orchestrator asks, by the pod's address and with no key. */
const probes =
  /^\/(?:ping|health|healthz|livez|readyz|v2\/health\/(?:live|ready)|v2\/models\/[^/]+(?:\/versions\/[^/]+)?\/ready)$/

/** Makes the check: undefined when the request may pass. */
export function openGuard(options: GuardOptions): (request: Incoming) => Outgoing | undefined {
  const names = allowedNames(options)
  const keys = options.keys.map(digest)
  return (request) => {
    const isProbe = (request.method === 'GET' || request.method === 'HEAD') && probes.test(request.path)
    if (isProbe) return undefined
    const isMetrics = (request.method === 'GET' || request.method === 'HEAD') && request.path === '/metrics'
    if (names !== undefined && !isMetrics) {
      const host = request.header('host')
      if (host === undefined || !names.has(nameOf(host)))
        return jsonReply(421, { error: 'this server does not answer to that Host; --allowed-host adds a name' })
    }
    const refused = refuseOtherSite(request, options.origins)
    if (refused !== undefined) return refused
    if (keys.length > 0 && !isOpen(request) && !hasKey(request, keys))
      return jsonReply(
        401,
        { error: 'an API key is needed: Authorization: Bearer …' },
        { 'www-authenticate': 'Bearer realm="mlmodel"' },
      )
    return undefined
  }
}

/** The files of the Test page have nothing of a model in them; what the page asks for needs the key. */
const pageFiles: ReadonlySet<string> = new Set(['/', '/test', '/ui/page.js', '/ui/page.css', '/ui/icon.svg'])

function isOpen({ method, path }: Incoming): boolean {
  return (method === 'GET' || method === 'HEAD') && pageFiles.has(path)
}

/** Undefined: any name will do. On loopback only this machine's names are believed, so that no web page gets in by its own. */
function allowedNames({ host, allowedHosts }: GuardOptions): ReadonlySet<string> | undefined {
  if (allowedHosts.includes('*')) return undefined
  const loopback = isLoopback(host)
  if (!loopback && allowedHosts.length === 0) return undefined
  const own = loopback ? ['localhost', '127.0.0.1', '::1', host] : [host]
  return new Set([...own, ...allowedHosts].map((name) => nameOf(name)))
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127(?:\.\d+){1,3}$/i.test(host)
}

/** The name of a Host header, without port, brackets and case. */
function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(host)
  if (bracketed !== null) return bracketed[1]!.toLowerCase()
  // An IPv6 address without brackets, as --allowed-host may have it.
  if (host.split(':').length > 2) return host.toLowerCase()
  return host.replace(/:\d*$/, '').toLowerCase()
}

/** A page of another site may send a form or a text without being asked; it may not be answered. */
function refuseOtherSite(request: Incoming, origins: readonly string[]): Outgoing | undefined {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined
  const origin = request.header('origin')
  if (origin !== undefined) {
    if (origins.includes('*') || origins.includes(origin)) return undefined
    const own = request.header('host')
    if (own !== undefined && (origin === `http://${own}` || origin === `https://${own}`)) return undefined
    return jsonReply(403, { error: 'pages of other origins may not ask; --cors-origin allows one' })
  }
  if (request.header('sec-fetch-site') === 'cross-site') return jsonReply(403, { error: 'cross-site requests are refused' })
  return undefined
}

function hasKey(request: Incoming, keys: readonly Buffer[]): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(request.header('authorization') ?? '')?.[1] ?? request.header('x-api-key')
  if (given === undefined) return false
  const digested = digest(given)
  // Digests are of one length, so that comparing takes the same time for every key.
  let found = false
  for (const key of keys) found = timingSafeEqual(key, digested) || found
  return found
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Headers that let a page of an allowed origin read the answer; none when there is no such page. */
export function corsHeaders(request: Incoming, origins: readonly string[]): Readonly<Record<string, string>> | undefined {
  const origin = request.header('origin')
  if (origin === undefined || (!origins.includes('*') && !origins.includes(origin))) return undefined
  return { 'access-control-allow-origin': origin, vary: 'Origin' }
}

/** The answer to a browser that asks whether it may ask; undefined when it is no such question. */
export function preflight(request: Incoming, origins: readonly string[]): Outgoing | undefined {
  if (request.method !== 'OPTIONS' || request.header('access-control-request-method') === undefined) return undefined
  const allowed = corsHeaders(request, origins)
  if (allowed === undefined) return undefined
  return {
    status: 204,
    headers: {
      ...allowed,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type, x-api-key, inference-header-content-length',
      'access-control-max-age': '600',
    },
    body: '',
  }
}
