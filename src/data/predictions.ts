/** Predictions written block by block in the format a user asks for; text formats stream, arrays are joined first. */
import type { Batch, Column, Frame } from '../batch.ts'
import { openCsvWriter } from './csv/write.ts'
import { writeNpy } from './npy.ts'
import { joinBatches, toArray, toTable } from './prediction-table.ts'
import { openRecords, writePredictions } from './reply.ts'

export const outputFormats = ['json', 'jsonl', 'csv', 'npy'] as const
export type OutputFormat = (typeof outputFormats)[number]

/** The format an output file's extension stands for; undefined for one that is not written here. */
export function outputFormatOf(path: string): OutputFormat | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase()
  if (extension === 'ndjson') return 'jsonl'
  return outputFormats.find((format) => format === extension)
}

export interface PredictionWriter {
  /** The bytes that can be written now; undefined when the format must see all blocks first. */
  write(batch: Batch): Uint8Array | undefined
  /** The rest. */
  end(): Uint8Array
}

/**
 * Opens a writer.
 *
 * @param options.wrap - JSON in `{"predictions": …}` as MLflow writes it; false for the LLM form
 */
export function openPredictionWriter(format: OutputFormat, options: { readonly wrap: boolean }): PredictionWriter {
  if (format === 'json') return jsonWriter(options)
  if (format === 'csv') return csvWriter()
  if (format === 'jsonl') return linesWriter()
  const batches: Batch[] = []
  return {
    write(batch) {
      batches.push(batch)
      return undefined
    },
    end: () => writeNpy(toArray(joinBatches(batches))),
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

function csvWriter(): PredictionWriter {
  const writer = openCsvWriter()
  return { write: (batch) => writer.write(toTable(batch)), end: () => writer.end() }
}

/** One JSON object a row, keys as in MLflow's records; an output of rank 2 keeps its row as a list. */
function linesWriter(): PredictionWriter {
  return {
    write: (batch) => Buffer.from(lines(batch)),
    end: () => Buffer.alloc(0),
  }
}

function lines(batch: Batch): string {
  const frame = batch.kind === 'frame' ? batch : rowsOf(batch)
  if (frame === undefined) return `${writePredictions(batch, { wrap: false }).toString()}\n`
  // A frame of one row is written as `[{…}]`.
  let text = ''
  for (let row = 0; row < frame.rows; row++) {
    text += `${writePredictions(oneRow(frame, row), { wrap: false }).toString().slice(1, -1)}\n`
  }
  return text
}

/** Arrays that have a row for each row of input, as a frame whose cells are rows; undefined where they have not. */
function rowsOf(batch: Batch): Frame | undefined {
  try {
    return toTable(batch)
  } catch {
    return undefined
  }
}

function oneRow(frame: Frame, row: number): Frame {
  return {
    kind: 'frame',
    rows: 1,
    columns: frame.columns.map((column) => ({ ...column, values: column.values.slice(row, row + 1) }) as Column),
  }
}
