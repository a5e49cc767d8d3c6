/** Every error of the product: one class, one total table of codes. Compare `error.code` and `error.kind`, not classes. */
import { arrayErrors } from './arrays.ts'
import { cliErrors } from './cli.ts'
import { dataErrors } from './data.ts'
import { type ErrorInfo, type ErrorKind, errorKinds, type KindInfo, type Where } from './define.ts'
import { enforceErrors } from './enforce.ts'
import { inputErrors } from './inputs.ts'
import { libraryErrors } from './library.ts'
import { makeErrors } from './make.ts'
import { modelErrors } from './model.ts'
import { onnxErrors } from './onnx.ts'
import { predictErrors } from './predict.ts'
import { tableErrors } from './tables.ts'

export { type ErrorKind, errorKinds, type KindInfo, type Where } from './define.ts'

/** Code → kind, message, hint. A new error is a row in the table of its area. */
export const errorTable = {
  ...arrayErrors,
  ...cliErrors,
  ...dataErrors,
  ...enforceErrors,
  ...inputErrors,
  ...libraryErrors,
  ...makeErrors,
  ...modelErrors,
  ...onnxErrors,
  ...predictErrors,
  ...tableErrors,
}

export type ErrorCode = keyof typeof errorTable
export type ErrorArguments<Code extends ErrorCode> = Parameters<(typeof errorTable)[Code]['message']>[0]

/** One of several differences found together: the same codes as errors, each with its own place. */
export interface Problem<Code extends ErrorCode = ErrorCode> {
  readonly code: Code
  readonly arguments: ErrorArguments<Code>
  readonly where: Where
}

export interface ErrorOptions {
  readonly where?: Where
  /** All differences, when the error stands for several; `message` then sums them up. */
  readonly problems?: readonly Problem[]
  readonly cause?: unknown
}

/** The only error this product throws on purpose; anything else is a bug. */
export class MlmodelError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'MlmodelError'
  readonly code: Code
  readonly kind: ErrorKind
  readonly arguments: ErrorArguments<Code>
  readonly where: Where
  readonly problems: readonly Problem[]

  constructor(code: Code, args: ErrorArguments<Code>, options: ErrorOptions = {}) {
    const info = errorTable[code] as ErrorInfo<ErrorArguments<Code>>
    super(info.message(args), options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.kind = info.kind
    this.arguments = args
    this.where = options.where ?? {}
    this.problems = options.problems ?? []
  }

  /** What to do about it, if there is something to say. */
  get hint(): string | undefined {
    return (errorTable[this.code] as ErrorInfo<ErrorArguments<Code>>).hint?.(this.arguments)
  }

  get info(): KindInfo {
    return errorKinds[this.kind]
  }
}

/** The sentence of one problem. */
export function problemMessage(problem: Problem): string {
  return (errorTable[problem.code] as ErrorInfo<unknown>).message(problem.arguments)
}

/** What is said and no error: a code of the table with its sentence. */
export interface Notice {
  readonly code: ErrorCode
  readonly arguments: unknown
  readonly message: string
}

/** Makes a warning of a code. */
export function notice<Code extends ErrorCode>(code: Code, args: ErrorArguments<Code>): Notice {
  return { code, arguments: args, message: (errorTable[code] as ErrorInfo<ErrorArguments<Code>>).message(args) }
}
