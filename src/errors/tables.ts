import type { ErrorTable } from './define.ts'

/** Parquet, Arrow, JSON Lines and what is written in them. */
export const tableErrors = {
  PARQUET_BROKEN: {
    kind: 'body',
    message: (a: { why: string }) => `The Parquet file is broken: ${a.why}`,
    hint: () => 'Write it again with `DataFrame.to_parquet()`',
  },
  PARQUET_UNSUPPORTED: {
    kind: 'body',
    message: (a: { what: string }) => `The Parquet file ${a.what}, which is not read here`,
    hint: () => 'Write it again with `DataFrame.to_parquet()`',
  },
  PARQUET_LIMIT: {
    kind: 'limit',
    message: (a: { what: string; found: number; limit: number }) =>
      `The Parquet file has ${a.what} of ${a.found}, more than ${a.limit}`,
    hint: () => 'Write it again with `DataFrame.to_parquet()`, with smaller row groups',
  },
  ARROW_BROKEN: {
    kind: 'body',
    message: (a: { why: string }) => `The Arrow data is broken: ${a.why}`,
    hint: () => 'Write it again with `pyarrow.ipc.new_stream` or `DataFrame.to_feather()`',
  },
  ARROW_UNSUPPORTED: {
    kind: 'body',
    message: (a: { what: string }) => `The Arrow data has ${a.what}, which is not read here`,
    hint: () => 'Write it again with types that pandas reads, or as Parquet with `DataFrame.to_parquet()`',
  },
  ARROW_LIMIT: {
    kind: 'limit',
    message: (a: { what: string; found: number; limit: number }) =>
      `The Arrow data has ${a.what} of ${a.found}, more than ${a.limit}`,
    hint: () => 'Write it again in smaller record batches',
  },
  TABLE_DUPLICATE_COLUMN: {
    kind: 'body',
    message: (a: { name: string }) => `The column \`${a.name}\` is there twice`,
    hint: () => 'Give the columns names of their own',
  },
  JSON_LINES_RECORD: {
    kind: 'body',
    message: (a: { why: string }) => `The line is no record: ${a.why}`,
    hint: () => 'JSON Lines has one object a line: {"x": 1.5, "y": "a"}',
  },
  TABLE_NOT_WRITABLE: {
    kind: 'usage',
    message: (a: { format: string; column: string; why: string }) =>
      `The output \`${a.column}\` has no form in ${a.format}: ${a.why}`,
    hint: () => 'Choose outputs with `--outputs NAME`, or write JSON with `-o out.json`',
  },
} satisfies ErrorTable
