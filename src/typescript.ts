/** TypeScript types of what a model takes and gives, for `openModel<Types>()` of the library. */
import { basename } from 'node:path'
import { type DataType, type Dtype, dtypes } from './dtype.ts'
import type { Mlmodel } from './mlmodel.ts'
import { dtypeOfType, type OnnxModel, type OnnxType, outputLabels } from './onnx/index.ts'
import {
  type ColumnSpec,
  type ParamSpec,
  printColumn,
  type Schema,
  specNames,
  type TensorSpec,
  type ValueType,
} from './signature.ts'

export interface TypeScriptOptions {
  /** Of the types; see {@link typesName}. */
  readonly name: string
  /** The graph of an ONNX model, which decides the outputs; without it the signature does. */
  readonly onnx?: OnnxModel | undefined
}

/** Labels beyond this many make no readable union. */
const mostLabels = 200

/** The name of a model's types where none is given: its folder's, as TypeScript names types. */
export function typesName(directory: string): string {
  const words = basename(directory).split(/[^A-Za-z0-9]+/)
  const name = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
  return name === '' || name === 'Model' ? 'MyModel' : /^[0-9]/.test(name) ? `Model${name}` : name
}

/**
 * Writes a TypeScript module: interfaces `<Name>Row` or `<Name>Tensors`, `<Name>Output` and `<Name>Params`, and `<Name>`,
 * which has them all and is what `openModel` takes. Names from the model are quoted and escaped; nothing else of it is
 * written.
 */
export function writeTypes(model: Mlmodel, { name, onnx }: TypeScriptOptions): string {
  const { inputs, outputs, params } = model.signature ?? {}
  const parts: string[] = []
  const members: string[] = []
  const declare = (member: string, suffix: string, doc: string, body: string): void => {
    const isObject = body.startsWith('{')
    const head = isObject ? `export interface ${name}${suffix} ${body}` : `export type ${name}${suffix} = ${body}`
    parts.push(`/** ${doc} */\n${head}\n`)
    members.push(`  readonly ${member}: ${name}${suffix}`)
  }
  if (inputs?.kind === 'columns' && inputs.columns[0]?.name !== undefined)
    declare('row', 'Row', 'A row of input.', rowType(inputs))
  else if (inputs !== undefined) declare('tensors', 'Tensors', 'The input.', tensorsType(inputs))
  const asTable = inputs?.kind === 'columns'
  const output = onnx !== undefined ? graphOutput(onnx, asTable) : outputs === undefined ? undefined : signatureOutput(outputs)
  if (output !== undefined) declare('output', 'Output', 'A row of the answer.', output)
  if (params !== undefined && params.length > 0) declare('params', 'Params', 'Params; each has a default.', paramsType(params))
  const whole =
    members.length === 0
      ? `/** The model has no signature. */\nexport type ${name} = Record<never, never>\n`
      : `/** What the model takes and gives: \`openModel<${name}>(…)\`. */\nexport interface ${name} {\n${members.join('\n')}\n}\n`
  const body = [...parts, whole].join('\n')
  const imports = /\bTensorInput\b/.test(body) ? "import type { TensorInput } from 'mlmodel'\n\n" : ''
  return `// Made by \`mlmodel types\`; to be made again when the model changes.\n\n${imports}${body}`
}

function rowType(schema: Schema & { readonly kind: 'columns' }): string {
  const names = specNames(schema)
  return objectType(
    schema.columns.map((column, index) => ({
      name: String(names[index]),
      type: inputType(column.type, ''),
      optional: !column.required,
      nullable: !column.required && !wantsValue(column.type),
      doc: docOf(column),
    })),
    '',
  )
}

/** What NumPy cannot miss: the column may be left out, a null in it is refused. */
function wantsValue(type: ValueType): boolean {
  return type.kind === 'scalar' && /^(boolean|integer|long)$/.test(type.dataType)
}

/** MLflow's own words for a column, where TypeScript's type says less. */
function docOf(column: ColumnSpec): string {
  const { name: _name, ...unnamed } = column
  return printColumn(unnamed)
}

interface Member {
  readonly name: string
  readonly type: string
  readonly optional: boolean
  /** Whether null is taken too; default: where it is optional. */
  readonly nullable?: boolean
  readonly doc?: string
}

