/** What sort of failure: decides exit code, HTTP status and MLflow's error_code, never the place that throws. */
export type ErrorKind =
  | 'usage'
  | 'not-found'
  | 'model'
  | 'body'
  | 'signature'
  | 'params'
  | 'content-type'
  | 'evaluation'
  | 'limit'
  | 'unsupported'
  | 'runtime'
  | 'io'
  | 'timeout'
  | 'overload'
  | 'interrupted'

export interface KindInfo {
  readonly exitCode: 1 | 2 | 130
  readonly httpStatus: number
  /** MLflow's `error_code`; absent where its server answers plain text. */
  readonly mlflowCode?:
    | 'BAD_REQUEST'
    | 'INVALID_PARAMETER_VALUE'
    | 'RESOURCE_DOES_NOT_EXIST'
    | 'INTERNAL_ERROR'
    | 'NOT_IMPLEMENTED'
    | 'TEMPORARILY_UNAVAILABLE'
}

/** 1: the model or the data was judged bad; 2: the command could not do its work; 130: interrupted. */
export const errorKinds: Readonly<Record<ErrorKind, KindInfo>> = {
  usage: { exitCode: 2, httpStatus: 400, mlflowCode: 'BAD_REQUEST' },
  'not-found': { exitCode: 2, httpStatus: 404, mlflowCode: 'RESOURCE_DOES_NOT_EXIST' },
  model: { exitCode: 1, httpStatus: 500, mlflowCode: 'INTERNAL_ERROR' },
  /** The body or file cannot be read as data of its format, or its values not as the signature's types. */
  body: { exitCode: 1, httpStatus: 400, mlflowCode: 'BAD_REQUEST' },
  /** The data was read, and does not fit the signature (MLflow's schema enforcement). */
  signature: { exitCode: 1, httpStatus: 400, mlflowCode: 'INVALID_PARAMETER_VALUE' },
  params: { exitCode: 1, httpStatus: 400, mlflowCode: 'INVALID_PARAMETER_VALUE' },
  'content-type': { exitCode: 2, httpStatus: 415 },
  /** The model itself refused the data while scoring. */
  evaluation: { exitCode: 1, httpStatus: 400, mlflowCode: 'BAD_REQUEST' },
  limit: { exitCode: 1, httpStatus: 400, mlflowCode: 'BAD_REQUEST' },
  unsupported: { exitCode: 2, httpStatus: 501, mlflowCode: 'NOT_IMPLEMENTED' },
  runtime: { exitCode: 2, httpStatus: 500, mlflowCode: 'INTERNAL_ERROR' },
  io: { exitCode: 2, httpStatus: 500, mlflowCode: 'INTERNAL_ERROR' },
  timeout: { exitCode: 2, httpStatus: 504 },
  /** A server that has too much to do, or is not ready: try again. */
  overload: { exitCode: 2, httpStatus: 503, mlflowCode: 'TEMPORARILY_UNAVAILABLE' },
  interrupted: { exitCode: 130, httpStatus: 503 },
}

/** The words of one error: a sentence without full stop, and what to do about it. Values pass `show()` when printed. */
export interface ErrorInfo<Arguments> {
  readonly kind: ErrorKind
  readonly message: (args: Arguments) => string
  readonly hint?: (args: Arguments) => string | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: each row has its own argument type, recovered by ErrorArguments
export type ErrorTable = Readonly<Record<string, ErrorInfo<any>>>

/** Where it happened; every part is optional and printed when there. */
export interface Where {
  /** As the user gave it. */
  readonly file?: string
  /** 1-based. */
  readonly line?: number
  /** 1-based row of data, the header not counted. */
  readonly row?: number
  readonly column?: string | number
  /** JSON path such as `$.dataframe_split.data[3][1]`, or a field of the MLmodel file. */
  readonly path?: string
  /** 0-based. */
  readonly byte?: number
}
