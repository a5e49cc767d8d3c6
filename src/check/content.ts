/** Judges every file of the folder by what its bytes are, whatever its name says. */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { type Content, type Format, sampleBytes, sampleFile, sniff } from '../sniff.ts'
import type { Check, CheckContext, ContentJudge, FileJudgement, JudgedFile, Judgement, JudgeTools } from './check.ts'
import { arrayJudge } from './judge-arrays.ts'
import { boosterJudge } from './judge-boosters.ts'
import { onnxJudge } from './judge-onnx.ts'
import { pickleJudge, secondFace, tarJudge, zipJudge } from './judge-pickles.ts'
import { wholeJudgement } from './judge-place.ts'
import { yamlJudge } from './judge-yaml.ts'

/** The first that takes a file judges it. */
export const judges: readonly ContentJudge[] = [pickleJudge, zipJudge, onnxJudge, arrayJudge, boosterJudge, yamlJudge, tarJudge]

/** Formats that cannot carry code whatever their bytes are, and whose readers are other rules. */
const withoutCode: ReadonlySet<Format> = new Set<Format>([
  'arrow',
  'csv',
  'empty',
  'git-lfs-pointer',
  'html',
  'image',
  'json',
  'mlmodel',
  'parquet',
  'pdf',
  'text',
  'xml',
  'yaml',
])

/** Archives in archives: a skops or torch file in a zip is two; nobody writes more. */
const deepestArchive = 3

/** Judges one file. Never throws for what the file holds. */
export async function judgeContent(path: string, context: CheckContext): Promise<Omit<FileJudgement, 'path' | 'bytes'>> {
  try {
    const sha256 = context.options.trusted.size > 0 ? await context.sha256(path) : undefined
    if (sha256 !== undefined && context.options.trusted.has(sha256))
      return { format: (await context.sniff(path)).format, verdict: 'trusted', findings: [], sha256 }
    const judgement = await context.withFile(path, async (file) => {
      const sample = await sampleFile(file.descriptor, path, file.size)
      const content = await context.sniff(path)
      return judge({ path, size: file.size, content, sample, readAll: (limit) => context.readAll(path, limit) }, context, 0)
    })
    return judgement.verdict === 'unjudged' ? await withDigest(judgement, path, context) : judgement
  } catch (error) {
    return judgementOfError(error, 'unknown', { file: path })
  }
}

async function judge(file: JudgedFile, context: CheckContext, depth: number): Promise<Judgement> {
  const { format } = file.content
  const where = { file: file.path, ...(file.member !== undefined && { path: file.member }) }
  if (depth > deepestArchive)
    return { format, verdict: 'reject', findings: [finding('CONTENT_NESTED', { limit: deepestArchive }, where)] }
  const tools: JudgeTools = {
    context,
    limits: context.limits,
    async judgeMember(path, member, bytes) {
      const sample = sampleBytes(bytes, member)
      const inner: JudgedFile = {
        path,
        member,
        size: bytes.length,
        content: await sniff(sample),
        sample,
        async readAll(limit) {
          if (bytes.length > limit) throw new MlmodelError('FILE_TOO_LARGE', { bytes: bytes.length, limit }, { where })
          return bytes
        },
      }
      return judge(inner, context, depth + 1)
    },
  }
  const judging = judges.find((each) => each.takes(file))
  try {
    const judged =
      judging === undefined
        ? judgeByFormat(file.content, where, await isWeights(file, context))
        : await judging.judge(file, tools)
    if (!mayHaveTwoFaces.has(judged.verdict)) return judged
    const hidden = await secondFace(file, tools)
    return hidden === undefined ? judged : wholeJudgement(format, [judged, hidden])
  } catch (error) {
    return judgementOfError(error, format, where)
  }
}

/** What was not read as a pickle to its last byte may be one as well. */
const mayHaveTwoFaces: ReadonlySet<Judgement['verdict']> = new Set(['no-code', 'unjudged', 'source'])

function judgeByFormat(content: Content, where: Finding['where'], isWeightsFile: boolean): Judgement {
  const { format, title } = content
  if (withoutCode.has(format) || isWeightsFile) return { format, verdict: 'no-code', findings: [] }
  if (format === 'python') return { format, verdict: 'source', findings: [finding('CONTENT_SOURCE', { content: title }, where)] }
  return { format, verdict: 'unjudged', findings: [finding('CONTENT_UNJUDGED', { content: title }, where)] }
}

/** External data of an ONNX graph has no form of its own; the graph, which is judged, says what it is. */
async function isWeights(file: JudgedFile, context: CheckContext): Promise<boolean> {
  return file.member === undefined && file.content.format === 'unknown' && (await context.weights()).has(file.path)
}

/** The hash that `--trust` wants. */
async function withDigest(judgement: Judgement, path: string, context: CheckContext): Promise<Judgement> {
  const sha256 = await context.sha256(path)
  const findings = judgement.findings.map((found) =>
    found.code === 'CONTENT_UNJUDGED' ? { ...found, arguments: { ...(found.arguments as object), sha256 } } : found,
  )
  return { ...judgement, findings }
}

function judgementOfError(error: unknown, format: string, where: Finding['where']): Judgement {
  if (!(error instanceof MlmodelError)) throw error
  const found = findingOfError(error, { ...error.where, ...where })
  return { format, verdict: error.kind === 'io' ? 'unjudged' : 'reject', findings: [found] }
}

export const content: Check = {
  name: 'content',
  run: async (context) => (await context.judgements()).flatMap(({ findings }) => findings),
}
