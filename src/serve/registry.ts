/**
 * The models of a server by their names: loaded, unloaded, loaded anew. A new version takes over when it has made its warm-up
 * prediction; one that cannot be opened never does.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { openServedModel, type ServedModel, type ServeModelOptions } from './served-model.ts'

/** A model to serve, as the user names it. */
export interface ModelToServe {
  readonly name: string
  readonly path: string
}

/** The states of the protocol's repository index. */
export type ModelState = 'READY' | 'UNAVAILABLE' | 'LOADING'

export interface ModelEntry {
  readonly name: string
  readonly path: string
  readonly state: ModelState
  /** Why it is not ready; empty when it is. */
  readonly reason: string
  /** The one that answers. */
  readonly served: ServedModel | undefined
}

export interface Registry {
  /** In the order they were named. */
  readonly entries: readonly ModelEntry[]
  /** Undefined for a name that is not known. */
  find(name: string): ModelEntry | undefined
  /** The first: what `/invocations` asks. */
  readonly first: ModelEntry
  /**
   * Opens a model, or opens it anew; the old version answers until the new one is ready.
   *
   * @throws SERVE_NO_MODEL, and what opening throws
   */
  load(name: string): Promise<ServedModel>
  /** What is in progress is answered; then its processes end. @throws SERVE_NO_MODEL */
  unload(name: string): Promise<void>
  /** Looks for models that have come into the folders that are served. */
  discover(): readonly ModelToServe[]
  close(): Promise<void>
}

interface Entry extends ModelEntry {
  state: ModelState
  reason: string
  served: ServedModel | undefined
  /** Versions so far. */
  versions: number
  /** Loads of one model follow one another. */
  queue: Promise<unknown>
}

/**
 * Names the models of what the user gave: a folder with models in it stands for each of them, by the names of their folders.
 */
export function findModels(given: readonly ModelToServe[]): readonly ModelToServe[] {
  return given.flatMap(({ name, path }) => {
    const inside = existsSync(join(path, 'MLmodel')) ? [] : modelsInside(path)
    return inside.length === 0 ? [{ name, path }] : inside
  })
}

/** Names stand in paths, where `stats` is taken. */
function isName(name: string): boolean {
  return /^[^/\\\p{Cc}]{1,255}$/u.test(name) && name !== '.' && name !== '..' && name !== 'stats'
}

function modelsInside(path: string): readonly ModelToServe[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(path, entry.name, 'MLmodel')))
      .map((entry) => ({ name: entry.name, path: join(path, entry.name) }))
      .sort((left, right) => (left.name < right.name ? -1 : 1))
  } catch {
    // It is no folder: opening it says what is wrong.
    return []
  }
}

/**
 * Makes the registry; nothing is loaded yet.
 *
 * @throws SERVE_TWO_MODELS, SERVE_MODEL_NAME
 */
export function openRegistry(given: readonly ModelToServe[], options: ServeModelOptions): Registry {
  const entries = new Map<string, Entry>()
  for (const model of findModels(given)) {
    if (!isName(model.name)) throw new MlmodelError('SERVE_MODEL_NAME', { name: model.name })
    if (entries.has(model.name)) throw new MlmodelError('SERVE_TWO_MODELS', { name: model.name })
    entries.set(model.name, newEntry(model))
  }

  function entryOf(name: string): Entry {
    const entry = entries.get(name)
    if (entry === undefined) throw new MlmodelError('SERVE_NO_MODEL', { name, known: [...entries.keys()] })
    return entry
  }

  /** One after the other, whatever became of the one before. */
  function inTurn<Result>(entry: Entry, work: () => Promise<Result>): Promise<Result> {
    const turn = entry.queue.then(work, work)
    entry.queue = turn.catch(() => {})
    return turn
  }

  async function loadNow(entry: Entry): Promise<ServedModel> {
    if (entry.served === undefined) entry.state = 'LOADING'
    try {
      const served = await openServedModel(entry.name, entry.path, String(entry.versions + 1), options)
      entry.versions++
      const old = entry.served
      entry.served = served
      entry.state = 'READY'
      entry.reason = ''
      // The old one answers what it has; nobody waits for it.
      void old?.retire()
      return served
    } catch (error) {
      entry.reason = whyNotOpen(error, entry)
      if (entry.served === undefined) entry.state = 'UNAVAILABLE'
      throw error
    }
  }

  return {
    get entries() {
      return [...entries.values()]
    },
    find: (name) => entries.get(name),
    get first() {
      return entries.values().next().value!
    },
    load: (name) => {
      const entry = entryOf(name)
      return inTurn(entry, () => loadNow(entry))
    },
    unload: (name) => {
      const entry = entryOf(name)
      return inTurn(entry, async () => {
        const old = entry.served
        entry.served = undefined
        entry.state = 'UNAVAILABLE'
        entry.reason = 'unloaded'
        await old?.retire()
      })
    },
    discover() {
      const found = findModels(given).filter(({ name }) => isName(name) && !entries.has(name))
      for (const model of found) entries.set(model.name, newEntry(model))
      return found
    },
    async close() {
      await Promise.all([...entries.values()].map(({ served }) => served?.close()))
    },
  }
}

/** What clients may read of it: where on the disk the model lies is not for them. */
export function whyNotOpen(error: unknown, { name, path }: ModelToServe): string {
  if (!(error instanceof MlmodelError) || error.code === 'RUNNER_BUG') return 'the server failed to open it'
  return error.message.replaceAll(resolve(path), name).replaceAll(path, name)
}

function newEntry({ name, path }: ModelToServe): Entry {
  return { name, path, state: 'UNAVAILABLE', reason: 'not loaded', served: undefined, versions: 0, queue: Promise.resolve() }
}
