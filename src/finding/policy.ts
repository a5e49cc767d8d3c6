/** Findings on what a team asks of its models. */
import type { FindingTable } from './define.ts'

const why = "The team's policy (mlmodel.config.yaml) asks for it."

export const policyFindings = {
  TEAM_SCHEMA_UNUSED: {
    level: 'warning',
    title: 'A team’s schema with nothing to hold against it',
    why: 'A JSON Schema of input rows is held against the rows of the stored input example. A model of tensors, or without an example, has none.',
    message: (args: { file: string }) => `The model has no stored rows to hold against ${args.file}`,
    fix: () => 'Log the model with a table as its `input_example`, or leave the schema out for this model',
  },
  POLICY_SIGNATURE: {
    level: 'error',
    title: 'A signature is required',
    why,
    message: (_: Record<never, never>) => 'The policy requires a signature, and the model has none',
    fix: () => 'Log the model with a signature, or set one with `mlmodel signature`',
  },
  POLICY_EXAMPLE: {
    level: 'error',
    title: 'An input example is required',
    why,
    message: (_: Record<never, never>) => 'The policy requires an input example, and the model has none',
    fix: () => 'Log the model with `input_example=`',
  },
  POLICY_PIN: {
    level: 'error',
    title: 'Exact versions are required',
    why: `${why} A requirement without an exact version installs something else next month.`,
    message: (args: { requirement: string }) => `The policy requires exact versions, and this one is open: ${args.requirement}`,
    fix: () => 'Write `name==version`',
  },
  POLICY_LICENCE: {
    level: 'error',
    title: 'A licence is required',
    why,
    message: (args: { allowed?: readonly string[]; found?: string }) =>
      args.allowed === undefined
        ? 'The policy requires a licence: metadata.license, or a file LICENSE'
        : `The policy requires metadata.license to be ${args.allowed.join(' or ')}, and it is ${args.found ?? 'absent'}`,
    fix: () => 'Log the model with `metadata={"license": …}`',
  },
  POLICY_TAG: {
    level: 'error',
    title: 'A tag is required',
    why,
    message: (args: { tag: string }) => `The policy requires metadata.${args.tag}, and the model has none`,
    fix: (args) => `Log the model with \`metadata={"${args?.tag ?? 'tag'}": …}\``,
  },
  POLICY_FLAVOR: {
    level: 'error',
    title: 'A flavor that is not accepted',
    why,
    message: (args: { flavor: string; allowed: readonly string[] }) =>
      `The policy accepts ${args.allowed.join(', ')}, and the model has the flavor ${args.flavor}`,
    fix: () => 'Log the model with an accepted flavor',
  },
  POLICY_PYTHON: {
    level: 'error',
    title: 'A Python version that is not accepted',
    why,
    message: (args: { version: string; allowed: readonly string[] }) =>
      `The policy accepts Python ${args.allowed.join(', ')}, and the model asks for ${args.version}`,
    fix: () => 'Train and log the model with an accepted version of Python',
  },
  POLICY_SIZE: {
    level: 'error',
    title: 'A model larger than accepted',
    why,
    message: (args: { bytes: number; limit: number }) =>
      `The policy accepts ${args.limit} bytes, and the files of the model have ${args.bytes}`,
    fix: () => 'Make the model smaller, or leave out what it does not need',
  },
  POLICY_SCHEMA: {
    level: 'error',
    title: "Against the team's own JSON Schema",
    why: 'The schema given by `--schema` forbids it.',
    message: (args: { what: string; at: string; reason: string }) =>
      `${args.what}${args.at === '' ? '' : ` at ${args.at}`}: ${args.reason}`,
    fix: () => 'Correct the model, or the schema',
  },
} as const satisfies FindingTable
