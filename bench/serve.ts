/**
 * What a server answers in a second, with 16 connections: ours, its floor (bare node:http, JSON.parse and ONNX Runtime in one
 * process) and, with `--python PATH` of an environment that has MLflow, `mlflow models serve`. The servers run at the same time
 * and are asked in turn, so that a busy machine hits all alike. `--seconds N` of each turn.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { heading, option, ratio, row, spread, tiny } from './measure.ts'
import { floorProgram } from './serve-floors.ts'

const runs = tiny ? 1 : Number(option('runs') ?? 5)
const seconds = tiny ? 1 : Number(option('seconds') ?? 5)
const connections = 16
const python = option('python') ?? process.env['MLMODEL_BENCH_PYTHON']
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-bench-'))
const runtime = resolve('node_modules/onnxruntime-node')
const columns = Array.from({ length: 20 }, (_, index) => `x${String(index).padStart(2, '0')}`)

interface Server {
  readonly url: string
  readonly child: ChildProcess
  readonly readyMs: number
}

function body(rows: number): string {
  const value = (row: number, column: number): number => Math.round(Math.sin(row * 20 + column) * 3e6) / 1e6
  const data = Array.from({ length: rows }, (_, at) => columns.map((_, column) => value(at, column)))
  return JSON.stringify({ dataframe_split: { columns, data } })
}

/** Starts a server; it is ready when it says where it listens, or answers there. */
function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Server> {
  const began = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, detached: true })
  return new Promise((done, failed) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk.toString('utf8')
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (url !== undefined) done({ url, child, readyMs: performance.now() - began })
    }
    child.stdout!.on('data', hear)
    child.stderr!.on('data', hear)
    child.once('exit', (code) => failed(new Error(`${command} ended with ${code}: ${said}`)))
  })
}

