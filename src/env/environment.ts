/** The records of an environment. */
import type { MlmodelError } from '../errors/index.ts'

/** One line of an environment file. */
export interface EnvironmentLine {
  /** As written, without comments: a requirement, an option such as `--index-url`, a conda package. */
  readonly text: string
  readonly file: string
  readonly line: number
}

export interface Dependency extends EnvironmentLine {
  readonly kind: 'pip' | 'conda'
}

/** A package (or `python`) for which two places name different versions. */
export interface Disagreement {
  readonly name: string
  readonly places: readonly EnvironmentLine[]
}

export interface Environment {
  /** Files that were read, relative to the model's folder. */
  readonly files: readonly string[]
  /** Files that the MLmodel file names and the folder lacks. */
  readonly missing: readonly string[]
  /** Every place that names a Python version; `text` is the version, with its comparison unless that is equality. */
  readonly python: readonly EnvironmentLine[]
  readonly dependencies: readonly Dependency[]
  readonly channels: readonly EnvironmentLine[]
  readonly disagreements: readonly Disagreement[]
  /** Why a file could not be read; the others are there all the same. */
  readonly errors: readonly MlmodelError[]
}
