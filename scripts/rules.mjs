/**
 * Makes docs/rules.md from the table of findings (src/finding/); fails where the file is another, `--write` writes it.
 * A table's first comment is its heading.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const folder = join('src', 'finding')
const target = join('docs', 'rules.md')
/** In the order in which a reader meets them; what is not named follows by its name. */
const order = ['mlmodel', 'loader', 'content', 'pickle', 'formats', 'environment', 'run', 'target', 'policy']

const tables = readdirSync(folder)
  .map((name) => name.replace(/\.ts$/, ''))
  .filter((name) => !['define', 'index', 'of-error'].includes(name))
  .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))

function place(name) {
  const at = order.indexOf(name)
  return at === -1 ? order.length : at
}

const bundled = await build({
  stdin: {
    contents: [
      `export { findingTable } from './index.ts'`,
      ...tables.map((name, index) => `import * as t${index} from './${name}.ts'`),
      `export const tables = [${tables.map((_, index) => `t${index}`).join(', ')}]`,
    ].join('\n'),
    resolveDir: folder,
    sourcefile: 'rules.ts',
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  write: false,
})
const url = `data:text/javascript;base64,${Buffer.from(bundled.outputFiles[0].text).toString('base64')}`
const { findingTable, tables: modules } = await import(url)

const told = new Set()
const sections = modules.map((module, index) => {
  const text = readFileSync(join(folder, `${tables[index]}.ts`), 'utf8')
  const heading = /^\/\*\*\s*\*?\s*([\s\S]*?)\*\//.exec(text)[1].replace(/\s*\n\s*\*?\s*/g, ' ')
  const rows = Object.values(module)
    .filter((value) => typeof value === 'object')
    .flatMap((table) => Object.entries(table))
    .filter(([code, info]) => findingTable[code] === info && !told.has(code))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [code] of rows) told.add(code)
  return [`## ${heading.trim().replace(/\.$/, '').split('. ')[0]}`, '', ...rows.flatMap(rule)].join('\n')
})

function rule([code, { level, unjudged, title, why, fix }]) {
  const effect = unjudged === true ? `${level}; not judged, so the exit code is 2` : level
  return [`### ${code}`, '', `**${title}** (${effect})`, '', why, '', `Fix: ${fix()}.`, '']
}

const missing = Object.keys(findingTable).filter((code) => !told.has(code))
if (missing.length > 0) throw new Error(`in no file of ${folder}: ${missing.join(', ')}`)

const text = `# Rules of \`mlmodel validate\`

Made by scripts/rules.mjs from the table of findings; \`mlmodel validate --explain CODE\` prints one of them. A policy file sets other
levels (\`levels:\` in mlmodel.config.yaml), \`--ignore CODE\` leaves a finding out, \`--strict\` makes warnings count.

An **error** makes the exit code 1, a **warning** does not, a **notice** is shown with \`--verbose\`.

${sections.filter((section) => section.includes('###')).join('\n')}`

if (process.argv.includes('--write')) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error('docs/rules.md is not what src/finding/ says: run node scripts/rules.mjs --write')
  process.exitCode = 1
}
