/**
 * Makes docs/api.md from the doc blocks of everything that src/index.ts and the other entries export; fails where the file is another,
 * `--write` writes it. Declarations are taken from what the compiler emits, so that no signature is written twice.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

/** What stands first, in reading order; everything else follows by its module. */
const chapters = [
  [
    'Scoring',
    ['openModel', 'Model', 'OpenOptions', 'OpenModelOptions', 'PredictCallOptions', 'CallOptions', 'Reply', 'Predictions'],
  ],
  [
    'What goes in and comes out',
    ['InputOf', 'ModelInput', 'ColumnInput', 'ColumnsOf', 'TensorInput', 'TensorDtype', 'TensorOutput', 'Int64', 'ModelTypes'],
  ],
  [
    'Making signatures, models and requests',
    [
      'inferSignature',
      'InferOptions',
      'SampleInput',
      'SampleFileOptions',
      'setSignature',
      'createModel',
      'CreateModelOptions',
      'createExample',
      'ExampleOptions',
      'ExampleRequest',
      'Protocol',
    ],
  ],
  ['The flavor’s own object', ['NativeModel', 'NativeOnnx']],
  ['Errors', ['MlmodelError', 'ErrorKind', 'errorKinds', 'ErrorCode', 'Problem', 'problemMessage', 'Where']],
]

const emitted = mkdtempSync(join(tmpdir(), 'mlmodel-api-'))
process.on('exit', () => rmSync(emitted, { recursive: true, force: true }))
const tsc = join('node_modules', 'typescript', 'bin', 'tsc')
const { stdout } = spawnSync(process.execPath, [tsc, '-p', 'scripts/tsconfig.types.json', '--outDir', emitted], {
  encoding: 'utf8',
})
// It writes its output in spite of type errors, which are the tests' to find.
if (stdout !== '') console.error(stdout)

const texts = new Map()
const textOf = (file) => {
  if (!texts.has(file)) texts.set(file, readFileSync(file, 'utf8'))
  return texts.get(file)
}

/** Exported name → the file that declares it and its name there, through files that only pass it on. */
function exportsOf(file) {
  const found = new Map()
  for (const [, names, from] of textOf(file).matchAll(/^export (?:type )?\{([^}]*)\} from ['"]([^'"]+)['"];?/gm)) {
    const source = join(dirname(file), from.replace(/\.ts$|\.js$/, '.d.ts'))
    for (const item of names
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter(Boolean)) {
      const [name, as = name] = item.split(/ as /)
      found.set(as, declarationOf(source, name))
    }
  }
  return found
}

function declarationOf(file, name) {
  const start = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:async )?(?:function|interface|type|class|const) ${name}\\b`,
    'm',
  )
  const text = textOf(file)
  if (start.test(text)) return { file, name }
  const passed = exportsOf(file).get(name)
  if (passed === undefined) throw new Error(`${name} is not declared in ${file}`)
  return passed
}

/** All declarations of a name (a function may be overloaded), each with its doc block. */
function readDeclarations({ file, name }) {
  const text = textOf(file)
  const start = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:async )?(?:function|interface|type|class|const) ${name}\\b`,
    'gm',
  )
  return [...text.matchAll(start)].map((match) => {
    const end = endOf(text, match.index)
    const before = text.slice(0, match.index)
    const doc = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(before)?.[1] ?? ''
    const declaration = text
      .slice(match.index, end)
      .replace(/^export (declare )?/, '')
      .replaceAll(/^ {4}(?=\S)|^ {4}(?= )/gm, '  ')
    return { doc: plainDoc(doc), declaration: declaration.trimEnd() }
  })
}

/** The end of a declaration: the first semicolon or closing brace that stands in no bracket. */
function endOf(text, from) {
  let depth = 0
  const body = /^export (declare )?(abstract )?(class|interface)/.test(text.slice(from, from + 40))
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('/*', at)) at = text.indexOf('*/', at) + 1
    else if ('\'"`'.includes(text[at])) at = text.indexOf(text[at], at + 1)
    else if ('({['.includes(text[at])) depth += 1
    else if (')}]'.includes(text[at])) {
      depth -= 1
      if (depth === 0 && body && text[at] === '}') return at + 1
    } else if (text[at] === ';' && depth === 0) return at + 1
  }
  return text.length
}

