/** `npm run conformance:models -- DIR [--compat mlflow]`: models that MLflow wrote, with what MLflow answers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Batch } from '../../src/batch.ts'
import { readArguments } from './arguments.ts'
import {
  type Canonical,
  canonicalOfBatch,
  canonicalOfOracle,
  canonicalText,
  difference,
  type Foreign,
  type Tolerance,
} from './canonical.ts'
import { answerDifference, enforce, type Got, refusalOf } from './enforce.ts'
import { inputOf, sharedRows } from './inputs.ts'
import { replyDifference, tensorsDifference } from './outputs.ts'
import { type Library, libraryUnderTest } from './package-under-test.ts'
import { outcomeOf, predict } from './predict.ts'
import type { Answer } from './reading.ts'
import { openReport, type Report } from './report.ts'
import { contentTypeOf } from './rules/x7.ts'
import { readSpec, type Spec } from './spec.ts'

type Opened = Awaited<ReturnType<Library['openModel']>>

const { path, mode, from } = readArguments(process.argv.slice(2), 'conformance:models -- DIR [--compat mlflow]')
const library = await libraryUnderTest(from)
const report = openReport((line) => console.log(line))
for (const name of readdirSync(path).sort()) {
  if (existsSync(join(path, name, 'expected.json'))) await judgeModel(name, report)
}
process.exitCode = report.end()

async function judgeModel(name: string, out: Report): Promise<void> {
  const folder = join(path, name)
  const expected: Foreign = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'))
  const cases = (expected.cases as Foreign[]).map((one) => ({
    ...one,
    output: resolved(expected, one, 'output'),
    response: resolved(expected, one, 'response'),
  }))
  let signature: Foreign
  try {
    signature = (await library.loadMlmodel(await library.locate(join(folder, 'model')))).signature
  } catch (error) {
    for (const { file, via } of cases) out.fail(`${name} ${file} ${via}`, 'the MLmodel file is read', refusalOf(error).message)
    return
  }
  const texts = signature === undefined ? { inputs: null } : library.signatureToJson(signature)
  const subject: Subject = {
    name,
    folder,
    cases,
    native: expected.native?.predict,
    schema: texts.inputs === null ? null : JSON.parse(texts.inputs),
    signature,
    tolerance: { rtol: expected.rtol, atol: expected.atol },
  }
  // An echo model is Python, but what it was given is what it answers: its enforcement is judged.
  if (expected.kind === 'signature') return judgeEcho(subject, out)
  let model: Opened
  try {
    model = await library.openModel(join(folder, 'model'), { mode, threads: 1 })
  } catch (error) {
    const { status, message } = refusalOf(error)
    const unsupported = (error as { kind?: string }).kind === 'unsupported'
    // The reason names the model's own files; without them it groups.
    if (unsupported) out.skip(message.replace(/`[^`]*`/g, '…'), cases.length)
    else for (const { file, via } of cases) out.fail(`${name} ${file} ${via}`, 'the model opens', `${status} ${message}`)
    return
  }
  try {
    for (const given of cases) await judgeCase(subject, model, given, out)
  } finally {
    await model.close()
  }
}

interface Subject {
  readonly name: string
  readonly folder: string
  readonly cases: readonly Foreign[]
  readonly native: Foreign
  readonly schema: Foreign
  readonly signature: Foreign
  readonly tolerance: Tolerance
}

/** `output_same_as` names the file whose value is identical. */
function resolved(expected: Foreign, one: Foreign, field: 'output' | 'response'): Foreign {
  const same = one[`${field}_same_as`]
  return same === undefined
    ? one[field]
    : expected.cases.find((other: Foreign) => other.file === same && other[field] !== undefined)?.[field]
}

