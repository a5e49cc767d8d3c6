/**
 * A model shown to work: it is opened and scores its own example in a process of its own, under a deadline and a bound on memory, and what
 * it gives is compared with what its signature says and with the answers that were recorded.
 */
import type { CellMap } from './batch.ts'
import type { CheckContext, CheckResults } from './check/check.ts'
import { fieldPlace } from './check/place.ts'
import { writePredictions } from './data/reply.ts'
import { type ErrorCode, fullMessage, MlmodelError } from './errors/index.ts'
import { exampleRequest } from './example/index.ts'
import { type Finding, finding } from './finding/index.ts'
import { parseJson, writeJsonValue } from './json.ts'
import type { Mlmodel } from './mlmodel.ts'
import { chooseFlavor } from './model.ts'
import type { Executable } from './runner/deadline.ts'
import { watchMemory } from './runner/memory.ts'
import { openRunner } from './runner/open.ts'
import { compareCells } from './self-test/cells.ts'
import {
  defaultTolerance,
  type Golden,
  goldenBytes,
  goldenName,
  goldenText,
  parseGolden,
  predictionsOf,
  writeGolden,
} from './self-test/golden.ts'
import { checkOutputs } from './self-test/outputs.ts'
import { version } from './version.ts'

export interface SelfTestOptions {
  /** How to start the process. */
  readonly executable: Executable
  /** For opening, and again for each request; default 5,000. */
  readonly milliseconds?: number
  /** Of the process (Linux only); default 2 GiB. */
  readonly memoryBytes?: number
  /** Someone wants it: a model that cannot be run here is then a finding, not silence. */
  readonly asked?: boolean
}

const defaultMilliseconds = 5000
const defaultMemory = 2 * 2 ** 30

/** What is missing here, and no fault of the model. */
const absentHere: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'FLAVOR_NOT_RUN',
  'ONNX_RUNTIME_MISSING',
  'ONNX_RUNTIME_PLATFORM',
  'ONNX_RUNTIME_MUSL',
  'RUNNER_ENTRY',
  'RUNNER_NOT_STARTED',
])

/**
 * Opens the model and scores its example and its recorded inputs. Without a stored example a request is made up, which a sound model
 * may refuse: then only deadline, memory and crashes count.
 */
export async function selfTest(context: CheckContext, options: SelfTestOptions): Promise<CheckResults> {
  const { model } = context
  if (model === undefined) return {}
  try {
    chooseFlavor(model)
  } catch (error) {
    return { run: notHere(error, options) }
  }
  const findings: Finding[] = []
  const { golden, problem } = await readGolden(context)
  if (problem !== undefined) findings.push(problem)
  const process = startModel(context, options)
  try {
    const opened = await process.open()
    if (opened !== undefined) return { run: [...findings, ...opened] }
    findings.push(...(await scoreExample(model, process)))
    for (const [at, one] of (golden?.cases ?? []).entries()) findings.push(...(await scoreGolden(at, one, golden!, process)))
  } finally {
    await process.close()
  }
  return { run: findings }
}

/**
 * Records what the model answers to its example, in the model's folder.
 *
 * @returns the path of the file
 * @throws GOLDEN_NOT_RECORDED, OUTPUT_NOT_WRITTEN, FLAVOR_NOT_RUN; the errors of the example
 */
export async function recordGolden(context: CheckContext, options: SelfTestOptions): Promise<string> {
  const { model } = context
  if (model === undefined) throw new MlmodelError('GOLDEN_NOT_RECORDED', { why: 'the MLmodel file cannot be read' })
  const flavor = chooseFlavor(model).name
  const { golden } = await readGolden(context)
  const process = startModel(context, options)
  try {
    const failed = await process.open()
    const request = failed === undefined ? await requestOf(model) : undefined
    const answer = request && (await process.ask(Buffer.from(request.text), request.origin))
    if (request === undefined || answer === undefined || !('predictions' in answer)) {
      const first = failed?.[0] ?? (answer as { findings?: readonly Finding[] } | undefined)?.findings?.[0]
      const args = first?.arguments as { reason?: string } | undefined
      throw new MlmodelError('GOLDEN_NOT_RECORDED', { why: args?.reason ?? first?.code ?? 'there is no request' })
    }
    const body = parseJson(request.text).value as CellMap
    const text = goldenText(
      {
        // What somebody set in the file stays.
        tolerance: golden?.tolerance ?? defaultTolerance,
        cases: [{ request: body, predictions: predictionsOf(answer.reply) }],
      },
      `mlmodel ${version}, ${flavor}`,
    )
    return await writeGolden(context.directory, text)
  } finally {
    await process.close()
  }
}

type Origin = 'stored' | 'made' | 'golden'

interface Answered {
  readonly predictions: Parameters<typeof checkOutputs>[1]
  /** As the scoring server would write them. */
  readonly reply: Uint8Array
}

interface ModelProcess {
  /** Findings when the model does not open. */
  open(): Promise<readonly Finding[] | undefined>
  ask(body: Uint8Array, origin: Origin): Promise<Answered | { readonly findings: readonly Finding[] }>
  close(): Promise<void>
}

