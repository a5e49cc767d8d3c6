/** `mlmodel serve`: models behind HTTP, until a signal ends it. */
import { existsSync, openSync, readFileSync } from 'node:fs'
import { MlmodelError } from '../errors/index.ts'
import type { ApplicationOptions } from '../serve/application.ts'
import type { GrpcServer } from '../serve/grpc.ts'
import { isLoopback } from '../serve/guard.ts'
import type { HttpServer, ListenOptions } from '../serve/http.ts'
import type { HttpCounters } from '../serve/http-counters.ts'
import type { Observer, Onlooker } from '../serve/observe.ts'
import { readPlatform, type ServingVariables } from '../serve/platform.ts'
import { type Console, commonOptions, defineCommand, modelOption } from './command.ts'
import { nameModels } from './model-names.ts'

export const command = defineCommand({
  name: 'serve',
  summary: 'Serve models over HTTP, as MLflow, KServe and Azure do',
  usage: '[model | name=model]… [options]',
  about:
    'Speaks MLflow’s scoring protocol (/invocations), the Open Inference Protocol v2 and Azure ML’s /score. Without a model, the one that the platform has put at /opt/ml/model, /mnt/models or AZUREML_MODEL_DIR.',
  operands: [{ name: 'model', text: 'Folder or MLmodel file, `name=folder`, or a folder of models', many: true }],
  options: {
    ...modelOption,
    'model-name': { aliases: ['model_name'], value: 'name', group: 'Model', text: 'Name of the only model; default `model`' },
    flavor: { value: 'name', group: 'Model', text: 'Which flavor to run, when the model has several' },
    compat: {
      value: 'mlflow',
      choices: ['mlflow'],
      group: 'Model',
      text: 'MLflow’s exact answers, also where it loses data (MLMODEL_COMPAT)',
    },
    port: {
      short: 'p',
      aliases: ['http_port'],
      value: 'number',
      number: { integer: true, minimum: 0, maximum: 65_535 },
      group: 'Address',
      text: 'Default 5000, else AIP_HTTP_PORT, PORT, MLFLOW_PORT; 0 for any that is free',
    },
    'grpc-port': {
      aliases: ['grpc_port'],
      value: 'number',
      number: { integer: true, minimum: 0, maximum: 65_535 },
      group: 'Address',
      text: 'Serve the Open Inference Protocol by gRPC too; needs `npm i @grpc/grpc-js`',
    },
    host: { short: 'h', value: 'address', group: 'Address', text: 'Default 127.0.0.1: this machine only' },
    'allowed-host': {
      value: 'name',
      many: true,
      group: 'Access',
      text: 'A name that requests may be sent to, besides the address; `*` for any',
    },
    'api-key-file': {
      value: 'file',
      file: true,
      group: 'Access',
      text: 'Keys, one a line: requests need `Authorization: Bearer …`',
    },
    'cors-origin': { value: 'origin', many: true, group: 'Access', text: 'Pages of this origin may ask; `*` for any' },
    'tls-cert': { value: 'file', file: true, group: 'Access', text: 'PEM certificate (chain), for HTTPS' },
    'tls-key': { value: 'file', file: true, group: 'Access', text: 'PEM key of the certificate' },
    workers: {
      short: 'w',
      value: 'n',
      number: { integer: true, minimum: 1, maximum: 256 },
      group: 'Load',
      text: 'Processes that score, of each model; default 1 (MLFLOW_MODELS_WORKERS)',
    },
    threads: {
      value: 'n',
      number: { integer: true, minimum: 1, maximum: 1024 },
      group: 'Load',
      text: 'Threads of ONNX Runtime in each; default the cores this machine lets us use',
    },
    timeout: {
      short: 't',
      value: 'seconds',
      number: { minimum: 0.001, maximum: 2_000_000 },
      group: 'Load',
      text: 'Most that a request may take; default 60 (MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT)',
    },
    grace: {
      value: 'seconds',
      number: { minimum: 0, maximum: 86_400 },
      group: 'Load',
      text: 'After SIGTERM, most that requests in progress are waited for; default 30',
    },
    'max-body': {
      value: 'bytes',
      number: { integer: true, minimum: 1, maximum: 2 ** 30 },
      group: 'Load',
      text: 'Default 104857600 (100 MiB)',
    },
    'max-rows': {
      value: 'n',
      number: { integer: true, minimum: 1, maximum: 2 ** 31 },
      group: 'Load',
      text: 'Rows of one request; default 10000000',
    },
    'max-memory': {
      value: 'bytes',
      number: { integer: true, minimum: 64 << 20, maximum: 2 ** 50 },
      group: 'Load',
      text: 'Of each process that scores; one that takes more is replaced. Default 80 % of what the machine has (Linux)',
    },
    'max-waiting': {
      value: 'n',
      number: { integer: true, minimum: 1, maximum: 1_000_000 },
      group: 'Load',
      text: 'Requests that may wait for each model; the next is answered 503. Default 1000',
    },
    'max-batch-rows': {
      value: 'n',
      number: { integer: true, minimum: 1, maximum: 1_000_000 },
      group: 'Load',
      text: 'Rows of waiting requests that are scored together; default 1024',
    },
    'max-batch-delay': {
      value: 'milliseconds',
      number: { minimum: 0, maximum: 60_000 },
      group: 'Load',
      text: 'How long a request waits for others; default 0',
    },
    'no-batch': { group: 'Load', text: 'Score every request by itself' },
    'metrics-port': {
      value: 'number',
      number: { integer: true, minimum: 0, maximum: 65_535 },
      group: 'Watching',
      text: '/metrics on a port of its own, without a key, and no longer on the other',
    },
    'access-log': {
      value: 'file',
      group: 'Watching',
      text: 'A line of JSON for each request, appended to a file; `-` for stderr',
    },
    open: { group: 'Address', text: 'Open the Test page in the browser' },
    watch: { group: 'Model', text: 'Load a model anew when its folder changes; a broken one is not used' },
    protocol: {
      value: 'name',
      choices: ['all', 'azureml'],
      group: 'Protocol',
      text: 'azureml: `/` is the probe of an Azure endpoint, not the Test page. Every protocol is always served',
    },
    'mlflow-version': { value: 'version', group: 'Protocol', text: 'What GET /version answers; default 3.17.2' },
    'env-manager': {
      value: 'manager',
      choices: ['local', 'virtualenv', 'uv', 'conda'],
      group: 'Python',
      text: 'As in `mlflow models serve`: use Python if the model needs it; what runs here needs none',
    },
    'no-conda': { group: 'Python', text: 'As `--env-manager local`' },
    'install-mlflow': { group: 'Python', text: 'Would install MLflow into that environment' },
    ...commonOptions,
    help: { group: 'General', text: 'Print this help' },
  },
  examples: ['mlmodel serve ./model', 'mlmodel serve ./model -p 8080 -h 0.0.0.0', 'mlmodel serve churn=./a fraud=./b'],
  exitCodes: [
    [0, 'it was stopped by SIGTERM or SIGINT, and every request in progress was answered'],
    [1, 'a model is broken'],
    [2, 'the command could not do its work'],
    [130, 'a second signal ended it at once'],
  ],
  async run({ operands, options }, console) {
    const { environment, again } = console.terminal
    if (again === undefined) throw new MlmodelError('RUNNER_NOT_STARTED', { why: 'this is a runner process itself' })
    const given = options['model-uri'] === undefined ? operands : [...operands, options['model-uri']]
    const platform = readPlatform(environment.serving, existsSync)
    const named = given.length === 0 && platform.model !== undefined ? [platform.model] : given
    if (named.length === 0) throw new MlmodelError('USAGE_NO_MODEL', { command: 'serve' })
    const host = options.host ?? platform.host ?? '127.0.0.1'
    const variables = environment.serving
    const listenOptions: ListenOptions = {
      host,
      port: options.port ?? platform.port ?? 5000,
      allowedHosts: options['allowed-host'],
      keys: options['api-key-file'] === undefined ? [] : readKeys(options['api-key-file']),
      origins: options['cors-origin'],
      maxBody: options['max-body'] ?? 100 << 20,
      tls: readTls(options['tls-cert'], options['tls-key']),
      onWarning: (text) => console.warn(text),
    }
    const seconds = options.timeout ?? positive(variables.MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT) ?? 60
    const applicationOptions: ApplicationOptions = {
      executable: again.executable,
      models: nameModels(named, options['model-name']),
      mode: options.compat === 'mlflow' || environment.compat === 'mlflow' ? 'compat' : 'strict',
      flavor: options.flavor,
      threads: options.threads,
      workers: options.workers ?? positive(variables.MLFLOW_MODELS_WORKERS) ?? 1,
      timeout: seconds * 1000,
      maxWaiting: options['max-waiting'] ?? 1000,
      maxBatchRows: options['no-batch'] ? 0 : (options['max-batch-rows'] ?? 1024),
      maxBody: listenOptions.maxBody,
      maxBatchDelay: options['max-batch-delay'] ?? 0,
      maxRows: options['max-rows'] ?? 10_000_000,
      maxMemory: options['max-memory'],
      ownMetricsPort: options['metrics-port'] !== undefined,
      mlflowVersion: options['mlflow-version'] ?? '3.17.2',
      azureml: options.protocol === 'azureml' || platform.azureml,
      predictRoute: platform.predictRoute,
      healthRoute: platform.healthRoute,
      onWarning: (text) => console.warn(text),
    }
    const signals = listenForSignals()
    const { openApplication } = await import('../serve/application.ts')
    const { listen } = await import('../serve/http.ts')
    const application = await openApplication(applicationOptions)
    const servers: HttpServer[] = []
    let grpc: GrpcServer | undefined
    let watching: Watching | undefined
    try {
      watching = await openWatching(options['access-log'], variables, application.http, console)
      servers.push(await listen(application, { ...listenOptions, observer: watching?.observer }))
      if (options['metrics-port'] !== undefined)
        servers.push(
          await listen(
            { answer: (request) => application.answerMetrics(request) },
            { ...listenOptions, port: options['metrics-port'], keys: [], maxBody: 1024 },
          ),
        )
      if (options['grpc-port'] !== undefined) {
        const { listenGrpc } = await import('../serve/grpc.ts')
        const own = { ...listenOptions, port: options['grpc-port'], observer: watching?.observer }
        grpc = await listenGrpc(application.state, own)
      }
    } catch (error) {
      for (const server of servers) await server.close()
      await application.close()
      throw error
    }
    const [server, metrics] = servers as [HttpServer, HttpServer | undefined]
    if (options.watch) {
      const { watchModels } = await import('../serve/watch.ts')
      await watchModels(application.state.registry, (text) => console.warn(text))
    }
    await announce(console, server, metrics, listenOptions)
    if (options['env-manager'] !== undefined || options['no-conda'] || options['install-mlflow'])
      console.warn('no Python environment was needed: the model runs without Python')
    if (grpc !== undefined && !console.quiet) await console.err.write(`gRPC on ${hostOf(server)}:${grpc.port}\n`)
    if (options.open) await openPage(console, server, listenOptions, applicationOptions.azureml === true ? '/test' : '/')
    const code = await untilStopped(application, together(server, grpc), signals, (options.grace ?? 30) * 1000)
    await metrics?.close()
    await watching?.close()
    return code
  },
})

