/** Traces: contexts, what the environment says, and what a collector receives. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { Incoming } from '../../src/serve/message.ts'
import { openTracer, readTraceOptions, readTraceparent } from '../../src/serve/trace.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentId = 'b7ad6b7169203331'
const warn = (): void => {}

function asked(headers: Readonly<Record<string, string>> = {}): Incoming {
  return { method: 'POST', path: '/invocations', query: '', header: (name) => headers[name], body: Buffer.alloc(10) }
}
const scored = { model: 'churn', version: '1', rows: 2, batchRows: 6, microseconds: 500 }
const finished = { status: 200, bytes: 7, reply: { status: 200, headers: {}, body: '', scored } }

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, string>> }[]
  readonly status: { readonly code?: number }
}

/** A collector that keeps what it is sent. */
async function collect(
  status: number,
): Promise<{ server: Server; port: number; spans: Span[]; requests: { url: string; headers: Record<string, unknown> }[] }> {
  const spans: Span[] = []
  const requests: { url: string; headers: Record<string, unknown> }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({ url: request.url ?? '', headers: request.headers })
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: { resource: { attributes: Span['attributes'] }; scopeSpans: { spans: Span[] }[] }[]
      }
      for (const { scopeSpans } of body.resourceSpans) for (const one of scopeSpans) spans.push(...one.spans)
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port, spans, requests }
}

describe('traceparent', () => {
  test('is read as the W3C writes it', () => {
    assert.deepEqual(readTraceparent(`00-${traceId}-${parentId}-01`), { traceId, parentId, isSampled: true })
    assert.equal(readTraceparent(`00-${traceId}-${parentId}-00`)?.isSampled, false)
    assert.equal(readTraceparent(`00-${traceId}-${parentId}-03`)?.isSampled, true)
    // A later version may say more.
    assert.equal(readTraceparent(`01-${traceId}-${parentId}-01-more`)?.traceId, traceId)
  })

  test('what is no context is none', () => {
    for (const text of [
      undefined,
      '',
      'x',
      `ff-${traceId}-${parentId}-01`,
      `00-${traceId}-${parentId}-01-more`,
      `00-${'0'.repeat(32)}-${parentId}-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      `00-${traceId.toUpperCase()}-${parentId}-01`,
      `00-${traceId}-${parentId}-1`,
      `00-${traceId}-${parentId}`,
      ` 00-${traceId}-${parentId}-01`,
    ])
      assert.equal(readTraceparent(text), undefined, text)
  })
})

describe('the environment of traces', () => {
  test('no collector, no traces', () => {
    assert.equal(readTraceOptions({}, warn), undefined)
    assert.equal(readTraceOptions({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, warn), undefined)
    assert.equal(readTraceOptions({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'TRUE' }, warn), undefined)
    assert.equal(readTraceOptions({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'none' }, warn), undefined)
    const warnings: string[] = []
    assert.equal(
      readTraceOptions({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, (text) => warnings.push(text)),
      undefined,
    )
    assert.equal(warnings.length, 1)
  })

  test('addresses, headers, resource, sampler', () => {
    const urlOf = (variables: Parameters<typeof readTraceOptions>[0]): string | undefined =>
      readTraceOptions(variables, warn)?.url.href
    assert.equal(urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }), 'http://c:4318/v1/traces')
    assert.equal(urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/base/' }), 'http://c:4318/base/v1/traces')
    assert.equal(urlOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c/own' }), 'https://c/own')
    const options = readTraceOptions(
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c',
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x = y ,bad,__proto__=1',
        OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment=test',
        OTEL_SERVICE_NAME: 'churn',
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.25',
        OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      },
      warn,
    )!
    assert.deepEqual(options.headers, { 'api-key': 'a b', x: 'y' })
    assert.equal(options.resource['service.name'], 'churn')
    assert.equal(options.resource['deployment.environment'], 'test')
    assert.deepEqual([options.ratio, options.parentBased, options.timeout], [0.25, false, 500])
  })
})

describe('a tracer', () => {
  test('sends a span of the request and one of its scoring, within the caller’s trace', async () => {
    const { server, port, spans, requests } = await collect(200)
    const options = readTraceOptions(
      { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_HEADERS: 'k=v' },
      warn,
    )!
    const tracer = openTracer(options, () => assert.fail('spans were lost'), warn)
    const begun = tracer.begin(asked({ traceparent: `00-${traceId}-${parentId}-01`, tracestate: 'a=b' }), 'id-1')
    assert.match(begun.headers?.['traceresponse'] ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
    begun.end(finished, 12.5)
    await tracer.close()
    server.close()
    assert.equal(requests[0]?.url, '/v1/traces')
    assert.equal(requests[0]?.headers['k'], 'v')
    assert.equal(requests[0]?.headers['content-type'], 'application/json')
    const [request, score] = spans as [Span, Span]
    assert.deepEqual([request.traceId, request.parentSpanId, request.traceState, request.kind], [traceId, parentId, 'a=b', 2])
    assert.deepEqual([score.traceId, score.parentSpanId, score.kind], [traceId, request.spanId, 1])
    assert.equal(BigInt(request.endTimeUnixNano) - BigInt(request.startTimeUnixNano), 12_500_000n)
    assert.equal(BigInt(score.endTimeUnixNano) - BigInt(score.startTimeUnixNano), 500_000n)
    const attributes = new Map(request.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
    assert.equal(attributes.get('http.response.status_code'), '200')
    assert.equal(attributes.get('mlmodel.model'), 'churn')
  })

  test('does as the caller has chosen; makes a trace where there is none', async () => {
    const options = readTraceOptions({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, warn)!
    const tracer = openTracer(options, () => assert.fail('there was nothing to send'), warn)
    tracer.begin(asked({ traceparent: `00-${traceId}-${parentId}-00` }), 'x').end(finished, 1)
    await tracer.close()
    assert.match(tracer.begin(asked(), 'x').headers?.['traceresponse'] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })

  test('a collector that fails, is not there or hangs costs spans, not requests', async () => {
    const failing = await collect(503)
    const hanging = createServer(() => {})
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
    const hangingPort = (hanging.address() as AddressInfo).port
    for (const [port, expected] of [
      [failing.port, /it answers 503/],
      [1, /ECONNREFUSED/],
      [hangingPort, /too slow|it fails|ABORT|TIMEOUT/i],
    ] as const) {
      let dropped = 0
      const warnings: string[] = []
      const options = readTraceOptions(
        { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_TIMEOUT: '200' },
        warn,
      )!
      const tracer = openTracer(
        options,
        (spans) => (dropped += spans),
        (text) => warnings.push(text),
      )
      for (let index = 0; index < 3000; index++) tracer.begin(asked(), 'x').end(finished, 1)
      await tracer.close()
      // Two spans each, of which no more wait than the queue holds and one batch is on its way.
      assert.ok(dropped >= 6000 - 2048 - 512, String(dropped))
      assert.match(warnings.join('\n'), expected)
      assert.equal(warnings.length, 1)
    }
    failing.server.close()
    hanging.closeAllConnections()
    hanging.close()
  })
})
