/** The texts that a graph knows of an input, as far as its encoders say them. */
import { attributeReader } from './attribute.ts'
import type { OnnxNode } from './graph.ts'
import type { OnnxModel } from './model.ts'

export interface InputChoices {
  readonly values: readonly string[]
  /** Whether the graph fails on any other. */
  readonly closed: boolean
}

/** What passes one column on unchanged. */
const passing = new Set(['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten'])
/** More are no choice for people. */
const mostChoices = 500

/** Finds the categories of inputs that go into an encoder by themselves; by the names of the inputs. */
export function inputChoices(model: OnnxModel): ReadonlyMap<string, InputChoices> {
  const users = new Map<string, OnnxNode[]>()
  for (const node of model.graph.nodes) {
    const name = node.inputs[0]
    if (name !== undefined) users.set(name, [...(users.get(name) ?? []), node])
  }
  const read = attributeReader(model.bytes)
  const found = new Map<string, InputChoices>()
  for (const { name } of model.inputs) {
    let at: string | undefined = name
    // A checked graph has no circle; its length bounds the walk all the same.
    for (let steps = 0; steps < model.graph.nodes.length && at !== undefined; steps++) {
      const next: readonly OnnxNode[] = users.get(at) ?? []
      const [node] = next
      if (next.length !== 1 || node === undefined) break
      if (node.domain === 'ai.onnx.ml' && node.operator === 'OneHotEncoder') {
        const values = read.strings(node, 'cats_strings')
        // `zeros` is 1 where it is not written: an unknown text is no category, and no error.
        const closed = read.integer(node, 'zeros') === 0
        if (values.length > 0 && values.length <= mostChoices) found.set(name, { values, closed })
        break
      }
      at = node.domain === '' && passing.has(node.operator) ? node.outputs[0] : undefined
    }
  }
  return found
}
