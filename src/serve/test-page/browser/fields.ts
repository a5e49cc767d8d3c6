/** What a model takes, as fields of a form: the columns or tensors of its signature, and its params. */
import { isList, isMap, isNumber, type Json, type JsonMap, plainText, prettyJson, readJson } from './json.ts'

export type FieldKind = 'text' | 'number' | 'boolean' | 'binary' | 'json' | 'tensor'

export interface Field {
  /** As the request and the errors name it: a column's name or position, a tensor's name, a param's name. */
  readonly key: string
  readonly name: string | undefined
  readonly kind: FieldKind
  /** For people: `double`, `list of text`, `float32 (any, 4)`. */
  readonly type: string
  readonly required: boolean
  /** Values to choose from; `closed`: the model knows no others. */
  readonly choices: { readonly values: readonly string[]; readonly closed: boolean } | undefined
  /** What stands in the field when nothing was typed: of a param. */
  readonly otherwise: Json | undefined
  readonly tensor: { readonly dtype: string; readonly shape: readonly number[] } | undefined
}

/** Where the values of the form go in a body of MLflow's protocol. */
export interface BodyForm {
  readonly key: 'dataframe_split' | 'dataframe_records' | 'inputs' | 'instances'
  readonly layout: 'split' | 'rows' | 'columns' | 'row' | 'named' | 'bare'
}

/** The answer of `ui/models/NAME`. */
export interface ModelDescription {
  readonly name: string
  readonly version: string
  readonly flavor: string
  /** Sentences: facts by their names, in the order to show them. */
  readonly facts: readonly (readonly [string, string])[]
  readonly metadata: Json | undefined
  readonly inputs: readonly Field[]
  readonly isTabular: boolean
  readonly outputs: readonly Field[]
  readonly params: readonly Field[]
  readonly form: BodyForm | undefined
  readonly example: Example | undefined
  /** What a classifier can answer, in the order of its probabilities. */
  readonly labels: readonly string[]
  /** Why there is no form or no example. */
  readonly notes: readonly string[]
}

export interface Example {
  readonly body: Json
  readonly isStored: boolean
}

/** Reads the answer of `ui/models/NAME`. */
export function readDescription(text: string): ModelDescription {
  const whole = readJson(text) as JsonMap
  const list = (name: string): readonly Json[] => {
    const value = whole.get(name)
    return isList(value) ? value : []
  }
  const choices = whole.get('choices')
  const inputs = list('inputs').map((spec, index) => readSpec(spec as JsonMap, index, isMap(choices) ? choices : undefined))
  const form = whole.get('form')
  const example = whole.get('example')
  return {
    name: plainText(whole.get('name')),
    version: plainText(whole.get('version')),
    flavor: plainText(whole.get('flavor')),
    facts: list('facts').map((fact) => {
      const [name, value] = fact as readonly Json[]
      return [plainText(name), plainText(value)] as const
    }),
    metadata: whole.get('metadata') ?? undefined,
    inputs,
    isTabular: inputs.length > 0 && inputs.every(({ kind }) => kind !== 'tensor'),
    outputs: list('outputs').map((spec, index) => readSpec(spec as JsonMap, index, undefined)),
    params: list('params').map(readParam),
    form: isMap(form) ? (Object.fromEntries(form) as unknown as BodyForm) : undefined,
    example: isMap(example)
      ? { body: readJson(plainText(example.get('text'))), isStored: example.get('isStored') === true }
      : undefined,
    labels: list('labels').map(plainText),
    notes: list('notes').map(plainText),
  }
}

