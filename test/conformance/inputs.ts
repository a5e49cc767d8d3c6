/** What the input files of a model hold by the signature, in the judge's own reading: to know which rows two files share. */
import { type Body, isList, isObject, type Raw, readBody } from './body.ts'
import { type Atom, atomText, type Canonical } from './canonical.ts'
import { convertScalar, Refused } from './convert.ts'
import { asTensors } from './outputs.ts'
import { read } from './reading.ts'
import { floatBits, integerRange, roundTo, type Scalar, type Spec } from './spec.ts'

/** A body or CSV file as the model would get it; undefined where this reading cannot tell. */
export function inputOf(spec: Spec | undefined, mime: string, text: string): Canonical | undefined {
  if (spec?.kind === 'tensors' && mime === 'application/json') return tensorInput(spec, readBody(text))
  const reading = read(spec, mime, text)
  return reading?.answer.ok === true ? reading.answer.parsed : undefined
}

/** `inputs` with one array, or with arrays by name. */
function tensorInput(spec: Extract<Spec, { kind: 'tensors' }>, body: Body | undefined): Canonical | undefined {
  const data = isObject(body?.value) ? body.value.pairs.get('inputs') : undefined
  if (data === undefined) return undefined
  const items: (readonly [string, Canonical & { kind: 'tensor' }])[] = []
  for (const { name, dtype } of spec.tensors) {
    const raw = isObject(data) ? data.pairs.get(name ?? '') : spec.tensors.length === 1 ? data : undefined
    if (raw === undefined) return undefined
    try {
      items.push([
        name ?? '',
        { kind: 'tensor', dtype, shape: shapeOf(raw), values: leaves(raw).map((leaf) => element(dtype, leaf)) },
      ])
    } catch (error) {
      if (error instanceof Refused) return undefined
      throw error
    }
  }
  return items.length === 1 && items[0]![0] === '' ? items[0]![1] : { kind: 'named', items }
}

function shapeOf(raw: Raw): readonly number[] {
  return isList(raw) ? [raw.length, ...(raw.length > 0 ? shapeOf(raw[0]!) : [])] : []
}

function leaves(raw: Raw): readonly Raw[] {
  return isList(raw) ? raw.flatMap(leaves) : [raw]
}

function element(dtype: string, raw: Raw): Atom {
  const scalar: Scalar =
    dtype === 'bool'
      ? 'boolean'
      : integerRange(dtype) !== undefined
        ? 'long'
        : floatBits(dtype) !== undefined
          ? 'double'
          : 'string'
  const atom = convertScalar(scalar, raw, 'numpy', () => {})
  const bits = floatBits(dtype)
  return bits !== undefined && typeof atom === 'object' && atom !== null && 'float' in atom
    ? { float: roundTo(bits, atom.float) }
    : atom
}

/** Which rows of two inputs are the same; undefined when they have not the same rows, or none is the same. */
export function sharedRows(one: Canonical | undefined, other: Canonical | undefined): readonly boolean[] | undefined {
  if (one === undefined || other === undefined) return undefined
  const left = asTensors(one)
  const right = asTensors(other)
  const count = left.values().next().value?.shape[0] ?? 0
  if (left.size === 0 || left.size !== right.size) return undefined
  const rows = new Array<boolean>(count).fill(true)
  const others = [...right.values()]
  for (const [position, tensor] of [...left.values()].entries()) {
    const twin = others[position]!
    if (tensor.shape[0] !== count || twin.shape[0] !== count || tensor.values.length !== twin.values.length) return undefined
    const size = tensor.values.length / (count || 1)
    for (const [at, value] of tensor.values.entries())
      if (atomText(value) !== atomText(twin.values[at]!)) rows[Math.floor(at / size)] = false
  }
  return rows.some(Boolean) ? rows : undefined
}
