/** What can go wrong in asking for a validation; what is wrong with a model is a finding. */
import type { ErrorTable } from './define.ts'

export const validateErrors = {
  MODELS_NONE: {
    kind: 'not-found',
    message: (a: { pattern: string }) => `No model matches \`${a.pattern}\``,
    hint: () => 'A pattern matches folders with an MLmodel file; known are *, ?, ** and {a,b}',
  },
  FINDING_UNKNOWN: {
    kind: 'usage',
    message: (a: { code: string; near?: string }) => `There is no finding \`${a.code}\``,
    hint: (a: { near?: string }) =>
      a.near === undefined ? 'docs/rules.md lists them; `--explain all` prints them' : `Did you mean \`${a.near}\`?`,
  },
  VALIDATE_OPTION: {
    kind: 'usage',
    message: (a: { action: string; option: string }) => `\`--${a.action}\` has no use for \`--${a.option}\``,
    hint: (a: { action: string }) =>
      a.action === 'explain' ? 'It prints text to stdout' : 'It writes the baseline and no report; leave it out for the report',
  },
  TRUST_INVALID: {
    kind: 'usage',
    message: (a: { given: string }) => `\`${a.given}\` is no hash: \`--trust\` takes sha256: and 64 hexadecimal digits`,
    hint: () => '`mlmodel inspect --digests` prints the hashes of a model’s files',
  },
  CONFIG_UNREADABLE: {
    kind: 'usage',
    message: (a: { path: string; reason: string }) => `The policy ${a.path} cannot be read: ${a.reason}`,
  },
  CONFIG_INVALID: {
    kind: 'usage',
    message: (a: { field: string; reason: string }) => `The policy is not valid: ${a.field === '' ? 'it' : a.field} ${a.reason}`,
    hint: () => 'schemas/config.schema.json says what it may hold',
  },
  BASELINE_INVALID: {
    kind: 'usage',
    message: (a: { path: string; reason: string }) => `The baseline ${a.path} cannot be read: ${a.reason}`,
    hint: () => 'Write it with `mlmodel validate … --baseline FILE --write-baseline`',
  },
  SCHEMA_UNREADABLE: {
    kind: 'usage',
    message: (a: { path: string; reason: string }) => `The JSON Schema ${a.path} cannot be read: ${a.reason}`,
  },
} as const satisfies ErrorTable
