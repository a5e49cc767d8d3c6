/**
 * Two signatures, seen by a client of the old one: what it sends must be taken, and what it reads must still be there. The rules are those
 * of MLflow's enforcement: extra columns, tensors and params of a request are dropped, missing required ones refused.
 */
import { writeJsonValue } from '../json.ts'
import {
  type ColumnSpec,
  type ParamSpec,
  printColumn,
  printParam,
  printShape,
  printType,
  type Schema,
  type Signature,
  specsOf,
  type TensorSpec,
} from '../signature.ts'
import type { SignatureChange } from './change.ts'
import { fits, isSameType } from './value-types.ts'

type Side = 'inputs' | 'outputs'
type Spec = ColumnSpec | TensorSpec
type Found = Omit<SignatureChange, 'part'>

/** Every change, in the order of the old signature; empty when the two say the same. */
export function diffSignatures(before: Signature | undefined, after: Signature | undefined): readonly SignatureChange[] {
  return [
    ...diffSchemas('inputs', before?.inputs, after?.inputs),
    ...diffSchemas('outputs', before?.outputs, after?.outputs),
    ...diffParams(before?.params ?? [], after?.params ?? []),
  ]
}

function diffSchemas(part: Side, before: Schema | undefined, after: Schema | undefined): readonly SignatureChange[] {
  const whole = (found: Found): readonly SignatureChange[] => [{ part, ...found }]
  if (before === undefined && after === undefined) return []
  if (before === undefined)
    return whole(
      part === 'inputs'
        ? { effect: 'breaking', change: 'declared for the first time: requests that were taken may be refused' }
        : { effect: 'compatible', change: 'declared for the first time' },
    )
  if (after === undefined)
    return whole(
      part === 'inputs'
        ? { effect: 'compatible', change: 'not declared any more: nothing is refused' }
        : { effect: 'breaking', change: 'not declared any more' },
    )
  if (before.kind !== after.kind) return whole({ effect: 'breaking', change: 'another kind', old: before.kind, new: after.kind })
  const [from, to] = [specsOf(before), specsOf(after)]
  const isNamed = (specs: readonly Spec[]) => specs.some(({ name }) => name !== undefined)
  if (isNamed(from) !== isNamed(to)) return diffUnnamed(part, from, to)
  const found = isNamed(from) ? diffNamed(part, from, to) : diffPlaces(part, from, to)
  return found.map((one) => ({ part, ...one }))
}

/** Names that come or go: values by place are the same, and who reads or sends by name is not. */
function diffUnnamed(part: Side, from: readonly Spec[], to: readonly Spec[]): readonly SignatureChange[] {
  const gains = to.some(({ name }) => name !== undefined)
  // Without names MLflow takes columns by their place, whatever they are called.
  const compatible = part === 'inputs' ? !gains : gains && to.length >= from.length
  const names: SignatureChange = {
    part,
    effect: compatible ? 'compatible' : 'breaking',
    change: gains ? 'names added' : 'names removed',
  }
  return [names, ...diffPlaces(part, from, to).map((one) => ({ part, ...one }))]
}

function diffNamed(part: Side, from: readonly Spec[], to: readonly Spec[]): readonly Found[] {
  const known = new Map(to.map((spec) => [String(spec.name), spec]))
  const old = new Set(from.map(({ name }) => String(name)))
  const found = from.flatMap((spec) => {
    const other = known.get(String(spec.name))
    return other === undefined ? [removed(part, spec)] : diffSpec(part, spec, other, String(spec.name))
  })
  found.push(...to.filter(({ name }) => !old.has(String(name))).map((spec) => added(part, spec)))
  const order = (specs: readonly Spec[], among: ReadonlySet<string>) =>
    specs
      .map(({ name }) => String(name))
      .filter((name) => among.has(name))
      .join('\n')
  const both = new Set([...old].filter((name) => known.has(name)))
  if (order(from, both) !== order(to, both)) found.push({ effect: 'compatible', change: 'in another order' })
  return found
}

function diffPlaces(part: Side, from: readonly Spec[], to: readonly Spec[]): readonly Found[] {
  const pairs = from.slice(0, to.length).flatMap((spec, at) => diffSpec(part, spec, to[at]!, String(at)))
  // By place nothing can be left out or added in silence.
  const count: readonly Found[] =
    from.length === to.length
      ? []
      : [{ effect: 'breaking', change: 'another number', old: String(from.length), new: String(to.length) }]
  return [...pairs, ...count]
}

