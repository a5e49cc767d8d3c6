/** The text of THIRD-PARTY-NOTICES.txt: a licence for every package whose code the bundles contain. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const head = `Third-party notices

The files in dist/ contain code of the packages below. The packages mlmodel-onnxruntime-* contain ONNX Runtime
(MIT, Copyright (c) Microsoft Corporation) and carry its notices themselves.
`

/**
 * Collects the licence texts of bundled packages.
 *
 * @param {Iterable<string>} inputs - paths of all bundled files, as in esbuild's metafile
 * @returns {string} the whole file, in the order of package names
 */
export function licenceNotices(inputs) {
  const folders = new Set()
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (match) folders.add(match[1])
    // The compiled schemas hold a few functions of ajv.
    if (input.endsWith('schemas.generated.ts')) folders.add('node_modules/ajv').add('node_modules/fast-deep-equal')
  }
  const sections = new Map()
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    // Some have one text for each licence that may be chosen; one that has none gets the licence's own words, with its author.
    const own = readdirSync(folder).filter((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry))
    const files =
      own.length > 0 ? own.map((file) => join(folder, file)) : [join('scripts', 'licences', `${name.replace('/', '+')}.txt`)]
    if (!files.every((file) => existsSync(file))) throw new Error(`${folder} has no licence text`)
    const text = files.map((file) => readFileSync(file, 'utf8').replace(/\r\n/g, '\n').trim()).join('\n\n')
    sections.set(`${name} ${version}`, `${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${text}\n`)
  }
  return [head, ...[...sections.keys()].sort().map((key) => sections.get(key))].join('\n')
}
