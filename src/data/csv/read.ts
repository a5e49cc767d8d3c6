/**
 * CSV as pandas reads it, block by block, into typed columns: `pandas.read_csv` with a dtype for each column, or with
 * pandas' own inference where the plan says so (a first pass over the input).
 */
import type { Frame } from '../../batch.ts'
import { MlmodelError } from '../../errors/index.ts'
import type { CsvKernel } from '../../kernels/csv.ts'
import { kernelBytes, readyKernels } from '../../kernels/ready.ts'
import { defaultLimits, type Limits } from '../../limits.ts'
import { type ByteReader, bytesSource, type Source, spool } from '../source.ts'
import { openBlocks, scanBlocks } from './blocks.ts'
import { finishColumn, finishIndex, frameOf, isNumeric, openColumn, openStore, type Reading, readingOf } from './column.ts'
import { firstRowFields, type Header, scanHeader } from './header.ts'
import { conclude } from './infer.ts'
import { addMisfit, misfitsError, withMisfits } from './misfits.ts'
import type { CsvOptions, CsvPlan, CsvType } from './plan.ts'
import { scanRows } from './rows.ts'
import { openScan, type Scan, setColumns } from './scan.ts'
import { accept, makeRoom } from './window.ts'

/** Rows of a frame where nothing else is asked for. */
export const defaultBatchRows = 16_384
/** Numbers of one frame: 32 MB, so that a very wide table has short frames. */
const batchCells = 1 << 22

/**
 * Reads a CSV as frames of at most `batchRows` rows; a file with only a header is one frame without rows.
 *
 * @throws DATA_UNREADABLE, DATA_MISMATCH with all that the header and the rows of one frame have against the plan as
 *   `problems` (CSV_…, each with file, row and column); CSV_… alone where nothing was read; CSV_…_LIMIT; SOURCE_…
 */
export async function* readCsv(source: Source, plan: CsvPlan, options: CsvOptions = {}): AsyncGenerator<Frame> {
  let reader = await source.open()
  try {
    const head = openScan(source.name, plan, options)
    const layout = await drive(layOut(head, plan), head, reader)
    if (!layout.columns.some(({ reading }) => reading.how === 'classify')) {
      yield* pump(readFrames(head, layout, options, await kernelFor(head, options)), head, reader)
      return
    }
    const again = source.rewindable ? source : await spool(resume(head, reader, source.name))
    try {
      if (!source.rewindable) {
        await reader.close()
        reader = await again.open()
        const first = openScan(source.name, plan, options)
        await drive(layOut(first, plan), first, reader)
        yield* secondPass(again, await drive(inferTypes(first, layout, await kernelFor(first, options)), first, reader))
      } else yield* secondPass(again, await drive(inferTypes(head, layout, await kernelFor(head, options)), head, reader))
    } finally {
      if ('remove' in again) await (again.remove as () => Promise<void>)()
    }
  } finally {
    await reader.close()
  }

  async function* secondPass(again: Source, inferred: Layout): AsyncGenerator<Frame> {
    const second = await again.open()
    try {
      const scan = openScan(source.name, plan, options)
      await drive(layOut(scan, plan), scan, second)
      yield* pump(readFrames(scan, inferred, options, await kernelFor(scan, options)), scan, second)
    } finally {
      await second.close()
    }
  }
}

/**
 * Reads a whole CSV that is in memory, such as a request's body, as one frame; by the SIMD kernels where they are loaded.
 *
 * @throws as `readCsv`, and CSV_TABLE_LIMIT
 */
export function readCsvBytes(bytes: Uint8Array, name: string, plan: CsvPlan, limits: Limits = defaultLimits): Frame {
  const options: CsvOptions = { limits, batchRows: Number.POSITIVE_INFINITY, blockBytes: Math.min(1 << 18, bytes.length + 1) }
  const open = () => ({ scan: openScan(name, plan, options), read: cursor(bytes) })
  const { scan, read } = open()
  let layout = driveBytes(layOut(scan, plan), scan, read)
  let last = { scan, read }
  const kernel = bytes.length < kernelBytes ? undefined : readyKernels()?.csv
  if (layout.columns.some(({ reading }) => reading.how === 'classify')) {
    layout = driveBytes(inferTypes(scan, layout, kernel), scan, read)
    last = open()
    driveBytes(layOut(last.scan, plan), last.scan, last.read)
  }
  const frames = readFrames(last.scan, layout, options, kernel)
  let step = frames.next(0)
  while (step.done !== true && typeof step.value === 'number') step = frames.next(last.read(last.scan, step.value))
  return step.value as Frame
}

