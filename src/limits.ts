/** Every bound on what a stranger's file or request may make us do, with its reason. */

/** Named bounds; all can be set by the caller. */
export interface Limits {
  /** Bytes of an MLmodel, conda.yaml or requirements file. Real ones are below 100 kB (a file of 500 columns: 40 kB). CWE-770. */
  readonly yamlBytes: number
  /** Nodes of a YAML document after aliases are expanded: stops alias bombs. CWE-776. */
  readonly yamlNodes: number
  /** Nesting of YAML, of a signature's JSON and of its types. CWE-674. */
  readonly depth: number
  /** Nesting of a JSON body. Python's json stops near 1,000; deepest real body seen is 6. CWE-674. */
  readonly jsonDepth: number
  /** Bytes of a JSON body or file; it is read whole. */
  readonly jsonBytes: number
  /** Digits of an integer in JSON, as Python's own limit (sys.int_info.default_max_str_digits). CWE-1333. */
  readonly integerDigits: number
  /** Bytes of one CSV field; 1 MiB is ten times the longest seen in public data. CWE-770. */
  readonly csvFieldBytes: number
  readonly csvRowBytes: number
  /** A table of 20,000 columns is real (gene expression); each costs a name and a piece of the batch. */
  readonly csvColumns: number
  /** Cells of a table that a JSON body may describe with few values: objects with other keys in every row, one row for many labels. CWE-409. */
  readonly tableCells: number
  /** Cells to values beyond `tableCells`. */
  readonly tableFill: number
  /** Bytes of an NPY header: NumPy writes 128, its own limit is 10,000. */
  readonly npyHeaderBytes: number
  /** NumPy's own maximum (64 from 2.0). */
  readonly npyDimensions: number
  /** Bytes of one array or member after decompression. CWE-409. */
  readonly arrayBytes: number
  /** Decompressed to compressed bytes of a zip member beyond 32 MiB. CWE-409. */
  readonly inflateRatio: number
  readonly zipMembers: number
  /** Bytes of a Parquet footer or of an Arrow message's metadata: 2,000 columns in 100 row groups take 40 MB. CWE-770. */
  readonly tableMetadataBytes: number
  /** Bytes of one page of Parquet or one buffer of Arrow after decompression; writers make pages of 1 MiB. CWE-409. */
  readonly pageBytes: number
  /** Values of one page: a run of one value takes a few bytes however long it is. CWE-409. */
  readonly pageValues: number
  /** Bytes of an image file, which is read whole. CWE-770. */
  readonly imageBytes: number
  /** Pixels of an image: Pillow warns at 89 million, and refuses twice as many. A few bytes can stand for any number. CWE-409. */
  readonly imagePixels: number
  /** Nesting of protobuf messages (protobuf's own default is 100). CWE-674. */
  readonly onnxDepth: number
  /** Bytes of an ONNX file held in memory; larger models go to ONNX Runtime through a private copy. */
  readonly onnxBytesInMemory: number
  /** Nesting of UBJSON; XGBoost's deepest is 8. CWE-674. */
  readonly ubjsonDepth: number
  /** Bytes of a booster's file, which is read whole; as text it must fit one string of V8 (2^29 - 24 characters). CWE-770. */
  readonly boosterBytes: number
  /** Files listed of one model folder. */
  readonly folderFiles: number
}

export const defaultLimits: Limits = {
  yamlBytes: 1 << 20,
  yamlNodes: 100_000,
  depth: 64,
  jsonDepth: 200,
  jsonBytes: 1 << 30,
  integerDigits: 4300,
  csvFieldBytes: 1 << 20,
  csvRowBytes: 16 << 20,
  csvColumns: 100_000,
  tableCells: 4_000_000,
  tableFill: 100,
  npyHeaderBytes: 64 << 10,
  npyDimensions: 64,
  arrayBytes: 4 * 2 ** 30,
  inflateRatio: 200,
  zipMembers: 10_000,
  tableMetadataBytes: 64 << 20,
  pageBytes: 1 << 30,
  pageValues: 1 << 26,
  imageBytes: 256 << 20,
  imagePixels: 178_956_970,
  onnxDepth: 64,
  onnxBytesInMemory: 256 << 20,
  ubjsonDepth: 64,
  boosterBytes: 2 ** 29 - 24,
  folderFiles: 100_000,
}
