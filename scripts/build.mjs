/**
 * Builds what ships into dist/: the command line (one lazy chunk per subcommand), the library with its types,
 * and the licence notices of everything bundled. `--no-types` leaves the types out.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { gatherChunks } from './gather-chunks.mjs'
import { licenceNotices } from './notices.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

if (existsSync('scripts/compile-schemas.mjs'))
  execFileSync(process.execPath, ['scripts/compile-schemas.mjs'], { stdio: 'inherit' })
execFileSync(process.execPath, ['scripts/build-page.mjs'], { stdio: 'inherit' })
// Built beside, then moved: a build that fails leaves the old one, and one that is being used is whole.
const fresh = mkdtempSync('dist.')
chmodSync(fresh, 0o755)
process.on('exit', () => rmSync(fresh, { recursive: true, force: true }))

/**
 * commander loads `node:child_process` for subcommands that are programs, which we have not: 2 ms of every start.
 *
 * @type {import('esbuild').Plugin}
 */
const startFaster = {
  name: 'start-faster',
  setup({ onLoad }) {
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

/**
 * The `yaml` package is a file of its own, loaded when a text is not the plain YAML of src/yaml/block.ts: 4 ms of every start.
 * In the source the call stays an ordinary one.
 *
 * @type {import('esbuild').Plugin}
 */
const yamlLate = {
  name: 'yaml-late',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /\/compose\.ts$/ }, () => ({ path: 'compose', namespace: 'late' }))
    onLoad({ filter: /./, namespace: 'late' }, () => ({
      contents: "export const composeYaml = (...given) => requireLate('./compose.cjs').composeYaml(...given)",
    }))
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
  write: false,
  // The same code as ES modules, which are bundled smaller and start 5 ms sooner than the CommonJS that Node would get.
  alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
  external: ['onnxruntime-node', 'mlmodel-onnxruntime-*', 'sharp', '@grpc/grpc-js'],
  logLevel: 'warning',
}

/** @type {import('esbuild').TransformOptions} */
const commonJs = {
  format: 'cjs',
  platform: 'node',
  target: shared.target,
  minifyWhitespace: true,
  minifySyntax: true,
  // `import()` of one chunk by another is a `require` when it is called for: Node's ES modules are never started.
  supported: { 'dynamic-import': false },
  // What the first is for, `createRequire`, takes a path as well; the second is of yamlLate.
  define: { 'import.meta.url': '__filename', requireLate: 'require' },
}

/**
 * The library is ES modules. The command line is CommonJS, which Node 20 starts 10 ms sooner; esbuild splits only ES modules, so
 * each of their chunks is made CommonJS by itself.
 */
const inputs = new Set()
/** What the commands that must start soon load; gatherChunks makes files of it. */
const commands = [['src/cli/start.ts'], ['src/cli/inspect.ts'], ['src/cli/predict.ts', 'src/flavors/onnx-open.ts']]
const otherCommands = [['src/cli/env.ts', 'src/cli/env-show.ts', 'src/cli/env-render.ts']]
const cli = { outdir: join(fresh, 'cli'), outExtension: { '.js': '.cjs' }, toCommonJs: true }
for (const { toCommonJs = false, gather, ...options } of [
  { entryPoints: ['src/cli/start.ts'], ...cli, plugins: [startFaster, yamlLate], gather: commands },
  { entryPoints: ['src/yaml/compose.ts'], ...cli },
  {
    outdir: fresh,
    entryPoints: {
      index: 'src/index.ts',
      'mlmodel-client': 'src/mlmodel-client.ts',
      'mlmodel-runner': 'src/mlmodel-runner.ts',
      'mlmodel-serve': 'src/mlmodel-serve.ts',
    },
    chunkNames: 'chunks/[name]-[hash]',
  },
]) {
  // esbuild has printed its errors already.
  const result = await build({ ...shared, ...options }).catch(() => undefined)
  if (result === undefined) process.exit(1)
  for (const { path } of result.outputFiles) mkdirSync(dirname(path), { recursive: true })
  if (toCommonJs) {
    const files = new Map()
    for (const { path, text } of result.outputFiles) {
      // An import of no names is for the order of effects, and loading has none here (`sideEffects` of package.json).
      const needed = text.replaceAll(/\bimport"\.\/[\w-]+\.cjs";/g, '')
      files.set(basename(path), (await transform(needed, commonJs)).code)
    }
    const gathered = gather === undefined ? files : gatherChunks(result.metafile, files, gather, otherCommands)
    for (const [name, text] of gathered) writeFileSync(join(options.outdir, name), text)
  } else for (const { path, text } of result.outputFiles) writeFileSync(path, text)
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
  // The Test page is of a browser's types, not Node's.
  const page = [args[0], '-p', join('src', 'serve', 'test-page', 'browser')]
  if (spawnSync(process.execPath, page, { stdio: 'inherit' }).status !== 0) process.exitCode = 1
  // ajv's code is not written for a type checker; users need the names only, for the type of a schema's name.
  const generated = join(fresh, 'types', 'schemas.generated.d.ts')
  if (existsSync(generated)) {
    const names = [...readFileSync(generated, 'utf8').matchAll(/^declare var (\w+):/gm)].map(([, name]) => name)
    writeFileSync(
      generated,
      `declare const validate: (value: unknown) => boolean\nexport { ${names.map((name) => `validate as ${name}`).join(', ')} }\n`,
    )
  }
} else if (existsSync('dist/types')) {
  // Of an earlier build; the package's types are made again before it is packed.
  renameSync('dist/types', join(fresh, 'types'))
}
rmSync('dist', { recursive: true, force: true })
renameSync(fresh, 'dist')
