/** Which route answers: exact paths by a table, those with names in them by pattern. What no route knows is 404, a wrong method 405. */
import { type Incoming, jsonReply, type Outgoing, type Route } from './message.ts'

/** `GET /v2/models/{}/ready` → the route; `{}` stands for one segment, which the route is given decoded. */
export type RouteTable = Readonly<Record<string, Route>>

export interface Router {
  /** The routes, as `METHOD path`; a test looks that each is meant to be open. */
  readonly routes: readonly string[]
  answer(request: Incoming): Outgoing | Promise<Outgoing>
}

interface Pattern {
  readonly segments: readonly string[]
  readonly methods: Map<string, Route>
}

/** Makes a router of several tables; a route that stands twice is a mistake of ours. */
export function openRouter(tables: readonly RouteTable[]): Router {
  const exact = new Map<string, Map<string, Route>>()
  const patterns = new Map<string, Pattern>()
  const routes: string[] = []
  for (const table of tables) {
    for (const [line, route] of Object.entries(table)) {
      const [method = '', path = ''] = line.split(' ')
      const methods = path.includes('{}') ? patternMethods(path) : exactMethods(path)
      if (methods.has(method)) throw new Error(`two routes for ${line}`)
      methods.set(method, route)
      routes.push(line)
    }
  }

  function exactMethods(path: string): Map<string, Route> {
    const known = exact.get(path) ?? new Map<string, Route>()
    exact.set(path, known)
    return known
  }

  function patternMethods(path: string): Map<string, Route> {
    const known = patterns.get(path) ?? { segments: path.split('/'), methods: new Map() }
    patterns.set(path, known)
    return known.methods
  }

  return {
    routes,
    answer(request) {
      const methods = exact.get(request.path)
      if (methods !== undefined) return choose(methods, request, [])
      const segments = request.path.split('/')
      for (const pattern of patterns.values()) {
        const parameters = match(pattern.segments, segments)
        if (parameters !== undefined) return choose(pattern.methods, request, parameters)
      }
      return jsonReply(404, { detail: 'Not Found' })
    },
  }
}

function choose(
  methods: ReadonlyMap<string, Route>,
  request: Incoming,
  parameters: readonly string[],
): Outgoing | Promise<Outgoing> {
  const route = methods.get(request.method) ?? (request.method === 'HEAD' ? methods.get('GET') : undefined)
  if (route !== undefined) return route(request, parameters)
  return jsonReply(405, { detail: 'Method Not Allowed' }, { allow: [...methods.keys()].join(', ') })
}

/** The decoded segments that stand for `{}`; undefined when the path is another one or is badly encoded. */
function match(pattern: readonly string[], segments: readonly string[]): readonly string[] | undefined {
  if (pattern.length !== segments.length) return undefined
  const parameters: string[] = []
  for (const [index, wanted] of pattern.entries()) {
    const found = segments[index]!
    if (wanted === '{}') {
      const decoded = decode(found)
      if (decoded === undefined || decoded === '') return undefined
      parameters.push(decoded)
    } else if (wanted !== found) return undefined
  }
  return parameters
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
