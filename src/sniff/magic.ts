/** Formats known by fixed bytes. */
import { defaultLimits } from '../limits.ts'
import type { Content } from './content.ts'
import type { Sample } from './sample.ts'

/** Compares bytes at a place with Latin-1 text. */
export function startsWith(bytes: Uint8Array, text: string, at = 0): boolean {
  if (bytes.length < at + text.length) return false
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text.charCodeAt(index)) return false
  return true
}

/** Bytes as Latin-1 text, for patterns. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

const images = [
  ['\x89PNG\r\n\x1a\n', 'PNG'],
  ['\xff\xd8\xff', 'JPEG'],
  ['GIF8', 'GIF'],
  ['BM', 'BMP'],
  ['II*\0', 'TIFF'],
  ['MM\0*', 'TIFF'],
] as const

const plain: readonly (readonly [magic: string, content: Content])[] = [
  ['ORC', { format: 'unknown', title: 'ORC table' }],
  ['Obj\x01', { format: 'unknown', title: 'Avro file' }],
  ['GGUF', { format: 'gguf', title: 'GGUF model (llama.cpp)' }],
  ['SQLite format 3\0', { format: 'sqlite', title: 'SQLite database' }],
  ['%PDF-', { format: 'pdf', title: 'PDF document' }],
  ['\x28\xb5\x2f\xfd', { format: 'zstd', title: 'zstd-compressed data' }],
  ['\x04\x22\x4d\x18', { format: 'unknown', title: 'LZ4-compressed data' }],
  ['7z\xbc\xaf\x27\x1c', { format: 'unknown', title: '7z archive' }],
  ['\x7fELF', { format: 'unknown', title: 'ELF program or library' }],
  ['MZ\x90\0', { format: 'unknown', title: 'Windows program or library' }],
]

/** Recognises a file by its magic bytes. */
export function magicContent(sample: Sample): Content | undefined {
  const { head, size } = sample
  if (startsWith(head, '\x93NUMPY')) return npyContent(head)
  if (startsWith(head, 'PAR1')) {
    const whole = startsWith(sample.tail, 'PAR1', sample.tail.length - 4)
    return { format: 'parquet', title: whole ? 'Parquet table' : 'Parquet table without its end: the file is cut off' }
  }
  if (startsWith(head, 'ARROW1')) return { format: 'arrow', title: 'Arrow file' }
  if (startsWith(head, '\xff\xff\xff\xff') && startsWith(head, '\0\0', 6) && size > 16)
    return { format: 'arrow', title: 'Arrow stream' }
  if (startsWith(head, 'TFL3', 4)) return { format: 'tflite', title: 'TensorFlow Lite model', flavor: 'tensorflow' }
  if (startsWith(head, 'ORTM', 4)) return { format: 'onnx-runtime', title: 'ONNX Runtime model (.ort)' }
  if (startsWith(head, 'CBM1')) return catboostContent(head, size)
  if (startsWith(head, '\x89HDF\r\n\x1a\n')) return hdf5Content(head)
  if (startsWith(head, 'ustar', 257)) return { format: 'tar', title: 'tar archive' }
  if (startsWith(head, 'RIFF') && startsWith(head, 'WEBP', 8)) return { format: 'image', title: 'WebP image' }
  const safetensors = safetensorsContent(head, size)
  if (safetensors !== undefined) return safetensors
  for (const [magic, name] of images)
    if (startsWith(head, magic) && (magic !== 'BM' || head[6] === 0)) return { format: 'image', title: `${name} image` }
  return plain.find(([magic]) => startsWith(head, magic))?.[1]
}

function npyContent(head: Uint8Array): Content {
  const header = latin1(head.subarray(8, 8 + Math.min(512, defaultLimits.npyHeaderBytes)))
  const descr = /'descr':\s*'([^']{1,20})'/.exec(header)?.[1]
  const shape = /'shape':\s*\(([\d, ]*)\)/.exec(header)?.[1]
  const details = [descr, shape === undefined ? undefined : `shape (${shape.trim()})`].filter((each) => each !== undefined)
  return { format: 'npy', title: `NumPy array${details.length === 0 ? '' : `: ${details.join(', ')}`}` }
}

/** `CBM1`, the length of the FlatBuffer after it, the FlatBuffer, and perhaps more. */
function catboostContent(head: Uint8Array, size: number): Content {
  const core = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const whole = head.length >= 8 && core.getUint32(4, true) + 8 <= size
  return { format: 'catboost', title: whole ? 'CatBoost model' : 'CatBoost model, cut off', flavor: 'catboost' }
}

function hdf5Content(head: Uint8Array): Content {
  const text = latin1(head)
  return /keras_version|model_config|layer_names|model_weights/.test(text)
    ? { format: 'keras', title: 'Keras model in HDF5', flavor: 'tensorflow' }
    : { format: 'hdf5', title: 'HDF5 file' }
}

/** Eight bytes of header length, then a JSON object. */
function safetensorsContent(head: Uint8Array, size: number): Content | undefined {
  if (head.length < 10 || head[8] !== 0x7b) return undefined
  const length = Number(new DataView(head.buffer, head.byteOffset, head.byteLength).getBigUint64(0, true))
  if (length < 2 || length + 8 > size || !/^\{\s*("|\})/.test(latin1(head.subarray(8, 24)))) return undefined
  const tensors = latin1(head.subarray(8, 8 + length)).match(/"data_offsets"/g)?.length ?? 0
  const count = length + 8 <= head.length ? `: ${tensors} ${tensors === 1 ? 'tensor' : 'tensors'}` : ''
  return { format: 'safetensors', title: `safetensors weights${count}` }
}
