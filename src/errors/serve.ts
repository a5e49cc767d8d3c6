/** Errors of serving a model. */
import type { ErrorTable } from './define.ts'

export const serveErrors = {
  SERVE_BUG: {
    kind: 'runtime',
    message: (_args: object) => 'The server failed on this request',
    hint: () => 'This is a bug of mlmodel; the log has the details',
  },
  SERVE_TIMEOUT: {
    kind: 'timeout',
    message: (args: { milliseconds: number }) => `Request processing time exceeded limit (${args.milliseconds} ms)`,
  },
  SERVE_CRASHED: {
    kind: 'runtime',
    message: (_args: object) => 'The model ended its process while it scored this request',
  },
  SERVE_MEMORY: {
    kind: 'runtime',
    message: (_args: object) => 'The request needs more memory than the model’s process may have',
    hint: () => 'Send fewer rows, or start the server with a larger --max-memory',
  },
  SERVE_ROWS: {
    kind: 'limit',
    message: (args: { rows: number; most: number }) => `The request has ${args.rows} rows; at most ${args.most} are scored`,
    hint: () => 'Send several requests, or start the server with a larger --max-rows',
  },
  SERVE_OVERLOADED: {
    kind: 'overload',
    message: (args: { waiting: number }) => `${args.waiting} requests wait already`,
    hint: () => 'Try again later, as Retry-After says',
  },
  SERVE_NOT_READY: {
    kind: 'overload',
    message: (args: { why: string }) => `The model is not ready: ${args.why}`,
  },
  SERVE_LEFT: {
    kind: 'interrupted',
    message: (_args: object) => 'The client left before its request was begun',
  },
  SERVE_STOPPING: {
    kind: 'overload',
    message: (_args: object) => 'The server is stopping',
  },
  SERVE_NO_MODEL: {
    kind: 'not-found',
    message: (args: { name: string; known: readonly string[] }) => `There is no model \`${args.name}\``,
    hint: (args: { name: string; known: readonly string[] }) =>
      args.known.length === 0 ? undefined : `There are ${args.known.join(', ')}`,
  },
  SERVE_NO_VERSION: {
    kind: 'not-found',
    message: (args: { name: string; version: string; current: string }) =>
      `\`${args.name}\` has no version ${args.version}; version ${args.current} answers`,
  },
  SERVE_MODEL_NAME: {
    kind: 'usage',
    message: (args: { name: string }) => `A model cannot be called ${JSON.stringify(args.name)}`,
    hint: () => 'A name has no slash, and is not `stats`, which is a path of the protocol',
  },
  SERVE_TWO_MODELS: {
    kind: 'usage',
    message: (args: { name: string }) => `Two models are called \`${args.name}\``,
    hint: () => 'Name them: `mlmodel serve churn=./a fraud=./b`',
  },
  SERVE_NAME_OF_MANY: {
    kind: 'usage',
    message: (args: { name: string; models: number }) =>
      args.models === 1
        ? `The model has a name, and \`--model-name ${args.name}\` gives it another`
        : `\`--model-name ${args.name}\` names one model, and there are ${args.models}`,
    hint: () => 'Name them: `churn=./a fraud=./b`',
  },
  AZURE_BODY: {
    kind: 'body',
    message: (_args: object) => 'The body must be a JSON object with `input_data`',
    hint: () => 'Send `{"input_data": {"columns": […], "index": […], "data": […]}}`, a list, or lists by name',
  },
  AZURE_KEYS: {
    kind: 'body',
    message: (args: { keys: readonly string[] }) => `The body has ${args.keys.map((key) => `\`${key}\``).join(', ')}`,
    hint: () => 'It takes `input_data` and `params`',
  },
  SERVE_OPTION: {
    kind: 'usage',
    message: (args: { given: string; known: readonly string[] }) => `\`${args.given}\` is no option of a server`,
    hint: (args: { given: string; known: readonly string[] }) => `Options are ${args.known.join(', ')}`,
  },
  SERVE_NO_GRPC: {
    kind: 'unsupported',
    message: (args: { why?: string }) =>
      `gRPC needs the package \`@grpc/grpc-js\`, which ${args.why === undefined ? 'is not installed' : `cannot be loaded: ${args.why}`}`,
    hint: () => 'Install it beside mlmodel: `npm i @grpc/grpc-js` (`npm i -g @grpc/grpc-js` where mlmodel was installed with -g)',
  },
  SERVE_GRPC_ADDRESS: {
    kind: 'io',
    message: (args: { address: string; why: string }) => `The gRPC server cannot listen on ${args.address}: ${args.why}`,
    hint: () => 'Give another --grpc-port; 0 takes any that is free',
  },
  SERVE_NO_KEYS: {
    kind: 'usage',
    message: (_args: object) => 'The file of API keys has no key',
    hint: () => 'One key a line; lines that begin with # are comments',
  },
  SERVE_TLS_HALF: {
    kind: 'usage',
    message: (args: { missing: string }) => `HTTPS needs ${args.missing} as well`,
  },
} as const satisfies ErrorTable
