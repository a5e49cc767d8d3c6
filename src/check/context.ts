/** Reads what the rules ask for, each thing once: MLmodel, the listing, formats, hashes, graphs, judgements. */
import { createHash } from 'node:crypto'
import { closeSync, readSync } from 'node:fs'
import { gatherAll } from '../errors/gather.ts'
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { type Located, mlmodelName } from '../locate/index.ts'
import { type Mlmodel, parseMlmodel } from '../mlmodel.ts'
import { type OnnxModel, readOnnx } from '../onnx/model.ts'
import { openInside, readInside, resolveInside } from '../paths.ts'
import { type Content, sampleFile, sniff } from '../sniff.ts'
import type { CheckContext, CheckOptions, CheckResults, FileJudgement, ListedFile, OpenFile } from './check.ts'
import { judgeContent } from './content.ts'
import { entryAt, listFolder } from './listing.ts'

export interface ContextParts {
  readonly limits?: Limits
  readonly options?: Partial<CheckOptions>
  readonly results?: CheckResults
  /** Only this file of the folder is judged, and the folder is no model. */
  readonly only?: string
  /** Why there is no MLmodel file to read. */
  readonly absent?: MlmodelError
}

/** Protobuf's own limit of a message. */
const largestGraph = 2 ** 31 - 1

/** Looks at a located model, as far as it can be read. Throws nothing for what the folder holds. */
export async function openContext(located: Located, parts: ContextParts = {}): Promise<CheckContext> {
  const { limits = defaultLimits, only } = parts
  const { directory, file, source } = located
  const { model, problems } =
    parts.absent !== undefined
      ? { model: undefined, problems: [parts.absent] }
      : only !== undefined
        ? { model: undefined, problems: [] }
        : await readMlmodel(located, limits)
  const listed =
    only === undefined ? listFolder(directory, limits.folderFiles) : { files: [entryAt(directory, only)], cut: false }
  const open = <Result>(path: string, use: (file: OpenFile) => Promise<Result>) => withFile(directory, path, use)
  const sniffed = once((path: string): Promise<Content> => open(path, sniffFile))
  const graphs = once(
    async (path: string): Promise<OnnxModel> => readOnnx(await readInside(directory, path, largestGraph, { file: path }), limits),
  )
  const graphOrNothing = (path: string) => graphs(path).catch(nothing)
  const weights = once(() => findWeights(listed.files, sniffed, graphOrNothing))
  const judged = once(() => judgeAll(listed.files, context))
  const context: CheckContext = {
    location: source,
    directory,
    file,
    model,
    problems,
    files: listed.files,
    filesCut: listed.cut,
    limits,
    options: { targets: [], trusted: new Set(), ...parts.options },
    results: parts.results ?? {},
    resolve: (path) => resolveInside(directory, path, { file: path }),
    withFile: open,
    readHead: (path, bytes) => open(path, (opened) => opened.read(0, bytes)),
    readAll: (path, limit) => readInside(directory, path, limit, { file: path }),
    sniff: sniffed,
    sha256: once((path: string) => open(path, digest)),
    graph: graphs,
    graphOrNothing,
    weights: () => weights(''),
    judgements: () => judged(''),
  }
  return context
}

/** MLmodel as far as it can be read, and every error on the way. */
async function readMlmodel(
  { directory, file }: Located,
  limits: Limits,
): Promise<{ readonly model: Mlmodel | undefined; readonly problems: readonly MlmodelError[] }> {
  const gather = gatherAll()
  const fatal: MlmodelError[] = []
  try {
    const bytes = await readInside(directory, mlmodelName, limits.yamlBytes, { file })
    const model = parseMlmodel(bytes, file, directory, limits, gather)
    return { model, problems: gather.errors }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    fatal.push(error)
  }
  return { model: undefined, problems: [...gather.errors, ...fatal] }
}

async function withFile<Result>(directory: string, path: string, use: (file: OpenFile) => Promise<Result>): Promise<Result> {
  const { descriptor, size } = await openInside(directory, path, { file: path })
  try {
    return await use({ path, size, descriptor, read: async (offset, length) => readAt(descriptor, size, offset, length) })
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    throw new MlmodelError('FILE_UNREADABLE', { path, reason: code ?? 'unknown' }, { where: { file: path }, cause: error })
  } finally {
    closeSync(descriptor)
  }
}

function readAt(descriptor: number, size: number, offset: number, length: number): Uint8Array {
  const buffer = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
  let filled = 0
  while (filled < buffer.length) {
    const count = readSync(descriptor, buffer, filled, buffer.length - filled, offset + filled)
    if (count === 0) break
    filled += count
  }
  return buffer.subarray(0, filled)
}

async function sniffFile({ descriptor, path, size }: OpenFile): Promise<Content> {
  return sniff(await sampleFile(descriptor, path, size))
}

async function digest({ size, read }: OpenFile): Promise<string> {
  const hash = createHash('sha256')
  const step = 1 << 20
  for (let at = 0; at < size; at += step) hash.update(await read(at, step))
  return hash.digest('hex')
}

/** Paths of the external data of every ONNX file of the folder. */
async function findWeights(
  files: readonly ListedFile[],
  sniffed: (path: string) => Promise<Content>,
  graphOf: (path: string) => Promise<OnnxModel | undefined>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const { path, kind } of files) {
    if (kind !== 'file' || (await sniffed(path).catch(nothing))?.format !== 'onnx') continue
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : ''
    for (const { external } of (await graphOf(path))?.externalTensors ?? [])
      found.add(`${folder}${external.location.replace(/^(\.\/)+/, '')}`)
  }
  return found
}

async function judgeAll(files: readonly ListedFile[], context: CheckContext): Promise<readonly FileJudgement[]> {
  const judgements: FileJudgement[] = []
  for (const { path, kind, bytes } of files)
    if (kind === 'file') judgements.push({ path, bytes, ...(await judgeContent(path, context)) })
  return judgements
}

/** Remembers the answer for each path. */
function once<Result>(ask: (path: string) => Promise<Result>): (path: string) => Promise<Result> {
  const answers = new Map<string, Promise<Result>>()
  return (path) => {
    const known = answers.get(path)
    if (known !== undefined) return known
    const answer = ask(path)
    answers.set(path, answer)
    return answer
  }
}

function nothing(error: unknown): undefined {
  if (!(error instanceof MlmodelError)) throw error
}
