import type { ErrorTable } from './define.ts'

/** What a server says when it refuses. */
export interface Refusal {
  /** HTTP status. */
  readonly status: number
  /** What the server says. */
  readonly message: string
  /** The server's own code, where it has one. */
  readonly serverCode?: string | undefined
}

const words = ({ status, message }: Refusal): string => `The server answers ${status}: ${message}`

/** What a client of a scoring server meets. */
export const clientErrors = {
  CLIENT_REFUSED: {
    kind: 'body',
    message: words,
    hint: () => 'Send what the model takes: `metadata()`, or `mlmodel inspect` on its folder, says what that is',
  },
  CLIENT_NO_ACCESS: {
    kind: 'usage',
    message: words,
    hint: () => 'Give the endpoint’s key: `connect(url, { key })`',
  },
  CLIENT_ABSENT: {
    kind: 'not-found',
    message: words,
    hint: () => 'Look at the address, and at the option `model`',
  },
  CLIENT_OVERLOADED: { kind: 'overload', message: words, hint: () => 'Try again later' },
  CLIENT_LATE: { kind: 'timeout', message: words },
  CLIENT_FAILED: { kind: 'runtime', message: words },
  CLIENT_UNREACHABLE: {
    kind: 'io',
    message: (a: { url: string; why: string }) => `${a.url} cannot be reached: ${a.why}`,
  },
  CLIENT_TIMEOUT: {
    kind: 'timeout',
    message: (a: { milliseconds: number }) => `The server did not answer within ${a.milliseconds} ms`,
    hint: () => 'Give it more time with `timeout`',
  },
  CLIENT_ABORTED: { kind: 'interrupted', message: (_: object) => 'The request was aborted' },
  CLIENT_NO_PROTOCOL: {
    kind: 'unsupported',
    message: (a: { url: string }) => `${a.url} is no scoring server whose protocol is known`,
    hint: () => 'Name it: `connect(url, { protocol: "mlflow" })`, `"open-inference"` or `"azureml"`',
  },
  CLIENT_NO_MODEL: {
    kind: 'usage',
    message: (a: { known: readonly string[] }) =>
      a.known.length === 0 ? 'The server does not list its models' : `The server has ${a.known.length} models`,
    hint: (a: { known: readonly string[] }) =>
      a.known.length === 0
        ? 'Name it: `connect(url, { model })`'
        : `Name one: ${a.known.map((name) => `\`${name}\``).join(', ')}`,
  },
  CLIENT_REPLY: {
    kind: 'runtime',
    message: (a: { why: string }) => `The server’s answer is not in its protocol: ${a.why}`,
  },
  CLIENT_INPUT: {
    kind: 'body',
    message: (a: { why: string }) => `The input has no form in this protocol: ${a.why}`,
    hint: () => 'Give rows, columns or tensors as the server describes them: `metadata()`',
  },
} satisfies ErrorTable
