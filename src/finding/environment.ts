/** Findings on conda.yaml, python_env.yaml and requirements.txt. */
import type { FindingTable } from './define.ts'

/** A package in a finding. */
export interface Named {
  readonly name: string
  /** As it stands in the file. */
  readonly text: string
}

/** A package of which two places say different things. */
export interface Compared extends Named {
  readonly other: string
  /** Where the other stands: `requirements.txt:3`. */
  readonly place: string
}

const pinFix = 'Write the version the model was made with, as in `numpy==2.4.6`; `pip freeze` in its environment lists them'
const outsideWhy =
  'What is installed then comes from there, at the time of installing: it may have changed, be gone, or be another’s. Whoever serves the model runs it.'

export const environmentFindings = {
  // Files.
  ENV_FILE_MISSING: {
    level: 'warning',
    title: 'An environment file is missing',
    why: 'MLflow looks for the file that the MLmodel file names, and cannot build the environment that it would describe.',
    message: (args: { readonly file: string }) => `The MLmodel file names ${args.file}, which is not there`,
    fix: (args) => `Add ${args?.file ?? 'the file'}, or log the model again`,
  },
  ENV_FILE_UNREADABLE: {
    level: 'error',
    title: 'An environment file cannot be read',
    why: 'No environment can be built from it: MLflow, conda and pip stop with an error.',
    message: (args: { readonly file: string; readonly reason: string }) => `${args.file} cannot be read: ${args.reason}`,
    fix: () => 'Mend the file, or log the model again',
  },
  ENV_SHAPE: {
    level: 'error',
    title: 'An environment file has another shape than MLflow and conda expect',
    why: 'MLflow or conda stops with an error, or leaves out what stands there.',
    message: (args: { readonly problem: string }) => args.problem,
    fix: () => 'Write it as MLflow does: lists of texts, below `dependencies` one mapping `pip:` with a list',
  },
  ENV_MANAGER_REFUSED: {
    level: 'warning',
    title: 'An environment manager cannot use the files',
    why: 'Serving the model with this `--env-manager` stops before anything is installed.',
    message: (args: { readonly managers: string; readonly reason: string; readonly fix?: string }) =>
      `MLflow cannot build the environment with ${args.managers}: ${args.reason}`,
    fix: (args) =>
      args?.fix ?? 'Add a python_env.yaml, which `mlmodel env --format python_env` writes, or choose another manager',
  },

  // Python.
  ENV_PYTHON_DISAGREES: {
    level: 'warning',
    title: 'Files name different versions of Python',
    why: 'Which Python the model gets depends on the environment manager. Pickles, and packages with compiled parts, may not work with another one.',
    message: (args: { readonly text: string; readonly other: string; readonly place: string }) =>
      `Python ${args.text} here, and ${args.other} in ${args.place}`,
    fix: () => 'Name the version the model was made with in all files; `mlmodel env --python VERSION --write` does',
  },
  ENV_PYTHON_INVALID: {
    level: 'error',
    title: 'This is no version of Python',
    why: 'pyenv, uv and conda find no such Python, and the environment is not built.',
    message: (args: { readonly text: string }) => `${JSON.stringify(args.text)} is no version of Python`,
    fix: () => 'Write it as `3.11.7` or `3.11`',
  },
  ENV_PYTHON_NOT_TEXT: {
    level: 'error',
    title: 'The Python version is no text',
    why: 'YAML reads `3.10` without quotes as the number 3.1; MLflow refuses a number there.',
    message: (args: { readonly text: string }) => `The Python version ${args.text} stands without quotes and is read as a number`,
    fix: (args) => `Write it in quotes: \`python: '${args?.text ?? '3.10'}'\``,
  },
  ENV_PYTHON_UNKNOWN: {
    level: 'notice',
    title: 'No file names a version of Python',
    why: 'MLflow takes the Python it runs with: the same model gets another Python on another machine.',
    message: () => 'No environment file names a Python version; MLflow takes the one it runs with',
    fix: () => 'Add `python: 3.11.7` to python_env.yaml, with the version the model was made with',
  },
  ENV_PYTHON_UNPINNED: {
    level: 'warning',
    title: 'Python is not pinned',
    why: 'conda installs the newest Python that fits. Without python_env.yaml, MLflow refuses the file or takes another version than conda.',
    message: (args: { readonly text: string }) => `${JSON.stringify(args.text)} does not say one version of Python`,
    fix: () => 'Write it with a version, as in `python=3.11.7`',
  },

  // Requirements.
  ENV_REQUIREMENT_INVALID: {
    level: 'error',
    title: 'A line is no requirement',
    why: 'pip refuses the whole file for one such line, and nothing is installed.',
    message: (args: { readonly text: string; readonly problem: string }) =>
      `${JSON.stringify(args.text)} is no requirement: ${args.problem}`,
    fix: () => 'Write a name, and a version if you like: `numpy==2.4.6`; or take the line out',
  },
  ENV_INCLUDE: {
    level: 'error',
    title: 'A file of -r or -c cannot be followed',
    why: 'pip stops where such a file is missing. One outside the model’s folder belongs to another machine, and is never read here.',
    message: (args: { readonly text: string; readonly reason: string }) => `${args.text}: ${args.reason}`,
    fix: () => 'Put the file into the model’s folder and name it by its path there, or take the line out',
  },
  ENV_VERSION_CONFLICT: {
    level: 'error',
    title: 'Requirements contradict each other',
    why: 'No version satisfies both, and pip refuses to install them together.',
    message: (args: Compared) => `${args.text} and ${args.other} (${args.place}) cannot both be satisfied`,
    fix: () => 'Keep the one the model was made with',
  },
  ENV_DUPLICATE: {
    level: 'notice',
    title: 'A package is required twice',
    why: 'Both lines count. Whoever changes one of them easily overlooks the other.',
    message: (args: Compared) => `${args.name} stands here and in ${args.place} (${args.other})`,
    fix: () => 'Keep one of the lines',
  },
  ENV_VERSION_DISAGREES: {
    level: 'warning',
    title: 'Files ask for different versions of a package',
    why: 'Which version is installed depends on the environment manager.',
    message: (args: Compared) => `${args.text} here, and ${args.other} in ${args.place}`,
    fix: () => 'Write the same version into both files; `mlmodel env --with NAME==VERSION --write` does',
  },
  ENV_PACKAGE_ONE_SIDED: {
    level: 'notice',
    title: 'A package stands in one file only',
    why: 'One environment manager installs it and another does not.',
    message: (args: Named & { readonly file: string }) => `${args.name} is not in ${args.file}`,
    fix: () => 'Write it into both files, or into none',
  },
  ENV_UNPINNED: {
    level: 'warning',
    title: 'A package has no version',
    why: 'Whatever is newest on the day is installed: the model may load differently or not at all.',
    message: (args: Named) => `${args.text} names no version`,
    fix: () => pinFix,
  },
  ENV_LOOSE: {
    level: 'notice',
    title: 'A package may be any version of a range',
    why: 'What is newest in the range on the day is installed.',
    message: (args: Named) => `${args.text} leaves the version open`,
    fix: () => pinFix,
  },
  ENV_FLAVOR_VERSION: {
    level: 'warning',
    title: 'The flavor was saved by another version than is installed',
    why: 'A model that another version of its library saved may load differently or not at all.',
    message: (args: { readonly key: string; readonly version: string; readonly other: string; readonly place: string }) =>
      `${args.key} is ${args.version}, and ${args.place} asks for ${args.other}`,
    fix: () => 'Require the version that saved the model, or save the model again',
  },
  ENV_NOT_A_PACKAGE: {
    level: 'error',
    title: 'pip cannot install this',
    why: 'There is no such package on PyPI, or one that only says so.',
    message: (args: Named & { readonly reason: string }) => `pip cannot install ${args.name}: ${args.reason}`,
    fix: (args) => (args?.name === 'sklearn' ? 'Write scikit-learn' : 'Take the line out'),
  },
  ENV_LOCAL_VERSION: {
    level: 'warning',
    title: 'A version with a local label is on no public index',
    why: 'PyPI takes no versions such as `2.1.0+cu118`: pip finds them only on an index of their maker.',
    message: (args: Named) => `${args.text} has a local label, and PyPI has no such version`,
    fix: (args) =>
      `Write the version without \`+…\`${args === undefined ? '' : ` after ${args.name}`}, or name the index that has it`,
  },
  ENV_DEV_VERSION: {
    level: 'warning',
    title: 'A development version is on no public index',
    why: 'MLflow publishes no versions `.dev0`: pip does not find them.',
    message: (args: Named) => `${args.text} is a development version, which is not published`,
    fix: () => 'Require the release before or after it',
  },
  ENV_HASH_MISSING: {
    level: 'error',
    title: 'Some requirements have hashes and others do not',
    why: 'One hash makes pip ask for a hash and an exact version of everything, and it refuses the file.',
    message: (args: Named) => `${args.text} has no hash or no exact version, and other lines have hashes`,
    fix: () => 'Give every line its `--hash` and `==`, or none (`uv pip compile --generate-hashes` writes them)',
  },
  ENV_MLFLOW_ABSENT: {
    level: 'notice',
    title: 'mlflow itself is not required',
    why: 'MLflow’s scoring server runs inside the environment and needs mlflow there, unless it is started with --install-mlflow.',
    message: (args: { readonly file: string }) => `${args.file} does not require mlflow`,
    fix: () => 'Add mlflow with the version that saved the model, or mlflow-skinny',
  },

  // What reaches outside.
  ENV_INDEX: {
    level: 'warning',
    title: 'Packages come from another index',
    why: `${outsideWhy} With --extra-index-url, whoever publishes a higher version on the public index wins.`,
    message: (args: { readonly option: string; readonly url: string }) => `${args.option} takes packages from ${args.url}`,
    fix: () => 'Leave the index to the configuration of pip or uv where the model is installed',
  },
  ENV_INSECURE: {
    level: 'warning',
    title: 'An address is not protected',
    why: 'Over plain http, or from a host whose certificate is not checked, anybody on the way can put in other code.',
    message: (args: { readonly url: string }) => `${args.url} is fetched without protection on the way`,
    fix: () => 'Use https',
  },
  ENV_CREDENTIALS: {
    level: 'warning',
    title: 'An address holds a password',
    why: 'Whoever gets the model gets the password too, and tools write it into their logs.',
    message: (args: { readonly url: string }) => `${args.url} holds a user name or a password`,
    fix: () => 'Take it out and change it; pip reads it from a keyring or .netrc',
  },
  ENV_VCS: {
    level: 'warning',
    title: 'A package comes from a version control system',
    why: `${outsideWhy} Its build runs code of the repository.`,
    message: (args: { readonly url: string }) => `${args.url} is fetched from a repository and built`,
    fix: () => 'Require a released version, or name a commit by its full hash',
  },
  ENV_URL: {
    level: 'warning',
    title: 'A package comes from an address',
    why: outsideWhy,
    message: (args: { readonly url: string }) => `${args.url} is fetched from its address`,
    fix: () => 'Require a released version by its name; or add `#sha256=…` to the address',
  },
  ENV_PATH: {
    level: 'warning',
    title: 'A package comes from the model’s folder',
    why: 'Installing it runs or installs code of the model itself.',
    message: (args: { readonly path: string }) => `${args.path} is installed from the model’s folder`,
    fix: () => 'Require a released version by its name, if there is one',
  },
  ENV_PATH_MISSING: {
    level: 'error',
    title: 'A path that is to be installed is not there',
    why: 'pip stops where a path does not exist, and nothing is installed.',
    message: (args: { readonly path: string }) => `${args.path} is not in the model’s folder`,
    fix: () => 'Put the wheel into the model’s folder, or require a released version by its name',
  },
  ENV_PATH_OUTSIDE: {
    level: 'error',
    title: 'A path leads out of the model',
    why: 'It belongs to the machine the model was made on. Elsewhere pip finds nothing there, or something else.',
    message: (args: { readonly path: string }) => `${args.path} lies outside the model’s folder`,
    fix: () => 'Require the package by name and version (`pip list --format freeze` writes them so)',
  },
  ENV_BUILD_OPTION: {
    level: 'warning',
    title: 'A requirement passes options to a build',
    why: 'The package is then built from source, which runs its code, with these options.',
    message: (args: { readonly option: string; readonly text: string }) => `${args.text} passes ${args.option} to the build`,
    fix: () => 'Take the option out: wheels need none',
  },
  ENV_PIP_OPTION: {
    level: 'notice',
    title: 'An option for pip stands among the requirements',
    why: '`mlflow models update-pip-requirements` refuses files with options, and conda hands them on to pip.',
    message: (args: { readonly option: string }) => `${args.option} changes how pip chooses packages`,
    fix: () => 'Leave it to the configuration of pip where the model is installed',
  },

  // conda.
  ENV_CHANNEL_URL: {
    level: 'warning',
    title: 'A conda channel is an address',
    why: outsideWhy,
    message: (args: { readonly url: string }) => `Packages come from the channel ${args.url}`,
    fix: () => 'Use conda-forge, or a channel by its name',
  },
  ENV_CHANNEL_DEFAULTS: {
    level: 'notice',
    title: 'The channel defaults has terms of use',
    why: 'Anaconda’s channels are free of charge for small organisations only, and newer condas ask to accept their terms before they fetch from them.',
    message: (args: { readonly channel: string }) => `The channel ${args.channel} is Anaconda’s`,
    fix: () => 'Use conda-forge',
  },
  ENV_CONDA_NAME: {
    level: 'warning',
    title: 'The environment’s name holds unusual characters',
    why: 'Tools build commands and folders of the name; MLflow and conda give the environment another one.',
    message: (args: { readonly text: string }) => `The name ${JSON.stringify(args.text)} holds characters of shells or paths`,
    fix: () => 'Call it mlflow-env',
  },
  ENV_CONDA_PREFIX: {
    level: 'notice',
    title: 'conda.yaml names a folder of the machine it was written on',
    why: 'It has no meaning elsewhere; conda passes over it where it is given a name.',
    message: (args: { readonly text: string }) => `\`prefix\` is ${JSON.stringify(args.text)}`,
    fix: () => 'Take the line out',
  },
  ENV_CONDA_SPEC: {
    level: 'error',
    title: 'A conda package cannot be understood',
    why: 'conda refuses the file, and the environment is not built.',
    message: (args: { readonly text: string; readonly problem: string }) =>
      `${JSON.stringify(args.text)} is no conda package: ${args.problem}`,
    fix: () => 'Write it as `numpy=1.26` or `numpy>=1.26,<2`',
  },
  ENV_CONDA_IGNORED: {
    level: 'warning',
    title: 'A conda package is left out by virtualenv and uv',
    why: 'They install what pip can install; whatever needs the package fails when the model is loaded or scored.',
    message: (args: Named & { readonly requirement?: string; readonly reason?: string }) =>
      `${args.text} is installed by conda only${args.reason === undefined ? '' : `: ${args.reason}`}`,
    fix: (args) =>
      args?.requirement === undefined
        ? 'Use conda (`--env-manager conda`), or install it with the image'
        : `Require \`${args.requirement}\` in requirements.txt too; else use conda`,
  },
  ENV_CONDA_PIP_ABSENT: {
    level: 'notice',
    title: 'conda.yaml has requirements for pip and does not ask for pip',
    why: 'conda adds pip by itself, warns, and takes any version.',
    message: () => 'There is a list for pip, and no pip among the packages',
    fix: () => 'Add `- pip` to the dependencies',
  },
} as const satisfies FindingTable
