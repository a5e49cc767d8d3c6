/**
 * Texts made to cost the square of their length (CWE-1333). Most took between three and forty seconds here before its reader
 * was mended; read in one go it takes some milliseconds, so that the bound of two seconds holds on a slow machine too.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { describeLocation } from '../src/describe.ts'
import { readRequest } from '../src/enforce/request.ts'
import { MlmodelError } from '../src/errors/index.ts'
import { parseMlmodel } from '../src/mlmodel.ts'
import { parseSchema } from '../src/signature.ts'
import { sampleBytes, sniff } from '../src/sniff.ts'

const most = 2000

async function timed(action: () => unknown): Promise<void> {
  const start = process.cpuUsage()
  try {
    await action()
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
  }
  const { user } = process.cpuUsage(start)
  assert.ok(user / 1000 < most, `took ${Math.round(user / 1000)} ms`)
}

const long = 100_000
const blanks = ' '.repeat(long)

describe('requests', () => {
  const texts = {
    blanks: `x${blanks}x`,
    both: `${blanks}1${blanks}x`,
    zeros: `${'\\u0000'.repeat(long)}x`,
    digits: `${'1'.repeat(long)}x`,
  }
  for (const [name, text] of Object.entries(texts)) {
    for (const mode of ['strict', 'compat'] as const) {
      test(`${name}, ${mode}`, async () => {
        for (const type of ['long', 'double', 'string', 'binary', 'datetime', 'boolean']) {
          const column = new Map([
            ['type', type],
            ['name', 'a'],
          ])
          const signature = { inputs: parseSchema([column], {}) }
          for (const body of [`{"inputs":{"a":["${text}"]}}`, `{"dataframe_split":{"columns":["a"],"data":[["${text}"]]}}`])
            await timed(() => readRequest(Buffer.from(body), 'application/json', signature, { mode }))
        }
        for (const dtype of ['int64', 'float64', 'str', 'bytes', 'object']) {
          const spec = new Map<string, unknown>([
            ['dtype', dtype],
            ['shape', [-1n]],
          ])
          const tensor = new Map<string, unknown>([
            ['type', 'tensor'],
            ['tensor-spec', spec],
          ])
          const signature = { inputs: parseSchema([tensor] as Parameters<typeof parseSchema>[0], {}) }
          await timed(() => readRequest(Buffer.from(`{"inputs":["${text}"]}`), 'application/json', signature, { mode }))
        }
      })
    }
  }
})

describe('MLmodel files', () => {
  const cases = {
    'blanks in a plain text': `flavors: {}\nmetadata: a${' '.repeat(90_000)}b\n`,
    'blanks in a quoted text': `flavors: {}\nsignature:\n  inputs: '${' '.repeat(90_000)}[]'\n`,
    'underscores in a number': `flavors: {}\nmetadata: 1.${'1_'.repeat(45_000)}x\n`,
  }
  for (const [name, text] of Object.entries(cases)) test(name, () => timed(() => parseMlmodel(text, 'MLmodel', '/nowhere')))
})

describe('what a file is', () => {
  const cases = { 'titles without end': `<html>${'<title'.repeat(20_000)}`, 'a number of a pickle': `F${'1'.repeat(60_000)}x\n.` }
  for (const [name, text] of Object.entries(cases)) test(name, () => timed(() => sniff(sampleBytes(Buffer.from(text), 'x'))))
})

describe('model folders', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlmodel-test-'))
  })
  after(() => rm(folder, { recursive: true }))

  const environment = '    env:\n      conda: conda.yaml\n      virtualenv: python_env.yaml\n'
  const python = (rest: string) => `flavors:\n  python_function:\n    loader_module: mlflow.x\n${rest}`
  const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'slashes in a path': { MLmodel: python(`    data: a${'/'.repeat(long)}x\n`) },
    'blanks in a requirement': { MLmodel: python(environment), 'requirements.txt': `a${blanks}${blanks}x\n` },
    'blanks after extras': { MLmodel: python(environment), 'requirements.txt': `a${blanks}[b]${blanks}x\n` },
    'signs of comments': { MLmodel: python(environment), 'requirements.txt': `${' #'.repeat(200_000)}\u2028x\n` },
  }
  for (const [name, files] of Object.entries(cases)) {
    test(name, async () => {
      const model = join(folder, name)
      await mkdir(model)
      for (const [file, text] of Object.entries(files)) await writeFile(join(model, file), text)
      await timed(() => describeLocation(model))
    })
  }
})
