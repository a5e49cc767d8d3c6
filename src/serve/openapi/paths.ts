/** The routes as OpenAPI has them: who asks what, and what is answered. */
import type { Json, JsonObject } from '../json-document.ts'

/** A reference to a schema of the document. */
export function schemaReference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` }
}

/** A body or an answer of JSON. */
export function jsonContent(schema: Json | undefined, example?: Json): JsonObject {
  return { 'application/json': { ...(schema !== undefined && { schema }), ...(example !== undefined && { example }) } }
}

export function answer(description: string, content?: JsonObject): JsonObject {
  return { description, ...(content && { content }) }
}

interface Operation {
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string | undefined
  readonly parameters?: readonly Json[]
  readonly body?: JsonObject
  readonly responses: JsonObject
  /** Answered without a key, too. */
  readonly isOpen?: boolean
}

/** One method of a path. */
export function operation({ id, tag, summary, description, parameters, body, responses, isOpen }: Operation): JsonObject {
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(isOpen === true && { security: [] }),
    ...(parameters && { parameters }),
    ...(body && { requestBody: { required: true, content: body } }),
    responses,
  }
}

/** A segment of the path in braces. */
export function pathParameter(name: string, description: string): JsonObject {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } }
}

/** What a protocol may answer instead, by status. */
export function errorAnswers(texts: Readonly<Record<string, string>>, schema: string): JsonObject {
  const content = jsonContent(schemaReference(schema))
  return Object.fromEntries(Object.entries(texts).map(([status, description]) => [status, answer(description, content)]))
}
