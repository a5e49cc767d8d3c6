/** A signature as MLflow writes it (`to_json`) and prints it (`repr`). */
import { type Cell, type CellMap, isCellMap, isMoment } from '../batch.ts'
import { formatPythonFloat, writeJsonValue } from '../json.ts'
import { type ColumnSpec, type ParamSpec, type Schema, type Signature, specsOf, type TensorSpec, type ValueType } from './spec.ts'

/** The three parts as an MLmodel file holds them: JSON texts, null for a part that is absent. */
export interface SignatureTexts {
  readonly inputs: string | null
  readonly outputs: string | null
  readonly params: string | null
}

/** Writes a signature as MLflow's `ModelSignature.to_dict` does; an empty list of params becomes null there too. */
export function signatureToJson(signature: Signature): SignatureTexts {
  const { inputs, outputs, params } = signature
  return {
    inputs: inputs === undefined ? null : writeJsonValue(schemaToCell(inputs)),
    outputs: outputs === undefined ? null : writeJsonValue(schemaToCell(outputs)),
    params: params === undefined || params.length === 0 ? null : writeJsonValue(paramsToCell(params)),
  }
}

/** A schema as the JSON value MLflow writes, keys in its order. */
export function schemaToCell(schema: Schema): Cell {
  return specsOf(schema).map((spec) => (spec.kind === 'tensor' ? tensorToCell(spec) : columnToCell(spec)))
}

/** Params as the JSON value MLflow writes. */
export function paramsToCell(params: readonly ParamSpec[]): Cell {
  return params.map(
    ({ name, default: value, shape, type }) =>
      new Map<string, Cell>([['name', name], ['default', value], ['shape', shape === null ? null : [-1n]], ...typeToCell(type)]),
  )
}

function columnToCell(column: ColumnSpec): CellMap {
  return new Map<string, Cell>([
    ...typeToCell(column.type),
    ...nameEntry(column.name),
    ['required', column.requiredIsNull === true ? null : column.required],
  ])
}

function tensorToCell(tensor: TensorSpec): CellMap {
  const shape = tensor.shape.map((dimension) => (dimension === null ? null : BigInt(dimension)))
  const info = new Map<string, Cell>([
    ['dtype', tensor.numpyDtype],
    ['shape', shape],
  ])
  return new Map<string, Cell>([...nameEntry(tensor.name), ['type', 'tensor'], ['tensor-spec', info]])
}

function nameEntry(name: string | number | undefined): [string, Cell][] {
  return name === undefined ? [] : [['name', typeof name === 'number' ? BigInt(name) : name]]
}

function typeToCell(type: ValueType): Map<string, Cell> {
  switch (type.kind) {
    case 'scalar':
      return new Map([['type', type.dataType]])
    case 'array':
      return new Map<string, Cell>([
        ['type', 'array'],
        ['items', typeToCell(type.items)],
      ])
    case 'map':
      return new Map<string, Cell>([
        ['type', 'map'],
        ['values', typeToCell(type.values)],
      ])
    case 'object': {
      const properties = type.properties.map((property): [string, Cell] => [
        property.name,
        typeToCell(property.type).set('required', property.required),
      ])
      return new Map<string, Cell>([
        ['type', 'object'],
        ['properties', new Map(properties)],
      ])
    }
    default:
      return new Map([['type', type.kind]])
  }
}

/** A whole signature as `repr(ModelSignature)`: three headings, each followed by its part or `None`. */
export function printSignature(signature: Signature): string {
  const print = <Part>(part: Part | undefined, printer: (part: Part) => string): string =>
    part === undefined ? 'None' : printer(part)
  const inputs = print(signature.inputs, printSchema)
  const outputs = print(signature.outputs, printSchema)
  return `inputs: \n  ${inputs}\noutputs: \n  ${outputs}\nparams: \n  ${print(signature.params, printParams)}\n`
}

/** A schema as MLflow's messages show it: `['a': double (required), 'b': long (optional)]`. */
export function printSchema(schema: Schema): string {
  return `[${specsOf(schema).map(printColumn).join(', ')}]`
}

/** One column or tensor: `'a': double (required)`, `Tensor('float32', (-1, 2))`. */
export function printColumn(spec: ColumnSpec | TensorSpec): string {
  const name = spec.name === undefined ? '' : `${typeof spec.name === 'number' ? spec.name : pythonRepr(spec.name)}: `
  if (spec.kind === 'tensor') return `${name}Tensor(${pythonRepr(spec.numpyDtype)}, ${printShape(spec.shape)})`
  return `${name}${printType(spec.type)} (${spec.required ? 'required' : 'optional'})`
}

