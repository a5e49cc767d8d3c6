/**
 * The element types of tensors and columns: one table with the names that MLflow, NumPy, ONNX, Arrow and
 * the Open Inference Protocol use for each.
 */

export type NumericDtype =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float16'
  | 'float32'
  | 'float64'

/** Held and described, never scored: ONNX Runtime's Node binding takes no complex tensors. */
export type ComplexDtype = 'complex64' | 'complex128'

/** `datetime64` is nanoseconds since 1970 in UTC with NaT as -2^63, as NumPy's `datetime64[ns]`; `object` holds cells. */
export type Dtype = NumericDtype | ComplexDtype | 'datetime64' | 'string' | 'bytes' | 'object'

/** MLflow's column types (`mlflow.types.DataType`). */
export type DataType = 'boolean' | 'integer' | 'long' | 'float' | 'double' | 'string' | 'binary' | 'datetime'

export interface DtypeInfo {
  /** Bytes of one element; 0 where the length varies. */
  readonly size: number
  /** NumPy's name, as MLflow prints it. */
  readonly numpy: string
  /** MLflow's column type with exactly this element type, if there is one. */
  readonly mlflow?: DataType
  /** `TensorProto.DataType` of onnx.proto. */
  readonly onnx?: number
  readonly arrow?: string
  /** Open Inference Protocol v2 datatype. */
  readonly openInference?: string
}

export const dtypes: Readonly<Record<Dtype, DtypeInfo>> = {
  bool: { size: 1, numpy: 'bool', mlflow: 'boolean', onnx: 9, arrow: 'bool', openInference: 'BOOL' },
  int8: { size: 1, numpy: 'int8', onnx: 3, arrow: 'int8', openInference: 'INT8' },
  int16: { size: 2, numpy: 'int16', onnx: 5, arrow: 'int16', openInference: 'INT16' },
  int32: { size: 4, numpy: 'int32', mlflow: 'integer', onnx: 6, arrow: 'int32', openInference: 'INT32' },
  int64: { size: 8, numpy: 'int64', mlflow: 'long', onnx: 7, arrow: 'int64', openInference: 'INT64' },
  uint8: { size: 1, numpy: 'uint8', onnx: 2, arrow: 'uint8', openInference: 'UINT8' },
  uint16: { size: 2, numpy: 'uint16', onnx: 4, arrow: 'uint16', openInference: 'UINT16' },
  uint32: { size: 4, numpy: 'uint32', onnx: 12, arrow: 'uint32', openInference: 'UINT32' },
  uint64: { size: 8, numpy: 'uint64', onnx: 13, arrow: 'uint64', openInference: 'UINT64' },
  float16: { size: 2, numpy: 'float16', onnx: 10, arrow: 'float16', openInference: 'FP16' },
  float32: { size: 4, numpy: 'float32', mlflow: 'float', onnx: 1, arrow: 'float32', openInference: 'FP32' },
  float64: { size: 8, numpy: 'float64', mlflow: 'double', onnx: 11, arrow: 'float64', openInference: 'FP64' },
  complex64: { size: 8, numpy: 'complex64', onnx: 14 },
  complex128: { size: 16, numpy: 'complex128', onnx: 15 },
  datetime64: { size: 8, numpy: 'datetime64[ns]', mlflow: 'datetime', arrow: 'timestamp[ns]' },
  string: { size: 0, numpy: 'str', mlflow: 'string', onnx: 8, arrow: 'utf8', openInference: 'BYTES' },
  bytes: { size: 0, numpy: 'bytes', mlflow: 'binary', arrow: 'binary', openInference: 'BYTES' },
  object: { size: 0, numpy: 'object' },
}

/** The element type a column of an MLflow type has after enforcement. */
export const dtypeOfDataType: Readonly<Record<DataType, Dtype>> = {
  boolean: 'bool',
  integer: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  string: 'string',
  binary: 'bytes',
  datetime: 'datetime64',
}

const byOnnx = new Map<number, Dtype>()
for (const [dtype, info] of Object.entries(dtypes)) if (info.onnx !== undefined) byOnnx.set(info.onnx, dtype as Dtype)

/** The element type with this number in `TensorProto.DataType`; undefined for those we cannot hold (bfloat16, complex, 4 bits, …). */
export function dtypeOfOnnx(elementType: number): Dtype | undefined {
  return byOnnx.get(elementType)
}

export type NumericArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array

/** The typed array behind each numeric dtype: bool is one byte of 0 or 1, float16 its 16 raw bits, datetime64 int64 nanoseconds. */
export const arrayOfDtype = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  datetime64: BigInt64Array,
} as const

/** NumPy's NaT, the missing `datetime64`. */
export const notATime = -(2n ** 63n)

const floatView = new Float32Array(1)
const bitsView = new Uint32Array(floatView.buffer)

/** Widens the 16 bits of an IEEE 754 half to a number. */
export function float16ToNumber(half: number): number {
  const exponent = (half >>> 10) & 31
  const fraction = half & 1023
  const magnitude =
    exponent === 31
      ? fraction === 0
        ? Number.POSITIVE_INFINITY
        : Number.NaN
      : exponent === 0
        ? fraction * 2 ** -24
        : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return half & 0x8000 ? -magnitude : magnitude
}

/**
 * Rounds a number to the nearest half, ties to even, straight from the double as `numpy.float16(x)` does
 * (not by way of float32, which would round twice).
 *
 * @returns its 16 bits; beyond 65504 (half a unit above) infinity
 */
export function numberToFloat16(value: number): number {
  floatView[0] = value
  const sign = (bitsView[0]! >>> 16) & 0x8000
  const magnitude = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  if (magnitude >= 65520) return sign | 0x7c00
  if (magnitude < 2 ** -14) return sign | roundTiesToEven(magnitude * 2 ** 24)
  const exponent = Math.floor(Math.log2(magnitude))
  // log2 may round up at the top of a binade; one step down is enough.
  const scale = 2 ** exponent > magnitude ? exponent - 1 : exponent
  return sign | (((scale + 15) << 10) + roundTiesToEven((magnitude / 2 ** scale - 1) * 1024))
}

function roundTiesToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