function readSpec(spec: JsonMap, index: number, choices: JsonMap | undefined): Field {
  const given = spec.get('name')
  const name = given === undefined || given === '' ? undefined : plainText(given)
  const key = name ?? String(index)
  const tensor = spec.get('tensor-spec')
  if (isMap(tensor)) {
    const dtype = plainText(tensor.get('dtype'))
    const shape = ((tensor.get('shape') ?? []) as readonly Json[]).map((size) => (isNumber(size) ? Number(size.number) : -1))
    const type = `${dtype} (${shape.map((size) => (size < 0 ? 'any' : size)).join(' × ')})`
    return { key, name, kind: 'tensor', type, required: true, choices: undefined, otherwise: undefined, tensor: { dtype, shape } }
  }
  return {
    key,
    name,
    kind: kindOf(spec),
    type: typeText(spec),
    // MLflow holds `required` as null for what may be left out.
    required: spec.get('required') === true,
    choices: readChoices(choices?.get(key)),
    otherwise: undefined,
    tensor: undefined,
  }
}

function readParam(param: Json): Field {
  const spec = param as JsonMap
  const isSeveral = isList(spec.get('shape'))
  const name = plainText(spec.get('name'))
  return {
    key: name,
    name,
    kind: isSeveral ? 'json' : kindOf(spec),
    type: isSeveral ? `list of ${typeText(spec)}` : typeText(spec),
    required: false,
    choices: undefined,
    otherwise: spec.get('default') ?? null,
    tensor: undefined,
  }
}

function readChoices(given: Json | undefined): Field['choices'] {
  if (!isMap(given)) return undefined
  return { values: (given.get('values') as readonly Json[]).map(plainText), closed: given.get('closed') === true }
}

function kindOf(spec: JsonMap): FieldKind {
  switch (spec.get('type')) {
    case 'boolean':
      return 'boolean'
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return 'number'
    case 'string':
    case 'datetime':
      return 'text'
    case 'binary':
      return 'binary'
    default:
      return 'json'
  }
}

/** A type of MLflow in words. */
export function typeText(spec: JsonMap): string {
  const type = plainText(spec.get('type'))
  const inner = (name: string): string => {
    const value = spec.get(name)
    return isMap(value) ? typeText(value) : 'anything'
  }
  switch (type) {
    case 'array':
      return `list of ${inner('items')}`
    case 'map':
      return `map to ${inner('values')}`
    case 'any':
      return 'anything'
    case 'sparkml_vector':
      return 'list of double'
    case 'object': {
      const properties = spec.get('properties')
      if (!isMap(properties)) return 'object'
      const parts = [...properties].map(
        ([name, each]) => `${name}${(each as JsonMap).get('required') === true ? '' : '?'}: ${typeText(each as JsonMap)}`,
      )
      return `{ ${parts.join(', ')} }`
    }
    default:
      return type
  }
}

const numberText = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$|^(?:NaN|-?Infinity)$/

/** What a field's text stands for. */
export type FieldValue = { readonly value: Json } | { readonly absent: true } | { readonly wrong: string }

/**
 * Reads what was typed. What is no number goes to the server as a text: it says best what is wrong. Only what cannot be sent
 * at all is wrong here.
 */
export function readField(field: Field, text: string): FieldValue {
  const isBlank = text.trim() === ''
  if (isBlank && field.otherwise !== undefined) return { absent: true }
  if (isBlank && !field.required && field.kind !== 'tensor') return { absent: true }
  switch (field.kind) {
    case 'text':
    case 'binary':
      return { value: text }
    case 'number': {
      const digits = text.trim()
      if (isBlank) return { value: null }
      return { value: numberText.test(digits) ? { number: digits } : text }
    }
    case 'boolean':
      return { value: text === 'true' ? true : text === 'false' ? false : isBlank ? null : text }
    case 'json':
    case 'tensor':
      if (isBlank) return { wrong: 'A value is needed' }
      try {
        return { value: readJson(text) }
      } catch (error) {
        return { wrong: `This is no JSON: ${(error as Error).message}` }
      }
  }
}

/** The text that stands for a value in a field. */
export function fieldText(field: Field, value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return field.kind === 'json' || field.kind === 'tensor' ? prettyJson(value) : plainText(value)
}
