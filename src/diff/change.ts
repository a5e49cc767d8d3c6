/** One thing that is not the same in two versions of a model. */
export interface SignatureChange {
  readonly part: 'inputs' | 'outputs' | 'params'
  /** The column, tensor or param; absent for the part as a whole. */
  readonly name?: string
  /** `breaking`: a client of the old version may fail or read something else. */
  readonly effect: 'breaking' | 'compatible'
  /** What happened, in a few words; the rules are in docs/validate.md. */
  readonly change: string
  /** As MLflow prints it. */
  readonly old?: string
  readonly new?: string
}
