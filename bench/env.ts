/**
 * `env`: CPU of the command on a model as MLflow writes it beside `node -e 0`, and 1,000 requirement lines read and judged.
 * Runs alternate, so that a busy machine hits all alike.
 */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { environmentFindings } from '../src/env/findings.ts'
import { readEnvironmentOf } from '../src/env/reading.ts'
import { resolveReading } from '../src/env/resolve.ts'
import { locate } from '../src/locate/index.ts'
import { loadMlmodel } from '../src/mlmodel.ts'
import { heading, mean, ratio, row, runProcess, tiny } from './measure.ts'

const runs = tiny ? 2 : 25
const entry = resolve('bin/mlmodel.js')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-bench-'))
const model = join(folder, 'model')
const long = join(folder, 'long')
for (const each of [model, long]) cpSync(resolve('bench/models/linear'), each, { recursive: true })

/** The files as MLflow writes them. */
function writeEnvironment(path: string, requirements: readonly string[]): void {
  const head = 'channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip<=26.3\n- pip:\n'
  writeFileSync(join(path, 'conda.yaml'), `${head}${requirements.map((each) => `  - ${each}\n`).join('')}name: mlflow-env\n`)
  writeFileSync(
    join(path, 'python_env.yaml'),
    'python: 3.11.7\nbuild_dependencies:\n- pip==26.3\n- setuptools==65.5.0\n- wheel\ndependencies:\n- -r requirements.txt\n',
  )
  writeFileSync(join(path, 'requirements.txt'), requirements.join('\n'))
}
writeEnvironment(model, ['mlflow==3.17.2', 'numpy==2.4.6', 'onnx==1.23.2', 'onnxruntime==1.31.1', 'pandas==3.1.1'])
writeEnvironment(
  long,
  Array.from({ length: 1000 }, (_, index) => `package-${index}[extra]>=1.${index},<2; python_version >= '3.${8 + (index % 6)}'`),
)

const commands = { node: ['-e', '0'], inspect: [entry, 'inspect', model], env: [entry, 'env', model] }
const cpu: Record<keyof typeof commands, number[]> = { node: [], inspect: [], env: [] }
const lines: number[] = []
try {
  for (let run = -1; run < runs; run++) {
    for (const name of Object.keys(commands) as (keyof typeof commands)[]) {
      const result = await runProcess(process.execPath, commands[name])
      if (name === 'env') assert.match(result.stdout, /pandas==3\.1\.1 +requirements\.txt:5/)
      if (run >= 0) cpu[name].push(result.cpuMs)
    }
    const loaded = await loadMlmodel(await locate(long))
    const before = process.hrtime.bigint()
    const reading = await readEnvironmentOf(loaded)
    const resolved = await resolveReading(reading)
    const findings = await environmentFindings(reading, resolved)
    if (run >= 0) lines.push(Number(process.hrtime.bigint() - before) / 1e6)
    assert.equal(resolved.requirements.length, 1000)
    assert.equal(findings.filter(({ code }) => code === 'ENV_LOOSE').length, 2000)
  }
  heading('env', runs)
  for (const name of Object.keys(commands) as (keyof typeof commands)[])
    row(`${name}, CPU`, cpu[name], 'ms (mean counts: clock ticks are 10 ms)')
  row('1,000 requirement lines in two files, resolved and judged', lines, 'ms')
  ratio('env / node -e 0, CPU (means)', mean(cpu.env) / mean(cpu.node), 1.7)
  ratio('inspect / node -e 0, CPU (means)', mean(cpu.inspect) / mean(cpu.node), undefined)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
