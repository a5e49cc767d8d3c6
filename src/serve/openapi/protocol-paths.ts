/** The paths of each protocol, typed by the models that are served. */
import type { Json, JsonObject } from '../json-document.ts'
import { inputMetadata, outputMetadata } from '../open-inference/metadata.ts'
import type { DescribedModel } from './described.ts'
import { hasHalves } from './inputs.ts'
import { answer, errorAnswers, jsonContent, operation, pathParameter, schemaReference } from './paths.ts'

/** A model with the names of its schemas in the document. */
export interface NamedModel extends DescribedModel {
  /** The name of a schema of this model. */
  readonly schemaName: (part: 'Invocation' | 'Predictions' | 'Score' | 'Infer') => string
  readonly has: { readonly invocation: boolean; readonly score: boolean; readonly infer: boolean }
  /** A word for operation ids. */
  readonly word: string
}

const mlflowErrors = {
  '400': 'The body, the signature or the params are not met; `problems` has every difference',
  '413': 'The body is too large',
  '415': 'The Content-Type is not known',
  '500': 'The model failed',
  '503': 'Too many requests wait, or the server is not ready: Retry-After',
  '504': 'It took too long',
}

/** MLflow's scoring protocol. */
export function mlflowPaths(models: readonly NamedModel[], predictRoute?: string, healthRoute?: string): JsonObject {
  const healthy = (path: string, id: string): JsonObject => ({
    [path]: {
      get: operation({
        id,
        tag: 'MLflow',
        summary: 'Whether every model can answer',
        isOpen: true,
        responses: { '200': answer('It can'), '503': answer('It cannot yet, or no more', jsonContent({ type: 'object' })) },
      }),
    },
  })
  const [first] = models
  const paths: Record<string, Json> = {
    ...healthy('/ping', 'ping'),
    ...healthy('/health', 'health'),
    '/version': {
      get: operation({
        id: 'version',
        tag: 'MLflow',
        summary: 'The version of MLflow that this server stands for',
        responses: { '200': answer('Such as 3.17.2', jsonContent({ type: 'string' })) },
      }),
    },
  }
  if (first !== undefined) paths['/invocations'] = { post: invocation(first, 'invoke') }
  for (const model of models)
    paths[`/invocations/${encodeURIComponent(model.name)}`] = { post: invocation(model, `invoke_${model.word}`) }
  if (predictRoute !== undefined && first !== undefined) paths[predictRoute] ??= { post: invocation(first, 'predictRoute') }
  if (healthRoute !== undefined) Object.assign(paths, { ...healthy(healthRoute, 'healthRoute'), ...paths })
  return paths
}

function invocation(model: NamedModel, id: string): JsonObject {
  const schema = model.has.invocation ? schemaReference(model.schemaName('Invocation')) : undefined
  return operation({
    id,
    tag: 'MLflow',
    summary: `Score with ${model.name}`,
    description:
      'The forms are MLflow’s. Columns may also come in another order, or by name under `inputs`; arrays as rows under `instances`. Tables may be sent as CSV and Parquet.',
    body: {
      ...jsonContent(schema, model.examples.mlflow),
      'text/csv': {},
      'application/vnd.apache.parquet': {},
    },
    responses: {
      '200': answer(
        'The predictions. NaN and infinities are written as Python does, as bare tokens',
        jsonContent({
          type: 'object',
          properties: { predictions: schemaReference(model.schemaName('Predictions')) },
          required: ['predictions'],
        }),
      ),
      ...errorAnswers(mlflowErrors, 'MlflowError'),
    },
  })
}

/** The Open Inference Protocol with its extensions. */
export function openInferencePaths(models: readonly NamedModel[]): JsonObject {
  const errors = (texts: Readonly<Record<string, string>>) => errorAnswers(texts, 'InferenceError')
  const get = (id: string, summary: string, schema: Json, isOpen = false, more: JsonObject = {}): JsonObject => ({
    get: operation({
      id,
      tag: 'Open Inference Protocol',
      summary,
      isOpen,
      responses: { '200': answer('Done', jsonContent(schema)), ...more },
    }),
  })
  const object: JsonObject = { type: 'object' }
  const post = (
    id: string,
    summary: string,
    schema: Json,
    more: { parameters?: Json[]; body?: JsonObject } = {},
  ): JsonObject => ({
    post: operation({
      id,
      tag: 'Open Inference Protocol',
      summary,
      ...more,
      responses: {
        '200': answer('Done', jsonContent(schema)),
        ...errors({ '404': 'There is no such model', '503': 'It failed' }),
      },
    }),
  })
  const server = get('serverMetadata', 'What the server is', object)
  const name = pathParameter('model', 'The name of a model')
  const unready = { '503': answer('Not yet, or no more', jsonContent(object)) }
  const paths: Record<string, Json> = {
    '/v2': server,
    '/v2/health/live': get('live', 'Whether the server runs', object, true),
    '/v2/health/ready': get('ready', 'Whether every model can answer', object, true, unready),
    '/v2/models': get('models', 'The models', object),
    '/v2/models/stats': get('statistics', 'What was counted', object),
    '/v2/repository/index': post(
      'repositoryIndex',
      'The models and their states',
      { type: 'array', items: object },
      {
        body: jsonContent({ type: 'object', properties: { ready: { type: 'boolean' } }, additionalProperties: false }),
      },
    ),
    '/v2/repository/models/{model}/load': post('load', 'Load a model, or load it anew', object, { parameters: [name] }),
    '/v2/repository/models/{model}/unload': post('unload', 'Unload a model', object, { parameters: [name] }),
  }
  for (const model of models) {
    const base = `/v2/models/${encodeURIComponent(model.name)}`
    const version = pathParameter('version', 'The version that is loaded')
    for (const [path, suffix, parameters] of [
      [base, '', undefined],
      [`${base}/versions/{version}`, '_version', [version]],
    ] as const) {
      const id = (verb: string): string => `${verb}_${model.word}${suffix}`
      const with404 = { ...errors({ '404': 'There is no such model or version', '503': 'It is not loaded' }) }
      const of = (item: JsonObject): JsonObject => ({ ...(parameters && { parameters }), ...item })
      paths[path] = of(
        get(id('metadata'), `Inputs and outputs of ${model.name}`, schemaReference('ModelMetadata'), false, with404),
      )
      paths[`${path}/ready`] = of(get(id('ready'), `Whether ${model.name} can answer`, object, true, with404))
      paths[`${path}/stats`] = of(get(id('statistics'), `What was counted of ${model.name}`, object, false, with404))
      paths[`${path}/infer`] = of({ post: infer(model, id('infer')) })
    }
  }
  return paths
}

