/** What enforcement of a request is told, and what it gives. */
import type { Batch, Cell } from '../batch.ts'
import type { Limits } from '../limits.ts'
import type { Signature } from '../signature.ts'
import type { Mode, Warning } from './report.ts'

export interface RequestOptions {
  readonly mode: Mode
  readonly limits?: Limits
  /** What the input is called in the place of each error: a file's path, for example. */
  readonly name?: string | undefined
  readonly schemaFlags?: { readonly isSignatureFromTypeHint?: boolean | undefined }
  /** A faster reader of ordinary JSON bodies; undefined means that it leaves the body to the exact path. */
  readonly fast?: ((body: Uint8Array, signature: Signature) => Batch | undefined) | undefined
}

export interface EnforcedRequest {
  readonly data: Batch
  readonly params: ReadonlyMap<string, Cell>
  /** Whether the body was an LLM request: then the reply has no `predictions` around it. */
  readonly llm: boolean
  readonly warnings: readonly Warning[]
}
