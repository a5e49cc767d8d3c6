/**
 * What predict-parquet, -arrow, -npy and -json share: 500,000 rows × 20 numbers in that form scored by the command, beside
 * the sum of its parts alone (S starting, R our reader, down to the columns of the signature, X ONNX Runtime on ready tensors, W our CSV writer), and its
 * memory for twice as many rows. With `--python PYTHON` the file is one that pandas, pyarrow, NumPy or json wrote, and beside
 * it stands the same in Python (them and ONNX Runtime) on that file, end to end. As a program: `read FORMAT FILE`, one
 * reading in a process of its own.
 */
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Frame } from '../src/batch.ts'
import { readTyped } from '../src/data/json-typed.ts'
import { writeNpy } from '../src/data/npy.ts'
import { readNpyBlocks } from '../src/data/npy-blocks.ts'
import { type OutputFormat, openPredictionWriter } from '../src/data/predictions.ts'
import { fileSource } from '../src/data/source.ts'
import { readTable } from '../src/data/table.ts'
import { enforceTyped } from '../src/enforce/index.ts'
import { readRequest } from '../src/enforce/request.ts'
import { parseJson } from '../src/json.ts'
import { parseSchema } from '../src/signature.ts'
import { heading, mean, option, ratio, row, runProcess, spread, tiny } from './measure.ts'

export type Form = 'parquet' | 'arrow' | 'npy' | 'json'

const rows = tiny ? 2000 : 500_000
const runs = tiny ? 1 : 5
const names = Array.from({ length: 20 }, (_, index) => `x${String(index).padStart(2, '0')}`)
const here = dirname(fileURLToPath(import.meta.url))

/** Numbers of 6 digits, the same on every run. */
function column(seed: number, count: number): Float64Array {
  let state = seed
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.round(((state >>> 0) / 4294967296) * 4e5 - 2e5) / 1e5
  })
}

async function writeData(form: Form, file: string, count: number): Promise<void> {
  const columns = names.map((name, at) => ({ name, dtype: 'float64' as const, values: column(at + 1, count) }))
  const descriptor = openSync(file, 'w')
  const put = (bytes: Uint8Array | undefined) => bytes !== undefined && writeSync(descriptor, bytes)
  if (form === 'json') {
    put(Buffer.from(`{"dataframe_split": {"columns": ${JSON.stringify(names)}, "data": [`))
    for (let start = 0; start < count; start += 1000) {
      const lines = Array.from(
        { length: Math.min(1000, count - start) },
        (_, at) => `[${columns.map(({ values }) => values[start + at]).join(', ')}]`,
      )
      put(Buffer.from(`${start > 0 ? ', ' : ''}${lines.join(', ')}`))
    }
    put(Buffer.from(']}}'))
  } else if (form === 'npy') {
    const values = Float64Array.from({ length: count * 20 }, (_, at) => columns[at % 20]!.values[Math.floor(at / 20)]!)
    put(writeNpy({ dtype: 'float64', shape: [count, 20], values }))
  } else {
    const writer = await openPredictionWriter(form satisfies OutputFormat, { wrap: true })
    for (let start = 0; start < count; start += 50_000) {
      const part = columns.map((one) => ({ ...one, values: one.values.subarray(start, start + 50_000) }))
      const frame: Frame = { kind: 'frame', rows: part[0]!.values.length, columns: part }
      put(writer.write(frame))
    }
    put(writer.end())
  }
  closeSync(descriptor)
}

/** Data as Python's users have it: the defaults of each library, and MLflow's own way to a JSON body (with row labels). */
const pythonData = `
import sys, numpy as np
form, file, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
values = np.round(np.random.default_rng(1).uniform(-2, 2, (rows, 20)), 5)
if form == "npy":
    np.save(file, values)
    sys.exit()
import pandas as pd
frame = pd.DataFrame(values, columns=[f"x{i:02d}" for i in range(20)])
if form == "json":
    import json
    json.dump({"dataframe_split": frame.to_dict(orient="split")}, open(file, "w"))
elif form == "arrow":
    frame.to_feather(file, compression="uncompressed")
else:
    frame.to_parquet(file)
`

/** The same in Python: library, model and answers as CSV. */
const python = `
import sys, numpy as np, onnxruntime as ort
form, file, model, out = sys.argv[1:]
if form == "npy":
    data = np.load(file)
elif form == "json":
    import json
    import pandas as pd
    body = json.load(open(file))["dataframe_split"]
    data = pd.DataFrame(body["data"], columns=body["columns"]).to_numpy()
elif form == "arrow":
    import pyarrow as pa
    data = pa.ipc.open_file(file).read_all().to_pandas().to_numpy()
else:
    import pandas as pd
    data = pd.read_parquet(file).to_numpy()
session = ort.InferenceSession(model)
answers = session.run(None, {session.get_inputs()[0].name: data.astype("float32")})[0]
import pandas as pd
pd.DataFrame({"variable": answers.reshape(-1)}).to_csv(out, index=False)
`

