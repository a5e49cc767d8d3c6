/** The labels a classifier in a graph can answer, as far as the graph says them. */
import { type AttributeReader, attributeReader } from './attribute.ts'
import type { OnnxNode } from './graph.ts'
import type { OnnxModel } from './model.ts'

/** Attributes that hold the labels, by the operators that answer one of them. */
const classifiers: Readonly<Record<string, readonly string[]>> = {
  LinearClassifier: ['classlabels_strings', 'classlabels_ints'],
  SVMClassifier: ['classlabels_strings', 'classlabels_ints'],
  TreeEnsembleClassifier: ['classlabels_strings', 'classlabels_int64s'],
}
const zipMap = ['classlabels_strings', 'classlabels_int64s']

/** What passes values on unchanged. */
const passing = new Set(['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten'])

/**
 * Finds the labels of an output: those a classifier answers, or the keys of the maps that a ZipMap answers.
 *
 * @returns undefined where the graph does not say
 */
export function outputLabels(model: OnnxModel, output: string): readonly (string | bigint)[] | undefined {
  const makers = new Map(model.graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const read = attributeReader(model.bytes)
  let name: string | undefined = output
  // A checked graph has no circle; its length bounds the walk all the same.
  for (let steps = 0; steps < model.graph.nodes.length && name !== undefined; steps++) {
    const node = makers.get(name)
    if (node === undefined) return undefined
    if (node.domain === '' && passing.has(node.operator)) name = node.inputs[0]
    else if (node.domain !== 'ai.onnx.ml') return undefined
    else if (node.operator === 'ZipMap') return labelsOf(node, zipMap, read)
    else if (node.outputs[0] === name) return labelsOf(node, classifiers[node.operator] ?? [], read)
    else return undefined
  }
  return undefined
}

function labelsOf(
  node: OnnxNode,
  attributes: readonly string[],
  read: AttributeReader,
): readonly (string | bigint)[] | undefined {
  const [texts, integers] = attributes
  if (texts === undefined || integers === undefined) return undefined
  const strings = read.strings(node, texts)
  const labels = strings.length > 0 ? strings : read.bigIntegers(node, integers)
  return labels.length > 0 ? labels : undefined
}
