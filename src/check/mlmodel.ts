/** The MLmodel file itself: what reading it found, its schema, fields nobody knows, old forms, times, sizes. */

import type { ErrorArguments } from '../errors/index.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { guess } from '../guess.ts'
import { knownFields, type Mlmodel } from '../mlmodel.ts'
import { checkSchema } from '../schema.ts'
import { isYamlMap } from '../yaml.ts'
import type { Check, CheckContext } from './check.ts'
import { fieldPlace } from './place.ts'

export const mlmodel: Check = {
  name: 'mlmodel',
  run(context) {
    const { model, problems } = context
    const found = problems.map((problem) =>
      problem.code === 'FILE_TOO_LARGE'
        ? finding('MLMODEL_TOO_LARGE', problem.arguments as ErrorArguments<'FILE_TOO_LARGE'>, problem.where)
        : findingOfError(problem),
    )
    if (model === undefined) return found
    return [
      ...found,
      ...schemaFindings(model, context),
      ...unknownFields(model),
      ...oldForms(model),
      ...times(model),
      ...size(context, model),
    ]
  },
}

/** What the schema forbids and the reader takes or has not looked at. */
function schemaFindings(model: Mlmodel, { problems }: CheckContext): readonly Finding[] {
  const known = problems.map(({ where }) => where.path ?? '')
  const told = new Set<string>()
  const findings: Finding[] = []
  for (const { path: pointer, message } of checkSchema('mlmodel', model.fields)) {
    const steps = pointer
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    const field = steps.join('.')
    // The signature has a reader of its own, whose words are better; and the outer of two nested problems only follows.
    if (steps[0] === 'signature' || told.has(field)) continue
    if (known.some((path) => path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`))) continue
    told.add(field)
    findings.push(finding('MLMODEL_SCHEMA', { field, reason: message }, fieldPlace(model, asPath(steps))))
  }
  return findings
}

/** Numbers of lists are numbers in the record of places. */
function asPath(steps: readonly string[]): readonly (string | number)[] {
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}

function unknownFields(model: Mlmodel): readonly Finding[] {
  const absent = [...knownFields].filter((field) => !model.fields.has(field))
  return [...model.unknown.keys()]
    .filter((field) => field !== 'databricks_runtime')
    .map((field) => {
      const near = guess(field, absent)
      return finding('MLMODEL_UNKNOWN_FIELD', { field, ...(near !== undefined && { near }) }, fieldPlace(model, [field]))
    })
}

function oldForms(model: Mlmodel): readonly Finding[] {
  const findings: Finding[] = []
  const old = (path: readonly string[], form: string) =>
    findings.push(finding('MLMODEL_OLD_FORM', { field: path.join('.'), form }, fieldPlace(model, path)))
  const env = ['flavors', 'python_function', 'env']
  if (typeof model.flavors.get('python_function')?.get('env') === 'string')
    old(env, 'the name of the conda file, as MLflow wrote before 2.0')
  if (model.inputExample?.format !== undefined)
    old(['saved_input_example_info', 'format'], 'the form of TensorFlow Serving, as MLflow wrote before 2.15')
  const signature = model.fields.get('signature')
  for (const part of ['inputs', 'outputs'] as const) {
    const text = isYamlMap(signature) ? signature.get(part) : undefined
    if (typeof text === 'string' && /"optional"\s*:/.test(text) && model.signature?.[part]?.kind === 'columns')
      old(['signature', part], '`optional` for `required`, as MLflow 2.6 to 2.13 wrote')
  }
  if (model.modelUuid === undefined) findings.push(finding('MLMODEL_NO_UUID', {}, { file: 'MLmodel' }))
  return findings
}

/** `str(datetime)`: a date, a time, and up to six digits of a second; MLflow before 1.0 wrote no fraction where it was 0. */
const timeText = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,6})?(?:\+00:00|Z)?$/

function times(model: Mlmodel): readonly Finding[] {
  const text = model.utcTimeCreated
  if (text === undefined) {
    if (model.fields.has('utc_time_created') && model.fields.get('utc_time_created') !== null) return []
    return [finding('MLMODEL_NO_TIME', {}, { file: 'MLmodel' })]
  }
  const parts = timeText.exec(text)?.slice(1).map(Number)
  if (parts !== undefined && isDate(parts)) return []
  return [finding('MLMODEL_TIME', { text }, fieldPlace(model, ['utc_time_created']))]
}

function isDate([year, month, day, hour, minute, second]: readonly number[]): boolean {
  const date = new Date(Date.UTC(year!, month! - 1, day, hour, minute, second))
  return (
    date.getUTCMonth() === month! - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  )
}

/** MLflow adds the files up before it writes the environment files: the folder is never smaller than that. */
function size({ files, filesCut }: CheckContext, model: Mlmodel): readonly Finding[] {
  const claimed = model.modelSizeBytes
  const found = files.reduce((sum, file) => sum + file.bytes, 0)
  if (claimed === undefined || claimed <= found || filesCut) return []
  return [finding('MLMODEL_SIZE', { claimed, found }, fieldPlace(model, ['model_size_bytes']))]
}
