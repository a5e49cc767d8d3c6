/** `mlmodel serve`: models behind HTTP, until a signal ends it. */
import { existsSync, readFileSync } from 'node:fs'
import { MlmodelError } from '../errors/index.ts'
import type { ApplicationOptions } from '../serve/application.ts'
import { isLoopback } from '../serve/guard.ts'
import type { HttpServer, ListenOptions } from '../serve/http.ts'
import { readPlatform } from '../serve/platform.ts'
import { type Console, commonOptions, defineCommand, modelOption } from './command.ts'

export const command = defineCommand({
  name: 'serve',
  summary: 'Serve models over HTTP, as MLflow, KServe and Azure do',
  usage: '[model | name=model]… [options]',
  about:
    'Speaks MLflow’s scoring protocol (/invocations), the Open Inference Protocol v2 and Azure ML’s /score. Without a model, the one that the platform has put at /opt/ml/model, /mnt/models or AZUREML_MODEL_DIR.',
  operands: [{ name: 'model', text: 'Folder or MLmodel file, `name=folder`, or a folder of models', many: true }],
  options: {
    ...modelOption,
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
      number: { integer: true, minimum: 1, maximum: 2 ** 31 },
      group: 'Load',
      text: 'Default 104857600 (100 MiB)',
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
    watch: { group: 'Model', text: 'Load a model anew when its folder changes; a broken one is not used' },
    protocol: {
      value: 'name',
      choices: ['all', 'azureml'],
      group: 'Protocol',
      text: 'azureml: `/` is the probe of an Azure endpoint, not the Test page. Every protocol is always served',
    },
    'mlflow-version': { value: 'version', group: 'Protocol', text: 'What GET /version answers; default 3.17.2' },
    ...commonOptions,
    help: { group: 'General', text: 'Print this help' },
  },
  examples: ['mlmodel serve ./model', 'mlmodel serve ./model -p 8080 -h 0.0.0.0', 'mlmodel serve churn=./a fraud=./b'],
  exitCodes: [
    [0, 'it was stopped by SIGTERM or SIGINT, and every request in progress was answered'],
    [1, 'a model is broken'],
    [2, 'the command could not do its work'],
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
    }
    const seconds = options.timeout ?? positive(variables.MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT) ?? 60
    const applicationOptions: ApplicationOptions = {
      executable: again.executable,
      models: named.map(readModel),
      mode: options.compat === 'mlflow' || environment.compat === 'mlflow' ? 'compat' : 'strict',
      flavor: options.flavor,
      threads: options.threads,
      workers: options.workers ?? positive(variables.MLFLOW_MODELS_WORKERS) ?? 1,
      timeout: seconds * 1000,
      maxWaiting: options['max-waiting'] ?? 1000,
      maxBatchRows: options['no-batch'] ? 0 : (options['max-batch-rows'] ?? 1024),
      maxBody: listenOptions.maxBody,
      maxBatchDelay: options['max-batch-delay'] ?? 0,
      mlflowVersion: options['mlflow-version'] ?? '3.17.2',
      azureml: options.protocol === 'azureml' || platform.azureml,
      predictRoute: platform.predictRoute,
      healthRoute: platform.healthRoute,
      onWarning: (text) => console.warn(text),
    }
    const { openApplication } = await import('../serve/application.ts')
    const { listen } = await import('../serve/http.ts')
    const application = await openApplication(applicationOptions)
    let server: HttpServer
    try {
      server = await listen(application, listenOptions)
    } catch (error) {
      await application.close()
      throw error
    }
    if (options.watch) (await import('../serve/watch.ts')).watchModels(application.state.registry, (text) => console.warn(text))
    await announce(console, server, listenOptions)
    await untilStopped(application, server, (options.grace ?? 30) * 1000)
    return 0
  },
})

async function announce(console: Console, server: HttpServer, { host, tls, keys }: ListenOptions): Promise<void> {
  const { address, family, port } = server.address
  const shown = family === 'IPv6' ? `[${address}]` : address
  if (!isLoopback(host) && keys.length === 0)
    console.warn(`everybody who reaches ${shown}:${port} may ask: --api-key-file asks for a key`)
  if (!console.quiet) await console.err.write(`Serving on ${tls === undefined ? 'http' : 'https'}://${shown}:${port}\n`)
}

/** Waits for SIGTERM or SIGINT, then until every request is answered or the time is over; a second signal ends at once. */
async function untilStopped(
  application: { drain(): void; readonly active: number; close(): Promise<void> },
  server: HttpServer,
  grace: number,
): Promise<void> {
  const signals = ['SIGTERM', 'SIGINT'] as const
  let again = (): void => {}
  await new Promise<void>((stop) => {
    again = stop
    for (const signal of signals) process.on(signal, () => again())
  })
  const second = new Promise<void>((stop) => {
    again = stop
  })
  application.drain()
  const answered = server.stop()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((stop) => {
    timer = setTimeout(stop, grace)
  })
  await Promise.race([answered, late, second])
  clearTimeout(timer)
  await application.close()
  await server.close()
}

function readModel(given: string): { readonly name: string; readonly path: string } {
  const match = /^([\w.-]+)=(.+)$/s.exec(given)
  return match === null ? { name: 'model', path: given } : { name: match[1]!, path: match[2]! }
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