/** A shape as a Python tuple: `(-1, 2)`, `(-1,)`, `()`. */
export function printShape(shape: readonly (number | null)[]): string {
  return `(${shape.map((dimension) => dimension ?? 'None').join(', ')}${shape.length === 1 ? ',' : ''})`
}

/** Params as MLflow's messages show them: `['k': double (default: 0.5), 'names': string (default: ['a']) (shape: (-1,))]`. */
export function printParams(params: readonly ParamSpec[]): string {
  return `[${params.map(printParam).join(', ')}]`
}

/** One param, for example `'k': double (default: 0.5)`. */
export function printParam(param: ParamSpec): string {
  const value =
    typeof param.default === 'string'
      ? param.default
      : isMoment(param.default)
        ? printMoment(param.default)
        : pythonRepr(param.default)
  const shape = param.shape === null ? '' : ` (shape: ${printShape(param.shape)})`
  return `${pythonRepr(param.name)}: ${printType(param.type)} (default: ${value})${shape}`
}

/** A type as MLflow prints it. Only a map shows its value type by `str`, which adds `DataType.` to a column type. */
export function printType(type: ValueType): string {
  switch (type.kind) {
    case 'scalar':
      return type.dataType
    case 'array':
      return `Array(${printType(type.items)})`
    case 'map':
      return `Map(str -> ${type.values.kind === 'scalar' ? 'DataType.' : ''}${printType(type.values)})`
    case 'object':
      return `{${type.properties.map(({ name, type, required }) => `${name}: ${printType(type)} (${required ? 'required' : 'optional'})`).join(', ')}}`
    case 'any':
      return 'Any'
    case 'sparkml_vector':
      return 'SparkML vector'
  }
}

/** Python's `repr` of a value. */
export function pythonRepr(value: Cell): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return Number.isNaN(value) ? 'nan' : formatPythonFloat(value).replace('Infinity', 'inf')
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return reprText(value)
  if (isCellMap(value)) return `{${[...value].map(([key, item]) => `${reprText(key)}: ${pythonRepr(item)}`).join(', ')}}`
  if (Array.isArray(value)) return `[${(value as readonly Cell[]).map(pythonRepr).join(', ')}]`
  if (isMoment(value)) return reprMoment(value)
  return value instanceof Uint8Array
    ? `b${reprText(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'))}`
    : 'array'
}

// Python's str.isprintable: no controls, formats, surrogates, private or unassigned characters, no separators but the space.
const unprintable = /[\\'"\p{C}\p{Z}]/gu

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(unprintable, (character) => {
    if (character === ' ') return character
    if (character === '\\') return '\\\\'
    if (character === "'" || character === '"') return character === quote ? `\\${character}` : character
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character]
    if (short !== undefined) return short
    const point = character.codePointAt(0)!
    const hex = point.toString(16)
    return point < 0x100
      ? `\\x${hex.padStart(2, '0')}`
      : point < 0x10000
        ? `\\u${hex.padStart(4, '0')}`
        : `\\U${hex.padStart(8, '0')}`
  })
  return `${quote}${escaped}${quote}`
}

function splitMoment(nanoseconds: bigint): { readonly date: Date; readonly microseconds: number } {
  const microseconds = nanoseconds / 1000n
  const rest = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n
  return { date: new Date(Number((microseconds - rest) / 1000n)), microseconds: Number(rest) }
}

/** `str(datetime)` or `str(date)`. */
function printMoment(moment: { readonly kind: 'datetime' | 'date'; readonly nanoseconds: bigint }): string {
  const { date, microseconds } = splitMoment(moment.nanoseconds)
  const text = date.toISOString()
  if (moment.kind === 'date') return text.slice(0, 10)
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${microseconds === 0 ? '' : `.${String(microseconds).padStart(6, '0')}`}`
}

function reprMoment(moment: { readonly kind: 'datetime' | 'date'; readonly nanoseconds: bigint }): string {
  const { date, microseconds } = splitMoment(moment.nanoseconds)
  const day = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
  if (moment.kind === 'date') return `datetime.date(${day.join(', ')})`
  const tail = microseconds > 0 ? [date.getUTCSeconds(), microseconds] : date.getUTCSeconds() > 0 ? [date.getUTCSeconds()] : []
  return `datetime.datetime(${[...day, date.getUTCHours(), date.getUTCMinutes(), ...tail].join(', ')})`
}
