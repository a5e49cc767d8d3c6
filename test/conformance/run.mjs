/** Compiles the runners into build/conformance and starts one: `node test/conformance/run.mjs enforce FILE.jsonl`. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const [runner, ...rest] = process.argv.slice(2)
// tsc writes its output in spite of type errors, and `npm run check` is the place that reports them.
spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', here], { stdio: 'ignore' })
const script = join(root, 'build', 'conformance', 'test', 'conformance', `${runner}.js`)
process.exitCode = spawnSync(process.execPath, [script, ...rest], { stdio: 'inherit' }).status ?? 1