/** The access log and traces. */
interface Watching {
  readonly observer: Observer | undefined
  close(): Promise<void>
}

/** Undefined when nobody wants to know; then none of its code is loaded. */
async function openWatching(
  file: string | undefined,
  variables: ServingVariables,
  counters: HttpCounters,
  console: Console,
): Promise<Watching | undefined> {
  const wantsTraces = Object.keys(variables).some((name) => name.startsWith('OTEL_EXPORTER_OTLP'))
  if (file === undefined && !wantsTraces) return undefined
  const { observeWith } = await import('../serve/observe.ts')
  const onlookers: Onlooker[] = []
  const closes: (() => unknown)[] = []
  if (file !== undefined) {
    const { accessLog, openLineWriter } = await import('../serve/access-log.ts')
    const writer = openLineWriter(file === '-' ? 2 : openSync(file, 'a'), () => counters.droppedLines++)
    onlookers.push(accessLog((line) => writer.write(line)))
    closes.push(() => writer.close())
  }
  if (wantsTraces) {
    const { openTracer, readTraceOptions } = await import('../serve/trace.ts')
    const traces = readTraceOptions(variables, (text) => console.warn(text))
    if (traces !== undefined) {
      const dropped = (spans: number): void => {
        counters.droppedSpans += spans
      }
      const tracer = openTracer(traces, dropped, (text) => console.warn(text))
      onlookers.push(tracer)
      closes.push(() => tracer.close())
    }
  }
  return {
    observer: observeWith(onlookers),
    async close() {
      for (const close of closes) await close()
    },
  }
}

