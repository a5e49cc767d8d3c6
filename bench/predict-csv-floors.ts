/** One part of a CSV prediction alone, in a process of its own: `read FILE`, `run MODEL ROWS` or `write ROWS FILE`; prints its time as JSON. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { readCsv } from '../src/data/csv/read.ts'
import { openCsvWriter } from '../src/data/csv/write.ts'
import { fileSource } from '../src/data/source.ts'
import { usableCores } from '../src/onnx/index.ts'

const block = 16_384
const columns = 20
const [part, first, second] = process.argv.slice(2)

/** A small generator (mulberry32), so that every run has the same numbers. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

async function read(file: string): Promise<number> {
  let sum = 0
  for await (const frame of readCsv(fileSource(file), { typeOf: () => 'double' }, { reuse: true })) sum += frame.rows
  return sum
}

async function run(model: string, rows: number): Promise<() => Promise<number>> {
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
  const ort = createRequire(resolve('package.json'))('onnxruntime-node') as typeof import('onnxruntime-node')
  // The command's own settings: with ONNX Runtime's, whose threads wait in a loop, a forest takes twice the CPU.
  const session = await ort.InferenceSession.create(join(model, 'model.onnx'), {
    intraOpNumThreads: usableCores(),
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  })
  const next = numbers(1)
  const values = Float32Array.from({ length: block * columns }, () => next() * 4 - 2)
  return async () => {
    let done = 0
    for (; done < rows; done += block) {
      const count = Math.min(block, rows - done)
      const input = new ort.Tensor('float32', values.subarray(0, count * columns), [count, columns])
      await session.run({ [session.inputNames[0]!]: input })
    }
    return rows
  }
}

function write(rows: number, file: string): number {
  const next = numbers(2)
  const values = Float32Array.from({ length: block }, () => next() * 100)
  const descriptor = openSync(file, 'w')
  const writer = openCsvWriter()
  for (let done = 0; done < rows; done += block) {
    const count = Math.min(block, rows - done)
    const frame = {
      kind: 'frame',
      rows: count,
      columns: [{ name: 'variable', dtype: 'float32', values: values.subarray(0, count) }],
    } as const
    writeSync(descriptor, writer.write(frame))
  }
  writeSync(descriptor, writer.end())
  closeSync(descriptor)
  return rows
}

async function action(): Promise<() => Promise<number> | number> {
  if (part === 'read') return () => read(first!)
  if (part === 'run') return run(first!, Number(second))
  return () => write(Number(first), second!)
}

const work = await action()
const cpuBefore = process.cpuUsage()
const started = performance.now()
const rows = await work()
const wallMs = performance.now() - started
const { user, system } = process.cpuUsage(cpuBefore)
console.log(JSON.stringify({ rows, wallMs, cpuMs: (user + system) / 1000 }))
