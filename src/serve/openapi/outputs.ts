/** Answers as JSON Schemas. */
import { outputRowSchema } from '../../output-schema.ts'
import type { Json, JsonMap, JsonObject } from '../json-document.ts'
import type { DescribedModel, DescribedOutput } from './described.ts'

/**
 * What stands under `predictions`, and alone in Azure's answer: records for a table, an array for each output of a graph; empty where
 * nothing says it.
 */
export function predictionsSchema({ flavor, mlmodel, outputs }: DescribedModel): JsonObject {
  if (outputs === undefined) return {}
  const isTable = mlmodel.signature?.inputs?.kind === 'columns'
  if (flavor !== 'onnx') return otherPredictions(outputs, mlmodel.signature?.outputs?.kind === 'columns')
  if (isTable) return { type: 'array', items: record(outputs) }
  const names = outputs.map(({ name }) => name)
  const columns = outputs.map((output): [string, Json] => [output.name, { type: 'array', items: valueSchema(output) }])
  return { type: 'object', properties: new Map(columns), required: names, additionalProperties: false }
}

/** A library's `predict` gives an array whatever the signature calls its columns; other code gives a table. */
function otherPredictions(outputs: readonly DescribedOutput[], isTable: boolean): JsonObject {
  const [first] = outputs
  const rows = outputs.length === 1 && first !== undefined ? [{ type: 'array', items: valueSchema(first) }] : []
  const records = isTable || rows.length === 0 ? [{ type: 'array', items: record(outputs) }] : []
  const forms = [...rows, ...records]
  return forms.length === 1 ? forms[0]! : { anyOf: forms }
}

function record(outputs: readonly DescribedOutput[]): JsonObject {
  const properties = new Map(outputs.map((output) => [output.name, valueSchema(output)]))
  const required = outputs.filter((output) => output.required).map(({ name }) => name)
  return { type: 'object', properties, required, additionalProperties: false }
}

function valueSchema(output: DescribedOutput): Json {
  if (output.labels !== undefined && output.type.kind === 'scalar') return { enum: output.labels }
  const { properties } = Object.fromEntries(outputRowSchema([output]) as ReadonlyMap<string, Json>)
  return floats((properties as JsonMap).get(output.name)!)
}

/** JSON has no NaN: where a number may be one, what is written instead is a bare token, or null. */
function floats(schema: Json): Json {
  if (!(schema instanceof Map)) return schema
  if (schema.get('type') === 'number') return { type: ['number', 'null'] }
  return new Map([...(schema as JsonMap)].map(([key, value]) => [key, nested(key, value)]))
}

function nested(key: string, value: Json): Json {
  if (key === 'items' || key === 'additionalProperties') return floats(value)
  if (key === 'properties' && value instanceof Map)
    return new Map([...(value as JsonMap)].map(([name, inner]) => [name, floats(inner)]))
  return value
}
