/**
 * `npm run conformance:models -- DIR [--compat mlflow] [--serve]`: models that MLflow wrote, with what MLflow answers. With
 * `--serve` every body is posted to a server of its model as well.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Batch } from '../../src/batch.ts'
import { readArguments } from './arguments.ts'
import { type Canonical, canonicalOfBatch, canonicalText, type Foreign } from './canonical.ts'
import { commandDifference, executableOf, isForCommand, runPredict } from './command.ts'
import { difference } from './compare.ts'
import { answerDifference, enforce, type Got, refusalOf } from './enforce.ts'
import { inputOf } from './inputs.ts'
import { replyDifference, tensorsDifference } from './outputs.ts'
import { type Library, libraryUnderTest, packageUnderTest } from './package-under-test.ts'
import { outcomeOf, predict } from './predict.ts'
import type { Answer } from './reading.ts'
import { openReport, type Report } from './report.ts'
import { type Server, startServer } from './server.ts'
import { readSpec } from './spec.ts'
import { isTable, predictTable } from './typed-table.ts'
import { matrixColumns, reference, type Subject, wantedOf } from './wanted.ts'

type Opened = Awaited<ReturnType<Library['openLoaded']>>

const usage = 'conformance:models -- DIR [--compat mlflow] [--serve]'
const withServer = process.argv.includes('--serve')
const { path, mode, from } = readArguments(
  process.argv.slice(2).filter((argument) => argument !== '--serve'),
  usage,
)
const installed = from ?? packageUnderTest()
const library = await libraryUnderTest(installed)
const executable = executableOf(installed)
let commands = 0
let posts = 0
if (withServer && executable === undefined) throw new Error('--serve needs a package with bin/mlmodel.js')
const report = openReport((line) => console.log(line))
const names = readdirSync(path)
  .sort()
  .filter((name) => existsSync(join(path, name, 'expected.json')))
if (names.length === 0) throw new Error(`${path} has no folder with an expected.json: is it the folder above?`)
// Two at a time: most of the time goes to the commands' processes.
await Promise.all([judgeNext(), judgeNext()])
console.log(`${commands} cases also by the command, \`mlmodel predict\``)
if (withServer) console.log(`${posts} cases also by a server, \`mlmodel serve\``)
process.exitCode = report.end()

async function judgeNext(): Promise<void> {
  for (let name = names.shift(); name !== undefined; name = names.shift()) await judgeModel(name, report)
}

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
    library,
    name,
    folder,
    cases,
    native: expected.native?.predict,
    schema: texts.inputs === null ? null : JSON.parse(texts.inputs),
    signature,
    tolerance: { rtol: expected.rtol, atol: expected.atol },
    old: expected.generation !== undefined,
  }
  // An echo model is Python, but what it was given is what it answers: its enforcement is judged.
  if (expected.kind === 'signature') return judgeEcho(subject, out)
  let model: Opened
  try {
    const mlmodel = await library.loadMlmodel(await library.locate(join(folder, 'model')))
    model = await library.openLoaded(mlmodel, { mode, threads: 1 })
  } catch (error) {
    const { status, message } = refusalOf(error)
    const unsupported = (error as { kind?: string }).kind === 'unsupported'
    // The reason names the model's own files; without them it groups.
    if (unsupported) out.skip(message.replace(/`[^`]*`/g, '…'), cases.length)
    else for (const { file, via } of cases) out.fail(`${name} ${file} ${via}`, 'the model opens', `${status} ${message}`)
    return
  }
  let server: Server | undefined
  try {
    if (withServer) server = await startServer(executable!, join(folder, 'model'), mode)
    for (const given of cases) await judgeCase(subject, model, server, given, out)
  } catch (error) {
    if (server !== undefined || !withServer) throw error
    out.fail(name, 'the server starts', String(error))
  } finally {
    await server?.stop()
    await model.close()
  }
}

/** `output_same_as` names the file whose value is identical. */
function resolved(expected: Foreign, one: Foreign, field: 'output' | 'response'): Foreign {
  const same = one[`${field}_same_as`]
  return same === undefined
    ? one[field]
    : expected.cases.find((other: Foreign) => other.file === same && other[field] !== undefined)?.[field]
}

function skipReason({ protocol, content_type }: Foreign): string | undefined {
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
  if (isTable(given.file)) return outcome.ok ? undefined : predictTable(library, readSpec(subject.schema), given.file, bytes)
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

/** NPY, NPZ, Arrow or CSV as `predict` takes them: enforced as typed data; CSV in strict mode by the server's reading (X9). */
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
  if (file.endsWith('.arrow')) return library.readArrowBytes(bytes, { file })
  if (file.endsWith('.parquet')) return library.readParquet(bytes, { file })
  return file.endsWith('.npz')
    ? { kind: 'named', items: library.readNpz(bytes, { file }) }
    : { kind: 'array', tensor: library.readNpy(bytes, { file }) }
}

// Models that run ----------------------------------------------------------------------------------------------------

