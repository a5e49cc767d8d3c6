/** Everything a change must pass before it is committed: lint, types and tests, build. All are run, also after a failure. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const steps = [
  ['lint', [join('node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'check', '.']],
  ['build', [join('scripts', 'build.mjs')]],
  ['types and tests', [join('scripts', 'test.mjs')]],
]
const failed = steps
  .filter(([, args]) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0)
  .map(([name]) => name)
console.log(failed.length === 0 ? 'check: lint, build, types and tests passed' : `check: failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
