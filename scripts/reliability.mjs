/**
 * Builds, and runs the scenarios of reliability/, all or those named: `npm run reliability -- kills idle --tiny`.
 * Loopback only; each ends by itself. `--tiny` is a smoke run of a minute or two, the whole takes some forty; `--share=0.2` a fifth of it. Linux.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const parts = ['server', 'client', 'report']
const all = readdirSync('reliability')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .filter((name) => !parts.includes(name))
const wanted = process.argv.slice(2).filter((argument) => all.includes(argument))
const options = process.argv.slice(2).filter((argument) => !all.includes(argument))
/** Milliseconds, of one scenario. */
const deadline = 1_200_000

const run = (args, more = {}) => spawnSync(process.execPath, args, { stdio: 'inherit', ...more }).status ?? 1

if (process.platform !== 'linux') {
  console.log('reliability: the scenarios read /proc, which only Linux has')
  process.exit(77)
}
if (run([join('scripts', 'build.mjs'), '--no-types']) !== 0) process.exit(1)
const target = join('build', 'reliability')
rmSync(target, { recursive: true, force: true })
if (run([join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.', '--outDir', target]) !== 0) process.exit(1)
const failed = (wanted.length > 0 ? wanted : all).filter(
  (name) => run([join(target, 'reliability', `${name}.js`), ...options], { timeout: deadline, killSignal: 'SIGKILL' }) !== 0,
)
console.log(failed.length > 0 ? `\nreliability: missed: ${failed.join(', ')}` : '\nreliability: every goal was met')
process.exitCode = failed.length > 0 ? 1 : 0