interface PlannedColumn {
  readonly name: string
  readonly type: CsvType
  readonly reading: Reading
}

/** The columns of a file in order; the first `leading` are row labels without a name. */
interface Layout {
  readonly columns: readonly PlannedColumn[]
  readonly leading: number
}

/** A step that asks for so many bytes is answered with how many came: 0 at the end of the input. */
type Steps<Result, Item = never> = Generator<number | Item, Result, number>

function layOut(scan: Scan, plan: CsvPlan): Steps<Layout> {
  return guarded(scan, findLayout(scan, plan))
}

/** Reads the header and looks at the first row; nothing leaves the window before both are known. */
function* findLayout(scan: Scan, plan: CsvPlan): Steps<Layout> {
  let header = scanHeader(scan)
  while (header === undefined) {
    yield* fill(scan)
    header = scanHeader(scan)
  }
  let first = firstRowFields(scan, header.after)
  while (first === undefined) {
    yield* fill(scan)
    first = firstRowFields(scan, header.after)
  }
  const { file, misfits } = scan.context
  for (const problem of plan.problemsOfHeader?.(header.names) ?? [])
    addMisfit(misfits, { ...problem, where: { file, line: header.line, ...problem.where } })
  const leading = Math.max(0, first - header.names.length)
  if (leading > 0 && plan.implicitIndex !== 'index') {
    throw new MlmodelError(
      'CSV_FIRST_ROW_LONGER',
      { header: header.names.length, found: first },
      { where: { file: scan.window.file, line: scan.context.line, row: 1 } },
    )
  }
  scan.window.start = header.after
  const labels = Array.from({ length: leading }, (_, level) => planned(`index ${level}`, 'infer'))
  return {
    columns: [...labels, ...header.names.map((name, index) => plannedAs(plan, header, name, index, leading))],
    leading,
  }
}

function planned(name: string, type: CsvType): PlannedColumn {
  return { name, type, reading: readingOf(type) }
}

function plannedAs(plan: CsvPlan, header: Header, name: string, index: number, leading: number): PlannedColumn {
  const position = index + leading
  const own = plan.typeOf(name, position)
  if (own !== undefined) return planned(name, own)
  const column = planned(name, plan.typeOf(header.originals[index]!, position) ?? 'infer')
  return column.reading.how === 'text' ? { ...column, reading: { ...column.reading, renamed: true } } : column
}

/** Fills the window, so that records are seldom read twice. */
function* fill(scan: Scan): Steps<void> {
  const { window, context } = scan
  let room = makeRoom(window, context.before + scan.rows + 1)
  while (room > 0) {
    const count = yield room
    accept(window, count)
    if (count === 0) return
    room -= count
  }
}

/** An error that ends the reading takes along what was found before it. */
function* guarded<Result, Item>(scan: Scan, steps: Steps<Result, Item>): Steps<Result, Item> {
  try {
    return yield* steps
  } catch (error) {
    throw withMisfits(error, scan.context.misfits, namesOf(scan))
  }
}

function namesOf({ columns }: Scan): readonly string[] {
  return columns.map(({ name }) => name)
}

function inferTypes(scan: Scan, layout: Layout, kernel?: CsvKernel): Steps<Layout> {
  return guarded(scan, tallyColumns(scan, layout, kernel))
}

/** The first pass: what each column without a type is. Its misfits are found again by the second. */
function* tallyColumns(scan: Scan, layout: Layout, kernel?: CsvKernel): Steps<Layout> {
  const columns = layout.columns.map(({ name, type, reading }) =>
    openColumn(name, type, reading.how === 'classify' ? reading : { how: 'skip' }, 0),
  )
  setColumns(scan, columns, layout.leading, 0)
  const blocks = kernel === undefined ? undefined : openBlocks(kernel)
  const most = 1 << 20
  for (;;) {
    if (blocks !== undefined) scanBlocks(blocks, scan, most)
    if (scanRows(scan, most)) {
      scan.context.before += most
      scan.rows = 0
    } else if (scan.window.final) break
    else yield* fill(scan)
  }
  const tallies = scan.tallies
  return {
    ...layout,
    columns: layout.columns.map((column, index) => {
      const tally = tallies[index]
      return tally === undefined ? column : { ...column, reading: conclude(tally) }
    }),
  }
}

