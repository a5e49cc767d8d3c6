/**
 * A team's own JSON Schema, of a row of input or of what `inspect --json` prints. Ours are compiled to code when this package is built;
 * one that comes at run time is interpreted, so that nothing makes functions of a file.
 */
import { readFileSync } from 'node:fs'
import { type Schema, Validator } from '@cfworker/json-schema'
import { type Cell, type CellMap, isCellMap } from './batch.ts'
import type { CheckContext } from './check/check.ts'
import { describeLocation } from './describe.ts'
import { MlmodelError } from './errors/index.ts'
import { exampleBody } from './example/stored.ts'
import { type Finding, finding } from './finding/index.ts'
import { parseJson } from './json.ts'

/** A schema with what it is of. */
export interface TeamSchema {
  /** For messages. */
  readonly file: string
  readonly kind: 'row' | 'inspect'
  readonly schema: object
}

/** Bytes of an example that is looked at, and problems that are told. */
const mostBytes = 64 << 20
const mostProblems = 20

/** Every key of the document of `inspect --json` that a schema of a row would hardly name alone. */
const inspectKeys: ReadonlySet<string> = new Set([
  'schema_version',
  'kind',
  'name',
  'location',
  'mlmodel_file',
  'origin',
  'flavors',
  'chosen_flavor',
  'predict',
  'signature',
  'environment',
  'input_example',
  'metadata',
  'prompts',
  'resources',
  'auth_policy',
  'env_vars',
  'model_size_bytes',
  'other_fields',
  'files',
  'total_bytes',
  'onnx',
  'warnings',
])

/**
 * Reads a schema: `row=FILE`, `inspect=FILE`, or `FILE`, which is of `inspect` when it names keys of that document only.
 *
 * @throws MlmodelError SCHEMA_UNREADABLE
 */
export function readTeamSchema(given: string): TeamSchema {
  const [, said, path] = /^(?:(row|inspect)=)?(.*)$/s.exec(given)!
  const file = path!
  let schema: unknown
  try {
    schema = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw unreadable(file, error)
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new MlmodelError('SCHEMA_UNREADABLE', { path: file, reason: 'it is no JSON object' })
  const { properties, required } = schema as { properties?: unknown; required?: unknown }
  const names = [
    ...(typeof properties === 'object' && properties !== null ? Object.keys(properties) : []),
    ...(Array.isArray(required) ? required.map(String) : []),
  ]
  const isInspect = names.length > 0 && names.every((name) => inspectKeys.has(name))
  return { file, kind: (said as TeamSchema['kind'] | undefined) ?? (isInspect ? 'inspect' : 'row'), schema }
}

/**
 * Holds a model against a team's schema: its description, or the rows of its stored example.
 *
 * @throws MlmodelError SCHEMA_UNREADABLE where the schema cannot be used, such as for a reference that leads nowhere
 */
export async function checkTeamSchema(team: TeamSchema, context: CheckContext): Promise<readonly Finding[]> {
  if (team.kind === 'inspect') {
    // A model that cannot be described has its findings already.
    const description = await describeLocation(context.location, { limits: context.limits }).catch((error: unknown) => {
      if (error instanceof MlmodelError) return undefined
      throw error
    })
    return description === undefined ? [] : problems(team, toPlain(description), 'The model', { file: 'MLmodel' })
  }
  const example = context.model?.inputExample
  const rows = example === undefined ? undefined : await exampleRows(context)
  // A gate that looks at nothing says so.
  if (rows === undefined) return [finding('TEAM_SCHEMA_UNUSED', { file: team.file })]
  const where = { file: example!.artifactPath }
  return rows
    .flatMap((row, index) => problems(team, toPlain(row), `Row ${index + 1} of the input example`, { ...where, row: index + 1 }))
    .slice(0, mostProblems)
}

function problems(team: TeamSchema, value: unknown, what: string, where: Finding['where']): readonly Finding[] {
  let result: ReturnType<Validator['validate']>
  try {
    result = new Validator(team.schema as Schema, draftOf(team.schema), false).validate(value)
  } catch (error) {
    throw unreadable(team.file, error)
  }
  return result.errors
    .filter(({ keyword }) => !applicators.has(keyword))
    .slice(0, mostProblems)
    .map(({ instanceLocation, error }) => {
      const at = decodeURI(instanceLocation.replace(/^#\/?/, '').replaceAll('/', '.')).replaceAll('~1', '/').replaceAll('~0', '~')
      return finding('POLICY_SCHEMA', { what, at, reason: error.replace(/\.$/, '') }, where)
    })
}

/** They say only that something inside is wrong, which is said by itself. */
const applicators: ReadonlySet<string> = new Set([
  '$ref',
  '$dynamicRef',
  'allOf',
  'additionalProperties',
  'dependentSchemas',
  'items',
  'patternProperties',
  'prefixItems',
  'properties',
])

function draftOf(schema: object): '4' | '7' | '2019-09' | '2020-12' {
  const text = String((schema as { $schema?: unknown }).$schema ?? '')
  const draft = /draft-0?([47])\b|draft\/(2019-09|2020-12)/.exec(text)
  return ((draft?.[1] ?? draft?.[2]) as '4' | undefined) ?? '2020-12'
}

/** The rows of the stored example in the form of `predict --print-schema`: an object for named columns, else a list or a value. */
async function exampleRows(context: CheckContext): Promise<readonly Cell[] | undefined> {
  const example = context.model!.inputExample!
  let body: CellMap
  try {
    const bytes = await context.readAll(example.artifactPath, mostBytes)
    body = exampleBody(parseJson(bytes, { limits: context.limits }).value, example)
  } catch (error) {
    // Another rule says why.
    if (error instanceof MlmodelError) return undefined
    throw error
  }
  const records = body.get('dataframe_records')
  if (Array.isArray(records)) return records as readonly Cell[]
  const split = body.get('dataframe_split')
  if (isCellMap(split)) return splitRows(split)
  const inputs = body.get('inputs')
  if (isCellMap(inputs)) {
    const columns = [...inputs].filter((entry): entry is [string, readonly Cell[]] => Array.isArray(entry[1]))
    const rows = Math.max(0, ...columns.map(([, values]) => values.length))
    // One tensor is its rows, as in the schema that is printed; several are an object for each row.
    if (columns.length === 1 && context.model!.signature?.inputs?.kind === 'tensors') return columns[0]![1]
    return Array.from({ length: rows }, (_, row) => new Map(columns.map(([name, values]) => [name, values[row] ?? null])))
  }
  return Array.isArray(inputs) ? (inputs as readonly Cell[]) : undefined
}

function splitRows(split: CellMap): readonly Cell[] | undefined {
  const data = split.get('data')
  if (!Array.isArray(data)) return undefined
  const names = split.get('columns')
  if (!Array.isArray(names)) return data as readonly Cell[]
  return (data as readonly Cell[]).map((row) =>
    Array.isArray(row) ? new Map((names as readonly Cell[]).map((name, index) => [String(name), row[index] ?? null])) : row,
  )
}

/** JSON's own values, on objects without a prototype. */
function toPlain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(toPlain)
  if (typeof value !== 'object' || value === null) return value
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  const object = Object.create(null) as Record<string, unknown>
  for (const [key, item] of entries) Object.defineProperty(object, String(key), { value: toPlain(item), enumerable: true })
  return object
}

function unreadable(path: string, cause: unknown): MlmodelError {
  return new MlmodelError(
    'SCHEMA_UNREADABLE',
    { path, reason: cause instanceof Error ? cause.message : String(cause) },
    { cause },
  )
}