/** A doc block without its stars; tags as a list, examples as code. */
function plainDoc(block) {
  const lines = block.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  const out = []
  let code = false
  for (const line of lines) {
    const tag = /^@(\w+)\s*(.*)$/.exec(line)
    if (tag === null) {
      out.push(code || out.at(-1)?.startsWith('- ') !== true || line === '' ? line : `  ${line.trim()}`)
      continue
    }
    if (code) out.push('```')
    code = tag[1] === 'example'
    if (code) out.push('', '```ts', ...(tag[2] === '' ? [] : [tag[2]]))
    else {
      const [, name, text] = /^(\S+)\s+-?\s*(.*)$/.exec(tag[2]) ?? []
      out.push(tag[1] === 'param' && name !== undefined ? `- \`${name}\`: ${text}` : `- *${tag[1]}* ${tag[2]}`)
    }
  }
  while (out.at(-1) === '') out.pop()
  if (code) out.push('```')
  const text = out.join('\n').trim()
  return text
    .replaceAll(/\{@link ([^}]+)\}/g, '`$1`')
    .replaceAll(/([^\n-].*)\n(- )/g, (whole, line, dash) =>
      line.startsWith('  ') || /^- /.test(line) ? whole : `${line}\n\n${dash}`,
    )
}

const all = exportsOf(join(emitted, 'index.d.ts'))
/** Entries besides the library, each a chapter; what the library has too is described there. */
const entries = [
  ['In another server: `mlmodel/serve`', 'mlmodel-serve.d.ts'],
  ['A client: `mlmodel/client`', 'mlmodel-client.d.ts'],
].map(([title, file]) => {
  const found = exportsOf(join(emitted, file))
  found.delete('MlmodelError')
  return [title, [...found.keys()], found]
})
const chosen = new Set(chapters.flatMap(([, names]) => names))
for (const name of chosen)
  if (!all.has(name)) throw new Error(`src/index.ts does not export ${name}, which scripts/api.mjs wants`)
const rest = [...all.keys()].filter((name) => !chosen.has(name))
const moduleOf = (name) =>
  all
    .get(name)
    .file.slice(emitted.length + 1)
    .split(/[\\/]/)[0]
    .replace(/\.d\.ts$/, '')
const modules = [...new Set(rest.map(moduleOf))]
const parts = modules.map((module) => [`From \`src/${module}\``, rest.filter((name) => moduleOf(name) === module)])

const head = `# API of the npm library

Made from the doc blocks of \`src/\` by \`node scripts/api.mjs --write\`; a test holds it to them. Everything is imported from \`mlmodel\`:
\`import { openModel } from 'mlmodel'\`, or \`require('mlmodel')\` on Node 20.19 and newer. \`mlmodel/runner\` is the program of a model's
own process, an entry of its own for a bundler; \`mlmodel/serve\` and \`mlmodel/client\` have their chapters.
`
const body = [...chapters, ...entries, ['Parts that can be used alone', []], ...parts].map(([title, names, own = all]) => {
  const level = parts.some(([other]) => other === title) ? '###' : '##'
  const written = names.map((name) => {
    const declarations = readDeclarations(own.get(name))
    const code = declarations.map(({ declaration }) => declaration).join('\n')
    const docs = declarations.map(({ doc }) => doc).filter((doc) => doc !== '')
    return `${level}# ${name}\n\n${docs.length === 0 ? '' : `${docs.join('\n\n')}\n\n`}\`\`\`ts\n${code}\n\`\`\`\n`
  })
  return `${level} ${title}\n\n${written.join('\n')}`
})
const text = `${[head, ...body].join('\n').trimEnd()}\n`

const file = join('docs', 'api.md')
let current = ''
try {
  current = readFileSync(file, 'utf8')
} catch {}
if (current === text) console.log(`${file} is what the doc blocks say`)
else if (process.argv.includes('--write')) writeFileSync(file, text)
else {
  console.error(`${file} is not what the doc blocks say: run \`node scripts/api.mjs --write\``)
  process.exitCode = 1
}