function skipReason({ file, protocol, content_type }: Foreign): string | undefined {
  if (/\.(parquet|arrow)$/.test(file)) return 'Parquet and Arrow: no reader yet'
  // MLflow 2 and 3 refuse these forms (`format=pandas-split`, a bare list of records), and so do we.
  return protocol === 'mlflow1' && content_type?.startsWith('application/json')
    ? "a JSON body of MLflow 1.x, which is no form of today's protocol"
    : undefined
}

// Echo models --------------------------------------------------------------------------------------------------------

function judgeEcho(subject: Subject, out: Report): void {
  for (const given of subject.cases) {
    const title = `${subject.name} ${given.file} ${given.via}`
    const reason = skipReason(given)
    if (reason !== undefined) {
      out.skip(reason)
      continue
    }
    const bytes = readFileSync(join(subject.folder, given.file))
    const expect = given.ok
      ? { ok: true, parsed: given.output }
      : { ok: false, http_status: given.error?.http_status ?? 400, error_code: given.error?.error_code }
    const outcome = outcomeOf(expect)
    const got =
      given.via === 'invocations'
        ? enforce(library, { schema: subject.schema, content_type: given.content_type }, bytes, mode)
        : enforceFile(subject, given, bytes)
    const prediction = mode === 'compat' ? undefined : predictEcho(subject, given, bytes, expect, outcome)
    const wanted = prediction?.answer ?? crashIsRefusal(outcome, given)
    const found = answerDifference(wanted, got)
    if (found !== undefined)
      out.fail(
        title,
        `${prediction === undefined ? 'as MLflow' : `by ${prediction.rule}`}: ${answerText(wanted)} (${found})`,
        gotText(got),
      )
    else if (prediction === undefined) out.pass()
    else out.different(prediction.rule)
  }
}

/** In process MLflow's own errors have any class; a refusal is a refusal. */
function crashIsRefusal(outcome: Answer, given: Foreign): Answer {
  return !outcome.ok && (outcome.status === 500 || given.via !== 'invocations') ? { ok: false, status: 400 } : outcome
}

function predictEcho(
  subject: Subject,
  given: Foreign,
  bytes: Buffer,
  expect: Foreign,
  outcome: Answer,
): { rule: string; answer: Answer } | undefined {
  if (given.via === 'invocations') {
    const prediction = predict({ schema: subject.schema, content_type: given.content_type, body: bytes.toString('utf8'), expect })
    return prediction?.answer === undefined ? undefined : { rule: prediction.rule, answer: prediction.answer }
  }
  if (given.via === 'cli') {
    // X9: CSV has one reader, the server's; what differs is counted, what is the same passes.
    const twin = subject.cases.find((other) => other.file === given.file && other.via === 'invocations')
    if (twin === undefined) return undefined
    const twinExpect = twin.ok ? { ok: true, parsed: twin.output } : { ok: false, http_status: twin.error?.http_status ?? 400 }
    const server = outcomeOf(twinExpect)
    const answer =
      predict({ schema: subject.schema, content_type: 'text/csv', body: bytes.toString('utf8'), expect: twinExpect })?.answer ??
      server
    return sameAnswer(answer, outcome) ? undefined : { rule: 'X9', answer }
  }
  if (outcome.ok || !given.file.endsWith('.npy')) return undefined
  const columns = matrixColumns(subject, bytes)
  return columns === undefined ? undefined : { rule: 'X4', answer: { ok: true, parsed: columns } }
}

function sameAnswer(one: Answer, other: Answer): boolean {
  return one.ok && other.ok ? difference(one.parsed, other.parsed) === undefined : one.ok === other.ok
}

