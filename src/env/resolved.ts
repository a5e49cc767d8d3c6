/** The record of a resolved environment: what would be installed, and which line of which file said so. Plain data. */
import type { MlmodelError } from '../errors/index.ts'

/** MLflow's `--env-manager`. */
export type EnvironmentManager = 'local' | 'virtualenv' | 'uv' | 'conda'

export const environmentManagers: readonly EnvironmentManager[] = ['local', 'virtualenv', 'uv', 'conda']

/** Where something is said. */
export interface Origin {
  /** Relative to the model's folder, with `/`; an option of the command line (`--with`) as it is spelled. */
  readonly file: string
  /** 1-based; 0 where the place has no lines (an option of the command line). */
  readonly line: number
}

/** A text with its place. */
export interface PlacedText extends Origin {
  readonly text: string
}

/**
 * What a line of a requirements list is: a package of an index (PEP 508 without URL), a package at a URL
 * (`name @ https://…`), a bare URL or VCS address, a path, an `-e` of one of them, or nothing that pip knows.
 */
export type RequirementKind = 'package' | 'url' | 'bare-url' | 'path' | 'editable' | 'invalid'

/** One requirement, or one constraint, with the verdict of its marker. */
export interface ResolvedRequirement extends PlacedText {
  readonly kind: RequirementKind
  /** As it is written; null where the line names none. */
  readonly name: string | null
  /** The name normalised as PEP 503 has it. */
  readonly key: string | null
  readonly extras: readonly string[]
  /** PEP 440, such as `==1.2.*` or `>=1,<2`; empty when any version does. */
  readonly specifier: string
  /** The URL, or the path. */
  readonly url: string | null
  /** As it is written, without the semicolon. */
  readonly marker: string | null
  /** Whether the marker is true for the target; null where there is no marker to judge (an invalid line). */
  readonly applies: boolean | null
  /** Options of the one requirement: `--hash=sha256:…`, `--config-settings=…`. */
  readonly lineOptions: readonly string[]
  /** Why the line is invalid. */
  readonly problem: string | null
  /** The `-r` and `-c` lines that led to the file, outermost first. */
  readonly via: readonly PlacedText[]
}

/** An option for pip that stands on a line of its own, such as `--index-url https://…`. */
export interface ResolvedOption extends PlacedText {
  /** The long spelling: `--index-url`, also for `-i`. */
  readonly option: string
  readonly value: string | null
}

/** What conda.yaml says beside its pip list. */
export interface ResolvedConda {
  readonly file: string
  /** Of the environment, as the file gives it; MLflow does not use it. */
  readonly name: PlacedText | null
  readonly channels: readonly PlacedText[]
  /** MatchSpecs as written, those of python, pip, setuptools and wheel among them. */
  readonly packages: readonly PlacedText[]
}

/** The Python, platform and machine that markers are judged for. */
export interface Target {
  /** Such as `3.11` or `3.11.7`. */
  readonly python: string
  readonly platform: 'linux' | 'darwin' | 'win32'
  /** `platform_machine`, such as `x86_64`. */
  readonly machine: string
}

/** What one manager of MLflow makes of the files. */
export interface ManagerView {
  readonly manager: EnvironmentManager
  /** The file that decides, relative to the model's folder; null where no file does. */
  readonly file: string | null
  /** A sentence: why this file and no other. */
  readonly why: string
  /** Null: MLflow takes the Python that it runs with itself. */
  readonly python: PlacedText | null
  readonly buildDependencies: readonly PlacedText[]
  /** As MLflow hands them to pip or conda, a line `-r requirements.txt` unread. */
  readonly dependencies: readonly PlacedText[]
  /** Those of conda.yaml that this manager leaves out. */
  readonly ignored: readonly PlacedText[]
  /** MLflow's own name of the environment, `mlflow-<sha1>`; null where it makes none or it cannot be known. */
  readonly name: string | null
  /** Why there is no name, in a sentence. */
  readonly nameless: string | null
  /** Where MLflow makes it, and whether it is there; null for conda, which keeps its own list. */
  readonly directory: string | null
  readonly exists: boolean | null
  /** What MLflow would refuse the files with; the rest of the view is empty then. */
  readonly refusal: MlmodelError | null
}

/** An environment file that MLflow looks for. */
export interface EnvironmentFile {
  readonly name: string
  readonly role: 'conda' | 'python_env' | 'requirements' | 'included' | 'constraints' | 'uv'
  readonly isPresent: boolean
  /** Where the MLmodel file names it; null for a name that is MLflow's custom. */
  readonly namedAt: Origin | null
}

/** What would be installed for one manager and target, and all that was said on the way. */
export interface ResolvedEnvironment {
  readonly manager: EnvironmentManager
  readonly target: Target
  readonly files: readonly EnvironmentFile[]
  /** The version without comparison, as MLflow takes it: `3.11.7`. */
  readonly python: PlacedText | null
  readonly buildDependencies: readonly ResolvedRequirement[]
  /** In their order, files of `-r` in place. */
  readonly requirements: readonly ResolvedRequirement[]
  readonly constraints: readonly ResolvedRequirement[]
  readonly options: readonly ResolvedOption[]
  /** Null without a readable conda.yaml. */
  readonly conda: ResolvedConda | null
  /** Every manager, in the order of {@link environmentManagers}. */
  readonly views: readonly ManagerView[]
  /** Files that could not be read; the others are there all the same. */
  readonly errors: readonly MlmodelError[]
}
