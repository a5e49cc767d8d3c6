/** Whether the links of a graph hold: every name defined once and before a circle can form, every output made, no function within itself. */
import { MlmodelError } from '../errors/index.ts'
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxNode, OpsetImport } from './graph.ts'

/**
 * Checks the main graph and the functions of a file.
 *
 * @throws ONNX_INVALID
 */
export function checkGraphs(
  main: OnnxGraph,
  functions: readonly OnnxFunction[],
  model: { readonly irVersion: number; readonly opsets: readonly OpsetImport[] },
): void {
  checkOpsets(model.opsets, model.irVersion)
  if (main.outputs.length === 0) throw invalid('it has no outputs')
  checkGraph(main, undefined)
  checkDomains(main.nodes, model.opsets, model.irVersion)
  for (const body of functions) {
    checkScope(body.nodes, body.inputs, body.outputs, undefined, `the function \`${body.name}\``)
    for (const attribute of body.attributes) for (const graph of attribute.graphs) checkGraph(graph, undefined)
  }
  checkRecursion(functions)
}

const invalid = (why: string) => new MlmodelError('ONNX_INVALID', { why })

function checkOpsets(opsets: readonly OpsetImport[], irVersion: number): void {
  // Before IR 3 there were no opsets.
  if (irVersion >= 3 && opsets.length === 0) throw invalid('it imports no opset')
  for (const { domain, version } of opsets) {
    if (version < 1 || version > 2 ** 31) throw invalid(`it imports version ${version} of the opset \`${domain || 'ai.onnx'}\``)
  }
}

function checkDomains(nodes: readonly OnnxNode[], opsets: readonly OpsetImport[], irVersion: number): void {
  if (irVersion < 3) return
  const imported = new Set(opsets.map(({ domain }) => domain))
  for (const { domain, operator } of nodes) {
    if (!imported.has(domain))
      throw invalid(`the operator ${operator} is of the domain \`${domain || 'ai.onnx'}\`, of which no opset is imported`)
  }
}

/** The names of the graphs around a nested graph. */
interface Scope {
  readonly names: ReadonlySet<string>
  readonly outer: Scope | undefined
}

const isIn = (scope: Scope | undefined, name: string): boolean =>
  scope !== undefined && (scope.names.has(name) || isIn(scope.outer, name))

/** Checks one graph and those nested in it; gives the names it takes from around. */
function checkGraph(graph: OnnxGraph, outer: Scope | undefined): ReadonlySet<string> {
  const given = new Set<string>()
  for (const { name } of graph.inputs) {
    if (name === '' || given.has(name)) throw invalid(name === '' ? 'an input has no name' : `the input \`${name}\` stands twice`)
    given.add(name)
  }
  for (const { name } of graph.initializers) given.add(name)
  for (const { values } of graph.sparseInitializers) given.add(values.name)
  const outputs = graph.outputs.map(({ name }) => name)
  if (new Set(outputs).size !== outputs.length) throw invalid('an output stands twice')
  return checkScope(graph.nodes, [...given], outputs, outer, graph.name === '' ? 'the graph' : `the graph \`${graph.name}\``)
}

function checkScope(
  nodes: readonly OnnxNode[],
  given: readonly string[],
  outputs: readonly string[],
  outer: Scope | undefined,
  what: string,
): ReadonlySet<string> {
  const makers = new Map<string, number>()
  for (const name of given) makers.set(name, -1)
  nodes.forEach((node, index) => {
    if (node.operator === '') throw invalid(`a node of ${what} has no operator`)
    for (const name of node.outputs) {
      if (name === '') continue
      if (makers.has(name)) throw invalid(`the value \`${name}\` is made twice in ${what}`)
      makers.set(name, index)
    }
  })
  const scope: Scope = { names: new Set(makers.keys()), outer }
  const free = new Set<string>()
  const needs = nodes.map((node) => needsOf(node, scope, makers, free, what))
  for (const name of outputs) {
    if (makers.has(name)) continue
    if (!isIn(outer, name)) throw invalid(`the output \`${name}\` of ${what} is made by no node`)
    free.add(name)
  }
  const stuck = circle(needs)
  if (stuck !== undefined) throw invalid(`${what} has a circle, which the node ${nodes[stuck]!.operator} is part of or waits for`)
  return free
}

/** The nodes of the same graph that a node waits for. */
function needsOf(
  node: OnnxNode,
  scope: Scope,
  makers: ReadonlyMap<string, number>,
  free: Set<string>,
  what: string,
): readonly number[] {
  const names = new Set(node.inputs)
  for (const attribute of node.attributes)
    for (const graph of attribute.graphs) for (const name of checkGraph(graph, scope)) names.add(name)
  names.delete('')
  const needs: number[] = []
  for (const name of names) {
    const maker = makers.get(name)
    if (maker !== undefined) {
      if (maker >= 0) needs.push(maker)
    } else if (isIn(scope.outer, name)) free.add(name)
    else throw invalid(`the node ${node.operator} of ${what} takes \`${name}\`, which nothing makes`)
  }
  return needs
}

/**
 * Finds a circle by Kahn's algorithm. ONNX Runtime takes nodes in any order, so only a circle is an error.
 *
 * @param needs - for each position the positions it waits for
 * @returns a position on a circle or behind one, if there is any
 */
function circle(needs: readonly (readonly number[])[]): number | undefined {
  const waiting = needs.map((list) => list.length)
  const users: number[][] = needs.map(() => [])
  needs.forEach((list, index) => {
    for (const maker of list) users[maker]!.push(index)
  })
  const ready: number[] = []
  waiting.forEach((count, index) => {
    if (count === 0) ready.push(index)
  })
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    for (const user of users[index]!) if (--waiting[user]! === 0) ready.push(user)
  }
  const stuck = waiting.findIndex((count) => count > 0)
  return stuck < 0 ? undefined : stuck
}

/** What a node calls: ONNX finds a function by domain, name and overload. */
const functionKey = ({ domain, name, overload }: { domain: string; name: string; overload: string }) =>
  JSON.stringify([domain, name, overload])

function checkRecursion(functions: readonly OnnxFunction[]): void {
  const index = new Map(functions.map((body, position) => [functionKey(body), position]))
  if (index.size !== functions.length) throw invalid('a function is defined twice')
  const calls = functions.map((body) => [...calledBy(body, index)])
  const stuck = circle(calls)
  if (stuck !== undefined) throw invalid(`the function \`${functions[stuck]!.name}\` calls itself, or one that does`)
}

function calledBy(body: OnnxFunction, index: ReadonlyMap<string, number>): ReadonlySet<number> {
  const called = new Set<number>()
  const visitAttributes = (attributes: readonly OnnxAttribute[]) => {
    for (const { graphs } of attributes) for (const graph of graphs) visit(graph.nodes)
  }
  const visit = (nodes: readonly OnnxNode[]) => {
    for (const node of nodes) {
      const position = index.get(functionKey({ domain: node.domain, name: node.operator, overload: node.overload }))
      if (position !== undefined) called.add(position)
      visitAttributes(node.attributes)
    }
  }
  visit(body.nodes)
  visitAttributes(body.attributes)
  return called
}
