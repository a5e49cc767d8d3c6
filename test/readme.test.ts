import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { commands } from '../src/cli/commands.ts'
import { parseArguments } from '../src/cli/parse.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))

test('README.md shows the real output of its commands', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/readme.mjs'], { cwd: root, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})

/** Blocks of a shell. */
const block = /^ *```(?:sh|console)\n([\s\S]*?)^ *```$/gm
/** A word in quotes or without. */
const word = /"([^"]*)"|'([^']*)'|(\S+)/g

/** Every command line of ours in a document, as words: without comment, pipe and redirection. */
function commandLines(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(block)]
    .flatMap(([, body]) => body!.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => /^ *(?:\$ )?mlmodel (.*)$/.exec(line)?.[1])
    .filter((line) => line !== undefined)
    .map((line) =>
      [...line.replace(/ +[#>|].*$/, '').matchAll(word)].map(([, double, single, plain]) => double ?? single ?? plain!),
    )
}

test('every command line of the documents is one that is understood', async () => {
  const documents = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))]
  let lines = 0
  for (const document of documents.filter((name) => name.endsWith('.md')))
    for (const [name, ...rest] of commandLines(readFileSync(join(root, document), 'utf8'))) {
      lines++
      const entry = commands.find((each) => each.name === name)
      assert.ok(entry !== undefined, `${document}: there is no command ${name}`)
      const command = await entry.load()
      assert.doesNotThrow(() => parseArguments(command, rest), `${document}: mlmodel ${[name, ...rest].join(' ')}`)
    }
  assert.ok(lines > 30, `${lines} lines were found`)
})
