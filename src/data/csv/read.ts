/** CSV as pandas reads it, block by block, into typed columns. */
import type { Frame } from '../../batch.ts'
import { defaultLimits, type Limits } from '../../limits.ts'
import type { Source } from '../source.ts'
import type { CsvOptions, CsvPlan } from './plan.ts'

export async function* readCsv(source: Source, plan: CsvPlan, options: CsvOptions = {}): AsyncGenerator<Frame> {
  void source, plan, options
  yield* []
  throw new Error('not yet')
}

export function readCsvBytes(bytes: Uint8Array, name: string, plan: CsvPlan, limits: Limits = defaultLimits): Frame {
  void bytes, name, plan, limits
  throw new Error('not yet')
}
