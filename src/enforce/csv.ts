/**
 * CSV: read by the signature as MLflow's server reads it (`pandas.read_csv(dtype=…)`), or without it and then enforced, as
 * `mlflow models predict -t csv` does.
 */
import type { Batch, Frame } from '../batch.ts'
import type { CsvPlan } from '../data/csv/plan.ts'
import type { Signature } from '../signature.ts'
import type { Mode, Warning } from './report.ts'
import type { EnforcedRequest, RequestOptions } from './request.ts'

export function csvPlan(_signature: Signature | undefined, _regime: 'server' | 'untyped', _mode: Mode): CsvPlan {
  throw new Error('not yet')
}
export function finishCsv(_frame: Frame, _signature: Signature | undefined, _plan: CsvPlan, _mode: Mode): { data: Batch; warnings: readonly Warning[] } {
  throw new Error('not yet')
}
export function readCsvRequest(_body: Uint8Array, _signature: Signature | undefined, _options: RequestOptions): EnforcedRequest {
  throw new Error('not yet')
}
