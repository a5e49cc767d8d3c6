/** The rules of docs/architecture.md that a reader of one file cannot see: who may import whom, and who may touch what. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { posix, sep } from 'node:path'
import { describe, test } from 'node:test'

/** Lower layers never import higher ones. A file's unit is its folder at the top of src, or its own name there. */
const layers: readonly (readonly string[])[] = [
  [
    'batch',
    'decimal',
    'dtype',
    'errors',
    'finding',
    'guess',
    'here',
    'kernels',
    'limits',
    'options',
    'paths',
    'show',
    'trim',
    'version',
    'whole-file',
  ],
  [
    ['data', 'enforce', 'env', 'javascript', 'json', 'locate', 'mlmodel', 'onnx', 'pickle', 'python-number'],
    ['schema', 'schemas', 'signature', 'skops', 'sniff', 'trees', 'ubjson', 'yaml', 'zip'],
  ].flat(),
  ['check', 'describe', 'example', 'flavors', 'infer', 'output-schema', 'python', 'typescript'],
  [
    'create',
    'diff',
    'inputs',
    'model',
    'policy-file',
    'predict-input',
    'runner',
    'score',
    'self-test',
    'team-schema',
    'validate',
  ],
  ['client', 'deploy', 'library', 'serve'],
  ['cli', 'index', 'mlmodel-client', 'mlmodel-runner', 'mlmodel-serve'],
]

/** Siblings that never import one another, by what their path starts with; the value is the exception. */
const siblings: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  data: { arrow: [], csv: [], image: [], json: [], npy: [], npz: ['npy'], parquet: [], reply: [] },
  flavors: { catboost: [], lightgbm: [], onnx: [], pyfunc: [], sklearn: [], xgboost: [] },
  serve: { azureml: [], mlflow: [], 'open-inference': [], 'test-page': [] },
  cli: { completion: [], env: [], inspect: [], predict: [], serve: [], types: [], validate: [] },
}

