/**
 * The npm library: open a model and score it, or use one part alone: read an MLmodel file, a signature, data, or enforce.
 * Compare errors by `error.code` and `error.kind`.
 */
export type { ArrayBatch, Batch, Cell, CellMap, Column, Frame, Moment, NamedBatch, Tensor, ValueBatch } from './batch.ts'
export type { Verdict } from './check/check.ts'
export type { Policy } from './check/policy.ts'
export { readArrowBytes } from './data/arrow/read.ts'
export { readCsvBytes } from './data/csv/read.ts'
export { readNpy, writeNpy } from './data/npy.ts'
export { readNpz } from './data/npz.ts'
export { readParquet } from './data/parquet/read.ts'
export { joinBatches, toTable } from './data/prediction-table.ts'
export type { Description } from './describe.ts'
export {
  type Change,
  type ClassChange,
  type DiffOptions,
  diffModels,
  type FolderSize,
  type ModelDiff,
  type OutputDifference,
  type SignatureChange,
  type Tolerance,
  type ValueDiff,
} from './diff.ts'
export { type DataType, type Dtype, dtypes, float16ToNumber, numberToFloat16 } from './dtype.ts'
export { csvPlan, enforceParams, enforceTyped, finishCsv, type Warning } from './enforce/index.ts'
export { readRequest } from './enforce/request.ts'
export {
  type EnvironmentFormat,
  environmentFormats,
  type FormattedEnvironment,
  formatEnvironment,
} from './env/format/index.ts'
export {
  type EnvironmentChange,
  type Overridden,
  type Overrides,
  overrideEnvironment,
} from './env/override.ts'
export { type ResolveOptions, resolveEnvironment } from './env/resolve.ts'
export type {
  EnvironmentManager,
  ManagerView,
  PlacedText,
  ResolvedConda,
  ResolvedEnvironment,
  ResolvedOption,
  ResolvedRequirement,
} from './env/resolved.ts'
export {
  type ErrorCode,
  type ErrorKind,
  errorKinds,
  MlmodelError,
  type Problem,
  problemMessage,
  type Where,
} from './errors/index.ts'
export type { ExampleRequest, Protocol } from './example/index.ts'
export type { FindingCode, Level } from './finding/index.ts'
export type { Mode, NativeModel, NativeOnnx, PredictOptions } from './flavors/flavor.ts'
export type { Int64 } from './javascript/cell.ts'
export type { ColumnInput, ModelInput } from './javascript/input.ts'
export { Predictions } from './javascript/predictions.ts'
export type { TensorDtype, TensorInput, TensorOutput } from './javascript/tensor.ts'
export { parseJson, writeJsonValue } from './json.ts'
export {
  type CreateModelOptions,
  createExample,
  createModel,
  type ExampleOptions,
  type InferOptions,
  inferSignature,
  type SampleFileOptions,
  type SampleInput,
  setSignature,
} from './library/make.ts'
export { describeModel, type WriteOptions, writePredictions } from './library/parts.ts'
export { readPolicyFile, type ValidateModelOptions, type ValidationReport, validateModel } from './library/validate.ts'
export {
  type ColumnsOf,
  type InputOf,
  type Model,
  type ModelTypes,
  type OpenOptions,
  openModel,
  type PredictCallOptions,
} from './library.ts'
export { defaultLimits, type Limits } from './limits.ts'
export { locate } from './locate/index.ts'
export { loadMlmodel, type Mlmodel, parseMlmodel } from './mlmodel.ts'
export { type Model as LoadedModel, type OpenModelOptions, openLoaded, type Reply } from './model.ts'
export { checkOnnxFile, readOnnx } from './onnx/index.ts'
export type { CallOptions } from './runner/open.ts'
export { checkSchema } from './schema.ts'
export {
  type ColumnSpec,
  type ParamSpec,
  parseParams,
  parseSchema,
  parseSignature,
  type Schema,
  type Signature,
  signatureToJson,
  type TensorSpec,
} from './signature.ts'
export type { ModelVerdict, ReportedFinding } from './validate/report.ts'
export { version } from './version.ts'
