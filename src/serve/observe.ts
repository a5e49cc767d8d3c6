/** What looks on while requests are answered: the access log, traces. A server without them does nothing of it. */
import { randomUUID } from 'node:crypto'
import type { Incoming, Outgoing } from './message.ts'

/** How a request ended. */
export interface Finished {
  /** 499 when the client left before its answer. */
  readonly status: number
  /** Of the reply's body. */
  readonly bytes: number
  readonly reply: Outgoing | undefined
}

/** One request that is being looked at. */
export interface Observation {
  /** What the client calls the request, else what we do; the reply has it too. */
  readonly id: string
  /** Headers for the reply. */
  readonly headers: Readonly<Record<string, string>>
  /** Called once. */
  end(finished: Finished): void
}

export interface Observer {
  begin(request: Incoming): Observation
}

/** One onlooker: told of a request's beginning, and by what it returns of its end. */
export interface Onlooker {
  begin(
    request: Incoming,
    id: string,
  ): { readonly headers?: Readonly<Record<string, string>>; end(finished: Finished, milliseconds: number): void }
}

/** @returns undefined when nobody looks on */
export function observeWith(onlookers: readonly Onlooker[]): Observer | undefined {
  if (onlookers.length === 0) return undefined
  return {
    begin(request) {
      const id = idOf(request.header('x-request-id')) ?? randomUUID()
      const began = performance.now()
      const begun = onlookers.map((onlooker) => onlooker.begin(request, id))
      return {
        id,
        headers: Object.assign({}, ...begun.map(({ headers }) => headers)),
        end(finished) {
          const milliseconds = performance.now() - began
          for (const one of begun) one.end(finished, milliseconds)
        },
      }
    },
  }
}

/** What a client calls its request, where it can stand in a header and a log of ours. */
export function idOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.:/+=@-]{1,128}$/.test(text) ? text : undefined
}
