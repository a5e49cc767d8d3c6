/**
 * Runs the commands that README.md shows with their output (blocks of `console` whose `$ mlmodel …` lines are followed by
 * something) and fails where the output is another; `--write` puts the real output there. dist/ must be built.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const text = readFileSync('README.md', 'utf8')
const env = { ...process.env, NO_COLOR: '1', COLUMNS: '80' }
delete env.FORCE_COLOR

/** Output as a terminal shows it: stdout and stderr, as these commands write only to one of them. */
function shown(command) {
  const { stdout, stderr, error } = spawnSync(process.execPath, [join('bin', 'mlmodel.js'), ...command.split(/\s+/)], {
    encoding: 'utf8',
    env,
  })
  if (error) throw error
  return (stdout + stderr).trimEnd()
}

const real = text.replace(
  /^```console\n((?:\$ mlmodel (?:inspect|predict|validate|env) .*\n(?:(?!\$ |```).*\n)*)+)```$/gm,
  (block, body) => {
    const lines = body.trimEnd().split('\n')
    if (lines.every((line) => line.startsWith('$ '))) return block
    const commands = lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice('$ mlmodel '.length))
    return `\`\`\`console\n${commands.map((command) => `$ mlmodel ${command}\n${shown(command)}\n`).join('\n')}\`\`\``
  },
)

if (real === text) console.log('README.md shows the real output')
else if (process.argv.includes('--write')) writeFileSync('README.md', real)
else {
  writeFileSync(join('build', 'README.md'), real)
  console.error(
    'README.md shows other output than the commands give; compare with build/README.md, or run `node scripts/readme.mjs --write`',
  )
  process.exitCode = 1
}
