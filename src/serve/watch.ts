/** Loads models anew when their folders change (`--watch`). Folders are looked at in turn: file events do not cross network drives. */
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import type { Registry } from './registry.ts'

/** Between two looks, in milliseconds. A folder must look the same twice before it is loaded: a copy takes its time. */
const usualInterval = 1_000
/** Of one model; more are not looked at. */
const mostFiles = 10_000

interface Seen {
  /** How the folder looked when it was loaded, and at the last look. */
  loaded: string
  last: string
  /** It was said that there is no folder any more. */
  isGone: boolean
}

/**
 * Starts to look.
 *
 * @param say - told what was loaded, and what could not be
 * @returns what ends the watching
 */
export async function watchModels(
  registry: Registry,
  say: (text: string) => void,
  interval = usualInterval,
): Promise<() => void> {
  const seen = new Map<string, Seen>()
  for (const { name, path } of registry.entries) {
    const look = await lookAt(path)
    seen.set(name, { loaded: look, last: look, isGone: false })
  }
  let timer: NodeJS.Timeout | undefined
  let isEnded = false
  const again = (): void => {
    if (!isEnded) timer = setTimeout(() => void lookAround().then(again), interval).unref()
  }
  again()

  async function lookAround(): Promise<void> {
    for (const { name } of registry.discover()) {
      say(`${name}: a new model`)
      seen.set(name, { loaded: '', last: '', isGone: false })
    }
    for (const { name, path } of registry.entries) {
      const known = seen.get(name) ?? { loaded: '', last: '', isGone: false }
      seen.set(name, known)
      const look = await lookAt(path)
      const isSettled = look === known.last
      known.last = look
      if (isSettled && look === '' && known.loaded !== '' && !known.isGone) {
        known.isGone = true
        say(`${name}: its folder is gone; the version that was loaded goes on answering`)
      }
      if (look !== '') known.isGone = false
      if (!isSettled || look === known.loaded || look === '' || isEnded) continue
      known.loaded = look
      registry.load(name).then(
        ({ version }) => say(`${name}: version ${version} answers`),
        (error: unknown) =>
          say(`${name}: the changed model is not used: ${error instanceof MlmodelError ? error.message : String(error)}`),
      )
    }
  }

  return () => {
    isEnded = true
    clearTimeout(timer)
  }
}

/** Names, sizes and times of the files of a model's folder; empty while it is not there. */
async function lookAt(path: string): Promise<string> {
  const looks: string[] = []
  const folders = [await folderOf(path)]
  for (let folder = folders.pop(); folder !== undefined && looks.length < mostFiles; folder = folders.pop()) {
    try {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        const at = join(folder, entry.name)
        if (entry.isDirectory()) folders.push(at)
        else if (entry.isFile() || entry.isSymbolicLink()) {
          // Kubernetes replaces what a link leads to.
          const { size, mtimeMs, ino } = await stat(at)
          looks.push(`${at} ${size} ${mtimeMs} ${ino}`)
        }
      }
    } catch {
      // It is being replaced; the next look sees more.
    }
  }
  return looks.sort().join('\n')
}

/** A model may be named by its MLmodel file. */
async function folderOf(path: string): Promise<string> {
  try {
    return (await stat(path)).isFile() ? dirname(path) : path
  } catch {
    return path
  }
}
