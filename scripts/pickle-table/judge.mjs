/**
 * Judges every file of folders and counts the verdicts: `node scripts/pickle-table/judge.mjs DIR...`, after `npx tsc -p . --outDir build`.
 * Prints each file that is not safe, with what was said of it.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const build = process.env.MLMODEL_BUILD ?? new URL('../../build/', import.meta.url).href
const { judgePickle } = await import(`${build}src/pickle/file.js`)
const { readSkops } = await import(`${build}src/skops/read.js`)
const { defaultLimits } = await import(`${build}src/limits.js`)

const counts = new Map()
const reasons = new Map()
let bytes = 0
let slowest = 0
for (const file of process.argv.slice(2).flatMap(filesOf)) {
  const content = readFileSync(file)
  bytes += content.length
  const before = performance.now()
  const verdict = file.endsWith('.skops') ? readSkops(content, {}, defaultLimits) : judgePickle(content, defaultLimits)
  slowest = Math.max(slowest, performance.now() - before)
  const form = file.slice(file.lastIndexOf('/') + 1).replace(/^[^.]*\./, '')
  counts.set(`${form} ${verdict.outcome}`, (counts.get(`${form} ${verdict.outcome}`) ?? 0) + 1)
  if (verdict.outcome === 'safe') continue
  const said = verdict.unsafe.map(({ module, name, how, why }) => `${module}.${name}: ${how}, ${why}`)
  const key = said.slice(0, 3).join('; ') || `reject: ${verdict.rejection.why}`
  reasons.set(key, [...(reasons.get(key) ?? []), file])
}
for (const [key, count] of [...counts].sort()) console.log(String(count).padStart(6), key)
console.log(`${bytes} bytes, slowest file ${slowest.toFixed(0)} ms`)
for (const [key, files] of reasons) console.log(`\n${files.length} × ${key}\n  ${files.slice(0, 4).join('\n  ')}`)

function filesOf(path) {
  return statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .flatMap((name) => filesOf(join(path, name)))
    : [path]
}