/** What only some files may import, and why it matters who does. */
const reserved: readonly { readonly what: RegExp; readonly only: RegExp }[] = [
  // runtime.ts finds the native library, session.ts runs it.
  { what: /^(onnxruntime|mlmodel-onnxruntime)/, only: /^onnx\/(session|runtime)\.ts$/ },
  { what: /^node:(child_process|cluster)$/, only: /^(runner|python)\// },
  // ONNX Runtime wants to know whether it was loaded on the main thread.
  { what: /^node:worker_threads$/, only: /^(runner\/|onnx\/(session|runtime)\.ts$)/ },
  {
    what: /^node:(http|https|http2|net|tls|dgram|dns)(\/|$)/,
    only: /^(locate\/|serve\/(trace|http|grpc)\.ts$|runner\/child-frames\.ts$)/,
  },
  { what: /^node:(readline|tty|repl)(\/|$)/, only: /^cli\// },
  { what: /^node:(vm|inspector|wasi)(\/|$)/, only: /^$/ },
]

/** Words of the program that only some files may say. */
const globals: readonly { readonly what: RegExp; readonly only: RegExp }[] = [
  { what: /\bprocess\.(argv|exit|exitCode|stdin|stdout|stderr|abort)\b/, only: /^(cli\/|mlmodel-runner\.ts$)/ },
  { what: /\bconsole\.(log|error|warn|info|debug|table|trace)\b/, only: /^cli\// },
  // ORT_DISABLE_TELEMETRY must be set before the native library is loaded.
  { what: /\bprocess\.env\b/, only: /^(cli\/|onnx\/(session|runtime)\.ts$)/ },
  { what: /\bfetch\(/, only: /^(client\/|locate\/|serve\/test-page\/browser\/)/ },
  { what: /\beval\(|\bnew Function\(/, only: /^$/ },
]

interface SourceFile {
  /** Relative to src, with `/`. */
  readonly path: string
  /** Without comments. */
  readonly code: string
  readonly lines: number
  /** All, in whatever way. */
  readonly imports: readonly string[]
  /** Those that run when the file is loaded: neither types nor `import()`. */
  readonly loaded: readonly string[]
}

/** A string or template (kept, group 1) or a comment. */
const tokens = /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g

/** The folder above build/, also when a part of the tests was built into a folder of its own there. */
const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/src/`)
const files = readSources()

describe('architecture', () => {
  test('the scanner reads the files', () => {
    assert.ok(files.length > 15)
    assert.deepEqual(
      importsOf(
        withoutComments(
          "// import 'a'\nimport { b } from 'b'\nconst x = await import('./c.ts')\nexport { d } from './d.ts'\nimport 'e'",
        ),
      ),
      ['b', './d.ts', './c.ts', 'e'],
    )
  })

  test('imports point downward', () => {
    const wrong = edges().filter(([from, to]) => layerOf(to) > layerOf(from))
    assert.deepEqual(wrong.map(arrow), [])
  })

  test('the two faces do not import each other', () => {
    assert.deepEqual(
      edges()
        .filter(
          ([from, to]) =>
            (unitOf(from) === 'cli' && unitOf(to) === 'index') || (unitOf(from) === 'index' && unitOf(to) === 'cli'),
        )
        .map(arrow),
      [],
    )
  })

  test('no file loads itself through others', () => {
    assert.deepEqual(cycles(edges(files.map(({ path, loaded }) => ({ path, imports: loaded })))), [])
  })

  test('no step imports itself through other steps', () => {
    const steps = edges().map(([from, to]) => [unitOf(from), unitOf(to)] as const)
    assert.deepEqual(cycles(steps.filter(([from, to]) => from !== to)), [])
  })

  test('formats, flavors, protocols and subcommands do not import their siblings', () => {
    const wrong = edges().filter(([from, to]) => {
      const family = siblings[unitOf(from)]
      const [a, b] = [siblingOf(from), siblingOf(to)]
      return unitOf(from) === unitOf(to) && family && a && b && a !== b && !family[a]?.includes(b)
    })
    assert.deepEqual(wrong.map(arrow), [])
  })

  test('native code, processes and the network are touched only where the design says', () => {
    const wrong: string[] = []
    for (const { path, imports } of files) {
      for (const { what, only } of reserved) {
        for (const name of imports) if (what.test(name) && !only.test(path)) wrong.push(arrow([path, name]))
      }
    }
    assert.deepEqual(wrong, [])
  })

  test('streams, arguments, exit codes and the environment are touched only by the command line', () => {
    const wrong: string[] = []
    for (const { path, code } of files) {
      const words = withoutStrings(code)
      for (const { what, only } of globals) {
        const found = what.exec(words)
        if (found && !only.test(path)) wrong.push(`${path}: ${found[0]}`)
      }
    }
    assert.deepEqual(wrong, [])
  })

  test('a package is imported by one file', () => {
    const importers = new Map<string, Set<string>>()
    for (const { path, imports } of files) {
      for (const name of imports.filter((name) => /^[a-z@]/.test(name) && !name.startsWith('node:'))) {
        importers.set(name, (importers.get(name) ?? new Set()).add(path))
      }
    }
    const shared = [...importers]
      .filter(([, paths]) => paths.size > 1)
      .map(([name, paths]) => `${name}: ${[...paths].join(', ')}`)
    assert.deepEqual(shared, [])
  })

  test('the rules of style that a formatter does not know', () => {
    const wrong: string[] = []
    for (const { path, code } of files) {
      const words = withoutStrings(code)
      if (/^export \*/m.test(words)) wrong.push(`${path}: export *`)
      if (/^export default\b/m.test(words)) wrong.push(`${path}: a default export`)
      // A subcommand's file has its name.
      if (path !== 'cli/types.ts' && /(^|\/)(utils?|helpers?|common|core|lib|types|misc)(\/|\.ts$)/.test(path))
        wrong.push(`${path}: a name that says nothing`)
      if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.generated)?(\.d)?\.(ts|js)$/.test(path.split('/').at(-1)!))
        wrong.push(`${path}: not kebab-case`)
    }
    assert.deepEqual(wrong, [])
  })

  test('long files are named', (t) => {
    for (const { path, lines } of files) {
      if (lines > 400 && !path.includes('.generated.')) t.diagnostic(`src/${path} has ${lines} lines; the aim is 400`)
    }
  })
})

/** All imports between files of src, as [from, to]. */
function edges(of: readonly Pick<SourceFile, 'path' | 'imports'>[] = files): (readonly [string, string])[] {
  return of.flatMap(({ path, imports }) =>
    imports.filter((name) => name.startsWith('.')).map((name) => [path, posix.join(posix.dirname(path), name)] as const),
  )
}

function arrow([from, to]: readonly [string, string]): string {
  return `${from} → ${to}`
}

/** `data/csv/read.ts` → `data`; `signature.ts` and `signature/spec.ts` → `signature`; a file outside src → its path. */
function unitOf(path: string): string {
  return path.split('/')[0]!.replace(/(\.generated)?\.ts$/, '')
}

function layerOf(path: string): number {
  // Schemas and other assets beside src are words.
  if (path.startsWith('../')) return 0
  const layer = layers.findIndex((units) => units.includes(unitOf(path)))
  assert.ok(layer >= 0, `src/${path} has no layer: add \`${unitOf(path)}\` to the list in this test`)
  return layer
}

/** `data/csv/read.ts`, `data/csv.ts` and `data/csv-plan.ts` → `csv`. */
function siblingOf(path: string): string | undefined {
  const name = path.split('/')[1] ?? ''
  return Object.keys(siblings[unitOf(path)] ?? {}).find(
    (sibling) => name === sibling || name === `${sibling}.ts` || name.startsWith(`${sibling}-`),
  )
}

/** The strongly connected components of more than one node, and self-loops (Tarjan). */
function cycles(pairs: readonly (readonly [string, string])[]): string[] {
  const next = new Map<string, string[]>()
  for (const [from, to] of pairs) next.set(from, [...(next.get(from) ?? []), to])
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[] = []
  const visit = (node: string): void => {
    index.set(node, index.size)
    low.set(node, index.get(node)!)
    stack.push(node)
    for (const to of next.get(node) ?? []) {
      if (!index.has(to)) {
        visit(to)
        low.set(node, Math.min(low.get(node)!, low.get(to)!))
      } else if (stack.includes(to)) low.set(node, Math.min(low.get(node)!, index.get(to)!))
    }
    if (low.get(node) !== index.get(node)) return
    const component = stack.splice(stack.indexOf(node))
    if (component.length > 1 || next.get(node)?.includes(node)) found.push(component.sort().join(' ↔ '))
  }
  for (const [from] of pairs) if (!index.has(from)) visit(from)
  return found.sort()
}

function readSources(): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js)$/.test(name))
    .map((name) => name.split(sep).join('/'))
    .sort()
    .map((path) => {
      const text = readFileSync(new URL(path, root), 'utf8')
      const code = withoutComments(text)
      return { path, code, lines: text.split('\n').length, imports: importsOf(code), loaded: loadedBy(code) }
    })
}

function importsOf(code: string): string[] {
  return [
    ...code.matchAll(/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\b(?:import|require|require\.resolve)\(\s*['"]([^'"]+)['"]/g),
    ...code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm),
  ].map((match) => match[1]!)
}

function loadedBy(code: string): string[] {
  return [...code.matchAll(/^\s*(?:import|export)\b(?!\s+type\b)[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm)].map((match) => match[1]!)
}

function withoutComments(text: string): string {
  return text.replace(tokens, (_match, literal: string | undefined) => literal ?? '')
}

function withoutStrings(code: string): string {
  return code.replace(tokens, "''")
}
