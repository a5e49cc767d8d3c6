/** A request and a reply as the routes see them: the same under node:http, under a web handler and in tests. */

export interface Incoming {
  readonly method: string
  /** Without the query, as it was sent: still percent-encoded. */
  readonly path: string
  /** Behind the question mark; empty when there is none. */
  readonly query: string
  /** @param name - in lower case */
  header(name: string): string | undefined
  readonly body: Uint8Array
  /** The client has left: nobody would read the answer. */
  isGone?(): boolean
}

export interface Outgoing {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
  /** For the access log and traces: what was scored. */
  readonly scored?: Scored | undefined
}

export interface Scored {
  readonly model: string
  readonly version: string
  readonly rows: number
  /** Rows of the batch that was scored together, and how long that took. */
  readonly batchRows: number
  readonly microseconds: number
}

/** What a reply tells of its scoring. */
export function scoredBy(
  { name: model, version }: { readonly name: string; readonly version: string },
  { rows, batchRows, microseconds }: Pick<Scored, 'rows' | 'batchRows' | 'microseconds'>,
): Scored {
  return { model, version, rows, batchRows, microseconds }
}

export type Route = (request: Incoming, parameters: readonly string[]) => Outgoing | Promise<Outgoing>

/** A reply of JSON. */
export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Outgoing {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** A reply of plain text. */
export function textReply(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Outgoing {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body }
}