/** A runner whose failures are findings. */
function startModel({ directory, model }: CheckContext, options: SelfTestOptions): ModelProcess {
  const { milliseconds = defaultMilliseconds, memoryBytes = defaultMemory } = options
  const where = fieldPlace(model!, ['flavors'])
  const runner = openRunner({
    executable: options.executable,
    model: { path: directory, options: { mode: 'strict' } },
    onWarning: () => {},
  })
  /** A question with both bounds; what goes wrong is a finding of the model, unless it is our own. */
  async function bounded<Answer>(
    ask: (signal: AbortSignal) => Promise<Answer>,
    step: { readonly step: 'open' } | { readonly step: 'score'; readonly origin: Origin },
  ): Promise<{ readonly answer: Answer } | { readonly error: MlmodelError; readonly findings: readonly Finding[] }> {
    const abort = new AbortController()
    const unwatch = watchMemory(
      () => runner.pid,
      memoryBytes,
      () => abort.abort(),
    )
    const origin = step.step === 'score' ? { origin: step.origin } : {}
    try {
      return { answer: await ask(abort.signal) }
    } catch (error) {
      if (!(error instanceof MlmodelError)) throw error
      const found = (): Finding => {
        if (abort.signal.aborted) return finding('RUN_MEMORY', { ...origin, megabytes: Math.round(memoryBytes / 2 ** 20) }, where)
        if (error.code === 'PREDICT_TIMEOUT')
          return finding('RUN_DEADLINE', { ...origin, step: step.step, seconds: milliseconds / 1000 }, where)
        if (error.code === 'RUNNER_DIED' || error.code === 'RUNNER_BUG')
          return finding('RUN_DIED', { ...origin, how: error.message }, where)
        if (step.step === 'open') return finding('RUN_NOT_OPENED', { reason: fullMessage(error) }, where)
        return finding('RUN_FAILED', { origin: step.origin, reason: fullMessage(error) }, where)
      }
      return { error, findings: [found()] }
    } finally {
      unwatch()
    }
  }
  return {
    async open() {
      const done = await bounded((signal) => runner.ask({ kind: 'ready' }, { timeout: milliseconds, signal }), { step: 'open' })
      if ('answer' in done) return undefined
      return absentHere.has(done.error.code) ? notHere(done.error, options) : done.findings
    },
    async ask(body, origin) {
      const done = await bounded((signal) => runner.ask({ kind: 'score', body }, { timeout: milliseconds, signal }), {
        step: 'score',
        origin,
      })
      if (!('answer' in done)) return { findings: done.findings }
      return { predictions: done.answer, reply: writePredictions(done.answer, { wrap: true }) }
    },
    close: () => runner.close(),
  }
}

async function scoreExample(model: Mlmodel, process: ModelProcess): Promise<readonly Finding[]> {
  const request = await requestOf(model)
  if (request === undefined) return []
  const { origin, text } = request
  const answer = await process.ask(Buffer.from(text), origin)
  const where = fieldPlace(model, ['signature', 'outputs'])
  if ('predictions' in answer) {
    const outputs = model.signature?.outputs
    return outputs === undefined ? [] : checkOutputs(outputs, answer.predictions, where)
  }
  // Values that were made up need not be what the model takes.
  return origin === 'made' ? answer.findings.filter(({ code }) => code !== 'RUN_FAILED') : answer.findings
}

/** The stored request, else one that is made; undefined where neither can be. What is wrong with a stored one is another rule's. */
async function requestOf(model: Mlmodel): Promise<{ readonly text: string; readonly origin: 'stored' | 'made' } | undefined> {
  try {
    const { text, origin } = await exampleRequest(model, 'mlflow')
    return { text, origin: origin === 'stored' ? 'stored' : 'made' }
  } catch (error) {
    if (error instanceof MlmodelError) return undefined
    throw error
  }
}

async function scoreGolden(
  at: number,
  { request, predictions }: Golden['cases'][number],
  { tolerance }: Golden,
  process: ModelProcess,
): Promise<readonly Finding[]> {
  const answer = await process.ask(Buffer.from(writeJsonValue(request)), 'golden')
  const where = { file: goldenName }
  if (!('predictions' in answer)) return answer.findings.map((found) => ({ ...found, where }))
  const difference = compareCells(predictions, predictionsOf(answer.reply), tolerance)
  return difference === undefined ? [] : [finding('GOLDEN_DIFFERENT', { at: at + 1, ...difference }, where)]
}

async function readGolden(context: CheckContext): Promise<{ readonly golden?: Golden; readonly problem?: Finding }> {
  if (!context.files.some(({ path }) => path === goldenName)) return {}
  try {
    return { golden: parseGolden(await context.readAll(goldenName, goldenBytes)) }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return { problem: finding('GOLDEN_UNREADABLE', { reason: fullMessage(error) }, { ...error.where, file: goldenName }) }
  }
}

/** Nothing of the model's is wrong when it is not run here. */
function notHere(error: unknown, { asked = false }: SelfTestOptions): readonly Finding[] {
  if (!(error instanceof MlmodelError)) throw error
  return asked ? [finding('RUN_NOT_NATIVE', { reason: fullMessage(error) })] : []
}
