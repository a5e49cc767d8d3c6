/**
 * StringNormalizer asks the system for the locale `en_US.UTF-8` to change case, which slim containers do not have;
 * ONNX Runtime then refuses the session. scikit-learn's vectorizers with `lowercase=True` convert to it.
 */
import { attributeReader } from './attribute.ts'
import type { OnnxNode } from './graph.ts'
import type { OnnxModel } from './model.ts'
import { type Chunks, writeBytes } from './protobuf.ts'
import { writeAttribute } from './rewrite.ts'

/**
 * glibc's locale that is always there, of the same case tables: over all of Unicode, ONNX Runtime 1.30.0 lowers and raises every
 * character as with `en_US.UTF-8`.
 */
const builtIn = 'C.UTF-8'

/** Whether ONNX Runtime's words say that a locale is not there. */
export function isLocaleError(words: string): boolean {
  return /locale/i.test(words)
}

/** The locale that a refused model asks for. */
export function missingLocale(model: OnnxModel): string {
  const read = attributeReader(model.bytes)
  const node = model.graph.nodes.find(isNormalizer)
  return (node && read.string(node, 'locale')) ?? 'en_US.UTF-8'
}

const isNormalizer = ({ domain, operator }: OnnxNode) => domain === '' && operator === 'StringNormalizer'

/** The nodes of the main graph that ask for American English, each with the built-in locale instead. */
export function withBuiltInLocale(model: OnnxModel): ReadonlyMap<OnnxNode, Chunks> {
  const read = attributeReader(model.bytes)
  const changed = new Map<OnnxNode, Chunks>()
  for (const node of model.graph.nodes.filter(isNormalizer)) {
    if (!/^(en_US(\.UTF-?8)?)?$/i.test(read.string(node, 'locale') ?? '')) continue
    const chunks: Uint8Array[] = []
    let position = node.place.from
    for (const { name, place } of node.attributes) {
      if (name !== 'locale') continue
      chunks.push(model.bytes.subarray(position, place.start))
      position = place.to
    }
    chunks.push(
      model.bytes.subarray(position, node.place.to),
      ...writeBytes(5, writeAttribute('locale', { kind: 'string', value: builtIn })),
    )
    changed.set(node, chunks)
  }
  return changed
}
