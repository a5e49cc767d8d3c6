/** The server without sockets: models, and the routes of every protocol. What listens is http.ts; a web handler is another face. */
import { azuremlRoutes } from './azureml/routes.ts'
import { type ProtocolName, protocolNames } from './calls.ts'
import { codingOf, compress, decompress } from './compression.ts'
import { type HttpCounters, newHttpCounters } from './http-counters.ts'
import { type Incoming, jsonReply, type Outgoing } from './message.ts'
import { metricsRoutes } from './metrics.ts'
import { mlflowRoutes } from './mlflow/routes.ts'
import { openInferenceRoutes } from './open-inference/routes.ts'
import { openApiRoutes } from './openapi/routes.ts'
import { type ModelToServe, openRegistry, type Registry } from './registry.ts'
import { openRouter, type Router, type RouteTable } from './router.ts'
import type { ServeModelOptions } from './served-model.ts'
import { testPageRoutes } from './test-page/routes.ts'

export interface ApplicationOptions extends ServeModelOptions {
  /** The first is the default. */
  readonly models: readonly ModelToServe[]
  /** Bytes of a body, decompressed. */
  readonly maxBody: number
  /** What `GET /version` answers: MLflow's version, which its clients compare. */
  readonly mlflowVersion: string
  /** Only the routes of this protocol. */
  readonly onlyProtocol?: ProtocolName | undefined
  /** What a server around this one has in front of every path. */
  readonly prefix?: string | undefined
  /** Whether `/` is Azure's probe, not the Test page. */
  readonly azureml?: boolean | undefined
  /** Further paths of a platform, for the default model. */
  readonly predictRoute?: string | undefined
  readonly healthRoute?: string | undefined
  /** Whether `/metrics` is asked for elsewhere. */
  readonly ownMetricsPort?: boolean | undefined
}

/** What the routes look at. */
export interface ServerState {
  readonly registry: Registry
  /** Counted by who listens; undefined inside another server. */
  readonly http?: HttpCounters
  /** Undefined when every model that is loaded is ready, one is loaded, and the server is not stopping; else why not. */
  readonly notReady: string | undefined
}

export interface Application {
  readonly state: ServerState
  readonly http: HttpCounters
  /** What `/metrics` answers, where that is asked for elsewhere. */
  answerMetrics(request: Incoming): Outgoing | Promise<Outgoing>
  /** All, as `METHOD path`. */
  readonly routes: readonly string[]
  /** Answers one request; never throws for a bad one. */
  answer(request: Incoming): Outgoing | Promise<Outgoing>
  /** From now on it is not ready; requests that are there are still answered. */
  drain(): void
  /** Requests that are being answered. */
  readonly active: number
  close(): Promise<void>
}

/**
 * Opens all models, each with its warm-up prediction.
 *
 * @throws what opening the first model that cannot be opened throws
 */
export async function openApplication(options: ApplicationOptions): Promise<Application> {
  const registry = openRegistry(options.models, options)
  try {
    await Promise.all(registry.entries.map(({ name }) => registry.load(name)))
  } catch (error) {
    await registry.close()
    throw error
  }
  let draining = false
  let active = 0
  const http = newHttpCounters()
  const state: ServerState = {
    registry,
    http,
    get notReady() {
      if (draining) return 'the server is stopping'
      const loaded = registry.entries.flatMap(({ served }) => (served === undefined ? [] : [served]))
      if (loaded.length === 0) return 'no model is loaded'
      const waiting = loaded.find(({ notReady }) => notReady !== undefined)
      return waiting === undefined ? undefined : `${waiting.name}: ${waiting.notReady}`
    },
  }
  const protocols: Readonly<Record<ProtocolName, () => RouteTable>> = {
    mlflow: () => mlflowRoutes(state, options),
    'open-inference': () => openInferenceRoutes(state),
    azureml: () => azuremlRoutes(state, options.azureml === true),
  }
  const served = options.onlyProtocol === undefined ? protocolNames : [options.onlyProtocol]
  const metrics = metricsRoutes(state)
  const metricsRouter = openRouter([metrics])
  const router = openRouter([
    ...(options.ownMetricsPort === true ? [] : [metrics]),
    ...served.map((name) => protocols[name]()),
    openApiRoutes(state, options),
    ...(options.onlyProtocol === undefined ? [testPageRoutes(state, options.azureml !== true)] : []),
  ])
  return {
    state,
    http,
    answerMetrics: (request) => metricsRouter.answer(request),
    routes: router.routes,
    answer(request) {
      try {
        const answered = answerPlain(router, request, options.maxBody)
        if (!(answered instanceof Promise)) return answered
        active++
        return answered
          .catch((error: unknown) => failed(error, options.onWarning))
          .finally(() => {
            active--
          })
      } catch (error) {
        return failed(error, options.onWarning)
      }
    },
    drain() {
      draining = true
    },
    get active() {
      return active
    },
    async close() {
      draining = true
      await registry.close()
    },
  }
}

/** A bug of ours: its words are for the log. */
function failed(error: unknown, log: (text: string) => void): Outgoing {
  log(`bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return jsonReply(500, { error: 'the server failed on this request' })
}

/** Routes see plain bodies; only who asks for compression pays for it. */
function answerPlain(router: Router, request: Incoming, maxBody: number): Outgoing | Promise<Outgoing> {
  const coding = codingOf(request)
  const wantsCoding = request.method === 'POST' && request.header('accept-encoding') !== undefined
  if (coding === undefined && !wantsCoding) return router.answer(request)
  return answerCoded(router, request, coding, maxBody)
}

async function answerCoded(router: Router, request: Incoming, coding: string | undefined, maxBody: number): Promise<Outgoing> {
  const plain = coding === undefined ? request : await decompress(request, coding, maxBody)
  if ('refused' in plain) return plain.refused
  return compress(request, await router.answer(plain))
}