async function ask({ url }: Server, text: string): Promise<readonly number[]> {
  const reply = await fetch(`${url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: text,
  })
  const { predictions } = (await reply.json()) as { predictions: readonly unknown[] }
  // A table's rows are objects, an array's are numbers.
  return predictions.map((each) => Number(typeof each === 'object' ? Object.values(each as object)[0] : each))
}

/**
 * Requests a second, by wrk where it is installed, else by autocannon. Meanwhile this process reads what the servers print: one
 * whose log nobody reads stops.
 */
async function load({ url }: Server, file: string): Promise<number> {
  if (hasWrk) {
    const script = join(folder, 'post.lua')
    const lines = ['wrk.method = "POST"', 'wrk.headers["Content-Type"] = "application/json"']
    writeFileSync(script, `${lines.join('\n')}\nlocal file = io.open(${JSON.stringify(file)})\nwrk.body = file:read("*a")\n`)
    const args = ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '60', '-s', script, `${url}/invocations`]
    const { stdout: said } = await run('wrk', args)
    assert.ok(!/Non-2xx|Socket errors/.test(said), said)
    return answered(Number(/Requests\/sec:\s+([\d.]+)/.exec(said)![1]))
  }
  const autocannon = resolve('node_modules/autocannon/autocannon.js')
  const args = [autocannon, '-c', String(connections), '-d', String(seconds), '-m', 'POST', '-i', file, '-j', '-n']
  const { stdout: said } = await run(process.execPath, [...args, '-H', 'content-type=application/json', `${url}/invocations`])
  const result = JSON.parse(said)
  assert.equal(result.non2xx + result.errors, 0, said)
  return answered(result.requests.average)
}

function answered(rate: number): number {
  assert.ok(rate > 0, 'no request was answered')
  return rate
}

const run = promisify(execFile)

const hasWrk = (process.env['PATH'] ?? '').split(':').some((path) => existsSync(join(path, 'wrk')))

/** A process and its children. */
function family(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((each) => each.trim() !== '')
  return [pid, ...children.flatMap((each) => family(Number(each)))]
}

function megabytes(pids: readonly number[], field: 'Rss' | 'Pss'): number {
  const kilobytes = pids.map((pid) =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]),
  )
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024
}

/** CPU milliseconds of a process and its children so far. */
function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * 10
  }, 0)
}

const servers: Server[] = []
try {
  for (const [name, targets] of [
    ['linear', { 1: [0.8, 100], 100: [1.2, 20] }],
    ['forest', { 1: [0.8, 100], 100: [0.9, 20] }],
  ] as const) {
    const model = resolve('bench/models', name)
    const floor = join(folder, 'floor.cjs')
    writeFileSync(floor, floorProgram(runtime, join(model, 'model.onnx')))
    const ours = await start(process.execPath, ['bin/mlmodel.js', 'serve', model, '--port', '0', '--threads', '1'])
    servers.push(ours)
    const bare = await start(process.execPath, [floor])
    servers.push(bare)
    const rivals: [string, Server][] = [
      ['floor', bare],
      ['mlmodel serve', ours],
    ]
    if (python !== undefined) {
      const args = ['-m', 'mlflow', 'models', 'serve', '-m', model, '--env-manager', 'local', '-p', String(await freePort())]
      const env = { ...process.env, PATH: `${resolve(python, '..')}:${process.env['PATH']}`, MLFLOW_DISABLE_TELEMETRY: 'true' }
      const mlflow = await start(python, args, env)
      servers.push(mlflow)
      rivals.push(['mlflow models serve', mlflow])
    }
    const idle = megabytes(family(ours.child.pid!), 'Rss')
    for (const rows of tiny ? [1] : ([1, 100] as const)) {
      const file = join(folder, `${rows}.json`)
      writeFileSync(file, body(rows))
      const wanted = await ask(bare, body(rows))
      const figures = new Map<string, { rate: number[]; cpu: number[] }>(rivals.map(([who]) => [who, { rate: [], cpu: [] }]))
      for (const [, server] of rivals) {
        const got = await ask(server, body(rows))
        assert.equal(got.length, wanted.length)
        for (const [index, value] of got.entries())
          assert.ok(Math.abs(value - wanted[index]!) <= 1e-5 + 1e-5 * Math.abs(wanted[index]!))
      }
      for (let turn = 0; turn < runs; turn++) {
        for (const [who, server] of rivals) {
          const pids = family(server.child.pid!)
          const before = cpuMs(pids)
          const rate = await load(server, file)
          figures.get(who)!.rate.push(rate)
          figures.get(who)!.cpu.push(((cpuMs(pids) - before) * 1000) / (rate * seconds))
        }
      }
      heading(
        `serve, ${name}, ${rows} row${rows === 1 ? '' : 's'} a request, ${connections} connections, ${hasWrk ? 'wrk' : 'autocannon'}`,
        runs,
      )
      for (const [who, { rate, cpu }] of figures) {
        row(who, rate, 'requests/s', 0)
        row(`${who}, CPU`, cpu, 'µs a request', 0)
      }
      const median = (who: string): number => spread(figures.get(who)!.rate).median
      const [overFloor, overMlflow] = targets[rows as 1 | 100]
      ratio(`${name}, ${rows}: mlmodel serve / floor`, median('mlmodel serve') / median('floor'), overFloor, 'higher')
      if (python !== undefined)
        ratio(
          `${name}, ${rows}: mlmodel serve / mlflow`,
          median('mlmodel serve') / median('mlflow models serve'),
          overMlflow,
          'higher',
        )
    }
    console.log(`\nready after ${ours.readyMs.toFixed(0)} ms (target 300)`)
    console.log(`idle after warm-up: ${idle.toFixed(0)} MB RSS of all processes (target 160)`)
    console.log(`after load: ${megabytes(family(ours.child.pid!), 'Pss').toFixed(0)} MB PSS of all processes (target 300)`)
    for (const server of servers.splice(0)) stop(server)
  }
} finally {
  for (const server of servers) stop(server)
  rmSync(folder, { recursive: true, force: true })
}

function stop({ child }: Server): void {
  child.removeAllListeners('exit')
  try {
    process.kill(-child.pid!, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => done(port))
    })
  })
}
