/** The environment as an Azure Machine Learning environment (`az ml environment create --file`). */
import { writeYaml } from '../../yaml/write.ts'
import type { YamlValue } from '../../yaml.ts'
import type { ResolvedEnvironment } from '../resolved.ts'
import { condaMap } from './conda.ts'
import { entriesOf, type FormattedEnvironment, omissionComments } from './entries.ts'

const schema = 'https://azuremlschemas.azureedge.net/latest/environment.schema.json'

/** Azure's own base image, in which conda makes the environment. */
const image = 'mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest'

/** A base image of Azure and conda.yaml within. */
export function formatAzureml(environment: ResolvedEnvironment): FormattedEnvironment {
  const entries = entriesOf(environment)
  const map = new Map<string, YamlValue>([
    ['$schema', schema],
    ['name', 'model-environment'],
    ['image', image],
    ['conda_file', condaMap(environment, entries)],
  ])
  const comments = omissionComments(entries.omitted).map((line) => `${line}\n`)
  return { text: comments.join('') + writeYaml(map), omitted: entries.omitted }
}
