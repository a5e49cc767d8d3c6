/** Every reader of a stranger's bytes, with the files that its mutants are made of. What one throws must be an MlmodelError. */
import { tmpdir } from 'node:os'
import { estimatorFindings } from '../../src/check/estimators.ts'
import { readArrowBytes } from '../../src/data/arrow/read.ts'
import { readCsvBytes } from '../../src/data/csv/read.ts'
import { readNpy } from '../../src/data/npy.ts'
import { readNpz } from '../../src/data/npz.ts'
import { readParquet } from '../../src/data/parquet/read.ts'
import { csvPlan, finishCsv } from '../../src/enforce/index.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { parseJson } from '../../src/json.ts'
import { defaultLimits } from '../../src/limits.ts'
import { parseMlmodel } from '../../src/mlmodel.ts'
import { readOnnx } from '../../src/onnx/index.ts'
import { judgePickle } from '../../src/pickle/file.ts'
import { parseSchema } from '../../src/signature.ts'
import { readSkops } from '../../src/skops/read.ts'
import { sampleBytes, sniff } from '../../src/sniff.ts'
import { readCatboost } from '../../src/trees/catboost.ts'
import { readLightgbm } from '../../src/trees/lightgbm.ts'
import { readXgboost } from '../../src/trees/xgboost.ts'
import { parseUbjson } from '../../src/ubjson.ts'
import { openZip } from '../../src/zip.ts'
import { type Seed, seedFiles } from './seeds.ts'

export interface FuzzedReader {
  readonly name: string
  /** Bytes that a reader may make of a few: its limit on what a file declares, and nothing where the file has all it gives. */
  readonly declared: number
  readonly seeds: () => readonly Seed[]
  /** Words of the format, put anywhere. */
  readonly tokens: readonly string[]
  read(bytes: Uint8Array): unknown
}

/** What a file may say of itself here: low, so that the long run sees quickly what is made of a lie. */
const declared = 64 << 20
export const limits = { ...defaultLimits, arrayBytes: declared, pageBytes: 1 << 24, pageValues: 1 << 20 }

const pickleTokens = [
  'c__builtin__\neval\n',
  '\x80\x04',
  '\x93',
  'R',
  'b',
  '(',
  't',
  'u',
  'a',
  'e',
  '.',
  'Q',
  '\x95\xff\xff\xff\xff\0\0\0\0',
  'cnumpy\nndarray\n',
  "S'a'\n",
  'I1\n',
  'L1L\n',
  'F1.5\n',
  'g0\n',
  'p0\n',
  'h\0',
  '}',
  ']',
  ')',
  'N',
  '\x8d',
  '\x8e',
  '2',
  '0',
  '1',
]
const jsonTokens = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u',
  '1e999',
  'NaN',
  '-0',
  '"__proto__":1,',
  'null',
  '[[[[[[[[',
  '\ud800',
]
const columns = parseJson(
  '[{"name":"a","type":"double","required":true},{"name":"b","type":"string","required":false},{"name":"c","type":"long","required":false}]',
).value
const inputs = parseSchema(columns, {})

