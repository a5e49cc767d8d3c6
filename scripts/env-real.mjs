/** Writes environments in every format for test/real/env_tools.py: `node scripts/env-real.mjs FOLDER MODEL...`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildSync } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [folder, ...models] = process.argv.slice(2).map((path) => resolve(path))
if (folder === undefined) throw new Error('node scripts/env-real.mjs FOLDER MODEL...')

const library = await load()

/** Lines with which a stranger may try to say more than a requirement; each a model of its own, and all one. */
const hostile = [
  'evil\nRUN touch /pwned',
  'evil"\n[tool.evil]\nx = "',
  'a; os_name == "x\\n--index-url https://evil.example"',
  'a; os_name == "x\\x20--index-url=https://evil.example"',
  'a; os_name == "x\\x20#"',
  'a; os_name == "\\x22]\\x0a[tool.evil]"',
  `a; os_name == '"] '`,
  'a; os_name == "\\\\"',
  'a; os_name == "it\'s"',
  'b @ https://example.com/%22%5D/$HOME/`touch`.zip',
  "c @ https://example.com/x'.zip",
  'd @ https://example.com/$(touch)/é.zip',
  './own-1.0-py3-none-any.whl',
  '--find-links "./whe\\"els"',
  '--extra-index-url https://user:pa%22ss@example.com/simple',
  'six===1.17.0',
  'Six[a,B] ~= 1.16 ; (python_version >= "3.8" or os_name == "nt") and extra != "x y"',
  '- a: b',
  '!!python/object:os.system',
]
const ordinary = [
  'mlflow==3.17.2',
  'six==1.17.0',
  'packaging>=23,!=24.0 ; python_version >= "3.8"',
  '--extra-index-url https://pypi.org/simple',
]
const pinned = [
  `six @ https://files.pythonhosted.org/packages/six-1.17.0.tar.gz#sha256=${'ab'.repeat(32)}`,
  `one @ https://example.com/one.zip --hash=sha256:${'cd'.repeat(32)}`,
  `two @ git+https://example.com/two.git@${'0'.repeat(40)} ; os_name == "posix"`,
]

const cases = new Map()
for (const model of models) cases.set(`${basename(dirname(model))}-${basename(model)}`, await environmentOf(model))
for (const [index, line] of hostile.entries()) cases.set(`hostile-${index}`, await environmentOfLines([line]))
cases.set('hostile', await environmentOfLines(hostile))
cases.set('ordinary', await environmentOfLines(ordinary))
cases.set('pinned', await environmentOfLines(pinned))
cases.set('conda', await environmentOf(join(root, 'test/fixtures/env/conda-model'), { manager: 'conda' }))
cases.set('empty', await environmentOfLines([]))
for (const [name, environment] of cases) write(name, environment)
process.stdout.write(`${cases.size} environments in ${library.environmentFormats.length} formats\n`)

/** What the tools should read: the requirements that the texts hold, by our own record of them. */
function write(name, environment) {
  const place = join(folder, name)
  mkdirSync(place, { recursive: true })
  const entries = library.entriesForPip(environment)
  const expected = {
    python: entries.python,
    lines: library.requirementLines(entries),
    condaLines: library.requirementLines(library.entriesOf(environment)),
    requirements: entries.requirements.map(({ requirement, standard }) => ({
      key: requirement.key,
      url: requirement.url,
      standard,
    })),
    options: entries.options.map(({ option, value }) => ({ option, value })),
    constraints: entries.constraints.map(({ standard }) => standard),
    build: entries.buildDependencies.map(({ standard }) => standard),
    refused: [],
  }
  for (const format of library.environmentFormats)
    try {
      writeFileSync(join(place, format), library.formatEnvironment(environment, format).text)
    } catch (error) {
      if (error.code !== 'PYLOCK_NEEDS_INDEX') throw error
      expected.refused.push(format)
    }
  writeFileSync(join(place, 'expected.json'), JSON.stringify(expected))
}

async function environmentOf(path, options = {}) {
  return library.resolveEnvironment(await library.loadMlmodel(await library.locate(path)), options)
}

/** As a model whose conda.yaml and python_env.yaml hold the lines, line breaks and all. */
async function environmentOfLines(lines) {
  const model = mkdtempSync(join(tmpdir(), 'mlmodel-env-'))
  try {
    const file = { python: '3.11.7', build_dependencies: ['pip==26.3', 'setuptools', 'wheel'], dependencies: lines }
    writeFileSync(
      join(model, 'MLmodel'),
      'flavors:\n  python_function:\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n',
    )
    // JSON is YAML.
    writeFileSync(join(model, 'python_env.yaml'), JSON.stringify(file))
    return await environmentOf(model)
  } finally {
    rmSync(model, { recursive: true })
  }
}

async function load() {
  const out = mkdtempSync(join(tmpdir(), 'mlmodel-env-library-'))
  const from = (path) => JSON.stringify(join(root, 'src', path))
  buildSync({
    stdin: {
      contents: `export { environmentFormats, formatEnvironment } from ${from('env/format/index.ts')}
export { entriesForPip, entriesOf, requirementLines } from ${from('env/format/entries.ts')}
export { resolveEnvironment } from ${from('env/resolve.ts')}
export { loadMlmodel } from ${from('mlmodel.ts')}
export { locate } from ${from('locate/index.ts')}`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(out, 'library.mjs'),
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  })
  const made = await import(pathToFileURL(join(out, 'library.mjs')).href)
  rmSync(out, { recursive: true })
  return made
}
