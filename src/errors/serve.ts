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
  SERVE_OVERLOADED: {
    kind: 'overload',
    message: (args: { waiting: number }) => `${args.waiting} requests wait already`,
    hint: () => 'Try again later, as Retry-After says',
  },
  SERVE_NOT_READY: {
    kind: 'overload',
    message: (args: { why: string }) => `The model is not ready: ${args.why}`,
  },
  SERVE_STOPPING: {
    kind: 'overload',
    message: (_args: object) => 'The server is stopping',
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
