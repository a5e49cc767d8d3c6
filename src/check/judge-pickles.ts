/** Judges pickles and everything that holds them: joblib, cloudpickle, torch, skops, zip and tar archives, compressed or not. */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { hidesPickle, judgePickle, type PickleFileVerdict } from '../pickle/file.ts'
import { salvageZip } from '../pickle/salvage.ts'
import { readTar } from '../pickle/tar.ts'
import { judgeTorchPickle } from '../pickle/torch.ts'
import { compressionOf } from '../pickle/unpack.ts'
import { readSkops, type SkopsVerdict } from '../skops/read.ts'
import type { Format } from '../sniff.ts'
import { looksLikeZip, openZip, type ZipMember } from '../zip.ts'
import type { ContentJudge, JudgedFile, Judgement, JudgeTools } from './check.ts'
import { withEstimators } from './estimators.ts'
import { placeOf, wholeJudgement } from './judge-place.ts'

const pickleFormats: ReadonlySet<Format> = new Set<Format>(['pickle', 'joblib', 'torch', 'gzip', 'zlib', 'bzip2', 'xz'])

/** Pickles, plain and compressed, and torch's files. */
export const pickleJudge: ContentJudge = {
  name: 'pickles',
  takes: (file) =>
    pickleFormats.has(file.content.format) ||
    (file.content.format === 'unknown' && compressionOf(file.sample.head) !== undefined) ||
    isCalledPickle(file),
  async judge(file, tools) {
    const bytes = await file.readAll(tools.limits.arrayBytes)
    if (looksLikeZip(bytes)) return judgeZip(bytes, file, tools)
    return judgementOf(judgePickle(bytes, tools.limits), file)
  },
}

/** Whoever loads it goes by the name: what looks like a text, like nothing or like nothing known is then a pickle, or a broken one. */
function isCalledPickle({ content, path, member }: JudgedFile): boolean {
  return ['text', 'empty', 'unknown'].includes(content.format) && /\.(pkl|pickle|joblib)$/i.test(member ?? path)
}

/** skops and every other zip file. */
export const zipJudge: ContentJudge = {
  name: 'zips',
  takes: ({ content, sample }) =>
    content.format === 'skops' || content.format === 'zip' || content.format === 'npz' || looksLikeZip(sample.head),
  judge: async (file, tools) => judgeZip(await file.readAll(tools.limits.arrayBytes), file, tools),
}

/** Torch's oldest form is a tar archive; of any other nobody knows what reads it. */
export const tarJudge: ContentJudge = {
  name: 'tars',
  takes: ({ content }) => content.format === 'tar',
  async judge(file, tools) {
    const parts: Judgement[] = []
    for (const { name, bytes } of readTar(await file.readAll(tools.limits.arrayBytes)))
      if (bytes.length > 0) parts.push(await tools.judgeMember(file.path, memberName(file, name), bytes))
    const unjudged = finding('CONTENT_UNJUDGED', { content: file.content.title }, placeOf(file))
    return wholeJudgement('tar', [...parts, { format: 'tar', verdict: 'unjudged', findings: [unjudged] }])
  },
}

/**
 * Looks for the second face of a file that is something else by its first bytes: one that an Unpickler would read too, or a zip
 * file behind other bytes. Undefined where there is none.
 */
export async function secondFace(file: JudgedFile, tools: JudgeTools): Promise<Judgement | undefined> {
  const { head } = file.sample
  // Most files are no pickle by their first bytes.
  if (mayBePickle(head, file.size, tools)) {
    const hidden = hidesPickle(await file.readAll(tools.limits.arrayBytes), tools.limits)
    if (hidden !== undefined) return judgementOf(hidden, file)
  }
  if (looksLikeZip(head) || !(await endsAsZip(file))) return undefined
  return judgeZip(await file.readAll(tools.limits.arrayBytes), file, tools)
}

/** Python's zipfile looks for the end record from behind, over a comment and over bytes that are none. */
async function endsAsZip({ sample, size }: JudgedFile): Promise<boolean> {
  const last = await sample.read(Math.max(0, size - widestEnd), widestEnd)
  const bytes = Buffer.from(last.buffer, last.byteOffset, last.byteLength)
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  if (end < 0 || end + 22 > bytes.length) return false
  // Not a chance of four bytes: one disk, as many members on it as in all, and a directory that there is room for.
  const members = bytes.readUInt16LE(end + 10)
  return (
    bytes.readUInt32LE(end + 4) === 0 &&
    members > 0 &&
    members === bytes.readUInt16LE(end + 8) &&
    (bytes.readUInt32LE(end + 12) <= size || members === 0xffff)
  )
}

/** The end record of a zip file with its longest comment. */
const widestEnd = 22 + 0xffff

function mayBePickle(head: Uint8Array, size: number, { limits }: JudgeTools): boolean {
  const verdict = judgePickle(head, limits)
  if (verdict.outcome === 'unsafe') return verdict.rejection === undefined || verdict.called || head.length < size
  // What runs may stand behind a picture of any size, which an opcode holds as bytes.
  return head.length < size && (verdict.rejection === undefined || verdict.rejection.cut === true)
}

