/** The environment as a Dockerfile, in the shape of `mlflow models generate-dockerfile`. */
import type { ResolvedEnvironment } from '../resolved.ts'
import {
  asksFor,
  constraintFiles,
  entriesForPip,
  type FormattedEnvironment,
  type Omission,
  omissionComments,
  variableOf,
} from './entries.ts'

/**
 * An image that serves the model as MLflow's do: nginx on port 8080 before MLflow's server, the model at /opt/ml/model. Its
 * folder is what the image is built from. Everything from the model stands in JSON, which no shell reads.
 */
export function formatDockerfile(environment: ResolvedEnvironment): FormattedEnvironment {
  const all = entriesForPip(environment)
  const entries = {
    ...all,
    options: all.options.filter(({ text }) => variableOf(text) === undefined),
    requirements: all.requirements.filter(({ requirement }) => variableOf(requirement.text) === undefined),
  }
  const withHashes = entries.requirements.filter(({ requirement }) => requirement.lineOptions.length > 0)
  const omitted: readonly Omission[] = [
    ...entries.omitted,
    ...withHashes.map(({ requirement }) => ({
      what: `the options of ${requirement.text}`,
      why: 'pip takes them from files only; use --format requirements',
    })),
    ...entries.options
      .filter(({ option }) => option === hashesOnly)
      .map(({ text }) => ({ what: text, why: 'there are no hashes to require on a command line' })),
    ...[...all.options, ...all.requirements.map(({ requirement }) => requirement)]
      .filter(({ text }) => variableOf(text) !== undefined)
      .map(({ text }) => ({ what: text, why: `pip reads ${variableOf(text)} in files only; use --format requirements` })),
  ]
  const build = entries.buildDependencies.map(({ text }) => text)
  const wanted = entries.requirements.flatMap(({ text, requirement }) =>
    requirement.kind === 'editable' ? ['-e', requirement.url!] : [text],
  )
  const options = [
    ...entries.options.flatMap(({ option, value }) => (value === null ? [option] : [`${option}=${value}`])),
    ...constraintFiles(entries).map((file) => `--constraint=${file}`),
  ].filter((option) => option !== hashesOnly)
  const lines = [
    '# An image that serves an MLflow model. Build it from the folder of the model:',
    '#   docker build -t my-model -f Dockerfile ./model',
    ...omissionComments(omitted),
    `FROM python:${entries.python ?? '3'}-slim`,
    '',
    'RUN apt-get -y update && apt-get install -y --no-install-recommends nginx',
    ...(asksFor(entries, ['lightgbm', 'paddlepaddle']) ? ['RUN apt-get install -y --no-install-recommends libgomp1'] : []),
    '',
    '# Paths in the requirements are relative to the model.',
    'COPY . /opt/ml/model',
    'WORKDIR /opt/ml/model',
    ...(build.length > 0 ? [install(build)] : []),
    ...(wanted.length > 0 ? [install([...options, ...wanted])] : []),
    ...(asksFor(entries, ['mlflow']) ? [] : ['# The server.', install(['mlflow'])]),
    '',
    'WORKDIR /opt/mlflow',
    'ENV MLFLOW_DISABLE_ENV_CREATION=True',
    'RUN chmod o+rwX /opt/mlflow/',
    'RUN rm -rf /var/lib/apt/lists/*',
    'EXPOSE 8080',
    `ENTRYPOINT ["python", "-c", "from mlflow.models import container as C; C._serve('local')"]`,
  ]
  return { text: lines.map((line) => `${line}\n`).join(''), omitted }
}

function install(words: readonly string[]): string {
  return `RUN ${json(['python', '-m', 'pip', 'install', '--no-cache-dir', ...words])}`
}

/** Docker reads a line that is no JSON as one for the shell; this one always is. */
function json(words: readonly string[]): string {
  const escaped = words.map((word) =>
    JSON.stringify(word).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
  return `[${escaped.join(', ')}]`
}

/** Files alone can hold hashes. */
const hashesOnly = '--require-hashes'
