/** Compiles the fuzzers into build/fuzz and starts the long run: `npm run fuzz -- --reader pickle --mutants 1000000`. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))
const target = join('build', 'fuzz')
// tsc writes its output in spite of type errors, and `npm run check` is the place that reports them.
spawnSync(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.', '--outDir', target], {
  stdio: 'ignore',
})
const script = join(target, 'test', 'fuzz', 'long-run.js')
process.exitCode = spawnSync(process.execPath, [script, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1
