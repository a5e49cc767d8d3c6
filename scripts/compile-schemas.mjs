/**
 * Compiles schemas/*.json to checking code, so that what ships holds no schema compiler: src/schemas.generated.ts, one
 * function a schema under the name of its file. `--check` writes nothing and fails where the file would change.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import standalone from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const target = join(root, 'src', 'schemas.generated.ts')
const ending = '.schema.json'

const files = readdirSync(join(root, 'schemas'))
  .filter((name) => name.endsWith(ending))
  .sort()
const schemas = files.map((name) => JSON.parse(readFileSync(join(root, 'schemas', name), 'utf8')))
for (const [index, schema] of schemas.entries())
  if (schema.$id !== files[index]) throw new Error(`${files[index]}: its $id must be its name, and is ${schema.$id}`)

const ajv = new Ajv2020({
  schemas,
  allErrors: true,
  // A sentence of its own for every error would be half of the code.
  messages: true,
  // `type` beside `$ref`, `required` without `properties`: fine, and shorter.
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
  code: { source: true, esm: true, optimize: 2 },
})
const names = Object.fromEntries(
  files.map((name) => [name.slice(0, -ending.length).replace(/-(.)/g, (_, letter) => letter.toUpperCase()), name]),
)
const source = standalone.default(ajv, names)

// ajv's code asks for a few helpers of ajv; they are few lines, and bundled in.
const bundled = await build({
  stdin: { contents: source, resolveDir: root, sourcefile: 'schemas.js' },
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2022',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  write: false,
  metafile: true,
})
const code = bundled.outputFiles[0].text
if (Object.values(bundled.metafile.outputs).some((output) => output.imports.length > 0))
  throw new Error('the compiled schemas still import something')
const text = `// @ts-nocheck
// Made by scripts/compile-schemas.mjs from schemas/*.json; do not edit.
${code}`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/schemas.generated.ts is not what schemas/*.json compile to: run node scripts/compile-schemas.mjs')
    process.exitCode = 1
  }
} else writeFileSync(target, text)
