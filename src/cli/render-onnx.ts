/** An ONNX graph as text: opsets, inputs and outputs, operators, size. */
import type { OnnxDescription } from '../describe.ts'
import { show } from '../show.ts'
import { grouped, table } from './table.ts'
import { count, indented, type RenderOptions } from './words.ts'

const mostOperators = 8
const mostValues = 12

/** Renders the graph section. */
export function renderOnnx(onnx: OnnxDescription, { ink, width, all }: RenderOptions): string[] {
  const opsets = Object.entries(onnx.opsets).map(([domain, version]) =>
    domain === 'ai.onnx' ? `opset ${version}` : `${show(domain)} ${version}`,
  )
  const made = onnx.producer === null ? '' : `, made by ${show(onnx.producer)}`
  const values = [
    ...onnx.inputs.map((value) => ['input', value] as const),
    ...onnx.outputs.map((value) => ['output', value] as const),
  ]
  const shown = all ? values : values.slice(0, mostValues)
  const rows = shown.map(([role, { name, type, shape }]) => [
    role,
    show(name, 60),
    `${show(type, 60)}${shape === null ? '' : ` [${shape.map((dimension) => show(dimension ?? '?', 30)).join(', ')}]`}`,
  ])
  const operators = Object.entries(onnx.operators)
  const named = (all ? operators : operators.slice(0, mostOperators)).map(([name, times]) =>
    times === 1 ? operatorWords(name) : `${operatorWords(name)} ×${grouped(times)}`,
  )
  const rest = operators.length - named.length
  return [
    `${ink.bold('ONNX')} ${ink.dim(show(onnx.file))}`,
    ...indented(`${opsets.join(', ')}, IR version ${onnx.ir_version}${made}`, width),
    ...table(rows, { width, paint: [ink.dim, undefined, ink.cyan] }),
    ...(values.length > shown.length ? [`  and ${count(values.length - shown.length, 'more value')} (--all lists them)`] : []),
    ...indented(
      `${count(onnx.node_count, 'node')}: ${named.join(', ')}${rest > 0 ? ` and ${count(rest, 'more operator')}` : ''}`,
      width,
    ),
    ...indented(parameterWords(onnx), width),
  ]
}

/** `ai.onnx.ml` has no name in common with the standard domain. */
function operatorWords(name: string): string {
  return show(name.replace(/^ai\.onnx\.ml\./, ''))
}

function parameterWords(onnx: OnnxDescription): string {
  // Trees, linear models and encoders of ai.onnx.ml keep their numbers in attributes, not in tensors.
  const inAttributes = Object.keys(onnx.operators).some((name) => name.startsWith('ai.onnx.ml.'))
  const files = onnx.external_data.map((file) => show(file, 60))
  return `${count(onnx.parameter_count, 'parameter')}${inAttributes ? ', not counting those inside ai.onnx.ml operators' : ''}${files.length === 0 ? '' : `, weights in ${files.join(', ')}`}`
}