async function judgeCase(
  subject: Subject,
  model: Opened,
  server: Server | undefined,
  given: Foreign,
  out: Report,
): Promise<void> {
  const title = `${subject.name} ${given.file} ${given.via}`
  const reason = skipReason(given)
  if (reason !== undefined) return out.skip(reason)
  const bytes = readFileSync(join(subject.folder, given.file))
  const answer = await answerOf(subject, model, given, bytes)
  const said = await judgeCommand(subject, given, answer)
  if (said !== undefined) return out.fail(title, said.expected, said.got)
  const served = await judgeServer(server, given, bytes, answer)
  if (served !== undefined) return out.fail(title, served.expected, served.got)
  if (subject.old && !given.ok && answer.ok) return judgeOldRefusal(subject, given, bytes, answer.parsed, out)
  const wanted = wantedOf(subject, given, bytes, mode)
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

/** The command on the same file: what the library said, and MLflow's recorded reply where that is the answer asked for. */
async function judgeCommand(
  subject: Subject,
  given: Foreign,
  answer: Scored,
): Promise<{ expected: string; got: string } | undefined> {
  if (executable === undefined || !isForCommand(given)) return undefined
  commands++
  const ended = await runPredict(executable, join(subject.folder, 'model'), join(subject.folder, given.file), mode)
  const found = commandDifference(ended, answer.ok ? answer.written : undefined)
  // What refusals and rules ask for is judged on the library's answer, which the command's is equal to.
  if (found !== undefined || !answer.ok || typeof given.response !== 'string' || given.protocol === 'mlflow1') return found
  const reply = replyDifference(given.response, ended.stdout, subject.tolerance)
  return reply === undefined ? undefined : { expected: `the command prints ${given.response} (${reply})`, got: ended.stdout }
}

/** The server on the same body: status and reply are the library's, which are judged. */
async function judgeServer(
  server: Server | undefined,
  given: Foreign,
  bytes: Buffer,
  answer: Scored,
): Promise<{ expected: string; got: string } | undefined> {
  if (server === undefined || given.via !== 'invocations') return undefined
  posts++
  const { status, text } = await server.post(bytes, given.content_type)
  const got = `HTTP ${status} ${text}`
  if (!answer.ok) return status === answer.status ? undefined : { expected: `the server answers ${answer.status}`, got }
  return status === 200 && text === answer.reply ? undefined : { expected: `the server answers ${answer.reply}`, got }
}

/**
 * What an MLflow of 1.7 to 3.4 refused and 3.17 may take (CSV for float columns until 1.20, arrays until 1.13): no answer to
 * this file is known, so ours has to be the model's answer to the same rows in another file.
 */
function judgeOldRefusal(subject: Subject, given: Foreign, bytes: Buffer, got: Canonical, out: Report): void {
  const spec = readSpec(subject.schema)
  const input = given.file.endsWith('.csv')
    ? inputOf(spec, 'text/csv', bytes.toString('utf8'))
    : given.file.endsWith('.npy')
      ? matrixColumns(subject, bytes)
      : undefined
  const wanted = input === undefined ? undefined : reference(subject, spec, input)
  if (wanted === undefined) {
    out.skip('refused by the MLflow that wrote the model; no answer to compare with')
    return
  }
  const found = tensorsDifference(wanted.output, got, subject.tolerance, wanted.rows)
  if (found !== undefined)
    out.fail(
      `${subject.name} ${given.file} ${given.via}`,
      `the answer to the same rows: ${canonicalText(wanted.output)} (${found})`,
      canonicalText(got),
    )
  else if (mode === 'compat') out.pass()
  else passOr(out, given.file.endsWith('.csv') ? 'X9' : 'X4')
}

function passOr(out: Report, rule: string | undefined): void {
  if (rule === undefined) out.pass()
  else out.different(rule)
}

type Scored =
  | {
      readonly ok: true
      readonly parsed: Canonical
      /** As JSON, in the form of the server's reply. */
      readonly written: string
      /** The body of `invoke`, for a case of the server's. */
      readonly reply?: string
    }
  | Extract<Got, { ok: false }>

async function answerOf(subject: Subject, model: Opened, given: Foreign, bytes: Buffer): Promise<Scored> {
  try {
    if (given.via === 'invocations') {
      const request = await model.read(bytes, given.content_type)
      const answer = scored(await model.score(request.data, { params: request.params }))
      const { status, body } = await model.invoke(bytes, given.content_type)
      return status === 200
        ? { ...answer, reply: Buffer.from(body).toString('utf8') }
        : { ok: false, status, code: undefined, message: `invoke answers ${status} where predict does not` }
    }
    // `predict` on the modern JSON form: the typed data that it stands for.
    if (given.file.endsWith('.json')) {
      const request = await model.read(bytes, 'application/json')
      return scored(await model.score(request.data, { params: request.params }))
    }
    return scored(await model.score(typedInput(subject.signature, given.file, bytes)))
  } catch (error) {
    const refusal = refusalOf(error)
    if (given.via !== 'invocations') return refusal
    const { status } = await model.invoke(bytes, given.content_type)
    return status === refusal.status ? refusal : { ...refusal, message: `invoke answers ${status}: ${refusal.message}` }
  }
}

function scored(batch: Batch): Extract<Scored, { ok: true }> {
  const written = Buffer.from(library.writePredictions(batch, { wrap: true })).toString('utf8')
  return { ok: true, parsed: canonicalOfBatch(batch), written }
}

function answerText(answer: Answer): string {
  return answer.ok ? canonicalText(answer.parsed) : `HTTP ${answer.status}`
}
function gotText(got: Got): string {
  return got.ok ? got.text : `HTTP ${got.status} ${got.message}`
}