async function announce(
  console: Console,
  server: HttpServer,
  metrics: HttpServer | undefined,
  { host, tls, keys }: ListenOptions,
): Promise<void> {
  const { address, port } = server.address
  const shown = hostOf(server)
  const scheme = tls === undefined ? 'http' : 'https'
  if (!isLoopback(host) && !isLoopback(address) && keys.length === 0)
    console.warn(`everybody who reaches ${shown}:${port} may ask: --api-key-file asks for a key`)
  if (console.quiet) return
  await console.err.write(`Serving on ${scheme}://${shown}:${port}\n`)
  if (metrics !== undefined) await console.err.write(`Metrics on ${scheme}://${shown}:${metrics.address.port}/metrics\n`)
}

/** Opens the Test page; a machine without a browser serves all the same. */
async function openPage(console: Console, server: HttpServer, { host, tls }: ListenOptions, path: string): Promise<void> {
  const { openBrowser } = await import('../runner/browser.ts')
  const { address, family, port } = server.address
  // An address that stands for all of this machine's is none to go to; the name that was given is one of the certificate's.
  const everywhere = address === '0.0.0.0' || address === '::'
  const name = everywhere ? 'localhost' : tls !== undefined ? host : address
  const shown = family === 'IPv6' && name.includes(':') ? `[${name}]` : name
  const why = await openBrowser(`${tls === undefined ? 'http' : 'https'}://${shown}:${port}${path}`)
  if (why !== undefined) console.warn(`the Test page is not opened: ${why}`)
}

