/** `mlmodel serve`: a model behind HTTP. */
import { MlmodelError } from '../errors/index.ts'
import { commonOptions, defineCommand, modelOperand, modelOption } from './command.ts'

export const command = defineCommand({
  name: 'serve',
  summary: 'Serve a model over HTTP',
  usage: '<model> [options]',
  operands: [{ name: 'model', text: 'Folder or MLmodel file' }],
  options: {
    ...modelOption,
    port: {
      short: 'p',
      value: 'number',
      number: { integer: true, minimum: 0, maximum: 65535 },
      group: 'Server',
      text: 'Default 5000; 0 for any that is free',
    },
    host: { value: 'address', group: 'Server', text: 'Default 127.0.0.1' },
    ...commonOptions,
  },
  examples: ['mlmodel serve ./model'],
  async run({ operands, options }, console) {
    const path = modelOperand('serve', operands, options['model-uri'])
    const again = console.terminal.again
    if (again === undefined) throw new MlmodelError('RUNNER_NOT_STARTED', { why: 'this is a runner process itself' })
    const { openApplication } = await import('../serve/application.ts')
    const { listen } = await import('../serve/http.ts')
    const application = await openApplication({
      executable: again.executable,
      models: [{ name: 'model', path }],
      mode: 'strict',
      workers: 1,
      timeout: 60_000,
      maxWaiting: 1000,
      maxBatchRows: 1024,
      maxBatchDelay: 0,
      mlflowVersion: '3.17.2',
      onWarning: (text) => console.warn(text),
    })
    const server = await listen(application, {
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 5000,
      maxBody: 100 << 20,
    })
    await console.err.write(`Listening on http://${server.address.address}:${server.address.port}\n`)
    await new Promise<void>((resolve) => {
      process.once('SIGTERM', () => resolve())
      process.once('SIGINT', () => resolve())
    })
    application.drain()
    server.stop()
    await application.close()
    await server.close()
    return 0
  },
})
