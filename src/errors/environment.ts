/** Errors of environments: files that MLflow refuses, overrides, interpreters. */
import type { ErrorTable } from './define.ts'

export const environmentErrors = {
  ENVIRONMENT_FIELD: {
    kind: 'model',
    message: (args: { field: string; wanted: string; found: string }) =>
      `${args.field} must be ${args.wanted}, not ${args.found}`,
  },
  ENVIRONMENT_KEY: {
    kind: 'model',
    message: (args: { key: string }) =>
      `${JSON.stringify(args.key)} is no key of python_env.yaml, and MLflow refuses files with others`,
    hint: () => 'The keys are python, build_dependencies and dependencies',
  },
  ENVIRONMENT_PYTHON_UNPINNED: {
    kind: 'model',
    message: (args: { text: string }) => `${JSON.stringify(args.text)} names no Python version, and MLflow asks for one`,
    hint: () => 'Write it with a version, such as `python=3.11.7`',
  },
  ENVIRONMENT_PYTHON_COMPARATOR: {
    kind: 'model',
    message: (args: { text: string; comparator: string }) =>
      `${JSON.stringify(args.text)} compares with \`${args.comparator}\`, of which MLflow makes no Python version`,
    hint: () => 'Write it with `=`, such as `python=3.11.7`',
  },
  ENVIRONMENT_NOT_NAMED: {
    kind: 'model',
    message: (args: { key: string }) => `\`env\` of python_function has no \`${args.key}\`, where MLflow looks for the file`,
    hint: (args) => `Add \`${args.key}: ${args.key === 'conda' ? 'conda.yaml' : 'python_env.yaml'}\` below \`env\``,
  },
  ENVIRONMENT_FILE_ABSENT: {
    kind: 'model',
    message: (args: { file: string }) => `There is no ${JSON.stringify(args.file)}`,
    hint: () => 'Log the model again, or write the file; `mlmodel env --requirements FILE --format conda` makes one',
  },

  OVERRIDE_INVALID: {
    kind: 'usage',
    message: (args: { option: string; text: string; why: string }) => `${args.option} ${JSON.stringify(args.text)}: ${args.why}`,
    hint: () => "Give a name with a version if you like, such as 'pandas==2.2.*' or 'scikit-learn>=1.3,<1.4'",
  },
  OVERRIDE_CONFLICT: {
    kind: 'usage',
    message: (args: { one: string; other: string }) => `${args.one} and ${args.other} cannot both be satisfied`,
  },
  ENVIRONMENT_NOT_WRITTEN: {
    kind: 'unsupported',
    message: (args: { why: string }) => `The environment is not written: ${args.why}`,
    hint: () => '`--format requirements` or `--format conda` prints the whole file instead',
  },

  INTERPRETER_MISSING: {
    kind: 'not-found',
    message: (args: { path: string }) => `There is no interpreter ${JSON.stringify(args.path)}`,
    hint: () => 'Give `--python` the path of an interpreter or of its environment, such as `.venv` or `/usr/bin/python3`',
  },
  INTERPRETER_UNKNOWN: {
    kind: 'unsupported',
    message: (args: { path: string }) =>
      `No installed packages are found around ${JSON.stringify(args.path)}: no pyvenv.cfg, no lib/python3.x, no site-packages`,
    hint: () => 'Give `--python` the folder of the environment, or its site-packages',
  },
  INTERPRETER_NOT_GIVEN: {
    kind: 'usage',
    message: () => 'No environment is active, and there is no python3 on the PATH',
    hint: () => 'Give `--python` the path of an interpreter or of its environment',
  },
  ENVIRONMENT_ACTION: {
    kind: 'usage',
    message: (args: { why: string }) => args.why,
    hint: () => 'See `mlmodel env --help`',
  },
} satisfies ErrorTable
