/** `mlmodel openapi`: the OpenAPI document of a server that does not run. */
import { MlmodelError } from '../errors/index.ts'
import { flavors } from '../flavors/index.ts'
import { locate } from '../locate/index.ts'
import { loadMlmodel, type Mlmodel } from '../mlmodel.ts'
import { azureSwagger, swaggerVersions } from '../serve/azureml/swagger.ts'
import { protocolNames } from '../serve/calls.ts'
import { writeDocument } from '../serve/json-document.ts'
import { openApiDocument } from '../serve/openapi/document.ts'
import { findModels } from '../serve/registry.ts'
import { openOutputFile } from '../whole-file.ts'
import { commonOptions, defineCommand, modelOption } from './command.ts'
import { nameModels } from './model-names.ts'
import { standardOutput } from './standard-output.ts'

export const command = defineCommand({
  name: 'openapi',
  summary: 'Write the OpenAPI document of a model’s server',
  usage: '<model | name=model>… [options]',
  about:
    'What `mlmodel serve` answers at /openapi.json, without a server: routes, and requests and answers typed by the signature. `--swagger` writes what Azure ML’s server answers at /swagger.json instead. Nothing of the model is run.',
  operands: [{ name: 'model', text: 'Folder or MLmodel file, `name=folder`, or a folder of models', many: true }],
  options: {
    ...modelOption,
    'model-name': { aliases: ['model_name'], value: 'name', group: 'Model', text: 'Name of the only model; default `model`' },
    protocol: {
      value: 'name',
      choices: protocolNames,
      group: 'Output',
      text: 'Only the routes of this protocol; default all',
    },
    swagger: {
      value: 'version',
      choices: Object.keys(swaggerVersions),
      group: 'Output',
      text: 'Azure ML’s document, as Swagger 2 or OpenAPI 3',
    },
    output: { short: 'o', value: 'file', file: true, group: 'Output', text: 'Written whole or not at all; default stdout' },
    ...commonOptions,
  },
  examples: [
    'mlmodel openapi ./model',
    'mlmodel openapi churn=./a fraud=./b -o openapi.json',
    'mlmodel openapi ./model --swagger 2',
  ],
  exitCodes: [
    [0, 'the document is written'],
    [1, 'a model is broken'],
    [2, 'the command could not do its work'],
  ],
  async run({ operands, options }, console) {
    const given = options['model-uri'] === undefined ? operands : [...operands, options['model-uri']]
    if (given.length === 0) throw new MlmodelError('USAGE_NO_MODEL', { command: 'openapi' })
    if (options.swagger !== undefined && options.protocol !== undefined && options.protocol !== 'azureml')
      throw new MlmodelError('USAGE_BAD_VALUE', {
        option: '--protocol',
        given: options.protocol,
        wanted: '`azureml` with `--swagger`',
      })
    const models = await Promise.all(
      findModels(nameModels(given, options['model-name'])).map(async ({ name, path }) => {
        const mlmodel = await loadMlmodel(await locate(path))
        return { name, version: '1', flavor: flavorOf(mlmodel), mlmodel }
      }),
    )
    const document =
      options.swagger === undefined
        ? await openApiDocument(models, { onlyProtocol: options.protocol, azureml: options.protocol === 'azureml' })
        : await azureSwagger(models[0]!.mlmodel, swaggerVersions[options.swagger]!)
    const toFile = options.output !== undefined && options.output !== '-'
    const output = toFile ? await openOutputFile(options.output!) : standardOutput(console.out)
    await output.write(Buffer.from(writeDocument(document, 'lines')))
    await output.commit()
    return 0
  },
})

/** The flavor that would be run, else the first: a document can be written of a model that is served elsewhere. */
function flavorOf(mlmodel: Mlmodel): string {
  const known = flavors.find(({ name }) => mlmodel.flavors.has(name))
  return known?.name ?? [...mlmodel.flavors.keys()][0] ?? 'none'
}
