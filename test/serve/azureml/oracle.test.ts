/** What the real stack of Azure ML answered: a chosen part here, all of it where ../shared is. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MlmodelError } from '../../../src/errors/index.ts'
import { locate } from '../../../src/locate/index.ts'
import { loadMlmodel } from '../../../src/mlmodel.ts'
import { azureSwagger } from '../../../src/serve/azureml/swagger.ts'
import { createHandler, type Handler } from '../../../src/serve/handler.ts'
import { writeDocument } from '../../../src/serve/json-document.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const shared = join(root, '../shared')
const isWhole = existsSync(join(shared, 'oracle/azure.jsonl'))
const models = isWhole ? join(shared, 'fixtures/models') : join(root, 'test/fixtures/models')

interface Line {
  readonly model: string
  readonly request?: unknown
  readonly status?: number
  readonly reply?: string
  readonly definitions?: Readonly<Record<string, unknown>>
  readonly schemas?: Readonly<Record<string, unknown>>
  readonly did_not_start?: string
}

type Document = Record<string, unknown> & {
  definitions?: Record<string, unknown>
  components?: { schemas: Record<string, unknown> }
}

const skeleton = JSON.parse(readFileSync(join(root, 'test/fixtures/azureml/skeleton.json'), 'utf8')) as {
  readonly swagger2: Document
  readonly swagger3: Document
}

function readLines(): readonly Line[] {
  const file = isWhole ? join(shared, 'oracle/azure.jsonl') : join(root, 'test/fixtures/azureml/azure.jsonl')
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((text) => {
      const line = JSON.parse(text) as Line & { readonly swagger2?: Document; readonly swagger3?: Document }
      if (line.swagger2 === undefined) return line
      return { ...line, definitions: line.swagger2.definitions!, schemas: line.swagger3!.components!.schemas }
    })
}

const lines = readLines()

/** Where two JSON values differ; numbers may by a share of their size. */
function difference(found: unknown, wanted: unknown, relative: number, path = '$'): string | undefined {
  if (typeof found === 'number' && typeof wanted === 'number') {
    if (Object.is(found, wanted) || found === wanted) return undefined
    const near = Math.abs(found - wanted) <= relative * Math.max(Math.abs(found), Math.abs(wanted))
    return near || (relative > 1e-6 && Math.abs(found - wanted) <= 1e-6) ? undefined : `${path}: ${found} for ${wanted}`
  }
  if (typeof found !== 'object' || typeof wanted !== 'object' || found === null || wanted === null)
    return found === wanted ? undefined : `${path}: ${JSON.stringify(found)} for ${JSON.stringify(wanted)}`
  const keys = Object.keys(wanted)
  if (Array.isArray(found) !== Array.isArray(wanted) || keys.join('\n') !== Object.keys(found).join('\n'))
    return `${path}: ${JSON.stringify(found).slice(0, 80)} for ${JSON.stringify(wanted).slice(0, 80)}`
  for (const key of keys) {
    const differs = difference((found as Document)[key], (wanted as Document)[key], relative, `${path}.${key}`)
    if (differs !== undefined) return differs
  }
  return undefined
}

/** JSON with the bare tokens of Python. */
function parse(text: string): unknown {
  return JSON.parse(text.replaceAll(/-?\b(NaN|Infinity)\b/g, '"$&"'))
}

/** What MLflow's own server answered to the same data, without its wrapping. */
function mlflowAnswer(model: string): { readonly body: string; readonly predictions: unknown } | undefined {
  const { cases } = JSON.parse(readFileSync(join(models, model, 'expected.json'), 'utf8')) as {
    cases: { file: string; via: string; ok: boolean; content_type?: string; response?: string }[]
  }
  const found = cases.find(({ file, response }) => file === 'input.json' && response !== undefined)
  if (found === undefined) return undefined
  return {
    body: readFileSync(join(models, model, found.file), 'utf8'),
    predictions: (parse(found.response!) as { predictions: unknown }).predictions,
  }
}

async function openOrReason(model: string): Promise<Handler | undefined> {
  try {
    return await createHandler(join(models, model, 'model'), { protocol: 'azureml', threads: 1 })
  } catch (error) {
    if (error instanceof MlmodelError && error.kind === 'unsupported') return undefined
    throw error
  }
}

function post(handler: Handler, body: unknown): Promise<Response> {
  return handler(
    new Request('http://here/score', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )
}

describe('the replies of Azure’s own scoring stack', { timeout: 300_000, concurrency: 2 }, () => {
  for (const { model, request, status, reply } of lines) {
    test(model, async (context) => {
      if (!existsSync(join(models, model, 'model'))) return context.skip('not among the fixtures here')
      const handler = await openOrReason(model)
      if (handler === undefined) return context.skip('not run here')
      try {
        if (status === 200) {
          const answer = await post(handler, request)
          const text = await answer.text()
          assert.equal(answer.status, 200, text)
          assert.equal(difference(parse(text), parse(reply!), 1e-12), undefined)
          assert.equal(answer.headers.get('content-type'), 'application/json')
          assert.equal(answer.headers.get('x-ms-run-function-failed'), 'False')
          return
        }
        // The real stack failed or did not start: here the answer is right, or says why not.
        const known = mlflowAnswer(model)
        const answer = await post(handler, request ?? azureBodyOf(known!.body))
        const text = await answer.text()
        if (answer.status === 400) assert.ok((JSON.parse(text) as { message: string }).message.length > 20, text)
        else {
          assert.equal(answer.status, 200, text)
          // A few are refused by MLflow's own server too (docs/differences.md); other tests know what is right there.
          if (known !== undefined) assert.equal(difference(parse(text), known.predictions, 1e-5), undefined)
        }
      } finally {
        await handler.close()
      }
    })
  }
})

/** MLflow's request as Azure's. */
function azureBodyOf(body: string): unknown {
  const { params, ...data } = JSON.parse(body) as Record<string, unknown>
  return { input_data: Object.values(data)[0], ...(params !== undefined && { params }) }
}

describe('the documents of Azure’s own scoring stack', () => {
  for (const { model, definitions, schemas } of lines) {
    if (definitions === undefined) continue
    test(model, async () => {
      const mlmodel = await loadMlmodel(await locate(join(models, model, 'model')))
      for (const version of ['2', '3', '3.1'] as const) {
        const text = writeDocument(await azureSwagger(mlmodel, version), 'line')
        const found = JSON.parse(text) as Document
        const wanted = structuredClone(version === '2' ? skeleton.swagger2 : skeleton.swagger3)
        if (version === '2') Object.assign(wanted.definitions!, definitions)
        else Object.assign(wanted.components!.schemas, schemas)
        if (version === '3.1') wanted['openapi'] = '3.1.0'
        assert.deepEqual(found, wanted, version)
      }
    })
  }
})
