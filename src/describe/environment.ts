/** The environment a model asks for, as far as its files say it. */
import type { Environment, EnvironmentLine } from '../env/index.ts'
import { problemMessage } from '../errors/index.ts'
import type { EnvironmentDescription, EnvironmentPlace } from './description.ts'

/** Sums up what the files ask for; nothing is resolved. */
export function describeEnvironment(environment: Environment): EnvironmentDescription {
  const { python, dependencies, disagreements, errors } = environment
  const pip = dependencies.filter((dependency) => dependency.kind === 'pip')
  const fromRequirements = pip.filter((dependency) => dependency.file === 'requirements.txt')
  const chosen = fromRequirements.length > 0 ? fromRequirements : pip
  return {
    python: winner(python),
    requirements: [...new Set(chosen.map((dependency) => dependency.text))],
    conda_packages: dependencies
      .filter((dependency) => dependency.kind === 'conda' && !/^pip\b/.test(dependency.text))
      .map((dependency) => dependency.text),
    files: environment.files,
    missing_files: environment.missing,
    disagreements: disagreements.map(({ name, places }) => ({ name, places: places.map(toPlace) })),
    errors: errors.map(
      (error) => `${error.where.file ?? 'a file'}: ${[error.message, ...error.problems.map(problemMessage)].join('; ')}`,
    ),
  }
}

/** The MLmodel file only notes the version; MLflow creates the one of python_env.yaml, else of conda.yaml. */
function winner(python: readonly EnvironmentLine[]): EnvironmentPlace | null {
  const named = python.filter((place) => place.file !== 'MLmodel')
  const best = named.find((place) => !/conda/.test(place.file)) ?? named[0] ?? python[0]
  return best === undefined ? null : toPlace(best)
}

function toPlace({ text, file, line }: EnvironmentLine): EnvironmentPlace {
  return { text, file, line }
}
