/** `npm run conformance:inspect -- DIR`: MLmodel files against what MLflow reads from them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArguments } from './arguments.ts'
import { readBody } from './body.ts'
import { atomOfCell, atomText, type Foreign } from './canonical.ts'
import { plain } from './convert.ts'
import { refusalOf } from './enforce.ts'
import { type Library, libraryUnderTest } from './package-under-test.ts'
import { openReport, type Report } from './report.ts'

const { path, from } = readArguments(process.argv.slice(2), 'conformance:inspect -- DIR')
const library = await libraryUnderTest(from)
const report = openReport((line) => console.log(line))
for (const name of readdirSync(path).sort()) {
  if (existsSync(join(path, name, 'expected.json'))) await judge(library, report, name)
}
process.exitCode = report.end()

async function judge(lib: Library, out: Report, name: string): Promise<void> {
  const text = readFileSync(join(path, name, 'expected.json'), 'utf8')
  const expected: Foreign = JSON.parse(text)
  let model: Awaited<ReturnType<Library['loadMlmodel']>>
  try {
    model = await lib.loadMlmodel(await lib.locate(join(path, name, 'model')))
  } catch (error) {
    const { status, message } = refusalOf(error)
    // `optional` in a column is MLflow 2.3 to 2.9's own spelling, which its 3.17 refuses and we read.
    if (expected.ok) out.fail(name, 'as MLflow: read', message)
    else if (status === 0) out.fail(name, 'refused with a typed error', message)
    else out.pass()
    return
  }
  if (!expected.ok) {
    const optional = /unexpected keyword argument 'optional'/.test(expected.error?.message ?? '')
    if (optional) out.different("optional (MLflow 2.3 to 2.9's spelling, refused by 3.17)")
    else out.fail(name, `refused, as MLflow: ${expected.error?.message}`, 'read')
    return
  }
  const differences: string[] = []
  const check = (field: string, wanted: string, got: string) => {
    if (wanted !== got) differences.push(`${field} ${got} against ${wanted}`)
  }
  // Numbers of expected.json keep their kind: 3 is an int, 3.0 a float.
  const document = readBody(text)!.value as { readonly pairs: ReadonlyMap<string, Foreign> }
  const fields = (document.pairs.get('model') as { readonly pairs: ReadonlyMap<string, Foreign> }).pairs
  const filled = new Set<string>(expected.filled_by_mlflow ?? [])
  for (const [field, value] of fields) {
    if (field === 'signature' || filled.has(field)) continue
    const got = model.fields.get(field)
    // MLflow writes these three whether or not the file has them.
    const byDefault = got === undefined && ['prompts', 'model_id', 'model_uuid'].includes(field) && value === null
    const flag = got === undefined && value === false && /^(is_signature_from|type_hint_from)/.test(field)
    if (!byDefault && !flag)
      check(field, atomText(plain(value)), atomText(sorted(atomOfCell((got ?? null) as never), plain(value))))
  }
  for (const field of model.fields.keys())
    if (!fields.has(field) && !filled.has(field) && model.fields.get(field) !== null)
      differences.push(`field ${field} is not MLflow's`)
  const record: readonly [string, unknown][] = [
    ['run_id', model.runId],
    ['artifact_path', model.artifactPath],
    ['mlflow_version', model.mlflowVersion],
    ['model_uuid', model.modelUuid],
    ['model_id', model.modelId],
    ['utc_time_created', model.utcTimeCreated],
  ]
  for (const [field, got] of record) {
    if (!filled.has(field)) check(`record ${field}`, String(expected.model[field] ?? 'absent'), String(got ?? 'absent'))
  }
  const { signature } = expected
  if (signature === null || signature === undefined) {
    if (model.signature !== undefined) differences.push('a signature where MLflow has none')
  } else if (model.signature === undefined) differences.push('no signature')
  else {
    const texts = lib.signatureToJson(model.signature)
    for (const part of ['inputs', 'outputs', 'params'] as const) {
      const wanted = (document.pairs.get('signature') as { readonly pairs: ReadonlyMap<string, Foreign> }).pairs.get(part)
      const got = texts[part] === null ? null : readBody(texts[part])!.value
      const none = (value: Foreign) => value === undefined || value === null || (Array.isArray(value) && value.length === 0)
      if (!(none(wanted) && none(got))) check(`signature.${part}`, byKey(plain(wanted ?? null)), byKey(plain(got)))
    }
    const print = (lib as Foreign).printSignature as ((given: Foreign) => string) | undefined
    if (print !== undefined && signature.repr !== undefined) check('repr', signature.repr, print(model.signature))
  }
  if (differences.length > 0) out.fail(name, 'as MLflow', differences.join('; '))
  else out.pass()
}

/** Maps in the order of the other side: MLflow's record sorts nothing we have to keep. */
function sorted(got: Foreign, wanted: Foreign): Foreign {
  if (
    typeof got !== 'object' ||
    got === null ||
    !('pairs' in got) ||
    typeof wanted !== 'object' ||
    wanted === null ||
    !('pairs' in wanted)
  )
    return got
  const order = wanted.pairs.map(([key]: [string]) => key)
  const inner = new Map(wanted.pairs as [string, Foreign][])
  const pairs = [...got.pairs]
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([key, value]) => [key, sorted(value, inner.get(key))])
  return { pairs }
}

/** As text with the keys of objects sorted. */
function byKey(atom: Foreign): string {
  const sort = (value: Foreign): Foreign =>
    Array.isArray(value)
      ? value.map(sort)
      : typeof value === 'object' && value !== null && 'pairs' in value
        ? {
            pairs: [...value.pairs]
              .map(([key, inner]: [string, Foreign]) => [key, sort(inner)])
              .sort(([a], [b]) => (a < b ? -1 : 1)),
          }
        : value
  return atomText(sort(atom))
}
