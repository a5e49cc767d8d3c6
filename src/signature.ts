/**
 * What a model takes and returns, as MLflow's `signature` says it: columns or tensors, and params.
 *
 * @see mlflow/types/schema.py
 */
export { type ConvertedParam, convertParam, convertScalarParam, parseParams } from './signature/param.ts'
export { type ParseSignatureOptions, parseSignature } from './signature/parse.ts'
export { dataTypes, isDataType, parseSchema } from './signature/schema.ts'
export {
  type AnyType,
  type ArrayType,
  type ColumnSchema,
  type ColumnSpec,
  type MapType,
  type ObjectType,
  type ParamSpec,
  type Property,
  type ScalarType,
  type Schema,
  type Signature,
  type SparkVectorType,
  specNames,
  specsOf,
  type TensorSchema,
  type TensorSpec,
  type ValueType,
} from './signature/spec.ts'
export {
  paramsToCell,
  printColumn,
  printParam,
  printParams,
  printSchema,
  printShape,
  printSignature,
  printType,
  pythonRepr,
  type SignatureTexts,
  schemaToCell,
  signatureToJson,
} from './signature/write.ts'
