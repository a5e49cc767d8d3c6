/**
 * Traces: a span a request and one for the scoring in it, sent to an OpenTelemetry collector as OTLP over HTTP in JSON. The only
 * file of the server that opens connections, and only to where the environment says.
 *
 * @see opentelemetry.io/docs/specs/otlp, /configuration/sdk-environment-variables; w3.org/TR/trace-context
 */
import { randomBytes } from 'node:crypto'
import { type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { version } from '../version.ts'
import type { Onlooker } from './observe.ts'
import type { ServingVariables } from './platform.ts'

export interface TraceOptions {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Of the resource: `service.name` and what else is told. */
  readonly resource: Readonly<Record<string, string>>
  /** Milliseconds that a collector may take. */
  readonly timeout: number
  /** Of requests that come without a context: 0 to 1. */
  readonly ratio: number
  /** Whether a caller that has sampled its trace, or has not, decides. */
  readonly parentBased: boolean
}

export interface Tracer extends Onlooker {
  /** Sends what is left, within a deadline. */
  close(): Promise<void>
}

/** Spans that wait; those beyond it are dropped. Sent when there are so many, or after so many milliseconds. */
const [mostWaiting, batchSize, interval] = [2048, 512, 5_000]
/** Milliseconds that the end of the server waits for the collector. */
const closeTimeout = 2_000

/**
 * What the environment says of traces; undefined when it names no collector or wants none.
 *
 * @param onWarning - told of what cannot be done
 */
export function readTraceOptions(variables: ServingVariables, onWarning: (text: string) => void): TraceOptions | undefined {
  const own = variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  const base = variables.OTEL_EXPORTER_OTLP_ENDPOINT
  const given = own || base
  if (given === undefined || given === '') return undefined
  if (variables.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || variables.OTEL_TRACES_EXPORTER === 'none') return undefined
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    onWarning('no traces are sent: the endpoint of OTEL_EXPORTER_OTLP_ENDPOINT is no http address')
    return undefined
  }
  const protocol = variables.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? variables.OTEL_EXPORTER_OTLP_PROTOCOL
  if (protocol === 'grpc') onWarning('traces are sent as OTLP over HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not spoken')
  const url = new URL(given)
  // The general address is a base, the one for traces is taken as it is.
  if (own === undefined || own === '') url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`
  const sampler = variables.OTEL_TRACES_SAMPLER ?? 'parentbased_always_on'
  const argument = Number(variables.OTEL_TRACES_SAMPLER_ARG ?? '1')
  return {
    url,
    headers: pairsOf(variables.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? variables.OTEL_EXPORTER_OTLP_HEADERS),
    resource: {
      'service.name': 'mlmodel',
      'service.version': version,
      ...pairsOf(variables.OTEL_RESOURCE_ATTRIBUTES),
      ...(variables.OTEL_SERVICE_NAME !== undefined && { 'service.name': variables.OTEL_SERVICE_NAME }),
    },
    timeout: millisecondsOf(variables.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT ?? variables.OTEL_EXPORTER_OTLP_TIMEOUT) ?? 10_000,
    ratio: sampler.endsWith('always_off') ? 0 : sampler.endsWith('traceidratio') && argument >= 0 && argument <= 1 ? argument : 1,
    parentBased: sampler.startsWith('parentbased_'),
  }
}

/** `a=1,b=two%20words`, as the W3C's baggage is written. */
function pairsOf(text = ''): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {}
  for (const part of text.split(',')) {
    const equals = part.indexOf('=')
    const name = part.slice(0, equals).trim()
    if (equals > 0 && /^[\w.-]+$/.test(name) && name !== '__proto__') pairs[name] = decoded(part.slice(equals + 1).trim())
  }
  return pairs
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function millisecondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : undefined
}

/** Where a request stands in a trace. */
export interface TraceContext {
  readonly traceId: string
  readonly parentId: string
  readonly isSampled: boolean
}

/** Reads a `traceparent` header; undefined when there is none that is valid. */
export function readTraceparent(text: string | undefined): TraceContext | undefined {
  const found = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text ?? '')
  if (found === null) return undefined
  const [, format, traceId = '', parentId = '', flags = '', more] = found
  if (format === 'ff' || (format === '00' && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(parentId))
    return undefined
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/**
 * Makes spans of requests and sends them.
 *
 * @param onDropped - told how many spans were lost
 * @param onWarning - told once of each way in which the collector fails
 */
export function openTracer(options: TraceOptions, onDropped: (spans: number) => void, onWarning: (text: string) => void): Tracer {
  const spans: object[] = []
  let sending: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  const warned = new Set<string>()

  function add(span: object): void {
    if (spans.length >= mostWaiting) {
      onDropped(1)
      return
    }
    spans.push(span)
    if (spans.length >= batchSize) flush()
    else timer ??= setTimeout(flush, interval).unref()
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    // One request at a time: a collector that hangs costs one connection.
    if (sending !== undefined || spans.length === 0) return
    const batch = spans.splice(0, batchSize)
    sending = post(options, bodyOf(options, batch)).then((failure) => {
      sending = undefined
      if (failure !== undefined) {
        onDropped(batch.length)
        if (!warned.has(failure)) onWarning(`traces are not taken by ${options.url.host}: ${failure}`)
        if (warned.size < 20) warned.add(failure)
      }
      if (spans.length >= batchSize) flush()
      else if (spans.length > 0) timer ??= setTimeout(flush, interval).unref()
    })
  }

  return {
    begin(request, id) {
      const parent = readTraceparent(request.header('traceparent'))
      const traceId = parent?.traceId ?? randomBytes(16).toString('hex')
      const isSampled = parent !== undefined && options.parentBased ? parent.isSampled : isChosen(traceId, options.ratio)
      const spanId = randomBytes(8).toString('hex')
      const headers = { traceresponse: `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}` }
      if (!isSampled) return { headers, end: () => {} }
      const state = parent === undefined ? undefined : request.header('tracestate')
      // The clock may be set while the request is answered: only the start is read from it.
      const start = Date.now()
      return {
        headers,
        end(finished, milliseconds) {
          const { scored } = finished.reply ?? {}
          add({
            traceId,
            spanId,
            ...(parent !== undefined && { parentSpanId: parent.parentId }),
            ...(state !== undefined && state.length <= 512 && { traceState: state }),
            name: scored === undefined ? request.method : `${request.method} ${scored.model}`,
            kind: 2,
            ...times(start, milliseconds),
            attributes: attributesOf({
              'http.request.method': request.method,
              'http.response.status_code': finished.status,
              'url.path': request.path.slice(0, 2000),
              'http.request.body.size': request.body.length,
              'http.response.body.size': finished.bytes,
              'http.request.header.x-request-id': id,
              ...(scored !== undefined && { 'mlmodel.model': scored.model, 'mlmodel.version': scored.version }),
            }),
            status: finished.status >= 500 || finished.status === 499 ? { code: 2 } : {},
          })
          if (scored === undefined || scored.batchRows === 0) return
          // When in between the model ran is not known; how long is.
          const took = Math.min(milliseconds, scored.microseconds / 1000)
          add({
            traceId,
            spanId: randomBytes(8).toString('hex'),
            parentSpanId: spanId,
            name: 'score',
            kind: 1,
            ...times(start + (milliseconds - took), took),
            attributes: attributesOf({ 'mlmodel.rows': scored.rows, 'mlmodel.batch.rows': scored.batchRows }),
            status: {},
          })
        },
      }
    },
    async close() {
      clearTimeout(timer)
      const all = async (): Promise<void> => {
        while (spans.length > 0 || sending !== undefined) {
          flush()
          await sending
        }
      }
      let late: NodeJS.Timeout | undefined
      await Promise.race([all(), new Promise((resolve) => (late = setTimeout(resolve, closeTimeout)))])
      clearTimeout(late)
    },
  }
}

/** As OpenTelemetry's TraceIdRatioBased: by the trace's number, so that all services choose alike. */
function isChosen(traceId: string, ratio: number): boolean {
  return ratio >= 1 || Number.parseInt(traceId.slice(-13), 16) < ratio * 2 ** 52
}

function times(start: number, milliseconds: number): { readonly startTimeUnixNano: string; readonly endTimeUnixNano: string } {
  const from = BigInt(Math.round(start * 1000)) * 1000n
  return { startTimeUnixNano: String(from), endTimeUnixNano: String(from + BigInt(Math.round(milliseconds * 1e6))) }
}

type Attribute = string | number

function attributesOf(values: Readonly<Record<string, Attribute>>): readonly object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }))
}

function bodyOf({ resource }: TraceOptions, spans: readonly object[]): string {
  return JSON.stringify({
    resourceSpans: [
      { resource: { attributes: attributesOf(resource) }, scopeSpans: [{ scope: { name: 'mlmodel', version }, spans }] },
    ],
  })
}

/** @returns undefined when the collector took it, else what went wrong */
function post({ url, headers, timeout }: TraceOptions, body: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      // The whole of it, also with a collector that drips.
      signal: AbortSignal.timeout(timeout),
    }
    try {
      const send = url.protocol === 'https:' ? requestHttps : requestHttp
      const request = send(url, options, (response) => {
        response.resume()
        response.on('error', () => {})
        const { statusCode = 0 } = response
        resolve(statusCode >= 200 && statusCode < 300 ? undefined : `it answers ${statusCode}`)
      })
      request.on('error', (error: NodeJS.ErrnoException) =>
        resolve(error.name === 'AbortError' ? 'it is too slow' : (error.code ?? 'it fails')),
      )
      request.end(body)
    } catch {
      // A header that cannot be one.
      resolve('OTEL_EXPORTER_OTLP_HEADERS has what no header can hold')
    }
  })
}
