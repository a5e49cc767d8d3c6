/** Judges NumPy's arrays by header and length, without reading their numbers. NPZ files are judged as the zip files that they are. */
import { looksLikeNpy, readNpyHeader } from '../data/npy.ts'
import { MlmodelError } from '../errors/index.ts'
import { finding } from '../finding/index.ts'
import { sampleBytes } from '../sniff.ts'
import type { ContentJudge, JudgedFile, Judgement, JudgeTools } from './check.ts'
import { pickleJudge } from './judge-pickles.ts'
import { placeOf } from './judge-place.ts'

export const arrayJudge: ContentJudge = {
  name: 'arrays',
  takes: ({ content }) => content.format === 'npy',
  judge: judgeArray,
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
    // A list of fields is no dictionary of one type to the reader.
    const isFields = /'descr':\s*\[/.test(headerText(file))
    if (!(error instanceof MlmodelError) || (error.code !== 'NPY_DTYPE' && !isFields)) throw error
    // NumPy pickles an array as soon as one field is an object: what is not known to be plain is judged as a pickle.
    const size = plainSize(headerText(file))
    return size === undefined ? judgeObjects(file, tools) : judgePlain(file, size)
  }
}

/** A type of fixed size, and the bytes of one; also those that are not read here: long doubles, raw bytes, time spans. */
const plainType = /'[<>|=]?(?:([?biufcSV])(\d{1,9})|(U)(\d{1,9})|([mM])8(?:\[\d*[a-zA-Z]+\])?)'/
const plainField = new RegExp(String.raw`\(\s*'[^'\\]*'\s*,\s*${plainType.source}\s*(?:,\s*\(([\d, ]*)\)\s*)?\)`)
const structuredDescr = new RegExp(String.raw`'descr':\s*\[(\s*${plainField.source}\s*,?)+\s*\]\s*,`)
const plainDescr = new RegExp(String.raw`'descr':\s*${plainType.source}\s*,`)
/** Sizes that NumPy knows. */
const numberSizes: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8, 12, 16],
  c: [8, 16, 24, 32],
}

/** Bytes of one element of an array that is plain and not read here; undefined for anything else. */
function plainSize(header: string): number | undefined {
  // NumPy takes the last of two keys, and reads escapes: a header with either says something else to others.
  if (/[\\"]/.test(header) || header.split('descr').length !== 2) return undefined
  const fields = structuredDescr.test(header)
    ? [...header.matchAll(new RegExp(plainField.source, 'g'))]
    : [plainDescr.exec(header)]
  let size = 0
  for (const field of fields) {
    if (field === null) return undefined
    const [, kind, bytes, , characters, time, shape] = field
    if (kind !== undefined && Object.hasOwn(numberSizes, kind) && !numberSizes[kind]!.includes(Number(bytes))) return undefined
    const one = kind !== undefined ? Number(bytes) : time !== undefined ? 8 : Number(characters) * 4
    size += one * (shape?.match(/\d+/g) ?? []).reduce((product, each) => product * Number(each), 1)
  }
  return size <= 1 << 24 ? size : undefined
}

/** Counts the bytes of an array whose type is not read. */
function judgePlain(file: JudgedFile, size: number): Judgement {
  const where = placeOf(file)
  const { format } = file.content
  const start = headerStart(file.sample.head)
  const shape = /'shape':\s*\(([\d, L]*)\)/.exec(headerText(file))?.[1]?.match(/\d+/g) ?? []
  const needed = shape.reduce((product, each) => product * BigInt(each), BigInt(size))
  const there = file.size - start.to
  if (BigInt(there) !== needed) {
    const why = `shape (${shape.join(', ')}) needs ${needed} bytes of data, ${there} are there`
    return { format, verdict: 'reject', findings: [finding('NPY_BROKEN', { why }, where)] }
  }
  const descr = /'descr':\s*(.{1,200}?)\s*,\s*'/s.exec(headerText(file))?.[1] ?? ''
  return { format, verdict: 'no-code', findings: [finding('NPY_DTYPE', { descr, why: 'which is not read here' }, where)] }
}

function headerText({ sample }: JudgedFile): string {
  const { from, to } = headerStart(sample.head)
  return Buffer.from(sample.head.subarray(from, to)).toString('latin1')
}

/** The text of the header: behind the magic, two bytes of version, and a length of two or four bytes. */
function headerStart(head: Uint8Array): { readonly from: number; readonly to: number } {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const from = head[6] === 1 ? 10 : 12
  if (!looksLikeNpy(head) || head.length < from) return { from: 0, to: 0 }
  return { from, to: from + (head[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true)) }
}

/** An array of objects is a pickle behind the header, whatever else those bytes may look like. */
async function judgeObjects(file: JudgedFile, tools: JudgeTools): Promise<Judgement> {
  const bytes = await file.readAll(tools.limits.arrayBytes)
  const pickle = bytes.subarray(headerStart(file.sample.head).to)
  const member = `${file.member === undefined ? '' : `${file.member}: `}objects of the array`
  const inner: JudgedFile = {
    path: file.path,
    member,
    size: pickle.length,
    content: { format: 'pickle', title: 'objects of a NumPy array' },
    sample: sampleBytes(pickle, member),
    readAll: async () => pickle,
  }
  return { ...(await pickleJudge.judge(inner, tools)), format: file.content.format }
}
