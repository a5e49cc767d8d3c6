/** `npm run conformance:enforce -- FILE.jsonl [--compat mlflow]`: request bodies against MLflow's own enforcement. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { readArguments } from './arguments.ts'
import { atomOfCell, atomText, type Canonical, canonicalOfBatch, canonicalText, type Foreign } from './canonical.ts'
import { difference } from './compare.ts'
import { isUndefinedCast } from './compat.ts'
import { type Library, libraryUnderTest } from './package-under-test.ts'
import { outcomeOf, type Prediction, predict } from './predict.ts'
import type { Answer } from './reading.ts'
import { openReport } from './report.ts'
import { readSpec } from './spec.ts'
import { predictTable } from './typed-table.ts'

/** Our answer: as {@link Answer}, with MLflow's error code and a sentence for the report. */
export type Got =
  | { readonly ok: false; readonly status: number; readonly code: string | undefined; readonly message: string }
  | (Extract<Answer, { ok: true }> & { readonly text: string })

/** What the product makes of a body. */
export function enforce(
  library: Library,
  given: Foreign,
  body: Uint8Array,
  mode: 'strict' | 'compat',
  contentType: string = given.content_type,
): Got {
  try {
    const cell = (value: Foreign) => library.parseJson(JSON.stringify(value)).value
    const signature =
      given.schema === null && given.params_schema === undefined
        ? undefined
        : {
            ...(given.schema === null ? {} : { inputs: library.parseSchema(cell(given.schema), {}) }),
            ...(given.params_schema === undefined ? {} : { params: library.parseParams(cell(given.params_schema), {}) }),
          }
    const request = library.readRequest(body, contentType, signature, { mode })
    const parsed = canonicalOfBatch(request.data)
    checkFast(library, body, contentType, signature, mode, parsed)
    const params = atomOfCell(request.params)
    return { ok: true, parsed, params, text: `${canonicalText(parsed)} params ${atomText(params)}` }
  } catch (error) {
    return refusalOf(error)
  }
}

/** The typed reader of JSON is a shortcut: where it does not pass, its answer is the exact path's to the bit. */
function checkFast(
  library: Library,
  body: Uint8Array,
  contentType: string,
  signature: Foreign,
  mode: 'strict' | 'compat',
  exact: Canonical,
): void {
  const fast = (library as Foreign).readTyped
  if (fast === undefined || signature === undefined) return
  const request = library.readRequest(body, contentType, signature, { mode, fast } as Foreign)
  const found = difference(exact, canonicalOfBatch(request.data), { pandas: true })
  if (found !== undefined) throw new Error(`the typed reader differs from the exact path: ${found}`)
}

/** A thrown error as an answer; anything but the product's own errors is a crash (status 0). */
export function refusalOf(error: unknown): Extract<Got, { ok: false }> {
  const known = error as { code?: string; message: string; info?: { httpStatus: number; mlflowCode?: string } }
  if (known.info === undefined)
    return {
      ok: false,
      status: 0,
      code: undefined,
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  return { ok: false, status: known.info.httpStatus, code: known.info.mlflowCode, message: `${known.code}: ${known.message}` }
}

/** How ours differs from what is wanted, in words; undefined when it does not. */
export function answerDifference(
  wanted: Answer,
  got: Got,
  options: { code?: string | undefined; pandas?: boolean } = {},
): string | undefined {
  if (!wanted.ok || !got.ok) {
    if (wanted.ok !== got.ok) return wanted.ok ? 'refused' : 'accepted'
    if (wanted.ok || got.ok) return undefined
    if (wanted.status !== got.status) return `status ${wanted.status} against ${got.status}`
    return options.code !== undefined && options.code !== got.code ? `code ${options.code} against ${got.code}` : undefined
  }
  const found = difference(wanted.parsed, got.parsed, { pandas: options.pandas ?? false })
  if (found !== undefined || wanted.params === undefined) return found
  return atomText(wanted.params) === atomText(got.params ?? null) ? undefined : `params ${atomText(wanted.params)}`
}

function answerText(answer: Answer): string {
  return answer.ok
    ? `${canonicalText(answer.parsed)}${answer.params === undefined ? '' : ` params ${atomText(answer.params)}`}`
    : `HTTP ${answer.status}`
}

function gotText(got: Got): string {
  return got.ok ? got.text : `HTTP ${got.status} ${got.code ?? ''} ${got.message}`
}

async function main(argv: readonly string[]): Promise<number> {
  const { path, mode, from } = readArguments(argv, 'conformance:enforce -- FILE.jsonl [--compat mlflow]')
  const library = await libraryUnderTest(from)
  const report = openReport((line) => console.log(line))
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue
    const given: Foreign = JSON.parse(line)
    const name = `${given.id} (${given.family}${given.note === undefined ? '' : `: ${given.note}`})`
    const body = given.body === undefined ? Buffer.from(given.body_base64, 'base64') : Buffer.from(given.body, 'utf8')
    const got = enforce(library, given, body, mode)
    const outcome = outcomeOf(given.expect)
    if (mode === 'compat') {
      const server = !outcome.ok && outcome.status === 500
      const wanted: Answer = server ? { ok: false, status: 400 } : outcome
      const found = answerDifference(wanted, got, { code: given.expect.error_code, pandas: true })
      if (found === undefined) server ? report.different('X8 (HTTP 500)') : report.pass()
      else if (outcome.ok && isUndefinedCast(given, outcome, got)) report.different('undefined cast')
      else report.fail(name, `${answerText(wanted)} ${given.expect.error_code ?? ''} (${found})`, gotText(got))
      continue
    }
    const prediction: Prediction | undefined =
      given.body !== undefined
        ? predict(given)
        : outcome.ok
          ? undefined
          : predictTable(library, readSpec(given.schema), 'body.parquet', body)
    const wanted =
      prediction === undefined
        ? outcome
        : (prediction.answer ?? answerOf(enforce(library, given, body, mode, prediction.sameAs!)))
    // A rule's own error has MLflow's code of enforcement; where MLflow refuses too, any code will do.
    const code = outcome.ok && prediction !== undefined && !wanted.ok ? 'INVALID_PARAMETER_VALUE' : undefined
    const found = answerDifference(wanted, got, { code })
    if (found !== undefined)
      report.fail(
        name,
        `${prediction === undefined ? 'as MLflow' : `by ${prediction.rule}`}: ${answerText(wanted)} (${found})`,
        gotText(got),
      )
    else if (prediction === undefined) report.pass()
    else report.different(prediction.rule)
  }
  return report.end()
}

function answerOf(got: Got): Answer {
  return got.ok ? got : { ok: false, status: got.status }
}

if (import.meta.filename === process.argv[1]) process.exitCode = await main(process.argv.slice(2))
