/** Judges ONNX files: every tensor, the links of the graph, its trees, its operators, and what lies outside the file. */
import { posix } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { checkOperators } from '../onnx/check.ts'
import { closeExternal, openExternal } from '../onnx/external-data.ts'
import { type OnnxModel, readOnnx } from '../onnx/model.ts'
import type { ContentJudge, JudgedFile, Judgement, JudgeTools } from './check.ts'
import { placeOf } from './judge-place.ts'

export const onnxJudge: ContentJudge = {
  name: 'onnx',
  takes: ({ content }) => content.format === 'onnx' || content.format === 'onnx-runtime',
  async judge(file, tools): Promise<Judgement> {
    const { format } = file.content
    const where = placeOf(file)
    if (format === 'onnx-runtime') return { format, verdict: 'unjudged', findings: [finding('ONNX_READY_FORMAT', {}, where)] }
    const model =
      file.member === undefined
        ? await tools.context.graph(file.path)
        : readOnnx(await file.readAll(tools.limits.onnxBytesInMemory), tools.limits)
    const findings = [...contexts(model, where), ...operators(model, where), ...(await outside(model, file, tools))]
    // An ONNX graph holds no code of its own; operators that are not known would be code of somebody else.
    return { format, verdict: findings.length === 0 ? 'no-code' : 'reject', findings }
  },
}

function contexts(model: OnnxModel, where: Finding['where']): readonly Finding[] {
  const nodes = model.operators.filter(({ operator }) => operator === 'EPContext').reduce((sum, { count }) => sum + count, 0)
  return nodes === 0 ? [] : [finding('ONNX_CONTEXT', { nodes }, where)]
}

function operators(model: OnnxModel, where: Finding['where']): readonly Finding[] {
  try {
    checkOperators({ ...model, operators: model.operators.filter(({ operator }) => operator !== 'EPContext') })
    return []
  } catch (error) {
    return [found(error, where)]
  }
}

/** Data outside the file lies below its own folder and inside the model's. */
async function outside(model: OnnxModel, file: JudgedFile, { context }: JudgeTools): Promise<readonly Finding[]> {
  if (model.externalTensors.length === 0) return []
  const where = placeOf(file)
  if (file.member !== undefined) {
    const { name, external } = model.externalTensors[0]!
    return [finding('ONNX_EXTERNAL', { tensor: name, location: external.location, why: 'and the graph is in an archive' }, where)]
  }
  const folder = posix.dirname(file.path)
  try {
    await closeExternal(await openExternal(model, context.directory, folder === '.' ? '' : folder, where))
    return []
  } catch (error) {
    return [found(error, where)]
  }
}

function found(error: unknown, where: Finding['where']): Finding {
  if (!(error instanceof MlmodelError)) throw error
  return findingOfError(error, { ...error.where, ...where })
}
