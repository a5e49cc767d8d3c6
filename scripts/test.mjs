/**
 * Builds dist/, compiles src/ and test/ into build/all/ and runs the tests there. Arguments choose tests by a part of their
 * path: `npm test -- data/csv onnx`. `--built` takes what an earlier run has built, for another Node.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testArguments } from './watchdog.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

const wanted = process.argv.slice(2).filter((argument) => argument !== '--built')
const run = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1

const target = join('build', 'all')
if (!process.argv.includes('--built') || !existsSync(join(target, 'test'))) {
  // Tests of the command line and of the package run what ships.
  process.exitCode ||= run(join('scripts', 'build.mjs'))
  rmSync(target, { recursive: true, force: true })
  // tsc writes its output in spite of type errors: the tests still run, and the command fails.
  process.exitCode ||= run(join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.', '--outDir', target)
}

// Node 20 takes no glob and newer ones refuse a folder: name every file.
const files = readdirSync(join(target, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .map((file) => join(target, 'test', file))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()

if (files.length === 0) {
  console.error(`No test file has ${wanted.map((part) => `\`${part}\``).join(' or ')} in its path`)
  process.exitCode = 2
} else {
  process.exitCode = run(...testArguments(files)) || process.exitCode
}
