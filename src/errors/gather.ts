/** Two ways to read what may be wrong in several places: stop at the first error, or gather them all. */
import { MlmodelError } from './index.ts'

/** Handed to a reader, which asks it to read each part that can fail by itself. */
export interface Gather {
  /** What `read` gives; where it fails, the error is thrown on, or kept and `instead` given. */
  attempt<Result>(read: () => Result, instead: Result): Result
}

/** Stops at the first error: the way of everything but `validate`. */
export const stopAtFirst: Gather = { attempt: (read) => read() }

/** Keeps every error. */
export function gatherAll(): Gather & { readonly errors: readonly MlmodelError[] } {
  const errors: MlmodelError[] = []
  return {
    errors,
    attempt(read, instead) {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof MlmodelError)) throw error
        errors.push(error)
        return instead
      }
    },
  }
}

/** Passes everything on to another, and knows whether a part failed. */
export function watch(gather: Gather): Gather & { readonly failed: () => boolean } {
  let failed = false
  return {
    failed: () => failed,
    attempt: (read, instead) =>
      gather.attempt(() => {
        try {
          return read()
        } catch (error) {
          failed = true
          throw error
        }
      }, instead),
  }
}
