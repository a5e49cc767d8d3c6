/**
 * Builds what ships into dist/: the command line (one lazy chunk per subcommand), the library with its types,
 * and the licence notices of everything bundled. `--no-types` leaves the types out.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { licenceNotices } from './notices.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

if (existsSync('scripts/compile-schemas.mjs'))
  execFileSync(process.execPath, ['scripts/compile-schemas.mjs'], { stdio: 'inherit' })
// Built beside, then moved: a build that fails leaves the old one, and one that is being used is whole.
const fresh = mkdtempSync('dist.')
chmodSync(fresh, 0o755)
process.on('exit', () => rmSync(fresh, { recursive: true, force: true }))

/** Bundled CommonJS packages (commander) ask for Node's own modules through `require`, which ESM lacks. */
const requireBanner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

/**
 * Starting is most of what a short command costs (CPU of `inspect`, of 60 ms above bare Node):
 * - Node's facade of `node:process` reads every property, which opens stdin, stdout and stderr: 3 ms. Chalk wants two of them.
 * - commander loads `node:child_process` for subcommands that are programs, which we have not: 2 ms.
 *
 * @type {import('esbuild').Plugin}
 */
const startFaster = {
  name: 'start-faster',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:process$/ }, () => ({ path: 'process', namespace: 'global' }))
    onLoad({ filter: /^process$/, namespace: 'global' }, () => ({ contents: 'export default globalThis.process' }))
    onLoad({ filter: /node_modules.commander.lib.command\.js$/ }, ({ path }) => {
      const eager = "const childProcess = require('node:child_process');"
      const text = readFileSync(path, 'utf8')
      if (!text.includes(eager)) throw new Error('commander loads node:child_process in another way: see startFaster')
      return {
        contents: text.replace(eager, "const childProcess = { get spawn() { return require('node:child_process').spawn } };"),
      }
    })
  },
}

/** @type {import('esbuild').BuildOptions} */
const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  splitting: true,
  metafile: true,
  minifyWhitespace: true,
  minifySyntax: true,
  // Stack traces in bug reports stay readable; the size does not matter here.
  minifyIdentifiers: false,
  // Every licence text is in THIRD-PARTY-NOTICES.txt.
  legalComments: 'none',
  plugins: [startFaster],
  // The same code as ES modules, which are bundled smaller and start 5 ms sooner than the CommonJS that Node would get.
  alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
  external: ['onnxruntime-node', 'mlmodel-onnxruntime-*', 'sharp'],
  banner: { js: requireBanner },
  logLevel: 'warning',
}

const inputs = new Set()
for (const [entry, options] of [
  ['src/cli/start.ts', { outdir: join(fresh, 'cli'), entryPoints: { start: 'src/cli/start.ts' } }],
  [
    'src/index.ts',
    {
      outdir: fresh,
      entryPoints: { index: 'src/index.ts', 'mlmodel-runner': 'src/mlmodel-runner.ts' },
      chunkNames: 'chunks/[name]-[hash]',
      // Nothing in the library asks for `require`; a caller's own bundle may be CommonJS, where `import.meta.url` is empty.
      banner: {},
    },
  ],
]) {
  if (!existsSync(entry)) {
    console.warn(`build: ${entry} is not there, left out`)
    process.exitCode = 1
    continue
  }
  // esbuild has printed its errors already.
  const result = await build({ ...shared, ...options }).catch(() => undefined)
  if (result === undefined) process.exit(1)
  for (const input of Object.keys(result.metafile.inputs)) inputs.add(input)
}

const notices = licenceNotices(inputs)
if (!existsSync('THIRD-PARTY-NOTICES.txt') || readFileSync('THIRD-PARTY-NOTICES.txt', 'utf8') !== notices)
  writeFileSync('THIRD-PARTY-NOTICES.txt', notices)

if (!process.argv.includes('--no-types')) {
  const args = [
    join('node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'scripts/tsconfig.types.json',
    '--outDir',
    join(fresh, 'types'),
  ]
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) process.exitCode = 1
} else if (existsSync('dist/types')) {
  // Of an earlier build; the package's types are made again before it is packed.
  renameSync('dist/types', join(fresh, 'types'))
}
rmSync('dist', { recursive: true, force: true })
renameSync(fresh, 'dist')
