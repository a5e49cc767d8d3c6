/** Fitting data to a model's signature, as MLflow does or more strictly. */
export { csvPlan, type CsvRegime, type EnforcedCsvPlan, finishCsv } from './csv.ts'
export { integerRanges } from './numpy.ts'
export { enforceBody } from './json-request.ts'
export type { Mode, Warning } from './report.ts'
export { type EnforcedRequest, readRequest, type RequestOptions } from './request.ts'
export { enforceParams, enforceTyped } from './typed.ts'
