/** The child of `conformance:corpus`: reads one file of the corpus at a time with the package under test. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type CanonicalFrame, canonicalOfBatch, type Foreign } from './canonical.ts'
import { refusalOf } from './enforce.ts'
import { libraryUnderTest, serverUnderTest } from './package-under-test.ts'
import { repository } from './repository.ts'

/** A refusal that a server sent. */
class RefusedBody extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A model without a signature takes any tensors, until they reach its graph. */
const anyModel = join(repository, 'test', 'fixtures', 'models', 'onnx_nosig', 'model')
let opened: ReturnType<Awaited<ReturnType<typeof serverUnderTest>>['createHandler']> | undefined

const library = await libraryUnderTest(process.argv[2])
process.on('message', async ({ entry, file }: { entry: Foreign; file: string }) => {
  const before = process.cpuUsage()
  const said = await read(entry, file)
  const { user, system } = process.cpuUsage(before)
  process.send!({ ...said, memory: process.resourceUsage().maxRSS * 1024, cpu: (user + system) / 1000 })
})
process.send!('ready')

async function read(entry: Foreign, file: string): Promise<{ verdict: string; detail: string }> {
  try {
    const wrong = await readers[entry.file.split('/')[0] as keyof typeof readers](entry, file)
    if (Object.keys(Object.prototype).length > 0 || 'polluted' in {})
      return { verdict: 'wrong', detail: 'Object.prototype was changed' }
    return wrong === undefined ? { verdict: 'accept', detail: '' } : { verdict: 'wrong', detail: wrong }
  } catch (error) {
    const { status, message } = error instanceof RefusedBody ? error : refusalOf(error)
    return status === 0 ? { verdict: 'crash', detail: message } : { verdict: 'reject', detail: message }
  }
}

/** Each accepts (undefined, or what it read wrongly) or throws. */
const readers = {
  npy(entry: Foreign, file: string): string | undefined {
    const bytes = readFileSync(file)
    if (file.endsWith('.npz')) {
      library.readNpz(bytes, { file })
      return undefined
    }
    const tensor = library.readNpy(bytes, { file })
    if (entry.shape !== undefined && JSON.stringify(tensor.shape) !== JSON.stringify(entry.shape))
      return `shape ${JSON.stringify(tensor.shape)}`
    if (
      entry.kind === 'fortran' &&
      Array.from(tensor.values as ArrayLike<number>, Number).some((value, position) => value !== position)
    )
      return 'not in C order'
    return undefined
  },
  csv(entry: Foreign, file: string): string | undefined {
    const plan = library.csvPlan(undefined, 'untyped', 'strict')
    const frame = library.readCsvBytes(readFileSync(file), file, plan)
    const read = canonicalOfBatch(library.finishCsv(frame, undefined, plan, 'strict').data) as CanonicalFrame
    return entry.pandas === undefined || entry.verdict !== 'accept' ? undefined : csvDifference(entry, read)
  },
  json(entry: Foreign, file: string): string | undefined | Promise<undefined> {
    if (entry.protocol === 'open-inference') return askServer(file)
    const inputs = library.parseSchema(library.parseJson(JSON.stringify(entry.signature)).value, {})
    const { data } = library.readRequest(readFileSync(file), 'application/json', { inputs }, { mode: 'strict' })
    if (entry.stage !== 'precision') return undefined
    // Every digit of the body's integers must be in what was read.
    const digits = readFileSync(file, 'utf8').match(/\d{16,}/g) ?? []
    const held = JSON.stringify(data, (_, value) =>
      typeof value === 'bigint' ? String(value) : ArrayBuffer.isView(value) ? Array.from(value as never, String) : value,
    )
    return digits.find((number) => !held.includes(number))
  },
  yaml(_entry: Foreign, file: string): string | undefined {
    library.parseMlmodel(readFileSync(file) as never, file, dirname(file))
    return undefined
  },
  async onnx(entry: Foreign, file: string): Promise<string | undefined> {
    const graph = library.readOnnx(readFileSync(file))
    // What the graph reader lets through goes on to ONNX Runtime, as the only file of a model.
    const folder = dirname(file)
    const mlmodel = join(folder, 'MLmodel')
    const name = JSON.stringify(basename(file))
    writeFileSync(
      mlmodel,
      `flavors:\n  onnx:\n    data: ${name}\n    onnx_version: 1.23.2\n    providers: [CPUExecutionProvider]\n  python_function:\n    data: ${name}\n    loader_module: mlflow.onnx\n`,
    )
    try {
      // A graph that does not end, or wants more memory than there is, is stopped from outside and this process lives on.
      const isolated = { isolate: true, timeout: 3_000 }
      const model = await library.openModel(folder, entry.stage === 'run' ? isolated : {})
      try {
        if (entry.stage === 'run') await model.predict(inputsOf(graph))
      } finally {
        await model.close()
      }
    } finally {
      rmSync(mlmodel, { force: true })
    }
    return undefined
  },
}

