/** Judges NumPy's arrays: an NPY file by its header and its length, without reading its numbers; an NPZ file member by member. */
import { looksLikeNpy, readNpyHeader } from '../data/npy.ts'
import { MlmodelError } from '../errors/index.ts'
import { finding } from '../finding/index.ts'
import { openZip } from '../zip.ts'
import type { ContentJudge, JudgedFile, Judgement, JudgeTools } from './check.ts'
import { placeOf, wholeJudgement } from './judge-place.ts'

export const arrayJudge: ContentJudge = {
  name: 'arrays',
  takes: ({ content }) => content.format === 'npy' || content.format === 'npz',
  judge: (file, tools) => (file.content.format === 'npy' ? judgeArray(file, tools) : judgeArchive(file, tools)),
}

async function judgeArray(file: JudgedFile, tools: JudgeTools): Promise<Judgement> {
  const where = placeOf(file)
  const { format } = file.content
  try {
    const { element, shape, dataStart } = readNpyHeader(file.sample.head, where, tools.limits)
    const needed = shape.reduce((product, size) => product * BigInt(size), BigInt(element.size))
    const there = file.size - dataStart
    if (BigInt(there) !== needed) {
      const why = `shape (${shape.join(', ')}) needs ${needed} bytes of data, ${there} are there`
      return { format, verdict: 'reject', findings: [finding('NPY_BROKEN', { why }, where)] }
    }
    return { format, verdict: 'no-code', findings: [] }
  } catch (error) {
    if (!(error instanceof MlmodelError) || error.code !== 'NPY_DTYPE') throw error
    // Whatever is no plain number or text is judged as what it would be if NumPy were allowed to unpickle it.
    return holdsObjects(file)
      ? judgeObjects(file, tools)
      : { format, verdict: 'no-code', findings: [finding('NPY_DTYPE', error.arguments as { descr: string; why: string }, where)] }
  }
}

/** A list of fields of plain types, or one plain type that is only not read here (long doubles, raw bytes, time spans). */
const plainType = /'[<>|=]?[?bBhHiIlLqQefdgFDGSUVMmauc]\d*(\[\d*\w+\])?'/
const plainDescr = new RegExp(
  String.raw`'descr':\s*(${plainType.source}|\[(\s*\(\s*'[^'\\]*'\s*,\s*${plainType.source}\s*(,\s*\([\d, ]*\)\s*)?\)\s*,?)+\s*\])\s*,`,
)

/** NumPy pickles an array as soon as one of its fields is an object; whatever is not known to be plain counts as that. */
function holdsObjects({ sample }: JudgedFile): boolean {
  const start = headerStart(sample.head)
  return !plainDescr.test(Buffer.from(sample.head.subarray(start.from, start.to)).toString('latin1'))
}

/** The text of the header: behind the magic, two bytes of version, and a length of two or four bytes. */
function headerStart(head: Uint8Array): { readonly from: number; readonly to: number } {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const from = head[6] === 1 ? 10 : 12
  if (!looksLikeNpy(head) || head.length < from) return { from: 0, to: 0 }
  return { from, to: from + (head[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true)) }
}

/** An array of objects is a pickle behind the header. */
async function judgeObjects(file: JudgedFile, tools: JudgeTools): Promise<Judgement> {
  const bytes = await file.readAll(tools.limits.arrayBytes)
  const pickle = bytes.subarray(headerStart(file.sample.head).to)
  const judged = await tools.judgeMember(
    file.path,
    `${file.member === undefined ? '' : `${file.member}: `}objects of the array`,
    pickle,
  )
  return { ...judged, format: file.content.format }
}

async function judgeArchive(file: JudgedFile, tools: JudgeTools): Promise<Judgement> {
  const where = placeOf(file)
  const bytes = await file.readAll(tools.limits.arrayBytes)
  const parts: Judgement[] = []
  for (const member of openZip(bytes, where, tools.limits)) {
    const name = file.member === undefined ? member.name : `${file.member}: ${member.name}`
    parts.push(await tools.judgeMember(file.path, name, member.read()))
  }
  return wholeJudgement(file.content.format, parts)
}