function infer(model: NamedModel, id: string): JsonObject {
  const outputs = outputMetadata(model.mlmodel.signature?.outputs).map(({ name }) => `\`${name}\``)
  const inputs = inputMetadata(model.inputs).map(({ name }) => `\`${name}\``)
  const sentences = [
    'JSON Schema cannot say that `data` has as many elements as `shape` says: the schema is that of a request of the example’s size, and any other size that the model takes is accepted.',
    inputs.length > 0 ? `Inputs are ${inputs.join(', ')}.` : '',
    outputs.length > 0 ? `Outputs are ${outputs.join(', ')}.` : '',
    'Tensors may come and go as binary data (`binary_data_size`, Inference-Header-Content-Length).',
  ]
  return operation({
    id,
    tag: 'Open Inference Protocol',
    summary: `Score with ${model.name}`,
    description: sentences.filter((sentence) => sentence !== '').join(' '),
    body: jsonContent(
      model.has.infer ? schemaReference(model.schemaName('Infer')) : undefined,
      model.inputs !== undefined && hasHalves(model.inputs) ? undefined : model.examples['open-inference'],
    ),
    responses: {
      '200': answer('The outputs', {
        ...jsonContent(schemaReference('InferenceReply')),
        'application/octet-stream': {},
      }),
      ...errorAnswers(
        {
          '400': 'The request is not met by the model',
          '404': 'There is no such model or version',
          '413': 'The body is too large',
          '500': 'The model failed',
          '503': 'Too many requests wait, or the model is not ready: Retry-After',
          '504': 'It took too long',
        },
        'InferenceError',
      ),
    },
  })
}

/** Azure ML's inference server. */
export function azuremlPaths(models: readonly NamedModel[], atRoot: boolean): JsonObject {
  const [first] = models
  const version = { name: 'version', in: 'query', schema: { enum: ['2', '2.0', '3', '3.0', '3.1'], default: '2' } }
  const paths: Record<string, Json> = {
    '/swagger.json': {
      get: operation({
        id: 'swagger',
        tag: 'Azure ML',
        summary: 'The document as Azure’s server makes it',
        parameters: [version],
        responses: {
          '200': answer('The document', jsonContent({ type: 'object' })),
          ...errorAnswers({ '404': 'No such version' }, 'AzureError'),
        },
      }),
    },
  }
  if (atRoot)
    paths['/'] = {
      get: operation({
        id: 'azureHealth',
        tag: 'Azure ML',
        summary: 'Whether the model can answer',
        responses: {
          '200': answer('Healthy', { 'text/html': { schema: { const: 'Healthy' } } }),
          ...errorAnswers({ '503': 'It cannot yet, or no more' }, 'AzureError'),
        },
      }),
    }
  if (first === undefined) return paths
  const responses = {
    '200': answer('The predictions, bare', jsonContent(schemaReference(first.schemaName('Predictions')))),
    ...errorAnswers(
      {
        '400': 'The body, the signature or the params are not met',
        '413': 'The body is too large',
        '415': 'The Content-Type is not JSON',
        '431': 'A request id is too long',
        '500': 'The model failed, or took too long',
        '503': 'Too many requests wait, or the model is not ready: Retry-After',
      },
      'AzureError',
    ),
  }
  const schema = first.has.score ? schemaReference(first.schemaName('Score')) : undefined
  paths['/score'] = {
    post: operation({
      id: 'score',
      tag: 'Azure ML',
      summary: `Score with ${first.name}`,
      description: 'A table may have an `index`, which has no meaning here, and its columns in another order.',
      body: jsonContent(schema, first.examples.azureml),
      responses,
    }),
    get: operation({
      id: 'scoreQuery',
      tag: 'Azure ML',
      summary: `Score with ${first.name}, the body’s members in the query`,
      parameters: ['input_data', 'params'].map((name) => ({
        name,
        in: 'query',
        required: name === 'input_data',
        content: { 'application/json': {} },
      })),
      responses,
    }),
    options: operation({ id: 'scoreOptions', tag: 'Azure ML', summary: 'Nothing', responses: { '200': answer('Empty') } }),
  }
  return paths
}
