/** Errors of requirement lines, markers, requirements files and conda's package specifications. */
import type { ErrorTable } from './define.ts'

export const requirementErrors = {
  REQUIREMENT_INVALID: {
    kind: 'model',
    message: (args: { text: string; column: number; why: string }) =>
      `${JSON.stringify(args.text)} is no requirement: ${args.why} (at character ${args.column})`,
    hint: () => 'A requirement is a name, extras, versions and a marker: `pandas[excel]>=2,<3; python_version >= "3.9"`',
  },
  MARKER_UNDEFINED: {
    kind: 'model',
    message: (args: { marker: string; why: string }) => `The marker ${JSON.stringify(args.marker)} cannot be judged: ${args.why}`,
  },
  REQUIREMENTS_CYCLE: {
    kind: 'model',
    message: (args: { path: string }) => `${JSON.stringify(args.path)} includes itself`,
    hint: () => 'pip and MLflow would read it for ever; remove the line',
  },
  REQUIREMENTS_TOO_MANY: {
    kind: 'limit',
    message: (args: { what: string; limit: number }) => `The requirements files have more than ${args.limit} ${args.what}`,
    hint: () => 'Include each file once',
  },
  PYLOCK_NEEDS_INDEX: {
    kind: 'unsupported',
    message: (args: { packages: number; first: string }) =>
      `pylock.toml needs the file and the hash of each package, which the model does not say of ${JSON.stringify(args.first)}${args.packages === 1 ? '' : ` and ${args.packages - 1} more`}`,
    hint: () =>
      'Only an index knows them, and nothing is fetched here: `mlmodel env ./model --format requirements > r.txt`, then `uv pip compile r.txt --format pylock.toml`',
  },
  MATCH_SPEC_INVALID: {
    kind: 'model',
    message: (args: { text: string; why: string }) => `${JSON.stringify(args.text)} is no conda package: ${args.why}`,
    hint: () => 'Write a name, a version and a build, such as `numpy>=1.26,<3` or `conda-forge::numpy=1.26`',
  },
} satisfies ErrorTable
