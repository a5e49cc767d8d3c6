/** The server without sockets: models, and the routes of every protocol. What listens is http.ts; a web handler is another face. */
import type { Incoming, Outgoing } from './message.ts'
import { mlflowRoutes } from './mlflow/routes.ts'
import { openRouter } from './router.ts'
import { openServedModel, type ServedModel, type ServeModelOptions } from './served-model.ts'

/** A model to serve, as the user names it. */
export interface ModelToServe {
  readonly name: string
  readonly path: string
}

export interface ApplicationOptions extends ServeModelOptions {
  /** The first is the default. */
  readonly models: readonly ModelToServe[]
  /** What `GET /version` answers: MLflow's version, which its clients compare. */
  readonly mlflowVersion: string
}

/** What the routes look at. */
export interface ServerState {
  readonly models: ReadonlyMap<string, ServedModel>
  readonly defaultModel: ServedModel
  /** Undefined when every model is ready and the server is not stopping; else why not. */
  readonly notReady: string | undefined
}

export interface Application {
  readonly state: ServerState
  readonly routes: readonly string[]
  /** Answers one request; never throws for a bad one. */
  answer(request: Incoming): Outgoing | Promise<Outgoing>
  /** From now on it is not ready; requests that are there are still answered. */
  drain(): void
  /** Requests that are being answered. */
  readonly active: number
  close(): Promise<void>
}

/** Opens all models, each with its warm-up prediction. */
export async function openApplication(options: ApplicationOptions): Promise<Application> {
  const opened = await Promise.all(options.models.map(({ name, path }) => openServedModel(name, path, '1', options)))
  const models = new Map(opened.map((model) => [model.name, model]))
  let draining = false
  let active = 0
  const state: ServerState = {
    models,
    get defaultModel() {
      return models.values().next().value!
    },
    get notReady() {
      if (draining) return 'the server is stopping'
      for (const { name, notReady } of models.values()) if (notReady !== undefined) return `${name}: ${notReady}`
      return undefined
    },
  }
  const router = openRouter([mlflowRoutes(state, options)])
  return {
    state,
    routes: router.routes,
    answer(request) {
      const answered = router.answer(request)
      if (!(answered instanceof Promise)) return answered
      active++
      return answered.finally(() => {
        active--
      })
    },
    drain() {
      draining = true
    },
    get active() {
      return active
    },
    async close() {
      draining = true
      await Promise.all(opened.map((model) => model.close()))
    },
  }
}
