/** The stored example and the stored request, read and enforced as a server reads and enforces a request. */
import type { Cell } from '../batch.ts'
import { readRequest } from '../enforce/request.ts'
import { MlmodelError, problemMessage, standsForProblems } from '../errors/index.ts'
import { placeText } from '../errors/place.ts'
import { exampleBody } from '../example/stored.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { modelPath } from '../flavors/onnx.ts'
import { parseJson, writeJsonValue } from '../json.ts'
import type { InputExample, Mlmodel } from '../mlmodel.ts'
import { feedTensors } from '../onnx/feed.ts'
import type { Check, CheckContext } from './check.ts'
import { feedInputs } from './onnx-signature.ts'
import { fieldPlace } from './place.ts'

/** Bytes of an example; MLflow stores a few rows. */
const mostBytes = 64 << 20

export const example: Check = {
  name: 'example',
  async run(context) {
    const { model } = context
    const stored = model?.inputExample
    if (model === undefined || stored === undefined) return []
    const findings = await checkExample(context, model, stored)
    // MLflow makes the request of the example: the same reason need not be read twice.
    const reasons = findings.map(({ arguments: args }) => (args as { reason?: string }).reason)
    const more = await checkRequest(context, model, stored)
    return [...findings, ...more.filter(({ arguments: args }) => !reasons.includes((args as { reason?: string }).reason ?? ''))]
  },
}

async function checkExample(context: CheckContext, model: Mlmodel, stored: InputExample): Promise<readonly Finding[]> {
  const { artifactPath } = stored
  const value = await readJson(context, model, artifactPath, 'artifact_path')
  if (value === undefined) return []
  if ('findings' in value) return value.findings
  const where = { file: artifactPath }
  const body = exampleBody(value.cell, stored)
  // A sparse matrix: no request can hold it.
  if (body.size === 0) return []
  return judgeBody(context, model, Buffer.from(writeJsonValue(body)), (reason, lossy) =>
    finding(lossy ? 'EXAMPLE_LOSSY' : 'EXAMPLE_MISMATCH', { reason }, where),
  )
}

async function checkRequest(context: CheckContext, model: Mlmodel, stored: InputExample): Promise<readonly Finding[]> {
  const path = stored.servingInputPath
  if (path === undefined) return []
  const value = await readJson(context, model, path, 'serving_input_path')
  if (value === undefined) return []
  if ('findings' in value)
    return value.findings.map((found) =>
      found.code === 'EXAMPLE_UNREADABLE'
        ? finding('EXAMPLE_REQUEST', found.arguments as { reason: string }, found.where)
        : { ...found, level: found.level === 'error' ? ('warning' as const) : found.level },
    )
  // Values that only strict mode refuses are said once, of the example.
  return judgeBody(context, model, value.bytes, (reason, lossy) =>
    lossy ? undefined : finding('EXAMPLE_REQUEST', { reason }, { file: path }),
  )
}

type Read = { readonly cell: Cell; readonly bytes: Uint8Array } | { readonly findings: readonly Finding[] }

/** Undefined where another rule has said that the path is wrong. */
async function readJson(
  context: CheckContext,
  model: Mlmodel,
  path: string,
  key: 'artifact_path' | 'serving_input_path',
): Promise<Read | undefined> {
  // Refused when MLmodel was read.
  if (path === '') return undefined
  const where = { file: path }
  try {
    const bytes = await context.readAll(path, mostBytes)
    return { bytes, cell: parseJson(bytes, { where, limits: context.limits }).value }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    if (error.code === 'PATH_MISSING')
      return { findings: [finding('EXAMPLE_MISSING', { path }, fieldPlace(model, ['saved_input_example_info', key]))] }
    if (error.code.startsWith('PATH_')) return undefined
    if (error.code.startsWith('FILE_')) return { findings: [findingOfError(error, where)] }
    return { findings: [finding('EXAMPLE_UNREADABLE', { reason: error.message }, { ...error.where, ...where })] }
  }
}

/**
 * Enforces a body as MLflow does and then strictly, and gives it to the graph of an ONNX model.
 *
 * @param say - `lossy`: MLflow takes the body, strict mode does not
 */
async function judgeBody(
  context: CheckContext,
  model: Mlmodel,
  body: Uint8Array,
  say: (reason: string, lossy: boolean) => Finding | undefined,
): Promise<readonly Finding[]> {
  const flags = { schemaFlags: { isSignatureFromTypeHint: model.isSignatureFromTypeHint } }
  const told = (found: Finding | undefined) => (found === undefined ? [] : [found])
  // A signature that could not be read is no measure.
  const signature = model.fields.get('signature') == null || isWhole(model, context) ? model.signature : undefined
  try {
    readRequest(body, 'application/json', signature, { mode: 'compat', ...flags })
  } catch (error) {
    return told(say(reasonOf(error), false))
  }
  try {
    const { data } = readRequest(body, 'application/json', signature, { mode: 'strict', ...flags })
    const graph = model.flavors.has('onnx') ? await context.graphOrNothing(modelPath(model)) : undefined
    if (graph === undefined) return []
    const { inputs, unusable } = feedInputs(graph)
    if (unusable.length > 0) return []
    try {
      feedTensors(data, inputs, true)
      return []
    } catch (error) {
      return told(say(reasonOf(error), false))
    }
  } catch (error) {
    return told(say(reasonOf(error), true))
  }
}

function isWhole(model: Mlmodel, { problems }: CheckContext): boolean {
  return model.signature !== undefined && !problems.some(({ where }) => where.path?.startsWith('signature') === true)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof MlmodelError)) throw error
  if (!standsForProblems(error)) return error.message
  const sentences = error.problems.map((problem) => {
    const place = placeText(problem.where)
    return place === '' ? problemMessage(problem) : `${place}: ${problemMessage(problem)}`
  })
  return sentences.length <= mostReasons
    ? sentences.join('; ')
    : `${sentences.slice(0, mostReasons).join('; ')}; and ${sentences.length - mostReasons} more`
}

/** Problems of an example that are told; a million rows may have a million. */
const mostReasons = 5
