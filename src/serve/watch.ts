/** Loads models anew when their folders change (`--watch`). Folders are looked at in turn: file events do not cross network drives. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import type { Registry } from './registry.ts'

/** Between two looks, in milliseconds. A folder must look the same twice before it is loaded: a copy takes its time. */
const interval = 1_000
/** Of one model; more are not looked at. */
const mostFiles = 10_000

/** @returns what ends the watching */
export function watchModels(registry: Registry, say: (text: string) => void): () => void {
  /** Model → how its folder looked when it was loaded, and at the last look. */
  const seen = new Map<string, { loaded: string; last: string }>()
  for (const { name, path } of registry.entries) {
    const look = lookAt(path)
    seen.set(name, { loaded: look, last: look })
  }
  const timer = setInterval(() => {
    for (const { name, path } of registry.discover()) {
      say(`${name}: new at ${path}`)
      seen.set(name, { loaded: '', last: '' })
    }
    for (const { name, path } of registry.entries) {
      const known = seen.get(name)!
      const look = lookAt(path)
      const isSettled = look === known.last
      known.last = look
      if (!isSettled || look === known.loaded || look === '') continue
      known.loaded = look
      registry.load(name).then(
        ({ version }) => say(`${name}: version ${version} answers`),
        (error: unknown) =>
          say(`${name}: the changed model is not used: ${error instanceof MlmodelError ? error.message : String(error)}`),
      )
    }
  }, interval)
  timer.unref()
  return () => clearInterval(timer)
}

/** Names, sizes and times of a folder's files; empty while it is not there. */
function lookAt(path: string): string {
  const looks: string[] = []
  const folders = [path]
  for (let folder = folders.pop(); folder !== undefined && looks.length < mostFiles; folder = folders.pop()) {
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const at = join(folder, entry.name)
        if (entry.isDirectory()) folders.push(at)
        else if (entry.isFile()) {
          const { size, mtimeMs, ino } = statSync(at)
          looks.push(`${at} ${size} ${mtimeMs} ${ino}`)
        }
      }
    } catch {
      // It is being replaced; the next look sees more.
    }
  }
  return looks.sort().join('\n')
}
