/** What a check says of a model: data, as errors are. Words stand in one table per area. */
import type { Where } from '../errors/define.ts'

/** error: the model is judged bad; warning: it works, and somebody should look; notice: worth knowing. */
export type Level = 'error' | 'warning' | 'notice'

/** The words of one finding. Values in `message` and `fix` pass `show()` when printed. */
export interface FindingInfo<Arguments> {
  /** A policy file may set another. */
  readonly level: Level
  /** The file could not be judged: it is neither good nor bad, and never called safe. */
  readonly unjudged?: true
  /** What is wrong in general, in a few words; the heading of docs/rules.md. */
  readonly title: string
  /** What comes of it, in one or two sentences. */
  readonly why: string
  /** This case, as a sentence without full stop. */
  readonly message: (args: Arguments) => string
  /** What to do, as a sentence without full stop; of this case where arguments are given. */
  readonly fix: (args?: Arguments) => string
}

// biome-ignore lint/suspicious/noExplicitAny: each row has its own argument type, recovered by FindingArguments
export type FindingTable = Readonly<Record<string, FindingInfo<any>>>

export type { Where }