interface Part {
  readonly wallMs: number
  readonly cpuMs: number
}

/** Measures one form; prints, and fails only where the answers differ. */
export async function measureForm(form: Form): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-bench-'))
  const [entry, model] = [resolve('bin/mlmodel.js'), resolve('bench/models/linear')]
  const [data, oneRow, out] = [join(folder, `data.${form}`), join(folder, `row.${form}`), join(folder, 'out.csv')]
  const twice = join(folder, `twice.${form}`)
  const floor = async (script: string, ...args: string[]) =>
    JSON.parse((await runProcess(process.execPath, [join(here, script), ...args])).stdout) as Part
  try {
    const interpreter = option('python')
    const make = async (file: string, count: number): Promise<void> => {
      if (interpreter === undefined) await writeData(form, file, count)
      else await runProcess(interpreter, ['-c', pythonData, form, file, String(count)])
    }
    await make(data, rows)
    await make(twice, 2 * rows)
    await make(oneRow, 1)
    const parts = { S: [] as Part[], R: [] as Part[], X: [] as Part[], W: [] as Part[] }
    const total = { wall: [] as number[], cpu: [] as number[], peak: [] as number[], twice: [] as number[] }
    const theirs = { wall: [] as number[], cpu: [] as number[] }
    for (let run = 0; run < runs; run++) {
      parts.S.push(await runProcess(process.execPath, [entry, 'predict', model, '-i', oneRow, '-o', out]))
      parts.R.push(await floor('predict-form-floors.js', 'read', form, data))
      parts.X.push(await floor('predict-csv-floors.js', 'run', model, String(rows)))
      parts.W.push(await floor('predict-csv-floors.js', 'write', String(rows), join(folder, 'written.csv')))
      const whole = await runProcess(process.execPath, [entry, 'predict', model, '-i', data, '-o', out])
      total.wall.push(whole.wallMs)
      total.cpu.push(whole.cpuMs)
      total.peak.push(whole.peakMb)
      total.twice.push(
        (await runProcess(process.execPath, [entry, 'predict', model, '-i', twice, '-o', join(folder, 'twice.csv')])).peakMb,
      )
      if (interpreter === undefined) continue
      const other = await runProcess(interpreter, [
        '-c',
        python,
        form,
        data,
        join(model, 'model.onnx'),
        join(folder, 'python.csv'),
      ])
      theirs.wall.push(other.wallMs)
      theirs.cpu.push(other.cpuMs)
    }
    const answers = (file: string) =>
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => Math.fround(Number(line)))
    assert.equal(answers(out).length, rows)
    // float32 of the same graph by another build of ONNX Runtime: equal but for the order of a sum.
    if (interpreter !== undefined) {
      const [ours, others] = [answers(out), answers(join(folder, 'python.csv'))]
      for (const [at, answer] of ours.entries())
        assert.ok(Math.abs(answer - others[at]!) <= 1e-5 * Math.max(1, Math.abs(answer)), `row ${at}`)
    }

    heading(`${form}, ${rows} rows × 20 (${(statSync(data).size / 1e6).toFixed(0)} MB), linear model`, runs)
    for (const [part, figures] of Object.entries(parts))
      row(
        `${part}, CPU`,
        figures.map(({ cpuMs }) => cpuMs),
        'ms',
      )
    row('total, CPU', total.cpu, 'ms')
    row('total, wall', total.wall, 'ms')
    row('peak memory', total.peak, 'MB')
    row('peak memory, twice the rows', total.twice, 'MB')
    const sum = Object.values(parts).reduce((all, figures) => all + mean(figures.map(({ cpuMs }) => cpuMs)), 0)
    ratio('total / (S+R+X+W), CPU', mean(total.cpu) / sum, 1.15)
    if (interpreter === undefined) return
    row('Python, CPU', theirs.cpu, 'ms')
    row('Python, wall', theirs.wall, 'ms')
    ratio('mlmodel / Python, wall', spread(total.wall).median / spread(theirs.wall).median, form === 'parquet' ? 1.3 : 1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function read(form: Form, file: string): Promise<void> {
  const inputs = parseSchema(parseJson(JSON.stringify(names.map((name) => ({ name, type: 'double', required: true })))).value, {})
  if (form === 'npy') {
    for await (const tensor of readNpyBlocks(fileSource(file), { reuse: true }))
      enforceTyped({ kind: 'array', tensor }, { inputs }, 'strict')
    return
  }
  if (form === 'json') {
    readRequest(readFileSync(file), 'application/json', { inputs }, { mode: 'strict', fast: readTyped })
    return
  }
  for await (const frame of readTable(fileSource(file), form)) assert.ok(frame.rows > 0)
}

if (import.meta.filename === process.argv[1]) {
  const [, , , form, file] = process.argv
  const before = process.cpuUsage()
  const started = performance.now()
  await read(form as Form, file!)
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ wallMs: performance.now() - started, cpuMs: (user + system) / 1000 }))
}