/** X4: an NPY matrix for named columns, as wide as the signature. */
function matrixColumns(subject: Subject, bytes: Buffer): Canonical | undefined {
  const spec = readSpec(subject.schema)
  const tensor = canonicalOfBatch({ kind: 'array', tensor: library.readNpy(bytes, {}) })
  if (
    spec?.kind !== 'columns' ||
    tensor.kind !== 'tensor' ||
    tensor.shape.length !== 2 ||
    tensor.shape[1] !== spec.columns.length
  )
    return undefined
  const width = spec.columns.length
  const text = { dataframe_split: { columns: spec.columns.map(({ name }) => name), data: [] } }
  const rows = Array.from(
    { length: tensor.shape[0]! },
    (_, row) =>
      `[${tensor.values
        .slice(row * width, (row + 1) * width)
        .map(jsonOf)
        .join(',')}]`,
  )
  return inputOf(spec, 'application/json', JSON.stringify(text).replace('"data":[]', `"data":[${rows.join(',')}]`))
}

function jsonOf(atom: Foreign): string {
  if (typeof atom === 'object' && atom !== null && 'integer' in atom) return String(atom.integer)
  if (typeof atom === 'object' && atom !== null && 'float' in atom)
    return Object.is(atom.float, -0)
      ? '-0.0'
      : Number.isInteger(atom.float)
        ? `${atom.float}.0`.replace('e+', 'e').replace(/e(\d+)\.0$/, 'e$1')
        : String(atom.float)
  return JSON.stringify(atom)
}

/** NPY, NPZ or CSV as `predict` takes them: enforced as typed data; CSV in strict mode by the server's reading (X9). */
function enforceFile(subject: Subject, given: Foreign, bytes: Buffer): Got {
  try {
    const parsed = canonicalOfBatch(typedInput(subject.signature, given.file, bytes))
    return { ok: true, parsed, text: canonicalText(parsed) }
  } catch (error) {
    return refusalOf(error)
  }
}

/** A file as `predict` hands it to the model, enforced. */
function typedInput(signature: Foreign, file: string, bytes: Buffer): Batch {
  if (file.endsWith('.csv')) {
    const plan = library.csvPlan(signature, mode === 'compat' ? 'untyped' : 'server', mode)
    return library.finishCsv(library.readCsvBytes(bytes, file, plan), signature, plan, mode).data
  }
  return library.enforceTyped(rawInput(file, bytes), signature, mode).data
}

function rawInput(file: string, bytes: Buffer): Batch {
  return file.endsWith('.npz')
    ? { kind: 'named', items: library.readNpz(bytes, { file }) }
    : { kind: 'array', tensor: library.readNpy(bytes, { file }) }
}

// Models that run ----------------------------------------------------------------------------------------------------

async function judgeCase(subject: Subject, model: Opened, given: Foreign, out: Report): Promise<void> {
  const title = `${subject.name} ${given.file} ${given.via}`
  const reason = skipReason(given)
  if (reason !== undefined) return out.skip(reason)
  const bytes = readFileSync(join(subject.folder, given.file))
  const answer = await answerOf(subject, model, given, bytes)
  const wanted = wantedOf(subject, given, bytes)
  if (!wanted.ok) {
    if (answer.ok)
      return out.fail(title, `refused with HTTP ${wanted.status}: ${given.error?.message ?? ''}`, canonicalText(answer.parsed))
    return answer.status === wanted.status
      ? passOr(out, wanted.rule)
      : out.fail(title, `HTTP ${wanted.status}`, `HTTP ${answer.status} ${answer.message}`)
  }
  if (!answer.ok)
    return out.fail(
      title,
      `${wanted.rule === undefined ? 'as MLflow' : `by ${wanted.rule}`}: ${canonicalText(wanted.output)}`,
      `HTTP ${answer.status} ${answer.message}`,
    )
  const found =
    wanted.rule === undefined
      ? difference(wanted.output, answer.parsed, { tolerance: subject.tolerance })
      : tensorsDifference(wanted.output, answer.parsed, subject.tolerance, wanted.rows)
  if (found !== undefined)
    return out.fail(
      title,
      `${wanted.rule === undefined ? 'as MLflow' : `by ${wanted.rule}`}: ${canonicalText(wanted.output)} (${found})`,
      canonicalText(answer.parsed),
    )
  // Replies of MLflow 1.x have no `predictions` around them.
  if (
    wanted.rule === undefined &&
    answer.reply !== undefined &&
    typeof given.response === 'string' &&
    given.protocol !== 'mlflow1'
  ) {
    const reply = replyDifference(given.response, answer.reply, subject.tolerance)
    if (reply !== undefined) return out.fail(title, `the reply ${given.response} (${reply})`, answer.reply)
  }
  passOr(out, wanted.rule)
}