/** The SIMD kernels, where enough is to be read: the window was filled when the header was read. */
async function kernelFor({ window }: Scan, { kernels }: CsvOptions): Promise<CsvKernel | undefined> {
  if (kernels === false || window.end - window.start < kernelBytes) return undefined
  return (await import('../../kernels/csv.ts')).openCsvKernel()
}

function readFrames(scan: Scan, layout: Layout, options: CsvOptions, kernel?: CsvKernel): Steps<void, Frame> {
  return guarded(scan, fillFrames(scan, layout, options, kernel))
}

/** The last pass: frames. */
function* fillFrames(scan: Scan, layout: Layout, options: CsvOptions, kernel?: CsvKernel): Steps<void, Frame> {
  const most = mostRows(options, layout.columns.length)
  let slot = 0
  const columns = layout.columns.map(({ name, type, reading }) =>
    openColumn(name, type, reading, isNumeric(reading) ? slot++ : 0),
  )
  setColumns(scan, columns, layout.leading, Math.min(most, firstCapacity))
  const blocks = kernel === undefined ? undefined : openBlocks(kernel)
  let frames = 0
  for (;;) {
    if (blocks !== undefined) scanBlocks(blocks, scan, most)
    const full = scanRows(scan, most)
    const ended = !full && scan.window.final
    if (full || ended) {
      if (scan.rows > 0 || frames === 0) {
        yield takeFrame(scan, options.reuse === true)
        frames++
      }
      if (ended) return
    } else yield* fill(scan)
  }
}

const firstCapacity = 256

function mostRows(options: CsvOptions, columns: number): number {
  const wanted = options.batchRows ?? defaultBatchRows
  return wanted === Number.POSITIVE_INFINITY ? wanted : Math.max(1, Math.min(wanted, Math.floor(batchCells / columns)))
}

function takeFrame(scan: Scan, reuse: boolean): Frame {
  const { store, rows, plan, context, leading } = scan
  const { misfits } = context
  const place = { file: context.file, before: context.before, misfits }
  const columns = scan.columns
    .slice(leading)
    .filter(({ reading }) => reading.how !== 'skip')
    .map((column) => finishColumn(column, store, rows, plan, place, reuse))
  const index = leading === 0 ? undefined : finishIndex(scan.columns.slice(0, leading), store, rows, plan, place)
  if (misfits.count > 0) throw misfitsError(misfits, namesOf(scan))
  context.before += rows
  scan.rows = 0
  if (!reuse) scan.store = openStore(scan.numericColumns, store.capacity)
  return frameOf(columns, rows, index)
}

/** Answers the requests for bytes of steps that end in a result. */
async function drive<Result>(steps: Steps<Result>, scan: Scan, reader: ByteReader): Promise<Result> {
  let step = steps.next(0)
  while (step.done !== true) {
    const count = reader.read(scan.window.bytes, scan.window.end, step.value)
    step = steps.next(typeof count === 'number' ? count : await count)
  }
  return step.value
}

/** The same for steps that give frames on their way. */
async function* pump(steps: Steps<void, Frame>, scan: Scan, reader: ByteReader): AsyncGenerator<Frame> {
  let step = steps.next(0)
  while (step.done !== true) {
    if (typeof step.value === 'number') {
      const count = reader.read(scan.window.bytes, scan.window.end, step.value)
      step = steps.next(typeof count === 'number' ? count : await count)
    } else {
      yield step.value
      step = steps.next(0)
    }
  }
}

function driveBytes<Result>(steps: Steps<Result>, scan: Scan, read: (scan: Scan, room: number) => number): Result {
  let step = steps.next(0)
  while (step.done !== true) step = steps.next(read(scan, step.value))
  return step.value
}

function cursor(bytes: Uint8Array): (scan: Scan, room: number) => number {
  let position = 0
  return ({ window }, room) => {
    const piece = bytes.subarray(position, position + room)
    window.bytes.set(piece, window.end)
    position += piece.length
    return piece.length
  }
}

/** What is in the window already, then the rest of its reader, as one source. Only the header was taken, and its bytes are still there. */
function resume(scan: Scan, reader: ByteReader, name: string): Source {
  const { window } = scan
  const seen = window.bytes.subarray(0, window.final ? window.end - 1 : window.end)
  return {
    name,
    rewindable: false,
    open: async () => {
      const begin = await bytesSource(seen, name).open()
      return {
        read: (target, offset, length) => {
          const count = begin.read(target, offset, length) as number
          return count > 0 || window.final ? count : reader.read(target, offset, length)
        },
        close: async () => {},
      }
    },
  }
}
