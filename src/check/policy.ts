/** What a team asks of its models, beyond what every model must be. */
import { readEnvironment } from '../env/index.ts'
import { type Finding, type FindingCode, finding, type Level } from '../finding/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { isYamlMap } from '../yaml.ts'
import type { Check, CheckContext } from './check.ts'
import { fieldPlace } from './place.ts'

/** The policy of a team, as `mlmodel.config.yaml` says it (schemas/config.schema.json). Everything is optional. */
export interface Policy {
  /** Levels of findings by their codes; `off` leaves them out. */
  readonly levels?: Readonly<Partial<Record<FindingCode, Level | 'off'>>>
  readonly require?: {
    readonly signature?: boolean
    readonly inputExample?: boolean
    /** Every requirement with an exact version. */
    readonly pins?: boolean
    /** A licence in `metadata.license` or a licence file; or one of these names in `metadata.license`. */
    readonly licence?: boolean | readonly string[]
    /** Keys that `metadata` must have, each with a value. */
    readonly tags?: readonly string[]
  }
  /** The only flavors that are accepted; `python_function` beside them is. */
  readonly flavors?: readonly string[]
  /** The only versions of Python that a model may ask for, such as `3.11`. */
  readonly python?: readonly string[]
  /** Bytes of all files together. */
  readonly maxBytes?: number
  readonly targets?: readonly string[]
  /** SHA-256 of files whose content is taken as it is. */
  readonly trust?: readonly string[]
  /** Warnings count as errors. */
  readonly strict?: boolean
}

export const policy: Check = {
  name: 'policy',
  async run(context) {
    const { model } = context
    const asked = context.options.policy
    if (model === undefined || asked === undefined) return []
    return [...required(context, model, asked), ...(await environment(context, model, asked)), ...allowed(context, model, asked)]
  },
}

function required(context: CheckContext, model: Mlmodel, { require }: Policy): readonly Finding[] {
  const findings: Finding[] = []
  const wholeFile = { file: 'MLmodel' }
  const has = (field: string) => model.fields.get(field) !== undefined && model.fields.get(field) !== null
  if (require?.signature === true && !has('signature')) findings.push(finding('POLICY_SIGNATURE', {}, wholeFile))
  if (require?.inputExample === true && !has('saved_input_example_info')) findings.push(finding('POLICY_EXAMPLE', {}, wholeFile))
  const metadata = isYamlMap(model.metadata) ? model.metadata : new Map()
  for (const tag of require?.tags ?? []) {
    const value = metadata.get(tag)
    if (value === undefined || value === null || value === '')
      findings.push(finding('POLICY_TAG', { tag }, fieldPlace(model, ['metadata'])))
  }
  const licence = metadata.get('license') ?? metadata.get('licence')
  const text = typeof licence === 'string' ? licence : undefined
  if (Array.isArray(require?.licence) && !(text !== undefined && require.licence.includes(text)))
    findings.push(
      finding(
        'POLICY_LICENCE',
        { allowed: require.licence, ...(text !== undefined && { found: text }) },
        fieldPlace(model, ['metadata']),
      ),
    )
  const hasFile = context.files.some(({ path }) => /^(licen[cs]e|copying)([.-][^/]*)?$/i.test(path))
  if (require?.licence === true && text === undefined && !hasFile) findings.push(finding('POLICY_LICENCE', {}, wholeFile))
  return findings
}

async function environment(context: CheckContext, model: Mlmodel, asked: Policy): Promise<readonly Finding[]> {
  if (asked.require?.pins !== true && asked.python === undefined) return []
  const { dependencies, python } = await readEnvironment(model, context.limits)
  const findings: Finding[] = []
  for (const { text, file, line, kind } of asked.require?.pins === true ? dependencies : [])
    if (!isPinned(text, kind)) findings.push(finding('POLICY_PIN', { requirement: text }, { file, line }))
  for (const { text, file, line } of asked.python === undefined ? [] : python)
    if (!asked.python!.some((version) => text === version || text.startsWith(`${version}.`)))
      findings.push(finding('POLICY_PYTHON', { version: text, allowed: asked.python! }, { file, line }))
  return findings
}

/** `name==version`, in conda files `name=version` too. What builds the environment MLflow itself writes without a version. */
function isPinned(text: string, kind: 'pip' | 'conda'): boolean {
  if (/^(pip|setuptools|wheel)\b(?!-)/.test(text)) return true
  const name = String.raw`^[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*`
  return new RegExp(`${name}${kind === 'pip' ? '={2,3}' : '={1,2}'}\\s*[0-9][^*\\s,]*\\s*(;.*)?$`).test(text)
}

function allowed(context: CheckContext, model: Mlmodel, { flavors, maxBytes }: Policy): readonly Finding[] {
  const findings: Finding[] = []
  for (const flavor of flavors === undefined ? [] : model.flavors.keys()) {
    if (flavors!.includes(flavor) || (flavor === 'python_function' && model.flavors.size > 1)) continue
    findings.push(finding('POLICY_FLAVOR', { flavor, allowed: flavors! }, fieldPlace(model, ['flavors', flavor])))
  }
  const bytes = context.files.reduce((sum, file) => sum + file.bytes, 0)
  if (maxBytes !== undefined && bytes > maxBytes) findings.push(finding('POLICY_SIZE', { bytes, limit: maxBytes }))
  return findings
}
