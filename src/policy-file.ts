/**
 * The policy of a team, from `mlmodel.config.yaml`. It is looked for from the current folder upward, never in a model: a stranger's
 * model must not bring along the rules by which it is judged.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Policy } from './check/policy.ts'
import { MlmodelError } from './errors/index.ts'
import { type FindingCode, findingTable, type Level } from './finding/index.ts'
import { guess } from './guess.ts'
import { mlmodelName } from './locate/index.ts'
import { isInside } from './paths.ts'
import { checkSchema } from './schema.ts'
import { isYamlMap, parseYaml, type YamlDocument, type YamlMap, type YamlValue } from './yaml.ts'

/** The name that is looked for. */
export const policyFileName = 'mlmodel.config.yaml'

/**
 * Finds the policy file of a folder: in it or in the nearest folder above that has one.
 *
 * @param models - folders of models that are validated; what lies in one of them, or in any folder with an MLmodel file, is passed over
 */
export function findPolicyFile(folder: string, models: readonly string[] = []): string | undefined {
  const inModels = models.filter(existsSync).map((path) => realpathSync.native(path))
  for (let at = realpathSync.native(folder); ; at = dirname(at)) {
    const path = join(at, policyFileName)
    const isForeign =
      existsSync(join(at, mlmodelName)) || inModels.some((model) => statSync(model).isDirectory() && isInside(model, at))
    if (!isForeign && existsSync(path)) return path
    if (dirname(at) === at) return undefined
  }
}

/**
 * Reads a policy file.
 *
 * @throws MlmodelError CONFIG_UNREADABLE, CONFIG_INVALID with the line, FINDING_UNKNOWN for a code that does not exist
 */
export function readPolicyFile(path: string): Policy {
  let document: YamlDocument
  try {
    document = parseYaml(readFileSync(path), path)
  } catch (error) {
    // A file of comments alone asks for nothing.
    if (error instanceof MlmodelError && error.code === 'YAML_EMPTY') return {}
    const reason = error instanceof Error ? error.message : String(error)
    const where = error instanceof MlmodelError ? error.where : { file: path }
    throw new MlmodelError('CONFIG_UNREADABLE', { path, reason }, { where, cause: error })
  }
  const fields = document.value
  if (!isYamlMap(fields))
    throw new MlmodelError('CONFIG_INVALID', { field: '', reason: 'must be a mapping' }, { where: { file: path } })
  const [problem] = checkSchema('config', fields)
  if (problem !== undefined) {
    const steps = problem.path.split('/').slice(1)
    const line = document.lineOf(steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step)))
    const where = { file: path, ...(line !== undefined && { line }) }
    throw new MlmodelError('CONFIG_INVALID', { field: steps.join('.'), reason: problem.message }, { where })
  }
  return policyOf(fields, document, path)
}

function policyOf(fields: YamlMap, document: YamlDocument, file: string): Policy {
  const levels = (fields.get('levels') ?? new Map()) as ReadonlyMap<FindingCode, Level | 'off' | false>
  for (const code of levels.keys()) {
    const line = document.lineOf(['levels', code])
    findingCode(code, { file, ...(line !== undefined && { line }) })
  }
  const asked = (fields.get('require') ?? new Map()) as YamlMap
  const size = fields.get('max_size')
  return {
    // `off` without quotes is false in YAML 1.1.
    levels: Object.fromEntries([...levels].map(([code, level]) => [code, level === false ? 'off' : level])),
    require: {
      signature: asked.get('signature') === true,
      inputExample: asked.get('input_example') === true,
      pins: asked.get('pins') === true,
      licence: (asked.get('licence') ?? false) as boolean | readonly string[],
      tags: texts(asked.get('tags')) ?? [],
    },
    ...given('flavors', texts(fields.get('flavors'))),
    ...given('python', texts(fields.get('python'))),
    ...given('maxBytes', size === undefined ? undefined : bytesOf(size)),
    ...given('targets', texts(fields.get('targets'))),
    ...given(
      'trust',
      texts(fields.get('trust'))?.map((text) => text.slice('sha256:'.length)),
    ),
    ...given('strict', fields.get('strict') as boolean | undefined),
  }
}

/**
 * A finding's code as people write it.
 *
 * @throws MlmodelError FINDING_UNKNOWN, with the nearest
 */
export function findingCode(text: string, where: { readonly file?: string; readonly line?: number } = {}): FindingCode {
  const code = text.toUpperCase()
  if (Object.hasOwn(findingTable, code)) return code as FindingCode
  const near = guess(code, Object.keys(findingTable))
  throw new MlmodelError('FINDING_UNKNOWN', { code: text, ...(near !== undefined && { near }) }, { where })
}

function texts(value: YamlValue | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : (value as readonly string[])
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: Value })
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

function bytesOf(size: YamlValue): number {
  if (typeof size === 'bigint') return Number(size)
  const [, number = '0', unit = 'B'] = /^([0-9.]+) ?([A-Za-z]+)$/.exec(String(size)) ?? []
  return Math.floor(Number(number) * units[unit]!)
}
