/** `mlmodel env`: what a model wants installed and why, otherwise, as other files, and beside what is there. */
import { MlmodelError } from '../errors/index.ts'
import { locate } from '../locate/index.ts'
import { loadMlmodel, type Mlmodel } from '../mlmodel.ts'
import { type Console, commonOptions, defineCommand, modelOperand, modelOption } from './command.ts'

const actions = ['show', 'check', 'diff'] as const
const managers = ['local', 'virtualenv', 'uv', 'conda'] as const
const platforms = ['linux', 'darwin', 'win32'] as const
/** A test holds them equal to those of src/env/format, which are loaded when one is asked for. */
export const formats = [
  'text',
  'json',
  'requirements',
  'conda',
  'python_env',
  'uv',
  'pyproject',
  'pylock',
  'pep723',
  'dockerfile',
  'azureml',
] as const
const deployments = ['azureml-online', 'azureml-batch'] as const

export interface EnvOptions {
  readonly 'model-uri': string | undefined
  readonly 'env-manager': (typeof managers)[number] | undefined
  readonly python: string | undefined
  readonly platform: (typeof platforms)[number] | undefined
  readonly machine: string | undefined
  readonly with: readonly string[]
  readonly without: readonly string[]
  readonly requirements: string | undefined
  readonly for: (typeof deployments)[number] | undefined
  readonly write: boolean
  readonly all: boolean
  readonly json: boolean
  readonly format: (typeof formats)[number] | undefined
  readonly output: string | undefined
}

export const command = defineCommand({
  name: 'env',
  summary: 'Resolve the environment a model asks for',
  usage: '[show|check|diff] <model> [model] [options]',
  about:
    '`show ./model`, or the model alone, says what would be installed, which line of which file says so, what MLflow makes of it with each environment manager, and what is wrong with it. Nothing is executed, installed or fetched. `check` compares what an interpreter has with what the model wants, by the rules of MLflow’s warnings. `diff` compares two models.',
  operands: [
    { name: 'action', text: 'show (default), check or diff', choices: actions },
    { name: 'model', text: 'Folder or MLmodel file' },
    { name: 'other', text: 'The second model of diff' },
  ],
  options: {
    ...modelOption,
    'env-manager': {
      value: 'manager',
      choices: managers,
      group: 'Environment',
      text: 'Whose environment: `virtualenv` (MLflow’s default), `uv`, `conda`, or `local`, which builds none',
    },
    python: {
      value: 'version',
      group: 'Environment',
      text: 'This Python (`3.12`) instead, and for markers; of `check` the path of an interpreter or of its environment',
    },
    platform: {
      value: 'name',
      choices: platforms,
      group: 'Environment',
      text: 'For markers: `linux` (default), `darwin`, `win32`; of `check` this machine’s',
    },
    machine: { value: 'name', group: 'Environment', text: 'For markers: `x86_64`, `arm64`, …' },
    with: {
      value: 'requirement',
      many: true,
      group: 'Override',
      text: "Require this instead of the model's own of that name, or besides: 'pandas==2.2.*'",
    },
    without: { value: 'name', many: true, group: 'Override', text: 'Do not require this package' },
    requirements: {
      short: 'r',
      value: 'file',
      file: true,
      group: 'Override',
      text: 'Each line of this requirements file, as `--with`',
    },
    for: {
      value: 'platform',
      choices: deployments,
      group: 'Override',
      text: 'What a platform’s own server needs besides: `azureml-online` or `azureml-batch`',
    },
    write: {
      group: 'Override',
      text: 'Write the override into the model’s files, as `mlflow models update-pip-requirements` does; comments and order stay',
    },
    all: { short: 'a', group: 'Output', text: 'List everything: long lists, all findings' },
    json: { group: 'Output', text: 'Print one JSON document (schemas/environment*.schema.json); same as `--format json`' },
    format: {
      value: 'format',
      choices: formats,
      group: 'Output',
      text: '`text` (default), `json`, or a file of a tool: `requirements`, `conda`, `python_env`, `uv`, `pyproject`, `pylock`, `pep723`, `dockerfile`, `azureml`',
    },
    output: { short: 'o', value: 'file', file: true, group: 'Output', text: 'Write to this file instead of stdout' },
    ...commonOptions,
  },
  examples: [
    'mlmodel env ./model',
    'mlmodel env ./model --env-manager conda --json',
    "mlmodel env ./model --with 'pandas==2.2.*' --python 3.12",
    'mlmodel env ./model --for azureml-online --format azureml -o environment.yml',
    "mlmodel env ./model --with 'numpy==1.26.4' --write",
    'mlmodel env check ./model --python .venv',
    'mlmodel env diff ./model ./model-2',
  ],
  exitCodes: [
    [0, 'resolved, or the interpreter has what the model wants; a difference is an answer too'],
    [1, 'something in the files is an error, or the interpreter has other versions'],
    [2, 'the command could not do its work; nothing is written'],
  ],
  async run({ operands, options }, console) {
    const { action, models } = actionOf(operands)
    if (action === 'diff') {
      const [left, right, ...rest] = options['model-uri'] === undefined ? models : [...models, options['model-uri']]
      if (left === undefined || right === undefined || rest.length > 0) throw refuse('`diff` compares two models')
      refuseOptions(options, 'diff', ['with', 'without', 'requirements', 'for', 'write', 'output'])
      return (await import('./env-diff.ts')).diffModels(await load(left), await load(right), [left, right], options, console)
    }
    const location = modelOperand('env', models, options['model-uri'])
    if (action === 'check') {
      refuseOptions(options, 'check', ['with', 'without', 'requirements', 'for', 'write', 'output'])
      return (await import('./env-check.ts')).checkModel(await load(location), location, options, console)
    }
    return (await import('./env-show.ts')).showModel(await load(location), location, options, console)
  },
})

/** A first operand that is no action is the model to show; a folder `./check` is meant by its path. */
function actionOf(operands: readonly string[]): {
  readonly action: (typeof actions)[number]
  readonly models: readonly string[]
} {
  const action = actions.find((each) => each === operands[0])
  return action === undefined ? { action: 'show', models: operands } : { action, models: operands.slice(1) }
}

async function load(location: string): Promise<Mlmodel> {
  return loadMlmodel(await locate(location))
}

function refuse(why: string): MlmodelError {
  return new MlmodelError('ENVIRONMENT_ACTION', { why })
}

/** An option that an action has no use for is a mistake, not something to pass over. */
function refuseOptions(options: EnvOptions, action: string, names: readonly (keyof EnvOptions)[]): void {
  for (const name of names) {
    const value = options[name]
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
    if (isGiven) throw refuse(`\`${action}\` has no use for \`--${name}\``)
  }
  if (options.format !== undefined && options.format !== 'text' && options.format !== 'json')
    throw refuse(`\`${action}\` prints text or JSON, not \`--format ${options.format}\``)
}

/** Whether one JSON document is asked for. */
export function wantsJson({ json, format }: EnvOptions): boolean {
  return json || format === 'json'
}

/** A version of Python as pyenv, uv and conda take it. */
export function pythonVersion(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[23]\.\d{1,3}(?:\.\d{1,3})?(?:(?:a|b|rc)\d{1,3})?$/.test(text))
    throw new MlmodelError('USAGE_BAD_VALUE', { option: '--python', given: text, wanted: 'a version such as `3.12` or `3.11.7`' })
  return text
}

export type { Console }
