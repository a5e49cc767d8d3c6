/** Finds the program that a model's process runs when the caller is no command line but somebody else's program. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MlmodelError } from '../errors/index.ts'
import { here } from '../here.ts'
import type { Executable } from './deadline.ts'

const names = ['mlmodel-runner.js', 'mlmodel-runner.mjs', 'mlmodel-runner.cjs']

/**
 * The program: the one that is named; else `mlmodel-runner.js` beside this code or a folder above it (in the package, or
 * where a bundler has put the entry `mlmodel/runner`); else the installed package's.
 *
 * @throws RUNNER_ENTRY
 */
export function runnerExecutable(named?: string | URL): Executable {
  return { path: process.execPath, prefix: [named === undefined ? findEntry() : pathOf(named)] }
}

function findEntry(): string {
  const from = here(import.meta.url)
  const folder = dirname(pathOf(from))
  const places = [folder, dirname(folder)].flatMap((place) => names.map((name) => join(place, name)))
  const beside = places.find((place) => existsSync(place))
  if (beside !== undefined) return beside
  try {
    return createRequire(from).resolve('mlmodel/runner')
  } catch {
    throw new MlmodelError('RUNNER_ENTRY', { looked: [places[0]!, 'mlmodel/runner'] })
  }
}

function pathOf(place: string | URL): string {
  return place instanceof URL || place.startsWith('file:') ? fileURLToPath(place) : place
}
