/** Errors of finding a model, of its paths, of YAML, of the MLmodel file, its signature and its environment files. */
import type { ErrorTable } from './define.ts'

export interface Found {
  readonly wanted: string
  readonly found: string
}

export const modelErrors = {
  LOCATION_UNSUPPORTED: {
    kind: 'unsupported',
    message: (args: { location: string; scheme: string }) => `Models at ${args.scheme} locations are not supported yet`,
    hint: () => 'Download the model first and give its folder',
  },
  LOCATION_NOT_FOUND: {
    kind: 'not-found',
    message: (args: { path: string; near?: string }) => `There is no ${args.path}`,
    hint: (args) => (args.near === undefined ? undefined : `Did you mean \`${args.near}\`?`),
  },
  LOCATION_NOT_MODEL: {
    kind: 'not-found',
    message: (args: { path: string; what: 'folder' | 'file'; near?: string }) =>
      args.what === 'folder' ? `${args.path} has no MLmodel file` : `${args.path} is a file, not a model's folder`,
    hint: (args) => (args.near === undefined ? undefined : `\`${args.near}\` has one; did you mean that?`),
  },
  LOCATION_UNREADABLE: {
    kind: 'io',
    message: (args: { path: string; reason: string }) => `${args.path} cannot be read: ${args.reason}`,
  },

  PATH_INVALID: {
    kind: 'model',
    message: (args: { path: string; reason: string }) => `The path ${JSON.stringify(args.path)} ${args.reason}`,
    hint: () => "A path in a model is relative to the model's folder and written with /",
  },
  PATH_OUTSIDE: {
    kind: 'model',
    message: (args: { path: string }) => `The path ${JSON.stringify(args.path)} leaves the model's folder`,
  },
  PATH_MISSING: {
    kind: 'model',
    message: (args: { path: string }) => `The model's folder has no ${JSON.stringify(args.path)}`,
  },
  PATH_LOOP: {
    kind: 'model',
    message: (args: { path: string }) => `The symbolic links of ${JSON.stringify(args.path)} go in a circle`,
  },
  PATH_NOT_FILE: {
    kind: 'model',
    message: (args: { path: string; what: string }) => `${JSON.stringify(args.path)} is ${args.what}, not a regular file`,
  },
  FILE_UNREADABLE: {
    kind: 'io',
    message: (args: { path: string; reason: string }) => `${JSON.stringify(args.path)} cannot be read: ${args.reason}`,
  },
  FILE_TOO_LARGE: {
    kind: 'limit',
    message: (args: { bytes: number; limit: number }) => `The file has ${args.bytes} bytes; at most ${args.limit} are read`,
  },

  YAML_ENCODING: {
    kind: 'model',
    message: (args: { encoding: string }) => `The file is not valid ${args.encoding}`,
  },
  YAML_CHARACTER: {
    kind: 'model',
    message: (args: { code: number }) =>
      `The character U+${args.code.toString(16).toUpperCase().padStart(4, '0')} may stand in YAML only as an escape in double quotes`,
  },
  YAML_SYNTAX: {
    kind: 'model',
    message: (args: { reason: string }) => `Not valid YAML: ${args.reason}`,
  },
  YAML_EMPTY: { kind: 'model', message: (_: Record<never, never>) => 'The file is empty' },
  YAML_DOCUMENTS: {
    kind: 'model',
    message: (_: Record<never, never>) => 'The file holds more than one YAML document',
  },
  YAML_NOT_MAP: {
    kind: 'model',
    message: (args: { found: string }) => `The file must hold a YAML mapping, not ${args.found}`,
  },
  YAML_TAG: {
    kind: 'model',
    message: (args: { tag: string }) => `The YAML tag ${args.tag} is not accepted: only plain data is read`,
  },
  YAML_VALUE: {
    kind: 'model',
    message: (args: { text: string; type: string }) => `${JSON.stringify(args.text)} is not a valid ${args.type}`,
  },
  YAML_KEY: {
    kind: 'model',
    message: (args: { found: string }) => `A key must be one value, not ${args.found}`,
  },
  YAML_MERGE: {
    kind: 'model',
    message: (args: { found: string }) => `The merge key << needs a mapping or a list of mappings, not ${args.found}`,
  },
  YAML_DUPLICATE_KEY: {
    kind: 'model',
    message: (args: { key: string; firstLine: number }) =>
      `The key ${JSON.stringify(args.key)} stands twice in one mapping (first in line ${args.firstLine})`,
    hint: () => 'Readers disagree on which of the two counts; keep one',
  },
  YAML_ANCHOR: {
    kind: 'model',
    message: (args: { name: string; reason: string }) => `The alias *${args.name} ${args.reason}`,
  },
  YAML_NODES: {
    kind: 'limit',
    message: (args: { limit: number }) => `The document has more than ${args.limit} values once its aliases are written out`,
  },
  YAML_DEPTH: {
    kind: 'limit',
    message: (args: { limit: number }) => `The document is nested deeper than ${args.limit} levels`,
  },

  MLMODEL_FIELD: {
    kind: 'model',
    message: (args: Found & { field: string }) => `${args.field} must be ${args.wanted}, not ${args.found}`,
  },

  SIGNATURE_EMPTY: {
    kind: 'model',
    message: (_: Record<never, never>) => 'The signature has neither inputs, outputs nor params',
  },
  SIGNATURE_JSON: {
    kind: 'model',
    message: (args: { part: string; reason: string }) => `${args.part} is not valid JSON: ${args.reason}`,
  },
  SIGNATURE_DEPTH: {
    kind: 'limit',
    message: (args: { limit: number }) => `The signature is nested deeper than ${args.limit} levels`,
  },
  SIGNATURE_DUPLICATE_KEY: {
    kind: 'model',
    message: (args: { key: string }) => `The key ${JSON.stringify(args.key)} stands twice in one object of the signature`,
  },
  SIGNATURE_FIELD: {
    kind: 'model',
    message: (args: Found & { field: string }) => `${args.field} must be ${args.wanted}, not ${args.found}`,
  },
  SIGNATURE_MISSING_KEY: {
    kind: 'model',
    message: (args: { what: string; key: string }) => `${args.what} has no \`${args.key}\``,
  },
  SIGNATURE_UNKNOWN_KEY: {
    kind: 'model',
    message: (args: { key: string }) =>
      `A column has the unknown key ${JSON.stringify(args.key)}; it may have \`type\`, \`name\` and \`required\``,
  },
  SIGNATURE_TYPE: {
    kind: 'model',
    message: (args: { type: string; known: readonly string[] }) =>
      `Unknown type ${JSON.stringify(args.type)}; known are ${args.known.join(', ')}`,
  },
  SIGNATURE_DTYPE: {
    kind: 'model',
    message: (args: { dtype: string; reason: string }) => `The tensor type ${JSON.stringify(args.dtype)} ${args.reason}`,
  },
  SIGNATURE_SHAPE: {
    kind: 'model',
    message: (args: { dimension: string }) =>
      `A dimension of a shape must be -1 (any size) or a whole number from 0 to 2^53, not ${args.dimension}`,
  },
  SCHEMA_EMPTY: {
    kind: 'model',
    message: (_: Record<never, never>) => 'A list of inputs or outputs must not be empty',
  },
  SCHEMA_MIXED_NAMES: {
    kind: 'model',
    message: (args: { named: string; unnamed: number }) =>
      `Either all columns have names or none: ${args.named} has one, number ${args.unnamed} has none`,
  },
  SCHEMA_MIXED_KINDS: {
    kind: 'model',
    message: (_: Record<never, never>) => 'Columns and tensors cannot be mixed',
  },
  SCHEMA_UNNAMED_TENSORS: {
    kind: 'model',
    message: (_: Record<never, never>) => 'Several tensors need names',
  },
  SCHEMA_UNNAMED_OPTIONAL: {
    kind: 'model',
    message: (_: Record<never, never>) => 'Columns without names cannot be optional',
  },
  PARAM_TYPE: {
    kind: 'model',
    message: (args: { name: string; type: string }) => `The param ${JSON.stringify(args.name)} cannot have the type ${args.type}`,
    hint: () => 'A param has a column type other than binary, or the type object',
  },
  PARAM_SHAPE: {
    kind: 'model',
    message: (args: { name: string; shape: string }) =>
      `The shape of the param ${JSON.stringify(args.name)} must be null (one value) or [-1] (a list), not ${args.shape}`,
  },
  PARAM_DEFAULT: {
    kind: 'model',
    message: (args: { name: string; reason: string }) => `The default of the param ${JSON.stringify(args.name)} ${args.reason}`,
  },
  PARAM_DUPLICATE: {
    kind: 'model',
    message: (args: { name: string }) => `Two params have the name ${JSON.stringify(args.name)}`,
  },
} satisfies ErrorTable
