/** Predictions written block by block in the format a user asks for; text formats stream, arrays are joined first. */
import type { Batch } from '../batch.ts'
import type { RowTexts } from './csv/row-text.ts'
import { openCsvWriter } from './csv/write.ts'
import { writeNpy } from './npy.ts'
import { writeNpz } from './npz.ts'
import { joinBatches, toArray, toArrays, toRows, toTable } from './prediction-table.ts'
import { openRecords, writePredictions, writeRecordLines } from './reply.ts'

export const outputFormats = ['json', 'jsonl', 'csv', 'npy', 'npz', 'parquet', 'arrow', 'arrows'] as const
export type OutputFormat = (typeof outputFormats)[number]

/** The format an output file's extension stands for; undefined for one that is not written here. */
export function outputFormatOf(path: string): OutputFormat | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase()
  if (extension === 'ndjson') return 'jsonl'
  if (extension === 'pqt') return 'parquet'
  // What pandas calls Feather is Arrow's file.
  if (extension === 'feather') return 'arrow'
  return outputFormats.find((format) => format === extension)
}

export interface PredictionWriter {
  /**
   * The bytes that can be written now; undefined when the format must see all blocks first. CSV takes the texts of input
   * rows, which stand before those of the batch.
   */
  write(batch: Batch, before?: RowTexts): Uint8Array | undefined
  /** The rest. */
  end(): Uint8Array
}

/**
 * Opens a writer.
 *
 * @param options.wrap - JSON in `{"predictions": …}` as MLflow writes it; false for the LLM form
 * @param options.csvSafe - in CSV, text that a spreadsheet would run as a formula gets an apostrophe
 */
export async function openPredictionWriter(
  format: OutputFormat,
  options: { readonly wrap: boolean; readonly csvSafe?: boolean },
): Promise<PredictionWriter> {
  if (format === 'json') return jsonWriter(options)
  if (format === 'csv') return csvWriter(options.csvSafe === true)
  if (format === 'jsonl') return linesWriter()
  if (format === 'parquet') return (await import('./parquet/write.ts')).openParquetWriter()
  if (format === 'arrow' || format === 'arrows')
    return (await import('./arrow/write.ts')).openArrowWriter(format === 'arrow' ? 'file' : 'stream')
  const batches: Batch[] = []
  return {
    write(batch) {
      batches.push(batch)
      return undefined
    },
    end: () => {
      const whole = joinBatches(batches)
      return format === 'npz' ? writeNpz(toArrays(whole)) : writeNpy(toArray(whole))
    },
  }
}

/** A table streams as a list of records; any other form is one object whose arrays must be whole. */
function jsonWriter(options: { readonly wrap: boolean }): PredictionWriter {
  const records = openRecords(options)
  const batches: Batch[] = []
  let streaming = false
  return {
    write(batch) {
      if (batch.kind === 'frame') {
        streaming = true
        return records.write(batch)
      }
      batches.push(batch)
      return undefined
    },
    end: () => (streaming || batches.length === 0 ? records.end() : writePredictions(joinBatches(batches), options)),
  }
}

function csvWriter(safe: boolean): PredictionWriter {
  const writer = openCsvWriter({ safe })
  return { write: (batch, before) => writer.write(toTable(batch), before), end: () => writer.end() }
}

/** One JSON object a row, keys as in MLflow's records; an output of several dimensions is its row's nested list. */
function linesWriter(): PredictionWriter {
  return {
    write(batch) {
      const frame = toRows(batch)
      return frame === undefined
        ? Buffer.concat([writePredictions(batch, { wrap: false }), Buffer.from('\n')])
        : writeRecordLines(frame)
    },
    end: () => Buffer.alloc(0),
  }
}
