/** `mlmodel env show`: resolve, override, write, and print. */
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { environmentFindings } from '../env/findings.ts'
import type { EnvironmentFormat } from '../env/format/index.ts'
import type { EnvironmentChange, Overridden } from '../env/override.ts'
import { type EnvironmentReading, readEnvironmentOf } from '../env/reading.ts'
import type { RequirementLine } from '../env/requirements-file.ts'
import { resolveReading } from '../env/resolve.ts'
import type { ResolvedEnvironment } from '../env/resolved.ts'
import { withoutSecrets } from '../env/secrets.ts'
import { MlmodelError } from '../errors/index.ts'
import { findingMessage } from '../finding/index.ts'
import { mlmodelName } from '../locate/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import type { Output } from '../whole-file.ts'
import type { Console } from './command.ts'
import { type EnvOptions, pythonVersion, wantsJson } from './env.ts'

/** @returns the exit code: 1 where a finding is an error */
export async function showModel(model: Mlmodel, location: string, options: EnvOptions, console: Console): Promise<number> {
  const python = pythonVersion(options.python)
  const reading = await readEnvironmentOf(model)
  const resolved = await resolveReading(reading, {
    manager: options['env-manager'],
    python,
    platform: options.platform,
    machine: options.machine,
    environmentRoot: console.terminal.environment.environmentRoot,
  })
  const overridden = await override(resolved, options, console)
  const { environment } = overridden
  const written = options.write ? await write(reading, overridden.wanted, console) : []
  // What was written is judged as it stands now.
  const judged = written.length === 0 ? { reading, resolved } : await again(model, resolved, console)
  const findings = await environmentFindings(judged.reading, judged.resolved)
  const errors = findings.filter(({ level }) => level === 'error')
  const format = options.format ?? 'text'
  let text: string
  if (wantsJson(options)) {
    const { jsonText } = await import('./report.ts')
    const { describeResolved } = await import('../describe/resolved-environment.ts')
    text = jsonText(describeResolved(location, environment, findings, overridden.changes, written))
  } else if (format === 'text') {
    const { renderEnvironment } = await import('./env-render.ts')
    const style = { width: console.width, ink: console.ink, all: options.all || console.verbose }
    text = renderEnvironment(location, environment, findings, overridden.changes, style)
  } else {
    const { formatEnvironment } = await import('../env/format/index.ts')
    const formatted = formatEnvironment(environment, format as EnvironmentFormat)
    for (const { what, why } of formatted.omitted) console.warn(withoutSecrets(`${what}: ${why}`))
    for (const each of errors) console.warn(`${each.where.file ?? ''}:${each.where.line ?? ''}: ${findingMessage(each)}`)
    text = formatted.text
  }
  await print(text, options.output, reading, console)
  return errors.length > 0 ? 1 : 0
}

async function again(model: Mlmodel, before: ResolvedEnvironment, console: Console) {
  const reading = await readEnvironmentOf(model)
  const { manager, target } = before
  const { environmentRoot } = console.terminal.environment
  return { reading, resolved: await resolveReading(reading, { manager, ...target, environmentRoot }) }
}

async function override(resolved: ResolvedEnvironment, options: EnvOptions, console: Console): Promise<Overridden> {
  const isAsked =
    options.with.length > 0 ||
    options.without.length > 0 ||
    options.requirements !== undefined ||
    options.for !== undefined ||
    options.python !== undefined
  if (!isAsked) {
    if (options.write) throw new MlmodelError('ENVIRONMENT_ACTION', { why: '`--write` writes an override, and none is given' })
    return { environment: resolved, changes: [], wanted: [], unknown: [] }
  }
  const { overrideEnvironment } = await import('../env/override.ts')
  const overridden = overrideEnvironment(resolved, {
    with: options.with,
    without: options.without,
    lines: options.requirements === undefined ? [] : await readLines(options.requirements),
    python: options.python,
    platform: options.for,
  })
  for (const name of overridden.unknown) console.warn(`the model does not require ${name}: nothing to leave out`)
  return overridden
}

/** The user's own requirements file, with what it includes of its folder. */
async function readLines(path: string): Promise<readonly RequirementLine[]> {
  const { openModelFolder } = await import('../env/model-folder.ts')
  const { readRequirementsFile } = await import('../env/requirements-file.ts')
  const { defaultLimits } = await import('../limits.ts')
  const real = await realpath(resolve(path))
  const { lines, errors } = await readRequirementsFile(openModelFolder(dirname(real), defaultLimits), basename(real))
  if (errors[0] !== undefined) throw errors[0]
  return lines
}

/** All files under other names first; then each takes its place. */
async function write(
  reading: EnvironmentReading,
  wanted: readonly EnvironmentChange[],
  console: Console,
): Promise<readonly string[]> {
  const { updateFiles } = await import('../env/update.ts')
  const { openOutputFile } = await import('../whole-file.ts')
  const { resolveInside } = await import('../paths.ts')
  const updated = updateFiles(reading, wanted)
  const outputs: { readonly name: string; readonly path: string; readonly output: Output }[] = []
  const done: string[] = []
  try {
    for (const { name, bytes } of updated) {
      const path = await resolveInside(reading.model.directory, name, { file: name })
      const output = await openOutputFile(path)
      outputs.push({ name, path, output })
      await output.write(bytes)
    }
    for (const { name, output } of outputs) {
      await output.commit()
      done.push(name)
    }
  } catch (error) {
    for (const { name, path, output } of outputs) {
      await output.abandon()
      const before = await reading.folder.read(name)
      // One file alone would be a new disagreement: what has been replaced goes back.
      if (done.includes(name) && before.state === 'read') {
        const back = await openOutputFile(path)
        await back.write(before.bytes)
        await back.commit()
      }
    }
    throw error
  }
  const names = updated.map(({ name }) => name)
  if (!console.quiet) await console.err.write(names.length === 0 ? 'nothing to write\n' : `written: ${names.join(', ')}\n`)
  return names
}

/** The model's own files are written by `--write` alone. */
async function print(
  text: string,
  path: string | undefined,
  { model, files }: EnvironmentReading,
  console: Console,
): Promise<void> {
  if (path === undefined || path === '-') return console.out.write(text)
  const { openOutputFile, refuseOverwriting } = await import('../whole-file.ts')
  const own = [mlmodelName, files.conda.name, files.pythonEnv.name, files.requirements.name]
  await refuseOverwriting(
    path,
    own.map((name) => join(model.directory, name)),
  )
  const output = await openOutputFile(path)
  try {
    await output.write(Buffer.from(text))
    await output.commit()
  } catch (error) {
    await output.abandon()
    throw error
  }
}