function objectType(members: readonly Member[], indent: string): string {
  if (members.length === 0) return 'Record<string, never>'
  // Of a name that is there twice, MLflow counts the last.
  const unique = new Map(members.map((member) => [member.name, member]))
  const lines = [...unique.values()].map(({ name, type, optional, nullable = optional, doc }) => {
    const comment = doc === undefined ? '' : `${indent}  /** ${commentText(doc)} */\n`
    return `${comment}${indent}  readonly ${keyText(name)}${optional ? '?' : ''}: ${type}${nullable ? ' | null' : ''}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}

/** What `predict` takes for a value. */
const inputOf: Readonly<Record<DataType, string>> = {
  boolean: 'boolean',
  integer: 'number | bigint',
  long: 'number | bigint',
  float: 'number',
  double: 'number',
  string: 'string',
  binary: 'Uint8Array',
  datetime: 'Date | string',
}

function inputType(type: ValueType, indent: string): string {
  switch (type.kind) {
    case 'scalar':
      return inputOf[type.dataType]
    case 'array':
      return `readonly ${parenthesised(inputType(type.items, indent))}[]`
    case 'sparkml_vector':
      return 'readonly number[]'
    case 'map':
      return `{ readonly [key: string]: ${inputType(type.values, indent)} }`
    case 'object':
      return objectType(
        type.properties.map(({ name, type: property, required }) => ({
          name,
          type: inputType(property, `${indent}  `),
          optional: !required,
        })),
        `${indent}  `,
      )
    case 'any':
      return 'unknown'
  }
}

function parenthesised(type: string): string {
  return /[ |]/.test(type) && !type.startsWith('{') ? `(${type})` : type
}

function tensorsType(schema: Schema): string {
  if (schema.kind === 'columns') {
    const row = schema.columns.map(
      ({ type, required }) => `${inputType(type, '')}${required || wantsValue(type) ? '' : ' | null'}`,
    )
    return `readonly (readonly [${row.join(', ')}, ...unknown[]])[] | TensorInput`
  }
  const [only] = schema.tensors
  if (only !== undefined && only.name === undefined) return tensorType(only)
  const names = specNames(schema)
  return objectType(
    schema.tensors.map((spec, index) => ({
      name: String(names[index]),
      type: tensorType(spec),
      optional: false,
      doc: `${spec.numpyDtype} [${spec.shape.join(', ')}]`,
    })),
    '',
  )
}

const elementOf: Partial<Record<Dtype, string>> = {
  bool: 'boolean',
  int64: 'number | bigint',
  uint64: 'number | bigint',
  string: 'string',
}

function tensorType({ dtype, shape }: TensorSpec): string {
  if (dtype === undefined || dtype === 'object' || dtype.startsWith('complex')) return 'never'
  const element = dtype === 'bytes' ? 'Uint8Array' : dtype === 'datetime64' ? 'Date | string' : (elementOf[dtype] ?? 'number')
  const lists = shape.reduce<string>((inner) => `readonly ${parenthesised(inner)}[]`, element)
  const typed = shape.length === 1 ? typedArrays[dtype] : undefined
  return [`TensorInput<'${dtype}'>`, ...(shape.length > 0 ? [lists] : []), ...(typed === undefined ? [] : [typed])].join(' | ')
}

const typedArrays: Partial<Record<Dtype, string>> = {
  int8: 'Int8Array',
  uint8: 'Uint8Array',
  int16: 'Int16Array',
  uint16: 'Uint16Array',
  int32: 'Int32Array',
  uint32: 'Uint32Array',
  int64: 'BigInt64Array',
  uint64: 'BigUint64Array',
  float32: 'Float32Array',
  float64: 'Float64Array',
}

/** The element of a row of predictions. */
function outputElement(dtype: Dtype): string {
  switch (dtype) {
    case 'bool':
      return 'boolean'
    case 'int64':
    case 'uint64':
      return 'number | bigint'
    case 'string':
      return 'string'
    case 'bytes':
      return 'Uint8Array'
    case 'datetime64':
      return 'Date | null'
    case 'object':
      return 'unknown'
    case 'complex64':
    case 'complex128':
      return '[number, number]'
    default:
      return 'number'
  }
}

/** What a graph answers for each row; labels of a classifier are a union. A table's column of one value a row is that value. */
function graphOutput(onnx: OnnxModel, asTable: boolean): string {
  const members = onnx.outputs.map(({ name, type }) => ({
    name,
    type: graphType(type, outputLabels(onnx, name), asTable),
    optional: false,
  }))
  return objectType(members, '')
}

function graphType(type: OnnxType, labels: readonly (string | bigint)[] | undefined, asTable: boolean): string {
  if (type.kind === 'sequence' && type.items.kind === 'map') {
    return labels === undefined ? 'Record<string, number>' : `Record<${unionOf(labels.map(String)) ?? 'string'}, number>`
  }
  if (type.kind !== 'tensor') return 'unknown'
  const dtype = dtypeOfType(type)
  if (dtype === undefined || !Object.hasOwn(dtypes, dtype)) return 'unknown'
  const element = (labels && unionOf(labels)) ?? outputElement(dtype)
  if (type.shape === undefined) return 'unknown'
  const inner = type.shape.slice(1)
  const lists = inner.reduce<string>((item) => `${parenthesised(item)}[]`, element)
  if (!asTable || inner.length === 0) return lists
  if (inner.every((size) => typeof size === 'number')) return inner.every((size) => size === 1) ? element : lists
  return `${element} | ${lists}`
}

/** Undefined where there are too many to read. Whole numbers are numbers as far as these are exact. */
function unionOf(labels: readonly (string | bigint)[]): string | undefined {
  if (labels.length > mostLabels) return undefined
  const texts = labels.map((label) =>
    typeof label === 'string' ? quoted(label) : Number.isSafeInteger(Number(label)) ? `${label}` : undefined,
  )
  return texts.includes(undefined) ? undefined : [...new Set(texts)].join(' | ')
}

/** What the signature promises, which nobody enforces: the names may be others. */
function signatureOutput(schema: Schema): string {
  const names = specNames(schema)
  const value = (spec: ColumnSpec | TensorSpec): string => (spec.kind === 'column' ? outputColumn(spec.type) : outputTensor(spec))
  const specs: readonly (ColumnSpec | TensorSpec)[] = schema.kind === 'columns' ? schema.columns : schema.tensors
  const [only] = specs
  if (specs.length === 1 && only !== undefined && only.name === undefined) return value(only)
  return objectType(
    specs.map((spec, index) => ({
      name: String(names[index]),
      type: value(spec),
      optional: spec.kind === 'column' && !spec.required,
    })),
    '',
  )
}

function outputTensor({ dtype, shape }: TensorSpec): string {
  if (dtype === undefined) return 'unknown'
  return shape.slice(1).reduce<string>((item) => `${parenthesised(item)}[]`, outputElement(dtype))
}

function outputColumn(type: ValueType): string {
  switch (type.kind) {
    case 'scalar':
      return type.dataType === 'datetime' ? 'Date | null' : type.dataType === 'integer' ? 'number' : inputOf[type.dataType]
    case 'array':
      return `${parenthesised(outputColumn(type.items))}[]`
    case 'sparkml_vector':
      return 'number[]'
    case 'map':
      return `Record<string, ${outputColumn(type.values)}>`
    case 'object':
    case 'any':
      return inputType(type, '')
  }
}

function paramsType(params: readonly ParamSpec[]): string {
  return objectType(
    params.map(({ name, type, shape, default: value }) => {
      const element = inputType(type, '')
      return {
        name,
        type: `${shape === null ? element : `readonly ${parenthesised(element)}[]`}${value === null ? ' | null' : ''}`,
        optional: false,
      }
    }),
    '',
  )
}

/** A text as a literal: what a terminal or an editor would not show as it is, is escaped. */
function quoted(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${escaped.replace(/[\p{C}\u2028\u2029]/gu, (character) => escapeOf(character))}'`
}

function escapeOf(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}

function keyText(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : quoted(name)
}

function commentText(text: string): string {
  return text.replaceAll('*/', '* /').replace(/[\p{C}\u2028\u2029]/gu, ' ')
}
