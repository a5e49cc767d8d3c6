/** `GET /openapi.json`: made when it is first asked for, and again when another version of a model answers. */
import type { ApplicationOptions, ServerState } from '../application.ts'
import { writeDocument } from '../json-document.ts'
import type { RouteTable } from '../router.ts'
import type { ServedModel } from '../served-model.ts'

export function openApiRoutes(
  { registry }: ServerState,
  options: Pick<ApplicationOptions, 'onlyProtocol' | 'azureml' | 'predictRoute' | 'healthRoute' | 'ownMetricsPort' | 'prefix'>,
): RouteTable {
  let known: { readonly models: readonly ServedModel[]; readonly text: Promise<string> } | undefined
  const textOf = (models: readonly ServedModel[]): Promise<string> => {
    if (known?.models.length === models.length && known.models.every((model, index) => model === models[index])) return known.text
    const text = import('./document.ts')
      .then(({ openApiDocument }) => openApiDocument(models, { ...options, metrics: options.ownMetricsPort !== true }))
      .then((document) => writeDocument(document, 'line'))
    known = { models, text }
    // What cannot be made now is tried again.
    text.catch(() => {
      known = undefined
    })
    return text
  }
  return {
    'GET /openapi.json': async () => {
      const models = registry.entries.flatMap(({ served }) => (served === undefined ? [] : [served]))
      return { status: 200, headers: { 'content-type': 'application/json' }, body: await textOf(models) }
    },
  }
}