async function judgeZip(bytes: Uint8Array, file: JudgedFile, tools: JudgeTools): Promise<Judgement> {
  const where = placeOf(file)
  let members: readonly ZipMember[]
  try {
    members = openZip(bytes, where, tools.limits)
    if (members.some(({ name }) => name === 'schema.json')) return skopsJudgement(readSkops(bytes, where, tools.limits), file)
    const root = members.find(({ name }) => /^([^/]+\/)?data\.pkl$/.test(name))
    if (root !== undefined) return await judgeTorch(root, members, file, tools)
    const parts: Judgement[] = []
    for (const member of members)
      if (!member.name.endsWith('/')) parts.push(await tools.judgeMember(file.path, memberName(file, member.name), member.read()))
    if (file.content.format === 'keras') {
      const unjudged = finding('CONTENT_UNJUDGED', { content: file.content.title }, where)
      parts.push({ format: 'keras', verdict: 'unjudged', findings: [unjudged] })
    }
    return wholeJudgement(file.content.format, parts)
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return wholeJudgement(file.content.format, [
      { format: 'zip', verdict: 'reject', findings: [findingOfError(error, { ...error.where, ...where })] },
      ...salvaged(bytes, file, tools),
    ])
  }
}

/** What the members of a refused archive would run. */
function salvaged(bytes: Uint8Array, file: JudgedFile, tools: JudgeTools): Judgement[] {
  return salvageZip(bytes).flatMap((member) => {
    const verdict = judgePickle(member.bytes, tools.limits)
    if (verdict.outcome !== 'unsafe' || !verdict.called) return []
    return [judgementOf(verdict, { ...file, member: memberName(file, member.name) })]
  })
}

/** `data.pkl` names the numbers that stand in `data/`; `constants.pkl` and `code/` make it a TorchScript program. */
async function judgeTorch(
  root: ZipMember,
  members: readonly ZipMember[],
  file: JudgedFile,
  tools: JudgeTools,
): Promise<Judgement> {
  const prefix = root.name.slice(0, -'data.pkl'.length)
  const sizes = new Map<string, number>()
  for (const { name, size } of members) if (name.startsWith(`${prefix}data/`)) sizes.set(name.slice(prefix.length + 5), size)
  const inner = { ...file, member: memberName(file, root.name) }
  const parts = [judgementOf(judgeTorchPickle(root.read(), sizes, tools.limits), inner)]
  const plain = /^(version|byteorder|\.data\/serialization_id|\.format_version|\.storage_alignment)$/
  let program = false
  for (const member of members) {
    const name = member.name.startsWith(prefix) ? member.name.slice(prefix.length) : member.name
    if (member === root || name.startsWith('data/') || name.endsWith('/') || plain.test(name)) continue
    if (name.startsWith('code/') || name === 'constants.pkl') program = true
    else parts.push(await tools.judgeMember(file.path, memberName(file, member.name), member.read()))
  }
  if (program) parts.push({ format: 'torch', verdict: 'unjudged', findings: [finding('TORCH_PROGRAM', {}, placeOf(file))] })
  return wholeJudgement('torch', parts)
}

function memberName(file: Pick<JudgedFile, 'member'>, name: string): string {
  return file.member === undefined ? name : `${file.member}: ${name}`
}

/** Functions and classes stored by value, by whoever stores them. */
const codeMakers = /^(cloudpickle\.cloudpickle(_fast)?|cloudpickle|dill\._dill|dill|types|mlflow\.pyfunc\.model\._cloudpickle)$/

function judgementOf(verdict: PickleFileVerdict, file: Pick<JudgedFile, 'path' | 'member'>): Judgement {
  const where = placeOf(file)
  const findings: Finding[] = []
  const uses = new Map<string, { readonly use: (typeof verdict.unsafe)[number]; count: number }>()
  for (const use of verdict.unsafe) {
    const key = `${use.module}\n${use.name}\n${use.why}`
    const seen = uses.get(key)
    if (seen === undefined) uses.set(key, { use, count: 1 })
    else seen.count++
  }
  // A function by value takes half a dozen helpers, which say one thing.
  const makers = [...uses.values()].filter(({ use }) => codeMakers.test(use.module)).map(({ use }) => use)
  if (makers[0] !== undefined) {
    const names = makers.map(({ module, name }) => `${module}.${name}`)
    findings.push(finding('PICKLE_CODE', { names }, { ...where, byte: makers[0].offset }))
  }
  for (const { use, count } of uses.values()) {
    const { module, name, why, offset } = use
    if (!makers.includes(use)) findings.push(finding('PICKLE_UNSAFE', { module, name, why, count }, { ...where, byte: offset }))
  }
  const { rejection } = verdict
  if (rejection !== undefined) {
    const code = rejection.limit === true ? 'PICKLE_LIMIT' : 'PICKLE_BROKEN'
    findings.push(finding(code, { why: rejection.why }, { ...where, byte: rejection.offset }))
  }
  return withEstimators({ format: verdict.format, verdict: verdict.outcome, findings }, verdict.value, where)
}

function skopsJudgement(verdict: SkopsVerdict, file: JudgedFile): Judgement {
  const where = placeOf(file)
  const at = (path: string): Finding['where'] => ({
    ...where,
    path: file.member === undefined ? path : `${file.member}: ${path}`,
  })
  const findings: Finding[] = verdict.unsafe.map(({ module, name, why, path }) =>
    finding('SKOPS_UNSAFE', { module, name, why, count: 1 }, at(path)),
  )
  if (verdict.rejection !== undefined)
    findings.push(finding('SKOPS_BROKEN', { why: verdict.rejection.why }, at(verdict.rejection.path)))
  return withEstimators({ format: 'skops', verdict: verdict.outcome, findings }, verdict.value, where)
}
