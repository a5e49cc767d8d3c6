/** Every error of the product: one class, one total table of codes. Compare `error.code` and `error.kind`, not classes. */
import { arrayErrors } from './arrays.ts'
import { cliErrors } from './cli.ts'
import { clientErrors } from './client.ts'
import { compareErrors } from './compare.ts'
import { dataErrors } from './data.ts'
import { type ErrorInfo, type ErrorKind, errorKinds, type KindInfo, type Where } from './define.ts'
import { enforceErrors } from './enforce.ts'
import { environmentErrors } from './environment.ts'
import { inputErrors } from './inputs.ts'
import { libraryErrors } from './library.ts'
import { makeErrors } from './make.ts'
import { modelErrors } from './model.ts'
import { onnxErrors } from './onnx.ts'
import { openInferenceErrors } from './open-inference.ts'
import { placeText } from './place.ts'
import { predictErrors } from './predict.ts'
import { requirementErrors } from './requirement.ts'
import { serveErrors } from './serve.ts'
import { tableErrors } from './tables.ts'
import { treeErrors } from './trees.ts'
import { validateErrors } from './validate.ts'

export { type ErrorKind, errorKinds, type KindInfo, type Where } from './define.ts'

/** Code → kind, message, hint. A new error is a row in the table of its area. */
export const errorTable = {
  ...arrayErrors,
  ...cliErrors,
  ...clientErrors,
  ...compareErrors,
  ...dataErrors,
  ...enforceErrors,
  ...environmentErrors,
  ...inputErrors,
  ...libraryErrors,
  ...makeErrors,
  ...modelErrors,
  ...onnxErrors,
  ...openInferenceErrors,
  ...predictErrors,
  ...serveErrors,
  ...requirementErrors,
  ...tableErrors,
  ...validateErrors,
  ...treeErrors,
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

  /** What to do about it, if there is something to say; of several problems a line for each that is different. */
  get hint(): string | undefined {
    const own = (errorTable[this.code] as ErrorInfo<ErrorArguments<Code>>).hint?.(this.arguments)
    const hints = own === undefined ? distinctHints(this.problems) : [own]
    return hints.length === 0 ? undefined : hints.join('\n')
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

/** The sentence of an error with those of all its problems, each with its place. */
export function fullMessage(error: MlmodelError): string {
  const sentences = error.problems.map((problem) => {
    const place = placeText(problem.where)
    return place === '' ? problemMessage(problem) : `${place}: ${problemMessage(problem)}`
  })
  return [headline(error, error.arguments), ...sentences].join('; ')
}

/** The sentence of an error that is followed by its problems: their number in place of the first. */
export function headline(error: MlmodelError, args: unknown): string {
  const { message } = errorTable[error.code] as ErrorInfo<unknown>
  return message(standsForProblems(error) ? { ...(args as object), first: undefined } : args)
}

/** What to do about one problem, if there is something to say. */
export function problemHint(problem: Problem): string | undefined {
  return (errorTable[problem.code] as ErrorInfo<unknown>).hint?.(problem.arguments)
}

/** Hints of one error; a body whose columns are all wrong has one for each type, and more are not read. */
const mostHints = 5

/** The hints of problems, each once, in their order. */
export function distinctHints(problems: readonly Problem[]): readonly string[] {
  return [...new Set(problems.map(problemHint))].filter((hint) => hint !== undefined).slice(0, mostHints)
}

/** Whether an error only stands for its problems: its own sentence says no more than theirs. */
export function standsForProblems(error: MlmodelError): boolean {
  return error.problems.length > 0 && umbrellas.has(error.code)
}

const umbrellas: ReadonlySet<ErrorCode> = new Set(['DATA_UNREADABLE', 'DATA_MISMATCH', 'PARAMS_INVALID'])

/**
 * One error for all problems of an input, of which there must be one; those beyond the list are only counted.
 *
 * @param first - the one that the error's own sentence and place are of
 */
export function errorOfProblems(
  code: 'DATA_UNREADABLE' | 'DATA_MISMATCH' | 'PARAMS_INVALID',
  problems: readonly Problem[],
  omitted = 0,
  first: Problem = problems[0]!,
): MlmodelError {
  return new MlmodelError(
    code,
    { count: problems.length + omitted, first: problemMessage(first) },
    { where: first.where, problems },
  )
}
