/** The OpenAPI document: valid by a validator of others, and true: what fits it is accepted, and what is answered fits it. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { MlmodelError } from '../../../src/errors/index.ts'
import { runnerExecutable } from '../../../src/runner/entry.ts'
import { openApplication } from '../../../src/serve/application.ts'
import { createHandler, type Handler } from '../../../src/serve/handler.ts'
import { arbitraryOf, part, resolve, type Schema } from './from-schema.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const shared = join(root, '../shared/fixtures/models')
const folder = existsSync(shared) ? shared : join(root, 'test/fixtures/models')

async function documentOf(handler: Handler): Promise<Schema> {
  const reply = await handler(new Request('http://here/openapi.json'))
  assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'application/json'])
  return (await reply.json()) as Schema
}

async function assertValid(document: Schema): Promise<void> {
  const { valid, errors } = await new Validator().validate(structuredClone(document))
  assert.ok(valid, JSON.stringify(errors, undefined, 1)?.slice(0, 3000))
}

function compile(schema: Schema, document: Schema): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  return ajv.compile({ ...schema, components: document['components'] })
}

/** JSON with the bare tokens of Python, as the document says of them. */
function parseReply(text: string): unknown {
  return JSON.parse(text.replaceAll(/-?\b(NaN|Infinity)\b/g, 'null'))
}

/** Models whose vocabulary or rows the signature does not tell: a number that fits it can be one that the graph refuses. */
const closed: Readonly<Record<string, string>> = {
  onnx_int64_embedding: 'its numbers are places in a table',
  onnx_transformer: 'its numbers are places in a table',
}

async function openOrReason(model: string): Promise<Handler | undefined> {
  try {
    return await createHandler(join(folder, model, 'model'), { threads: 1 })
  } catch (error) {
    if (error instanceof MlmodelError && error.kind === 'unsupported') return undefined
    throw error
  }
}

describe('/openapi.json', { timeout: 600_000, concurrency: 2 }, () => {
  for (const model of readdirSync(folder).filter((name) => existsSync(join(folder, name, 'model/MLmodel')))) {
    test(model, async (context) => {
      const handler = await openOrReason(model)
      if (handler === undefined) return context.skip('not run here')
      try {
        const document = await documentOf(handler)
        await assertValid(document)
        for (const path of ['/invocations', '/v2/models/model/infer', '/score']) {
          const operation = part(document, 'paths', path, 'post')
          const { schema, example } = part(operation, 'requestBody', 'content', 'application/json')
          const replySchema = part(operation, 'responses', '200', 'content', 'application/json', 'schema')
          const fits = compile(replySchema, document)
          const ask = async (body: unknown): Promise<void> => {
            const sent = JSON.stringify(body)
            const headers = { 'content-type': 'application/json' }
            const reply = await handler(new Request(`http://here${path}`, { method: 'POST', headers, body: sent }))
            const text = await reply.text()
            assert.equal(reply.status, 200, `${path}\n${sent.slice(0, 2000)}\n${text.slice(0, 2000)}`)
            assert.ok(fits(parseReply(text)), `${path}\n${text.slice(0, 500)}\n${JSON.stringify(fits.errors)}`)
          }
          if (example !== undefined) await ask(example)
          if (schema === undefined || model in closed) continue
          if (example !== undefined && path !== '/v2/models/model/infer' && !JSON.stringify(example).includes('"index"')) {
            const right = compile(schema as Schema, document)
            if (!right(example)) context.diagnostic(`${path}: the example is in a form that the schema leaves out`)
          }
          await fc.assert(fc.asyncProperty(arbitraryOf(schema as Schema, document), ask), {
            numRuns: 12,
            interruptAfterTimeLimit: 20_000,
          })
        }
      } finally {
        await handler.close()
      }
    })
  }
})

describe('the routes of the document', { timeout: 60_000 }, () => {
  const fixture = (name: string): string => join(root, 'test/fixtures/models', name, 'model')

  test('are those of the server, for two models and a platform’s paths', async () => {
    const models = [
      { name: 'a', path: fixture('onnx_strings') },
      { name: 'b-2', path: fixture('onnx_linreg_columns_float') },
    ]
    const application = await openApplication({
      executable: runnerExecutable(),
      models,
      mode: 'strict',
      threads: 1,
      workers: 1,
      timeout: 60_000,
      maxWaiting: 10,
      maxBatchRows: 0,
      maxBatchDelay: 0,
      maxBody: 1 << 20,
      mlflowVersion: '3.17.2',
      azureml: true,
      predictRoute: '/predict',
      healthRoute: '/healthz',
      onWarning: () => {},
    })
    try {
      const reply = await application.answer({
        method: 'GET',
        path: '/openapi.json',
        query: '',
        header: () => undefined,
        body: new Uint8Array(0),
      })
      const document = JSON.parse(reply.body as string) as Schema
      await assertValid(document)
      const written = Object.entries(document['paths'] as Record<string, Schema>).flatMap(([path, item]) =>
        Object.keys(item)
          .filter((method) => ['get', 'post', 'options'].includes(method))
          .map((method) => `${method.toUpperCase()} ${path}`),
      )
      // Of each model by its name, where the server has a pattern.
      const served = application.routes
        .filter((line) => !/ \/(test|ui\/.*|v2\/|invocations\/)$/.test(line))
        .flatMap((line) => {
          if (line.includes('/repository/')) return [line.replace('{}', '{model}')]
          if (!line.includes('{}')) return [line]
          return models.map(({ name }) => line.replace('{}', name).replace('{}', '{version}'))
        })
      assert.deepEqual(written.sort(), served.sort())
      assert.deepEqual(
        Object.keys(part(document, 'components', 'schemas')).filter((name) => name.includes('Invocation')),
        ['a_Invocation', 'b-2_Invocation'],
      )
      const invocation = part(
        document,
        'paths',
        '/invocations/b-2',
        'post',
        'requestBody',
        'content',
        'application/json',
        'schema',
      )
      assert.ok(resolve(invocation['$ref'] as string, document))
    } finally {
      await application.close()
    }
  })

  test('one protocol has its own routes only', async () => {
    const handler = await createHandler(fixture('onnx_strings'), { protocol: 'azureml', threads: 1 })
    try {
      const document = await documentOf(handler)
      await assertValid(document)
      assert.deepEqual(Object.keys(document['paths'] as Schema).sort(), [
        '/',
        '/metrics',
        '/openapi.json',
        '/score',
        '/swagger.json',
      ])
    } finally {
      await handler.close()
    }
  })
})
