/** What other steps use of ONNX. */
export { checkOnnxFile, checkOperators } from './check.ts'
export { type CopiedOnnx, copyOnnxFile } from './copy.ts'
export { usableCores } from './cores.ts'
export { outputLabels } from './labels.ts'
export { type OnnxModel, type OperatorCount, readOnnx } from './model.ts'
export { type OnnxPredictor, openOnnx, readOnnxInside } from './open.ts'
export { availableProviders, type ProviderSpec, providerName, type Session, type SessionOptions } from './session.ts'
export { type Dimension, dtypeOfType, elementTypeName, type OnnxType, type OnnxValue, typeText } from './value-type.ts'
