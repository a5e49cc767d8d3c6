/** Compressed files: what compresses them and, where Node can say, what is inside. */
import { constants, gunzipSync, inflateSync } from 'node:zlib'
import type { Content, Format } from './content.ts'
import { startsWith } from './magic.ts'
import { pickleContent } from './python-object.ts'
import { type Sample, sampleBytes } from './sample.ts'

/** joblib's compressors (joblib/compressor.py) by their magic bytes; zlib has one byte and a checksum, so it comes last. */
export function compressedContent(sample: Sample): Content | undefined {
  const { head } = sample
  if (startsWith(head, '\x1f\x8b'))
    return withContent(
      sample,
      'gzip',
      'gzip',
      open(() => gunzipSync(head, lenient)),
    )
  if (startsWith(head, 'BZh') && /[1-9]/.test(String.fromCharCode(head[3] ?? 0))) return withContent(sample, 'bzip2', 'bzip2')
  if (startsWith(head, '\xfd7zXZ\0')) return withContent(sample, 'xz', 'xz')
  // The older LZMA form: properties byte, dictionary size, then an unknown length.
  if (
    startsWith(head, '\x5d\0\0') &&
    (startsWith(head, '\xff\xff\xff\xff\xff\xff\xff\xff', 5) || startsWith(head, '\0\0\0\0', 9))
  ) {
    return withContent(sample, 'xz', 'lzma')
  }
  if ((head[0]! & 15) === 8 && head[0]! >> 4 <= 7 && head.length > 2 && ((head[0]! << 8) | head[1]!) % 31 === 0) {
    const inside = open(() => inflateSync(head, lenient))
    if (inside !== undefined && inside.length > 0) return withContent(sample, 'zlib', 'zlib', inside)
  }
  return undefined
}

/** The file is cut at our sample; what comes out until then is enough. */
const lenient = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 << 20 }

function open(inflate: () => Buffer): Uint8Array | undefined {
  try {
    return inflate()
  } catch {
    return undefined
  }
}

function withContent(sample: Sample, format: Format, compression: string, inside?: Uint8Array): Content {
  if (inside !== undefined && inside.length > 0) {
    const pickle = pickleContent({ ...sampleBytes(inside, sample.name), size: Number.MAX_SAFE_INTEGER })
    if (pickle !== undefined) return { ...pickle, format: 'joblib', title: `${compression}-compressed ${pickle.title}` }
    if (startsWith(inside, 'ustar', 257)) return { format: 'tar', title: `tar archive, compressed with ${compression}` }
    if (startsWith(inside, 'X\n\0\0') || startsWith(inside, 'RDX')) return { format: 'rds', title: 'R data (RDS)' }
  }
  // Node reads neither bzip2 nor xz: only the name tells what may be inside.
  const guess = /\.(joblib|pkl|pickle)(\.\w+)?$/i.test(sample.name) ? ', by its name a joblib pickle' : ''
  return {
    format: guess === '' ? format : 'joblib',
    title: `${compression}-compressed data${guess}`,
    ...(guess !== '' && { flavor: 'sklearn' }),
  }
}