function removed(part: Side, spec: Spec): Found {
  return {
    name: String(spec.name),
    effect: part === 'outputs' ? 'breaking' : 'compatible',
    change: 'removed',
    old: printColumn(spec),
  }
}

function added(part: Side, spec: Spec): Found {
  const needed = part === 'inputs' && (spec.kind === 'tensor' || spec.required)
  const change = part === 'inputs' ? (needed ? 'added, and required' : 'added, and optional') : 'added'
  return { name: String(spec.name), effect: needed ? 'breaking' : 'compatible', change, new: printColumn(spec) }
}

function diffSpec(part: Side, before: Spec, after: Spec, name: string): Found[] {
  if (before.kind === 'column' && after.kind === 'column') return diffColumn(part, before, after, name)
  if (before.kind === 'tensor' && after.kind === 'tensor') return diffTensor(part, before, after, name)
  return [{ name, effect: 'breaking', change: 'another kind' }]
}

/** Values go from the client to the model for inputs, and the other way for outputs. */
function diffColumn(part: Side, before: ColumnSpec, after: ColumnSpec, name: string): Found[] {
  const found: Found[] = []
  if (!isSameType(before.type, after.type)) {
    const taken = part === 'inputs' ? fits(before.type, after.type) : fits(after.type, before.type)
    found.push({
      name,
      effect: taken ? 'compatible' : 'breaking',
      change: 'another type',
      old: printType(before.type),
      new: printType(after.type),
    })
  }
  if (before.required !== after.required) {
    const stricter = part === 'inputs' ? after.required : !after.required
    const word = (required: boolean) => (required ? 'required' : 'optional')
    found.push({
      name,
      effect: stricter ? 'breaking' : 'compatible',
      change: `now ${word(after.required)}`,
      old: word(before.required),
      new: word(after.required),
    })
  }
  return found
}

function diffTensor(part: Side, before: TensorSpec, after: TensorSpec, name: string): Found[] {
  const found: Found[] = []
  if (before.numpyDtype !== after.numpyDtype)
    found.push({ name, effect: 'breaking', change: 'another type', old: before.numpyDtype, new: after.numpyDtype })
  const [old, now] = [printShape(before.shape), printShape(after.shape)]
  if (old !== now) {
    const [narrow, wide] = part === 'inputs' ? [before.shape, after.shape] : [after.shape, before.shape]
    const within = narrow.length === wide.length && wide.every((size, at) => size === -1 || size === narrow[at])
    found.push({ name, effect: within ? 'compatible' : 'breaking', change: 'another shape', old, new: now })
  }
  return found
}

/** A request's params that a model does not know are ignored with a warning: the client's value has no effect any more. */
function diffParams(before: readonly ParamSpec[], after: readonly ParamSpec[]): readonly SignatureChange[] {
  const known = new Map(after.map((param) => [param.name, param]))
  const old = new Set(before.map(({ name }) => name))
  const found: Found[] = before.flatMap((param) => {
    const other = known.get(param.name)
    return other === undefined
      ? [{ name: param.name, effect: 'breaking' as const, change: 'removed', old: printParam(param) }]
      : diffParam(param, other)
  })
  for (const param of after)
    if (!old.has(param.name)) found.push({ name: param.name, effect: 'compatible', change: 'added', new: printParam(param) })
  return found.map((one) => ({ part: 'params', ...one }))
}

function diffParam(before: ParamSpec, after: ParamSpec): Found[] {
  const { name } = before
  const found: Found[] = []
  if (!isSameType(before.type, after.type)) {
    const effect = fits(before.type, after.type) ? 'compatible' : 'breaking'
    found.push({ name, effect, change: 'another type', old: printType(before.type), new: printType(after.type) })
  }
  if ((before.shape === null) !== (after.shape === null)) {
    const word = (param: ParamSpec) => (param.shape === null ? 'one value' : 'a list')
    found.push({ name, effect: 'breaking', change: 'another shape', old: word(before), new: word(after) })
  }
  const [old, now] = [writeJsonValue(before.default), writeJsonValue(after.default)]
  if (old !== now) found.push({ name, effect: 'compatible', change: 'another default', old, new: now })
  return found
}
