/** The OpenAPI 3.1 document of a server: its models, its routes, its errors. */
import { version } from '../../version.ts'
import { type ProtocolName, protocolNames } from '../calls.ts'
import type { Json, JsonObject } from '../json-document.ts'
import { type DescribedModel, describeModel, type ModelToDescribe } from './described.ts'
import { azureBody, inferBody, mlflowBody, paramsSchema, type References, rowObject } from './inputs.ts'
import { predictionsSchema } from './outputs.ts'
import { answer, operation, schemaReference } from './paths.ts'
import { azuremlPaths, mlflowPaths, type NamedModel, openInferencePaths } from './protocol-paths.ts'

export interface DocumentOptions {
  /** Only the routes of this protocol. */
  readonly onlyProtocol?: ProtocolName | undefined
  /** Whether `/` is Azure's probe. */
  readonly azureml?: boolean | undefined
  readonly predictRoute?: string | undefined
  readonly healthRoute?: string | undefined
  /** What stands before every path. */
  readonly prefix?: string | undefined
  /** Whether the metrics are here, and not on a port of their own. */
  readonly metrics?: boolean
}

/** Describes models, the first of which is the default. */
export async function openApiDocument(given: readonly ModelToDescribe[], options: DocumentOptions = {}): Promise<JsonObject> {
  const described = await Promise.all(given.map(describeModel))
  const schemas = new Map<string, Json>()
  const models = described.map((model, index) => nameSchemas(model, described.length === 1 ? '' : wordOf(model, index), schemas))
  const served = options.onlyProtocol === undefined ? protocolNames : [options.onlyProtocol]
  const paths: Readonly<Record<ProtocolName, () => JsonObject>> = {
    mlflow: () => mlflowPaths(models, options.predictRoute, options.healthRoute),
    'open-inference': () => openInferencePaths(models),
    azureml: () => azuremlPaths(models, options.azureml === true),
  }
  const protocolPaths = Object.assign({}, ...served.map((name) => paths[name]())) as JsonObject
  const names = described.map(({ name }) => name)
  return {
    openapi: '3.1.0',
    info: {
      title: names.length === 1 ? `mlmodel: ${names[0]}` : 'mlmodel',
      version,
      description: `Serves ${described.map((model) => `\`${model.name}\` (${model.flavor}, version ${model.version})`).join(', ')}. Types come from the models’ signatures.`,
    },
    servers: [{ url: options.prefix || '/' }],
    security: [{}, { key: [] }],
    paths: { ...protocolPaths, ...(options.metrics !== false && metricsPath()), ...ownPath() },
    components: {
      schemas: new Map([...schemas, ...errorSchemas(served)]),
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'Where the server was started with keys' } },
    },
  }
}

function wordOf({ name }: DescribedModel, index: number): string {
  const word = name.replaceAll(/[^A-Za-z0-9._-]/g, '_')
  return word === name ? word : `${word}_${index + 1}`
}

function nameSchemas(model: DescribedModel, word: string, schemas: Map<string, Json>): NamedModel {
  const nameOf = (part: string): string => (word === '' ? part : `${word}_${part}`)
  const keep = (part: string, schema: Json | undefined): JsonObject | undefined => {
    if (schema === undefined) return undefined
    schemas.set(nameOf(part), schema)
    return schemaReference(nameOf(part))
  }
  const { isSignatureFromTypeHint, signature } = model.mlmodel
  const references: References = {
    row: keep('Row', isSignatureFromTypeHint ? undefined : rowObject(model)),
    params: keep('Params', paramsSchema(signature?.params)),
  }
  const invocation = keep('Invocation', mlflowBody(model, references))
  const score = keep('Score', azureBody(model, references))
  const infer = keep('Infer', inferBody(model))
  keep('Predictions', predictionsSchema(model))
  return {
    ...model,
    schemaName: nameOf,
    has: { invocation: invocation !== undefined, score: score !== undefined, infer: infer !== undefined },
    word: word === '' ? 'model' : word,
  }
}

function metricsPath(): JsonObject {
  const get = operation({
    id: 'metrics',
    tag: 'Server',
    summary: 'What is counted, for Prometheus',
    responses: { '200': answer('The text format', { 'text/plain': { schema: { type: 'string' } } }) },
  })
  return { '/metrics': { get } }
}

function ownPath(): JsonObject {
  const get = operation({
    id: 'openapi',
    tag: 'Server',
    summary: 'This document',
    responses: { '200': answer('OpenAPI 3.1', { 'application/json': { schema: { type: 'object' } } }) },
  })
  return { '/openapi.json': { get } }
}

const text = { type: 'string' }

const mlflowError: JsonObject = {
  type: 'object',
  properties: {
    error_code: { type: 'string', description: 'MLflow’s' },
    message: text,
    code: { type: 'string', description: 'Which error of ours, for programs' },
    path: { type: 'string', description: 'Where in the body' },
    problems: { type: 'array', items: { type: 'object' } },
  },
}

const inferenceError: JsonObject = {
  type: 'object',
  properties: { error: text, code: text, path: text },
  required: ['error'],
}

const azureError: JsonObject = { type: 'object', properties: { message: text }, required: ['message'] }

const tensorMetadata: JsonObject = {
  type: 'object',
  properties: { name: text, datatype: text, shape: { type: 'array', items: { type: 'integer' } } },
  required: ['name', 'datatype', 'shape'],
}

const modelMetadata: JsonObject = {
  type: 'object',
  properties: {
    name: text,
    versions: { type: 'array', items: text },
    platform: text,
    inputs: { type: 'array', items: tensorMetadata },
    outputs: { type: 'array', items: tensorMetadata },
  },
  required: ['name', 'versions', 'platform', 'inputs', 'outputs'],
}

const inferenceReply: JsonObject = {
  type: 'object',
  properties: {
    model_name: text,
    model_version: text,
    id: text,
    outputs: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: text,
          datatype: {
            enum: [
              'BOOL',
              'UINT8',
              'UINT16',
              'UINT32',
              'UINT64',
              'INT8',
              'INT16',
              'INT32',
              'INT64',
              'FP16',
              'FP32',
              'FP64',
              'BYTES',
            ],
          },
          shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
          data: { type: 'array', items: { type: ['number', 'string', 'boolean', 'null'] } },
          parameters: { type: 'object' },
        },
        required: ['name', 'datatype', 'shape'],
      },
    },
  },
  required: ['model_name', 'outputs'],
}

function errorSchemas(protocols: readonly ProtocolName[]): readonly (readonly [string, Json])[] {
  const of: Readonly<Record<ProtocolName, readonly (readonly [string, Json])[]>> = {
    mlflow: [['MlflowError', mlflowError]],
    'open-inference': [
      ['InferenceError', inferenceError],
      ['InferenceReply', inferenceReply],
      ['ModelMetadata', modelMetadata],
    ],
    azureml: [['AzureError', azureError]],
  }
  return protocols.flatMap((name) => of[name])
}