function passOr(out: Report, rule: string | undefined): void {
  if (rule === undefined) out.pass()
  else out.different(rule)
}

type Scored = { readonly ok: true; readonly parsed: Canonical; readonly reply?: string } | Extract<Got, { ok: false }>

async function answerOf(subject: Subject, model: Opened, given: Foreign, bytes: Buffer): Promise<Scored> {
  try {
    if (given.via === 'invocations') {
      const request = model.read(bytes, given.content_type)
      const parsed = canonicalOfBatch(await model.score(request.data, { params: request.params }))
      const { status, body } = await model.invoke(bytes, given.content_type)
      return status === 200
        ? { ok: true, parsed, reply: Buffer.from(body).toString('utf8') }
        : { ok: false, status, code: undefined, message: `invoke answers ${status} where predict does not` }
    }
    // `predict` on the modern JSON form: the typed data that it stands for.
    if (given.file.endsWith('.json')) {
      const request = model.read(bytes, 'application/json')
      return { ok: true, parsed: canonicalOfBatch(await model.score(request.data, { params: request.params })) }
    }
    return { ok: true, parsed: canonicalOfBatch(await model.score(typedInput(subject.signature, given.file, bytes))) }
  } catch (error) {
    const refusal = refusalOf(error)
    if (given.via !== 'invocations') return refusal
    const { status } = await model.invoke(bytes, given.content_type)
    return status === refusal.status ? refusal : { ...refusal, message: `invoke answers ${status}: ${refusal.message}` }
  }
}

type Wanted =
  | { readonly ok: true; readonly output: Canonical; readonly rule?: string; readonly rows?: readonly boolean[] }
  | { readonly ok: false; readonly status: number; readonly rule?: string }

function wantedOf(subject: Subject, given: Foreign, bytes: Buffer): Wanted {
  if (given.differs_from_first) return asFirst(subject)
  if (mode === 'compat') {
    if (given.ok) return { ok: true, output: canonicalOfOracle(given.output) }
    const status = given.error?.http_status ?? 400
    return given.via !== 'invocations' || status === 500 ? { ok: false, status: 400 } : { ok: false, status }
  }
  const spec = readSpec(subject.schema)
  const flattened = given.ok ? keptRank(subject, given, spec, bytes) : undefined
  if (flattened !== undefined) return flattened
  if (given.ok) return { ok: true, output: canonicalOfOracle(given.output) }
  const accepted = acceptedOf(subject, given, spec, bytes)
  return accepted ?? { ok: false, status: given.via === 'invocations' ? crashAs400(given.error?.http_status ?? 400) : 400 }
}

function crashAs400(status: number): number {
  return status === 500 ? 400 : status
}

function asFirst(subject: Subject): Wanted {
  const first = subject.cases.find(({ file, ok }) => file === 'input.json' && ok) ?? subject.cases.find(({ ok }) => ok)
  return { ok: true, output: canonicalOfOracle(first.output) }
}

/** L9: where MLflow flattened a table's outputs to more rows than went in, the tensors that the same model gave elsewhere. */
function keptRank(subject: Subject, given: Foreign, spec: Spec | undefined, bytes: Buffer): Wanted | undefined {
  const output = canonicalOfOracle(given.output)
  if (output.kind !== 'frame') return undefined
  const rows = rowsOf(spec, given, bytes)
  if (rows === undefined || rows === output.rows || rows === 0) return undefined
  const whole = subject.native !== undefined ? canonicalOfOracle(subject.native) : unflattened(output, rows)
  return whole === undefined ? undefined : { ok: true, output: whole, rule: 'L9' }
}

