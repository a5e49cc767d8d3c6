/** Sound and broken files that mutation starts from: the repository's own fixtures, and the shared sets where they lie beside it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Seed {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Larger files are only slower. */
const largest = 48 << 10

const known = new Map<string, readonly Seed[]>()

/** Files below these folders whose names fit, in order of their names; read once. */
export function seedFiles(pattern: RegExp, most: number): readonly Seed[] {
  const key = `${pattern} ${most}`
  const seeds = known.get(key) ?? readSeeds(pattern, most)
  known.set(key, seeds)
  return seeds
}

function readSeeds(pattern: RegExp, most: number): readonly Seed[] {
  const root = process.cwd()
  const folders = [
    'test/fixtures',
    'examples',
    '../shared/corpus',
    '../shared/pickles/scikit-learn-1.9',
    '../shared/pickles/scikit-learn-0.22.2.post1',
  ].map((folder) => join(root, folder))
  const found: Seed[] = []
  for (const folder of folders) {
    if (!existsSync(folder)) continue
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      const path = join(folder, name)
      if (!pattern.test(name) || !statSync(path).isFile() || statSync(path).size > largest) continue
      found.push({ name, bytes: readFileSync(path) })
    }
  }
  return thinned(found, most)
}

/** Every n-th, so that all kinds are among them. */
function thinned(seeds: readonly Seed[], most: number): readonly Seed[] {
  if (seeds.length <= most) return seeds
  return Array.from({ length: most }, (_, index) => seeds[Math.floor((index * seeds.length) / most)]!)
}
