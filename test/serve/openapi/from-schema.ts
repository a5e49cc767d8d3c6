/** Values that fit a JSON Schema, and a check whether one does: as much of JSON Schema as the server's document uses. */
import fc from 'fast-check'

export type Schema = Readonly<Record<string, unknown>>

/** An arbitrary of values that fit. */
export function arbitraryOf(schema: Schema, root: Schema): fc.Arbitrary<unknown> {
  const inner = (each: unknown): fc.Arbitrary<unknown> => arbitraryOf(each as Schema, root)
  if ('$ref' in schema) return inner(resolve(schema['$ref'] as string, root))
  if ('const' in schema) return fc.constant(schema['const'])
  if ('enum' in schema) return fc.constantFrom(...(schema['enum'] as unknown[]))
  const choices = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined
  if (choices !== undefined) return fc.oneof(...choices.map(inner))
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type']
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer': {
      // What JSON.stringify writes of a number beyond these is another number.
      const min = Math.max(Number(schema['minimum'] ?? -1000), Number.MIN_SAFE_INTEGER)
      return fc.integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(Number(schema['maximum'] ?? 1000), 2 ** 31 - 1) })
    }
    case 'number': {
      const [min, max] = [schema['minimum'] ?? -Number.MAX_VALUE, schema['maximum'] ?? Number.MAX_VALUE] as [number, number]
      return fc.oneof(fc.double({ min, max, noNaN: true }), fc.integer({ min: Math.max(min, -100), max: Math.min(max, 100) }))
    }
    case 'string': {
      if (schema['contentSchema'] !== undefined) return inner(schema['contentSchema']).map((value) => JSON.stringify(value))
      const pattern = schema['pattern'] as string | undefined
      return pattern === undefined ? fc.string({ unit: 'binary', maxLength: 12 }) : fc.stringMatching(new RegExp(pattern))
    }
    case 'array': {
      const prefix = (schema['prefixItems'] as Schema[] | undefined) ?? []
      const least = Math.max(0, ((schema['minItems'] as number | undefined) ?? 0) - prefix.length)
      const most = Math.max(least, ((schema['maxItems'] as number | undefined) ?? least + 3) - prefix.length)
      const rest = most === 0 ? fc.constant([]) : fc.array(inner(schema['items']), { minLength: least, maxLength: most })
      return fc.tuple(fc.tuple(...prefix.map(inner)), rest).map(([head, tail]) => [...head, ...tail])
    }
    case 'object': {
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)
      const required = (schema['required'] ?? []) as string[]
      const members = fc.tuple(
        ...properties.map(([name, each]) => {
          const value = inner(each).map((found): [string, unknown][] => [[name, found]])
          return required.includes(name) ? value : fc.oneof(value, fc.constant<[string, unknown][]>([]))
        }),
      )
      const more = schema['additionalProperties']
      const extra =
        typeof more === 'object' && more !== null
          ? fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), inner(more), { maxKeys: 3 })
          : fc.constant({})
      return fc.tuple(members, extra).map(([found, others]) => Object.fromEntries([...Object.entries(others), ...found.flat()]))
    }
    default:
      return fc.oneof(fc.integer(), fc.string(), fc.boolean())
  }
}

export function resolve(reference: string, root: Schema): unknown {
  const parts = reference.slice(2).split('/')
  return parts.reduce<unknown>((at, part) => (at as Schema)[part.replaceAll('~1', '/').replaceAll('~0', '~')], root)
}

/** A part of a document, by its keys. */
export function part(node: unknown, ...keys: readonly string[]): Schema {
  return keys.reduce<unknown>((at, key) => (at as Schema)[key], node) as Schema
}
