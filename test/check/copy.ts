/** A model of its own for a test: a copy that may be spoilt. */
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { root } from '../cli/fake-terminal.ts'

const plain = fileURLToPath(new URL('test/fixtures/check/plain', root))

export interface ModelCopy {
  readonly folder: string
  write(file: string, content: string | Uint8Array): void
  /** Replaces a text that must be there in MLmodel or another file. */
  replace(from: string | RegExp, to: string, file?: string): void
}

/** Copies the model of fixtures/check/plain, with which nothing is wrong. */
export function copyModel(t: TestContext): ModelCopy {
  const parent = mkdtempSync(join(tmpdir(), 'mlmodel-check-'))
  t.after(() => rmSync(parent, { recursive: true, force: true }))
  const folder = join(parent, 'model')
  cpSync(plain, folder, { recursive: true })
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644)
  const write = (file: string, content: string | Uint8Array) => writeFileSync(join(folder, file), content)
  return {
    folder,
    write,
    replace(from, to, file = 'MLmodel') {
      const text = readFileSync(join(folder, file), 'utf8')
      const changed = text.replace(from, () => to)
      if (changed === text) throw new Error(`${file} has no ${from}`)
      write(file, changed)
    },
  }
}