export const readers: readonly FuzzedReader[] = [
  {
    name: 'pickle',
    declared,
    seeds: () => seedFiles(/\.(pkl|pickle|joblib|bin|pt|gz|z|bz2|xz)$/, 80),
    tokens: pickleTokens,
    read: (bytes) => {
      const { value } = judgePickle(bytes, limits)
      if (value !== undefined) estimatorFindings(value, {}, limits)
    },
  },
  {
    name: 'skops',
    declared,
    seeds: () => seedFiles(/\.skops$/, 20),
    tokens: jsonTokens,
    read: (bytes) => {
      const { value } = readSkops(bytes, {}, limits)
      if (value !== undefined) estimatorFindings(value, {}, limits)
    },
  },
  {
    name: 'npy',
    declared,
    seeds: () => seedFiles(/\.npy$/, 60),
    tokens: ["'descr':", "'|O'", "'<U99999999'", '(', ')', ',', 'True', '99999999999', "'shape':", "'fortran_order':"],
    read: (bytes) => readNpy(bytes, {}, limits),
  },
  {
    name: 'npz',
    declared,
    seeds: () => seedFiles(/\.npz$/, 20),
    tokens: ['PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06'],
    read: (bytes) => readNpz(bytes, {}, limits),
  },
  {
    name: 'zip',
    declared,
    seeds: () => seedFiles(/\.(zip|npz|skops|pt|pth)$/, 40),
    tokens: ['PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06', 'PK\x06\x06', 'PK\x06\x07'],
    read: (bytes) => {
      for (const member of openZip(bytes, {}, limits)) member.read()
    },
  },
  {
    name: 'onnx',
    declared: 0,
    seeds: () => seedFiles(/\.onnx$/, 80),
    tokens: ['\x0a\x00', '\x12\x02', '\xff\xff\xff\xff\x0f', 'TreeEnsembleRegressor', 'Loop', 'ai.onnx.ml'],
    read: (bytes) => readOnnx(bytes, limits),
  },
  {
    name: 'yaml',
    declared: 0,
    seeds: () => seedFiles(/(MLmodel|\.ya?ml)$/, 80),
    tokens: [
      '&a ',
      '*a',
      '<<: *a',
      '!!python/name:os.system',
      '? ',
      '- ',
      ': ',
      '|\n',
      '>\n',
      '---\n',
      '{',
      '[',
      '"',
      "'",
      '\t',
      '%YAML 1.1\n',
    ],
    read: (bytes) => parseMlmodel(bytes, 'MLmodel', tmpdir(), limits),
  },
  {
    name: 'csv',
    declared: 0,
    seeds: () => seedFiles(/\.csv$/, 60),
    tokens: ['"', '""', ',', '\n', '\r', '\r\n', 'NaN', '1e400', '\0', '9223372036854775808', '\xef\xbb\xbf'],
    read: (bytes) => {
      const plan = csvPlan(undefined, 'untyped', 'strict')
      finishCsv(readCsvBytes(bytes, 'fuzz.csv', plan), undefined, plan, 'strict')
    },
  },
  {
    name: 'json',
    declared: 0,
    seeds: () => seedFiles(/\.json$/, 80),
    tokens: jsonTokens,
    read: (bytes) => parseJson(bytes, { limits }),
  },
  {
    name: 'request',
    // A body of few values may describe a table of many cells; the limit on cells is 4 million, of 8 bytes and more.
    declared: 4_000_000 * 64,
    seeds: () => seedFiles(/^(json\/|requests?).*\.json$|input.*\.json$/, 60),
    tokens: [
      ...jsonTokens,
      '"dataframe_split":',
      '"columns":',
      '"data":',
      '"inputs":',
      '"instances":',
      '"dataframe_records":',
      '"a"',
    ],
    read: (bytes) => readRequest(bytes, 'application/json', { inputs }, { mode: 'strict' }),
  },
  {
    name: 'ubjson',
    declared: 0,
    seeds: () => seedFiles(/\.ubj$/, 40),
    tokens: ['[$Z#', '[$d#', '[$l#L', '{', '[', ']', '}', 'N', 'S', 'L\x7f\xff\xff\xff\xff\xff\xff\xff', '#', '$'],
    read: (bytes) => parseUbjson(bytes, limits),
  },
  {
    name: 'xgboost',
    declared: 0,
    seeds: () => seedFiles(/xgb[^/]*\.(ubj|json|model|deprecated|xgb)$/, 60),
    tokens: ['-1', '2147483647', '[', ']', 'binf', 'CONFIG-offset:', '"learner":', 'null'],
    read: (bytes) => readXgboost(bytes, limits),
  },
  {
    name: 'lightgbm',
    declared: 0,
    seeds: () => seedFiles(/(lgb|lightgbm)[^/]*\.txt$/, 40),
    tokens: [
      '\nTree=0\n',
      '=',
      ' ',
      '\n\n',
      'end of trees',
      'num_leaves=1',
      'num_cat=5',
      'cat_boundaries=0 1',
      'pandas_categorical:',
    ],
    read: (bytes) => readLightgbm(bytes, limits),
  },
  {
    name: 'catboost',
    declared: 0,
    seeds: () => seedFiles(/(cat|catboost)[^/]*\.(cbm|cb|json)$/, 40),
    tokens: ['CBM1', '\xff\xff\xff\x7f', '\0\0\0\0', '"trees":', '"oblivious_trees":', 'null', '[', ']'],
    read: (bytes) => readCatboost(bytes, limits),
  },
  {
    name: 'parquet',
    declared,
    seeds: () => seedFiles(/\.parquet$/, 40),
    tokens: ['PAR1', '\x15', '\x19', '\x2c', '\xff\xff\xff\xff\x0f'],
    read: (bytes) => readParquet(bytes, {}, limits),
  },
  {
    name: 'arrow',
    declared,
    seeds: () => seedFiles(/\.arrows?$/, 40),
    tokens: ['ARROW1\0\0', '\xff\xff\xff\xff', '\0\0\0\0'],
    read: (bytes) => readArrowBytes(bytes, {}, limits),
  },
  {
    name: 'sniff',
    declared: 16 << 20,
    seeds: () => seedFiles(/\.\w+$/, 120),
    tokens: [
      'PK\x03\x04',
      '\x93NUMPY',
      '\x80\x04',
      '{L',
      'tree\nversion=v4',
      '<html>',
      'version https://git-lfs.github.com/spec/v1',
    ],
    read: (bytes) => sniff(sampleBytes(bytes, 'file')),
  },
]

/** Reads; undefined where the answer was a value or a typed error, else what was thrown. */
export async function faultOf(reader: FuzzedReader, bytes: Uint8Array): Promise<unknown> {
  try {
    await reader.read(bytes)
    return undefined
  } catch (error) {
    return error instanceof MlmodelError ? undefined : (error ?? new Error('nothing was thrown'))
  }
}