function hostOf({ address: { address, family } }: HttpServer): string {
  return family === 'IPv6' ? `[${address}]` : address
}

type Stoppable = Pick<HttpServer, 'stop' | 'close'>

/** Both sockets as one. */
function together(http: Stoppable, grpc: Stoppable | undefined): Stoppable {
  if (grpc === undefined) return http
  return {
    stop: () => Promise.all([http.stop(), grpc.stop()]).then(() => {}),
    close: () => Promise.all([http.close(), grpc.close()]).then(() => {}),
  }
}

interface Signals {
  /** The first signal. */
  readonly first: Promise<void>
  readonly second: Promise<void>
  /** From now on a signal is waited for; before, it ends the process. */
  started(): void
}

/** From the very start: process 1 of a container does not hear a signal that it has not asked for. */
function listenForSignals(): Signals {
  let isStarted = false
  const stops: (() => void)[] = []
  const first = new Promise<void>((stop) => stops.push(stop))
  const second = new Promise<void>((stop) => stops.push(stop))
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)
    process.on(signal, () => {
      // No request has been taken, and the processes that open models end with this one.
      if (!isStarted) process.exit(code)
      stops.shift()?.()
    })
  return {
    first,
    second,
    started() {
      isStarted = true
    },
  }
}

/** After the grace, requests in progress are answered 503; so many milliseconds are for sending that. */
const lastWords = 500

/** Waits for a signal, then until every request is answered or the grace is over; a second signal ends at once. */
async function untilStopped(
  application: { drain(): void; close(): Promise<void> },
  server: Stoppable,
  signals: Signals,
  grace: number,
): Promise<0 | 130> {
  signals.started()
  await signals.first
  application.drain()
  const answered = server.stop()
  const isSecond = signals.second.then(() => true)
  let ended = await Promise.race([answered, isSecond, waitFor(grace)])
  await application.close()
  if (ended !== true) ended = await Promise.race([answered, isSecond, waitFor(lastWords)])
  await server.close()
  return ended === true ? 130 : 0
}

function waitFor(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}

/** Keys of a file: one a line, blank lines and those that begin with `#` aside. */
function readKeys(file: string): readonly string[] {
  const keys = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  // An empty file must not open the server to everybody.
  if (keys.length === 0) throw new MlmodelError('SERVE_NO_KEYS', {}, { where: { file } })
  return keys
}

function readTls(cert: string | undefined, key: string | undefined): ListenOptions['tls'] {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined)
    throw new MlmodelError('SERVE_TLS_HALF', { missing: cert === undefined ? '--tls-cert' : '--tls-key' })
  return { cert: readFileSync(cert), key: readFileSync(key) }
}

function positive(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) && Number(text) > 0 ? Number(text) : undefined
}