const dtypes: Readonly<Record<number, 'float32' | 'int32' | 'int64' | 'bool' | 'float64' | 'string'>> = {
  1: 'float32',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  11: 'float64',
}

/** Ones, in tensors of one row where the graph leaves the size open. */
function inputsOf(graph: ReturnType<typeof library.readOnnx>): Foreign {
  const inputs: Record<string, unknown> = {}
  for (const { name, type } of graph.inputs) {
    const dtype = type.kind === 'tensor' ? dtypes[type.elementType] : undefined
    if (type.kind !== 'tensor' || dtype === undefined) continue
    const shape = (type.shape ?? [1]).map((size) => (typeof size === 'number' && size >= 0 ? size : 1))
    const one = dtype === 'string' ? 'a' : dtype === 'int64' ? 1n : dtype === 'bool' ? true : 1
    inputs[name] = { dtype, shape, data: Array(shape.reduce((product, size) => product * size, 1)).fill(one) }
  }
  return inputs
}

/** Posts an inference request: what is wrong with the body itself is told before the model sees it, and with codes of its own. */
async function askServer(file: string): Promise<undefined> {
  opened ??= serverUnderTest(process.argv[2]).then(({ createHandler }) => createHandler(anyModel, { threads: 1 }))
  const handler = await opened
  const url = 'http://localhost/v2/models/model/infer'
  const reply = await handler!(new Request(url, { method: 'POST', body: readFileSync(file) }))
  if (reply.status === 200) return undefined
  const { code, error } = (await reply.json()) as { readonly code?: string; readonly error: string }
  if (reply.status >= 500 || code === undefined) throw new Error(`${reply.status} ${error}`)
  // The model's own refusal of what was read.
  if (!/^(OIP|JSON|KEY|BODY)_/.test(code)) return undefined
  throw new RefusedBody(reply.status, error)
}

/** The first five rows as pandas' `to_json(orient="split")` has them: null for what JSON lacks. */
function csvDifference(entry: Foreign, read: CanonicalFrame): string | undefined {
  const { columns, data } = entry.pandas
  const names = read.columns.map(({ name }) => name)
  if (JSON.stringify(names) !== JSON.stringify(columns)) return `columns ${JSON.stringify(names).slice(0, 200)}`
  if (entry.pandas_rows !== undefined && entry.pandas_rows !== read.rows) return `${read.rows} rows`
  const dtypes = read.columns.map(({ dtype }) => (dtype === 'string' ? 'str' : dtype))
  const wanted: readonly string[] = entry.pandas_dtypes
  const off = dtypes.findIndex((dtype, position) => dtype !== wanted[position] && !(dtype === 'missing' || dtype === 'empty'))
  if (off >= 0) return `column ${off} is ${dtypes[off]}, not ${wanted[off]}`
  for (const [row, cells] of (data as readonly (readonly Foreign[])[]).entries()) {
    for (const [column, cell] of cells.entries()) {
      const atom = read.columns[column]!.values[row]!
      const plain =
        typeof atom === 'object' && atom !== null && 'integer' in atom
          ? Number(atom.integer)
          : typeof atom === 'object' && atom !== null && 'float' in atom
            ? Number.isFinite(atom.float)
              ? atom.float
              : null
            : atom
      if (plain !== cell) return `row ${row}, column ${column}: ${JSON.stringify(plain)}, not ${JSON.stringify(cell)}`
    }
  }
  return undefined
}
