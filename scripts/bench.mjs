/**
 * Builds, and runs the benchmarks of bench/, all or those named: `npm run bench -- startup predict-csv --tiny`.
 * `--tiny` is a smoke run on small input; other options are given on.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

/** Parts of benchmarks, not benchmarks. */
const parts = /^measure\.ts$|-floors\.ts$/
const all = readdirSync('bench')
  .filter((file) => file.endsWith('.ts') && !parts.test(file))
  .map((file) => file.slice(0, -3))
const wanted = process.argv.slice(2).filter((argument) => all.includes(argument))
const options = process.argv.slice(2).filter((argument) => !all.includes(argument))

const run = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1

if (run(join('scripts', 'build.mjs'), '--no-types') !== 0) process.exit(1)
const target = join('build', 'all')
rmSync(join(target, 'bench'), { recursive: true, force: true })
if (run(join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.', '--outDir', target) !== 0) process.exit(1)
const failed = (wanted.length > 0 ? wanted : all).filter((name) => run(join(target, 'bench', `${name}.js`), ...options) !== 0)
if (failed.length > 0) console.error(`bench: failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
