/**
 * The document of `GET /swagger.json`, as Azure ML's inference server makes it.
 *
 * @see azureml-inference-server-http, server/swagger.py and its templates
 */
import type { Mlmodel } from '../../mlmodel.ts'
import type { JsonObject } from '../json-document.ts'
import { inputSample, outputSample, paramsSample } from './samples.ts'

/** The versions that may be asked for, with their other names. */
export const swaggerVersions: Readonly<Record<string, SwaggerVersion>> = {
  '2': '2',
  '2.0': '2',
  '3': '3',
  '3.0': '3',
  '3.1': '3.1',
}
export type SwaggerVersion = '2' | '3' | '3.1'

const info = {
  title: 'ML service',
  description: 'API specification for the Azure Machine Learning service ML service',
  version: '1.0',
}
const bearer = {
  Bearer: { type: 'apiKey', name: 'Authorization', in: 'header', description: 'For example: Bearer abc123' },
}
const texts = {
  health: 'Simple health check endpoint to ensure the service is up at any given point.',
  healthy: "If service is up and running, this response will be returned with the content 'Healthy'",
  failed: 'The service failed to execute due to an error.',
  score: "Run web service's model and get the prediction output",
  input: 'The input payload for executing the real-time machine learning service.',
  output: 'The service processed the input correctly and provided a result prediction, if applicable.',
  swagger: 'Get the Swagger specification.',
  swaggered: 'The Swagger specification.',
}

/** Describes a model's `/score` with its definitions ServiceInput and ServiceOutput. */
export async function azureSwagger(model: Mlmodel, version: SwaggerVersion): Promise<JsonObject> {
  const input = await inputSample(model)
  const params = paramsSample(model.signature?.params)
  const output = outputSample(model)
  const schemas: JsonObject = {
    ServiceInput: {
      type: 'object',
      properties: { input_data: input.schema, params: params.schema },
      example: { input_data: input.example, params: params.example },
    },
    ServiceOutput: { ...output.schema, example: output.example },
    ErrorResponse: { type: 'object', properties: { message: { type: 'string' } } },
  }
  return version === '2' ? swagger2(schemas) : openapi3(schemas, version === '3' ? '3.0.3' : '3.1.0')
}

function swagger2(definitions: JsonObject): JsonObject {
  const failed = { description: texts.failed, schema: { $ref: '#/definitions/ErrorResponse' } }
  return {
    swagger: '2.0',
    info,
    schemes: ['https'],
    consumes: ['application/json'],
    produces: ['application/json'],
    securityDefinitions: bearer,
    paths: {
      '/': {
        get: {
          operationId: 'ServiceHealthCheck',
          description: texts.health,
          responses: {
            '200': { description: texts.healthy, schema: { type: 'string' }, examples: { 'application/json': 'Healthy' } },
            default: failed,
          },
        },
      },
      '/score': {
        post: {
          operationId: 'RunMLService',
          description: texts.score,
          security: [{ Bearer: [] }],
          parameters: [
            {
              name: 'serviceInputPayload',
              in: 'body',
              description: texts.input,
              schema: { $ref: '#/definitions/ServiceInput' },
            },
          ],
          responses: {
            '200': { description: texts.output, schema: { $ref: '#/definitions/ServiceOutput' } },
            default: failed,
          },
        },
      },
      '/swagger.json': {
        get: {
          operationId: 'GetSwaggerSpec',
          description: texts.swagger,
          parameters: [{ name: 'version', in: 'query', required: false, type: 'integer', enum: [2, 3] }],
          responses: { '200': { description: texts.swaggered, schema: { type: 'string' } }, default: failed },
        },
      },
    },
    definitions,
  }
}

function openapi3(schemas: JsonObject, openapi: string): JsonObject {
  const json = (name: string): JsonObject => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } })
  const failed = { description: texts.failed, content: json('ErrorResponse') }
  return {
    openapi,
    info,
    security: [{ Bearer: [] }],
    paths: {
      '/': {
        get: {
          operationId: 'ServiceHealthCheck',
          description: texts.health,
          responses: {
            '200': {
              description: texts.healthy,
              content: { 'text/plain': { schema: { type: 'string', example: 'Healthy' } } },
            },
            default: failed,
          },
        },
      },
      '/score': {
        post: {
          operationId: 'RunMLService',
          description: texts.score,
          security: [{ Bearer: [] }],
          requestBody: { description: texts.input, content: json('ServiceInput') },
          responses: { '200': { description: texts.output, content: json('ServiceOutput') }, default: failed },
        },
      },
      '/swagger.json': {
        get: {
          operationId: 'GetSwaggerSpec',
          description: texts.swagger,
          parameters: [{ name: 'version', in: 'query', required: false, schema: { type: 'integer', enum: [2, 3] } }],
          responses: {
            '200': { description: texts.swaggered, content: { 'text/plain': { schema: { type: 'string' } } } },
            default: failed,
          },
        },
      },
    },
    components: { schemas, securitySchemes: bearer },
  }
}
