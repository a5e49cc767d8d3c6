/** Fitting data to a model's signature, as MLflow does or more strictly. */

export { mediaTypeOf } from './content-type.ts'
export { type CsvRegime, csvPlan, type EnforcedCsvPlan, finishCsv } from './csv.ts'
export type { EnforcedRequest, RequestOptions } from './enforced.ts'
export { enforceBody } from './json-request.ts'
export { integerRanges } from './numpy.ts'
export type { Mode, Warning } from './report.ts'
export { readTextRequest } from './text-request.ts'
export { enforceParams, enforceTyped } from './typed.ts'
