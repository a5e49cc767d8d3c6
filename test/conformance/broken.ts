/**
 * `npm run conformance:broken -- DIR`: defective model folders against `expect.json`, through `validate --json` of the installed
 * command. reject: exit code 1 and an error that names the defect of why.txt at its file or field; warn: 0 with a warning; accept: 0
 * without one. Symbolic links, which no archive keeps, are made in a temporary copy from the nearest links.tsv above DIR.
 */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { readArguments } from './arguments.ts'
import { namesDefect } from './broken-defects.ts'
import type { Foreign } from './canonical.ts'
import { executableOf } from './command.ts'
import { packageUnderTest } from './package-under-test.ts'
import { openReport, type Report } from './report.ts'

const { path, from } = readArguments(process.argv.slice(2), 'conformance:broken -- DIR')
const executable = executableOf(from ?? packageUnderTest())
if (executable === undefined) throw new Error('the package under test has no bin/mlmodel.js')
const report = openReport((line) => console.log(line))
const copy = mkdtempSync(join(tmpdir(), 'mlmodel-broken-'))
try {
  cpSync(path, copy, { recursive: true, verbatimSymlinks: true })
  makeLinks(resolve(path), copy)
  for (const name of readdirSync(path).sort())
    if (existsSync(join(path, name, 'expect.json'))) await judge(report, name, executable)
} finally {
  rmSync(copy, { recursive: true, force: true })
}
process.exitCode = report.end()

async function judge(out: Report, name: string, command: string): Promise<void> {
  const { outcome, why }: Foreign = JSON.parse(readFileSync(join(path, name, 'expect.json'), 'utf8'))
  const { code, stdout, stderr } = await run(command, join(copy, name, 'model'))
  let findings: readonly Foreign[]
  try {
    findings = JSON.parse(stdout).models[0].findings
  } catch {
    out.fail(name, 'a document on stdout', `exit code ${code}: ${stdout}${stderr}`)
    return
  }
  const got = `exit code ${code}: ${
    findings
      .filter(({ level }) => level !== 'notice')
      .map(inWords)
      .join(' | ') || 'nothing'
  }`
  const errors = findings.filter(({ level }) => level === 'error')
  const warnings = findings.filter(({ level }) => level === 'warning')
  if (outcome === 'reject') {
    if (code !== 1 || !errors.some((found) => namesDefect(why, found)))
      out.fail(name, `exit code 1, and an error that names: ${why}`, got)
    else out.pass()
  } else if (outcome === 'warn') {
    if (code !== 0 || !warnings.some((found) => namesDefect(why, found)))
      out.fail(name, `exit code 0, and a warning that names: ${why}`, got)
    else out.pass()
  } else if (code !== 0 || warnings.length > 0) out.fail(name, `exit code 0 and no warning: ${why}`, got)
  else out.pass()
}

function inWords({ level, code, where, message }: Foreign): string {
  return `${level} ${code} ${[where.file, where.line, where.path].filter((part) => part !== undefined).join(' ')}: ${message}`
}

/** A line of links.tsv: where a link belongs, from the folder of the file, and where it leads. */
function makeLinks(original: string, into: string): void {
  let folder = original
  while (!existsSync(join(folder, 'links.tsv'))) {
    if (dirname(folder) === folder) return
    folder = dirname(folder)
  }
  const prefix = `${relative(folder, original).split(sep).join('/')}/`
  for (const line of readFileSync(join(folder, 'links.tsv'), 'utf8').split('\n')) {
    const [place, target] = line.split('\t')
    if (place === undefined || target === undefined || !place.startsWith(prefix)) continue
    const link = join(into, place.slice(prefix.length))
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(target, link)
  }
}

function run(command: string, model: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const args = [command, 'validate', model, '--json', '--config', 'none']
    execFile(process.execPath, args, { timeout: 60_000, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr })
    })
  })
}
