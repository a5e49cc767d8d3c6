/**
 * Tells what a file is by its content: magic bytes first, then what a container holds, then parsed keys; the extension
 * only narrows. Nothing is executed, and no more than some kilobytes are decompressed.
 */
import { compressedContent } from './sniff/compressed.ts'
import type { Content } from './sniff/content.ts'
import { magicContent } from './sniff/magic.ts'
import { protobufContent } from './sniff/protobuf.ts'
import { pickleContent } from './sniff/python-object.ts'
import type { Sample } from './sniff/sample.ts'
import { textContent } from './sniff/text.ts'
import { xgboostContent } from './sniff/xgboost.ts'
import { zipContent } from './sniff/zip-content.ts'

export type { Content, Format } from './sniff/content.ts'
export { type Sample, sampleBytes, sampleFile } from './sniff/sample.ts'

/** Says what a file is; `unknown` (with its first bytes) where nothing fits. */
export async function sniff(sample: Sample): Promise<Content> {
  if (sample.size === 0) return { format: 'empty', title: 'empty file' }
  return (
    magicContent(sample) ??
    (await zipContent(sample)) ??
    (await compressedContent(sample)) ??
    xgboostContent(sample) ??
    pickleContent(sample) ??
    protobufContent(sample) ??
    textContent(sample) ??
    unknownContent(sample)
  )
}

function unknownContent({ head }: Sample): Content {
  const first = Buffer.from(head.subarray(0, 16))
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ')
  return { format: 'unknown', title: `binary data that starts with ${first}` }
}
