/**
 * The package that the runners judge: packed as users get it, installed in a temporary folder and imported from there.
 * The folder is named by what is packed, so that the five runners share one installation.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { repository } from './repository.ts'

// Only the names that the runners use; types come from the sources that the package was built from.
export type Library = typeof import('../../src/index.ts')

/** Imports the library: from `from` (a folder of a package, or a module) while developing, else packed and installed. */
export async function libraryUnderTest(from: string | undefined): Promise<Library> {
  return (await import(pathToFileURL(moduleOf(from ?? packageUnderTest())).href)) as Library
}

/** Imports `mlmodel/serve` of the same package. */
export async function serverUnderTest(from: string | undefined): Promise<typeof import('../../src/mlmodel-serve.ts')> {
  const library = moduleOf(from ?? packageUnderTest())
  return import(pathToFileURL(join(dirname(library), 'mlmodel-serve.js')).href)
}

/** The folder of the installed package. */
export function packageUnderTest(): string {
  run(repository, process.execPath, 'scripts/build.mjs')
  const folder = join(tmpdir(), `mlmodel-conformance-${contentHash()}`)
  const installed = join(folder, 'node_modules', 'mlmodel')
  if (existsSync(installed)) return installed
  const packed = mkdtempSync(join(tmpdir(), 'mlmodel-conformance-pack-'))
  const fresh = mkdtempSync(join(tmpdir(), 'mlmodel-conformance-new-'))
  try {
    run(repository, process.execPath, 'scripts/pack-all.mjs', '--host', '--to', packed)
    const tarballs = readdirSync(packed).map((name) => join(packed, name))
    writeFileSync(join(fresh, 'package.json'), '{ "private": true }')
    run(fresh, 'npm', 'install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs)
    renameSync(fresh, folder)
  } catch (error) {
    // Another runner may have been faster.
    if (!existsSync(installed)) throw error
  } finally {
    rmSync(packed, { recursive: true, force: true })
    rmSync(fresh, { recursive: true, force: true })
  }
  return installed
}

/** In the environment of a user's shell: what npm gives its own scripts would lead a second npm into the repository. */
function run(cwd: string, command: string, ...args: readonly string[]): void {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  execFileSync(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** What the tarballs are made of: the built package, and the runtime's version. */
function contentHash(): string {
  const hash = createHash('sha256')
  const add = (path: string): void => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name))
    else hash.update(path.slice(repository.length)).update(readFileSync(path))
  }
  for (const part of ['package.json', 'bin', 'dist', 'schemas', 'node_modules/onnxruntime-node/package.json'])
    add(join(repository, part))
  return hash.digest('hex').slice(0, 16)
}

function moduleOf(from: string): string {
  const path = resolve(from)
  if (!statSync(path).isDirectory()) return path
  const json = join(path, 'package.json')
  if (!existsSync(json)) return join(path, 'index.js')
  const { exports } = JSON.parse(readFileSync(json, 'utf8')) as { exports: Record<string, { default: string }> }
  return join(path, exports['.']!.default)
}
