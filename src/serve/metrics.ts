/**
 * `GET /metrics`: what Prometheus reads. A process's own figures are the server's; the runners' memory is theirs.
 *
 * @see prometheus.io/docs/instrumenting/exposition_formats (text format 0.0.4)
 */
import { version } from '../version.ts'
import type { ServerState } from './application.ts'
import type { HttpCounters } from './http-counters.ts'
import { residentBytes } from './memory.ts'
import type { Outgoing } from './message.ts'
import type { RouteTable } from './router.ts'
import { batchBounds, type Histogram, latencyBounds } from './statistics.ts'

export function metricsRoutes(state: ServerState): RouteTable {
  return {
    'GET /metrics': (): Outgoing => ({
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      body: writeMetrics(state),
    }),
  }
}

/** The text of all metrics. */
export function writeMetrics(state: ServerState): string {
  const text = openText()
  const models = state.registry.entries.flatMap(({ served }) => (served === undefined ? [] : [served]))
  text.metric('mlmodel_build_info', 'gauge', 'The version of the server.', [[{ version, node: process.version }, 1]])
  text.metric('mlmodel_ready', 'gauge', 'Whether the server is ready.', [[{}, state.notReady === undefined ? 1 : 0]])
  text.metric(
    'mlmodel_model_info',
    'gauge',
    'Models that are served.',
    models.map(({ name, version: own, flavor, mlmodel }) => [
      { model: name, version: own, flavor, model_uuid: mlmodel.modelUuid ?? '', run_id: mlmodel.runId ?? '' },
      1,
    ]),
  )
  text.metric(
    'mlmodel_requests_total',
    'counter',
    'Scoring requests by protocol and outcome: ok, refused (4xx of the model or its signature), failed, timeout, overload.',
    models.flatMap(({ name, statistics }) =>
      [...statistics.requests].map(([key, count]): Sample => {
        const [protocol = '', outcome = ''] = key.split(' ')
        return [{ model: name, protocol, outcome }, count]
      }),
    ),
  )
  text.histogram(
    'mlmodel_request_seconds',
    'From the arrival of a scoring request to its answer.',
    latencyBounds,
    models.map(({ name, statistics }) => [{ model: name }, statistics.latency]),
  )
  text.histogram(
    'mlmodel_batch_rows',
    'Rows that were scored together, seen from each request.',
    batchBounds,
    models.map(({ name, statistics }) => [{ model: name }, statistics.batches]),
  )
  const perModel = (name: string, type: 'counter' | 'gauge', help: string, value: (model: (typeof models)[number]) => number) =>
    text.metric(
      name,
      type,
      help,
      models.map((model) => [{ model: model.name }, value(model)]),
    )
  perModel('mlmodel_rows_total', 'counter', 'Rows that were scored.', ({ statistics }) => statistics.rows)
  perModel(
    'mlmodel_losses_total',
    'counter',
    'Conversions of requests that lost something or were warned of.',
    ({ statistics }) => statistics.losses,
  )
  perModel(
    'mlmodel_runner_restarts_total',
    'counter',
    'Processes that were started anew.',
    ({ statistics }) => statistics.restarts,
  )
  perModel('mlmodel_waiting_requests', 'gauge', 'Requests that wait for a process.', ({ pool }) => pool.waiting)
  perModel('mlmodel_in_flight_requests', 'gauge', 'Requests that are at a process.', ({ pool }) => pool.inFlight)
  perModel('mlmodel_runners', 'gauge', 'Processes that score.', ({ pool }) => pool.pids.length)
  text.metric(
    'mlmodel_runner_resident_memory_bytes',
    'gauge',
    'Resident memory of the processes that score.',
    models.flatMap(({ name, pool }) =>
      pool.pids.flatMap((pid, index): readonly Sample[] => {
        const bytes = residentBytes(pid)
        return bytes === undefined ? [] : [[{ model: name, runner: String(index) }, bytes]]
      }),
    ),
  )
  if (state.http !== undefined) httpMetrics(text, state.http)
  text.metric('process_resident_memory_bytes', 'gauge', 'Resident memory of the server.', [[{}, process.memoryUsage.rss()]])
  const { user, system } = process.cpuUsage()
  text.metric('process_cpu_seconds_total', 'counter', 'CPU time of the server.', [[{}, (user + system) / 1e6]])
  text.metric('process_uptime_seconds', 'gauge', 'Since the server started.', [[{}, process.uptime()]])
  return text.end()
}

function httpMetrics(text: ReturnType<typeof openText>, http: HttpCounters): void {
  text.metric('mlmodel_http_connections', 'gauge', 'Connections that are open.', [[{}, http.connections]])
  text.metric(
    'mlmodel_http_responses_total',
    'counter',
    'Answers of all routes by status.',
    [...http.answers].map(([status, count]) => [{ status: String(status) }, count]),
  )
  text.metric(
    'mlmodel_http_cut_total',
    'counter',
    'Requests and connections that ended without their answer: malformed, slow-header, slow-body, slow-reader, left (by the client), accept.',
    [...http.cut].map(([why, count]) => [{ why }, count]),
  )
  text.metric('mlmodel_http_request_bytes_total', 'counter', 'Bytes of bodies that were read.', [[{}, http.bytesIn]])
  text.metric('mlmodel_http_response_bytes_total', 'counter', 'Bytes of bodies that were answered.', [[{}, http.bytesOut]])
  text.metric('mlmodel_access_log_dropped_total', 'counter', 'Lines of the access log that nobody took in time.', [
    [{}, http.droppedLines],
  ])
  text.metric('mlmodel_spans_dropped_total', 'counter', 'Spans that the collector did not take in time.', [
    [{}, http.droppedSpans],
  ])
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [Labels, number]

function openText() {
  const lines: string[] = []
  const head = (name: string, type: string, help: string): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
  }
  return {
    metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): void {
      head(name, type, help)
      for (const [labels, value] of samples) lines.push(`${name}${labelText(labels)} ${value}`)
    },
    histogram(name: string, help: string, bounds: readonly number[], samples: readonly (readonly [Labels, Histogram])[]): void {
      head(name, 'histogram', help)
      for (const [labels, { counts, sum }] of samples) {
        let cumulative = 0
        for (const [index, count] of counts.entries()) {
          cumulative += count
          lines.push(`${name}_bucket${labelText({ ...labels, le: String(bounds[index] ?? '+Inf') })} ${cumulative}`)
        }
        lines.push(`${name}_sum${labelText(labels)} ${sum}`, `${name}_count${labelText(labels)} ${cumulative}`)
      }
    },
    end: () => `${lines.join('\n')}\n`,
  }
}

/** Names of models and ids come from strangers: backslash, quote and line feed are escaped as the format says. */
function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
