/**
 * The Test page: the page itself, its script, style and icon, and what it asks of the models. The files have nothing of a
 * model in them; what has, needs the API key where one is set.
 */
import { MlmodelError } from '../../errors/index.ts'
import type { ServerState } from '../application.ts'
import { jsonReply, type Outgoing } from '../message.ts'
import type { RouteTable } from '../router.ts'
import { describeForPage } from './description.ts'

/**
 * Nothing but the page's own files, and requests to this server. No text becomes a part of the page's source: trusted types
 * make that an error in browsers that know them.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const guarded = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

const assets = {
  page: 'text/html; charset=utf-8',
  script: 'text/javascript; charset=utf-8',
  style: 'text/css; charset=utf-8',
  icon: 'image/svg+xml',
} as const

/** @param atRoot - whether it is at `/` too, which else is a platform's probe; it is always at `/test` */
export function testPageRoutes(state: ServerState, atRoot: boolean): RouteTable {
  const { registry } = state
  const page = () => asset('page')
  return {
    ...(atRoot && { 'GET /': page }),
    'GET /test': page,
    'GET /ui/page.js': () => asset('script'),
    'GET /ui/page.css': () => asset('style'),
    'GET /ui/icon.svg': () => asset('icon'),
    'GET /ui/models': () =>
      data(
        JSON.stringify({
          models: registry.entries.map(({ name, state: modelState, reason, served }) => ({
            name,
            version: served?.version ?? '',
            state: modelState,
            reason,
          })),
        }),
      ),
    'GET /ui/models/{}': async (_, [name = '']) => {
      const entry = registry.find(name)
      if (entry === undefined) return failure(new MlmodelError('SERVE_NO_MODEL', { name, known: [] }))
      if (entry.served === undefined) return failure(new MlmodelError('SERVE_NOT_READY', { why: `${name}: ${entry.reason}` }))
      return data(await describeForPage(entry.served))
    },
  }
}

async function asset(name: keyof typeof assets): Promise<Outgoing> {
  // Only who looks at the page loads it.
  const files = await import('./assets.generated.ts')
  return {
    status: 200,
    headers: { 'content-type': assets[name], 'cache-control': 'no-cache', ...guarded },
    body: files[name],
  }
}

function data(body: string): Outgoing {
  return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...guarded }, body }
}

function failure(error: MlmodelError): Outgoing {
  return jsonReply(error.info.httpStatus, { error: error.message, code: error.code }, guarded)
}
