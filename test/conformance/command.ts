/** The installed `bin/mlmodel.js predict` on the file of a case: it must say what the library said, which the runner has judged. */
import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Foreign } from './canonical.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The executable of an installed package; undefined where `from` is a module and no package. */
export function executableOf(from: string): string | undefined {
  const path = join(resolve(from), 'bin', 'mlmodel.js')
  return statSync(resolve(from)).isDirectory() && existsSync(path) ? path : undefined
}

/** Whether the command reads this file as the case did: every form once, as starting a process for each case takes minutes. */
export function isForCommand({ file, via }: Foreign): boolean {
  return (
    (via === 'cli' && file.endsWith('.csv')) ||
    (via === 'predict' && /\.np[yz]$/.test(file)) ||
    (via === 'invocations' && file === 'input.json')
  )
}

/** Runs `mlmodel predict`, in the environment of a user's shell. */
export function runPredict(executable: string, model: string, file: string, mode: 'strict' | 'compat'): Promise<Ended> {
  const args = [executable, 'predict', model, '-i', file, '--threads', '1', ...(mode === 'compat' ? ['--compat', 'mlflow'] : [])]
  const { MLMODEL_COMPAT: _, ...env } = process.env
  return new Promise((done) => {
    execFile(process.execPath, args, { env, timeout: 60_000, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      done({ code, stdout, stderr })
    })
  })
}

/** The first difference between what the command did and what the library answered (its reply, or a refusal); undefined for none. */
export function commandDifference(
  { code, stdout, stderr }: Ended,
  reply: string | undefined,
): { expected: string; got: string } | undefined {
  const got = `exit code ${code}, stdout ${stdout.slice(0, 300)}, stderr ${stderr.slice(0, 300)}`
  if (reply === undefined)
    return code === 1 && stdout === '' && /^error: /m.test(stderr)
      ? undefined
      : { expected: 'the command refuses: exit code 1, no stdout, an error', got }
  return code === 0 && stdout.trimEnd() === reply ? undefined : { expected: `the command prints ${reply}`, got }
}
