/** Compressed files: what compresses them and, where Node can say, what is inside. */
import type { Content, Format } from './content.ts'
import { startsWith } from './magic.ts'
import { pickleContent } from './python-object.ts'
import { type Sample, sampleBytes } from './sample.ts'

/** joblib's compressors (joblib/compressor.py) by their magic bytes; zlib has one byte and a checksum, so it comes last. */
export async function compressedContent(sample: Sample): Promise<Content | undefined> {
  const { head } = sample
  if (startsWith(head, '\x1f\x8b')) return withContent(sample, 'gzip', 'gzip', await inflate(head, 'gunzipSync'))
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
    const inside = await inflate(head, 'inflateSync')
    if (inside !== undefined && inside.length > 0) return withContent(sample, 'zlib', 'zlib', inside)
  }
  return undefined
}

/** What comes out of the start of a compressed file; loads zlib only when there is one. */
async function inflate(head: Uint8Array, how: 'gunzipSync' | 'inflateSync'): Promise<Uint8Array | undefined> {
  const zlib = await import('node:zlib')
  try {
    // The file may be cut at our sample: what comes out until then is enough.
    return zlib[how](head, { finishFlush: zlib.constants.Z_SYNC_FLUSH, maxOutputLength: 16 << 20 })
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