function rowsOf(spec: Spec | undefined, given: Foreign, bytes: Buffer): number | undefined {
  const mime = given.file.endsWith('.csv') ? 'text/csv' : 'application/json'
  if (spec === undefined)
    return given.file.endsWith('.csv')
      ? bytes
          .toString('utf8')
          .trimEnd()
          .split(/\r\n|\n|\r/).length - 1
      : undefined
  const input = inputOf(spec, mime, bytes.toString('utf8'))
  return input?.kind === 'frame' ? input.rows : undefined
}

/** `reshape(-1)` undone: as many values a row as there are. */
function unflattened(output: Extract<Canonical, { kind: 'frame' }>, rows: number): Canonical | undefined {
  if (output.rows % rows !== 0) return undefined
  return {
    kind: 'named',
    items: output.columns.map(
      ({ name, dtype, values }) => [String(name), { kind: 'tensor', dtype, shape: [rows, output.rows / rows], values }] as const,
    ),
  }
}

/** X4, X5, X9 and L9: what we answer where MLflow refuses; undefined where we refuse as well. */
function acceptedOf(subject: Subject, given: Foreign, spec: Spec | undefined, bytes: Buffer): Wanted | undefined {
  const text = bytes.toString('utf8')
  const mime = given.file.endsWith('.csv')
    ? 'text/csv'
    : given.via === 'invocations'
      ? contentTypeOf(given.content_type).mime
      : 'application/json'
  const matrix = given.file.endsWith('.npy')
  const input = matrix ? matrixColumns(subject, bytes) : given.file.endsWith('.npz') ? undefined : inputOf(spec, mime, text)
  if (input === undefined) return undefined
  const tensorCsv = spec?.kind === 'tensors' && mime === 'text/csv'
  // A body that only the model refused (X5, L9), CSV by the signature (X9), CSV for tensors and NPY for columns (X4).
  const evaluated = given.via === 'invocations' && /evaluating the model/.test(given.error?.message ?? '')
  const rule =
    matrix || tensorCsv
      ? 'X4'
      : given.via === 'cli'
        ? 'X9'
        : evaluated
          ? /same length/.test(given.error?.last_line ?? '')
            ? 'L9'
            : 'X5'
          : undefined
  if (rule === undefined) return undefined
  const main = reference(subject, spec, input)
  return main === undefined ? undefined : { ok: true, ...main, rule }
}

/** What the model answers to this input: the library's own answer, or an answer of MLflow's to the same rows. */
function reference(
  subject: Subject,
  spec: Spec | undefined,
  input: Canonical,
): { output: Canonical; rows?: readonly boolean[] } | undefined {
  const texts = (file: string) => readFileSync(join(subject.folder, file), 'utf8')
  if (subject.native !== undefined) {
    // The native answer is to the main form.
    const main = subject.cases.find(({ file }) => file === 'input.json')
    const rows = main === undefined ? undefined : sharedRows(inputOf(spec, 'application/json', texts(main.file)), input)
    return rows === undefined ? undefined : { output: canonicalOfOracle(subject.native), rows }
  }
  for (const other of subject.cases) {
    if (!other.ok || other.differs_from_first || !/\.(json|csv)$/.test(other.file)) continue
    const rows = sharedRows(
      inputOf(spec, other.file.endsWith('.csv') ? 'text/csv' : 'application/json', texts(other.file)),
      input,
    )
    if (rows !== undefined) return { output: canonicalOfOracle(other.output), rows }
  }
  return undefined
}

function answerText(answer: Answer): string {
  return answer.ok ? canonicalText(answer.parsed) : `HTTP ${answer.status}`
}
function gotText(got: Got): string {
  return got.ok ? got.text : `HTTP ${got.status} ${got.message}`
}
