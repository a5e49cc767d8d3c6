/**
 * Bundles the Test page of `mlmodel serve` into src/serve/test-page/assets.generated.ts, four texts, so that no path has to be
 * found at run time. `--check` only says whether that file is what the sources give.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const folder = 'src/serve/test-page/browser'
const target = 'src/serve/test-page/assets.generated.ts'

/** @param {string} entry */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [`${folder}/${entry}`],
    bundle: true,
    format: 'iife',
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    minify: true,
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
  })
  return outputFiles[0].text
}

const page = readFileSync(`${folder}/page.html`, 'utf8').replaceAll(/<!--[\s\S]*?-->\s*/g, '')
const files = {
  page,
  script: await bundle('main.ts'),
  style: await bundle('page.css'),
  icon: readFileSync(`${folder}/icon.svg`, 'utf8').trim(),
}
const text = `// Made by scripts/build-page.mjs from ${folder}: do not edit.
${Object.entries(files)
  .map(([name, content]) => `export const ${name} =\n  ${JSON.stringify(content)}\n`)
  .join('')}`

let old = ''
try {
  old = readFileSync(target, 'utf8')
} catch {
  // The first build.
}
if (process.argv.includes('--check')) {
  if (old !== text) {
    console.error(`${target} is not what ${folder} gives: run node scripts/build-page.mjs`)
    process.exitCode = 1
  }
} else if (old !== text) writeFileSync(target, text)
