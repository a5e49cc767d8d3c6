/** Errors of reading a model's folder, its MLmodel file, its signature and its ONNX graph, explained as findings. */
import type { FindingTable } from './define.ts'
import { ofError } from './of-error.ts'

const pathFix = "Write a path relative to the model's folder, with / between its parts, and put the file into the folder"
const yamlWhy =
  'Readers of YAML disagree about such a file, so that what was reviewed may not be what is loaded; MLflow refuses it or guesses.'
const signatureWhy = 'MLflow cannot read the signature: the model does not load, or loads without the checks of its contract.'
const relog = 'Log the model again with mlflow.models.infer_signature, or write the signature with `mlmodel signature`'

export const loaderFindings = {
  PATH_INVALID: ofError('PATH_INVALID', {
    title: 'A path that may lead elsewhere',
    why: 'A model names its files by paths inside its own folder. Absolute paths, drives, URLs, backslashes, NUL characters and percent escapes are read differently by different systems and have been used to read or overwrite files of the machine (CVE-2023-2780, CVE-2024-1560).',
    fix: pathFix,
  }),
  PATH_OUTSIDE: ofError('PATH_OUTSIDE', {
    title: 'A path that leaves the model',
    why: "What lies outside the model's folder is not part of the model: it differs from machine to machine, and a stranger's model could make MLflow read any file (CVE-2023-1177, CVE-2026-34447).",
    fix: 'Copy the file into the folder and name it by a path inside; replace a symbolic link by the file itself',
  }),
  PATH_MISSING: ofError('PATH_MISSING', {
    title: 'A file that is named and not there',
    why: 'MLflow fails when it loads the model.',
    fix: 'Add the file, or log the model again; a partial download leaves such folders',
  }),
  PATH_LOOP: ofError('PATH_LOOP', {
    title: 'Symbolic links in a circle',
    why: 'No reader can open such a file.',
    fix: 'Replace the link by the file',
  }),
  PATH_NOT_FILE: ofError('PATH_NOT_FILE', {
    title: 'No regular file',
    why: 'A folder, pipe, socket or device stands where a file must be; reading a pipe or a device may wait for ever.',
    fix: 'Put the file itself there',
  }),
  FILE_UNREADABLE: ofError('FILE_UNREADABLE', {
    unjudged: true,
    title: 'A file that cannot be read',
    why: 'What cannot be read cannot be judged.',
    fix: 'Check the permissions of the file and of its folders',
  }),
  FILE_TOO_LARGE: ofError('FILE_TOO_LARGE', {
    unjudged: true,
    title: 'A file beyond the limit',
    why: 'A file of this kind is never that large; it is not read, so it cannot be judged.',
    fix: 'Look at what makes the file large',
  }),

  YAML_ENCODING: ofError('YAML_ENCODING', {
    title: 'Text that is not UTF-8',
    why: 'MLflow cannot read the file.',
    fix: 'Save the file as UTF-8',
  }),
  YAML_CHARACTER: ofError('YAML_CHARACTER', {
    title: 'A control character in YAML',
    why: 'PyYAML refuses it, so MLflow cannot read the file; terminals and logs may obey it.',
    fix: 'Remove the character, or write it as an escape in double quotes',
  }),
  YAML_SYNTAX: ofError('YAML_SYNTAX', {
    title: 'Not valid YAML',
    why: 'MLflow cannot read the file.',
    fix: 'Correct the line; YAML indents with spaces and closes every bracket and quote',
  }),
  YAML_EMPTY: ofError('YAML_EMPTY', {
    title: 'An empty file',
    why: 'MLflow fails with an AttributeError. An upload or a download that was cut off leaves such files.',
    fix: 'Restore the file',
  }),
  YAML_DOCUMENTS: ofError('YAML_DOCUMENTS', { title: 'More than one YAML document', why: yamlWhy, fix: 'Keep one document' }),
  YAML_NOT_MAP: ofError('YAML_NOT_MAP', {
    title: 'No YAML mapping',
    why: 'The file must be keys with values; MLflow fails with a TypeError.',
    fix: 'Restore the file',
  }),
  YAML_TAG: ofError('YAML_TAG', {
    title: 'A YAML tag',
    why: 'Tags such as !!python/object/apply make an unsafe loader run code. MLflow loads safely and refuses them; other tools may not.',
    fix: 'Remove the tag and write plain data',
  }),
  YAML_VALUE: ofError('YAML_VALUE', {
    title: 'A value that its YAML type does not have',
    why: 'PyYAML fails on it, so MLflow cannot read the file.',
    fix: 'Correct the value, or quote it if it is text',
  }),
  YAML_KEY: ofError('YAML_KEY', { title: 'A YAML key that is no single value', why: yamlWhy, fix: 'Write the key as text' }),
  YAML_MERGE: ofError('YAML_MERGE', { title: 'A merge key without a mapping', why: yamlWhy, fix: 'Write the entries out' }),
  YAML_DUPLICATE_KEY: ofError('YAML_DUPLICATE_KEY', {
    title: 'A key that stands twice',
    why: 'YAML forbids it. PyYAML silently keeps the last of the two and other readers the first: what was reviewed may not be what is loaded.',
    fix: 'Keep one of the two',
  }),
  YAML_ANCHOR: ofError('YAML_ANCHOR', {
    title: 'An alias that leads nowhere or into itself',
    why: yamlWhy,
    fix: 'Write the value out',
  }),
  YAML_NODES: ofError('YAML_NODES', {
    title: 'More values than any model has',
    why: 'Nested aliases can make a few lines stand for billions of values (the billion laughs attack).',
    fix: 'Write the values out, without aliases of aliases',
  }),
  YAML_DEPTH: ofError('YAML_DEPTH', {
    title: 'YAML nested too deep',
    why: 'Deep nesting overflows the stack of recursive readers.',
    fix: 'Flatten the document',
  }),

  MLMODEL_FIELD: ofError('MLMODEL_FIELD', {
    title: 'A field of MLmodel of the wrong kind',
    why: 'MLflow fails when it loads the model, or takes the value for something else.',
    fix: 'Correct the field; schemas/mlmodel.schema.json says what each may be',
  }),

  SIGNATURE_EMPTY: ofError('SIGNATURE_EMPTY', {
    title: 'A signature that says nothing',
    why: signatureWhy,
    fix: 'Remove the signature or fill it in',
  }),
  SIGNATURE_JSON: ofError('SIGNATURE_JSON', { title: 'A signature that is not JSON', why: signatureWhy, fix: relog }),
  SIGNATURE_DEPTH: ofError('SIGNATURE_DEPTH', {
    title: 'A signature nested too deep',
    why: 'MLflow ends with a RecursionError; deep nesting overflows the stack of recursive readers.',
    fix: 'Flatten the type',
  }),
  SIGNATURE_DUPLICATE_KEY: ofError('SIGNATURE_DUPLICATE_KEY', {
    title: 'A key that stands twice in the signature',
    why: "Python's json keeps the last of the two, other readers the first.",
    fix: 'Keep one of the two',
  }),
  SIGNATURE_FIELD: ofError('SIGNATURE_FIELD', {
    title: 'A part of the signature of the wrong kind',
    why: signatureWhy,
    fix: relog,
  }),
  SIGNATURE_MISSING_KEY: ofError('SIGNATURE_MISSING_KEY', {
    title: 'A part of the signature without a key it needs',
    why: signatureWhy,
    fix: relog,
  }),
  SIGNATURE_UNKNOWN_KEY: ofError('SIGNATURE_UNKNOWN_KEY', {
    title: 'An unknown key in a column',
    why: 'MLflow passes the keys of a column on as arguments: one that it does not know is a TypeError.',
    fix: 'Remove the key',
  }),
  SIGNATURE_TYPE: ofError('SIGNATURE_TYPE', { title: 'An unknown column type', why: signatureWhy, fix: relog }),
  SIGNATURE_DTYPE: ofError('SIGNATURE_DTYPE', { title: 'An unknown tensor type', why: signatureWhy, fix: relog }),
  SIGNATURE_SHAPE: ofError('SIGNATURE_SHAPE', {
    title: 'A dimension that no tensor has',
    why: 'MLflow reads such a shape and then fits no input to it.',
    fix: 'Write -1 for any size, or a whole number',
  }),
  SCHEMA_EMPTY: ofError('SCHEMA_EMPTY', {
    title: 'An empty list of inputs or outputs',
    why: signatureWhy,
    fix: 'Leave the part out, or list the columns or tensors',
  }),
  SCHEMA_MIXED_NAMES: ofError('SCHEMA_MIXED_NAMES', {
    title: 'Some columns with names and some without',
    why: signatureWhy,
    fix: 'Name all columns, or none',
  }),
  SCHEMA_MIXED_KINDS: ofError('SCHEMA_MIXED_KINDS', {
    title: 'Columns and tensors mixed',
    why: signatureWhy,
    fix: 'Use columns only, or tensors only',
  }),
  SCHEMA_UNNAMED_TENSORS: ofError('SCHEMA_UNNAMED_TENSORS', {
    title: 'Several tensors without names',
    why: signatureWhy,
    fix: 'Name each tensor',
  }),
  SCHEMA_UNNAMED_OPTIONAL: ofError('SCHEMA_UNNAMED_OPTIONAL', {
    title: 'An optional column without a name',
    why: signatureWhy,
    fix: 'Name the columns, or make all of them required',
  }),
  PARAM_TYPE: ofError('PARAM_TYPE', {
    title: 'A param of a type that params cannot have',
    why: signatureWhy,
    fix: 'Use a column type other than binary, or the type object',
  }),
  PARAM_SHAPE: ofError('PARAM_SHAPE', {
    title: 'A param of a shape that params cannot have',
    why: signatureWhy,
    fix: 'Write null for one value, [-1] for a list',
  }),
  PARAM_DEFAULT: ofError('PARAM_DEFAULT', {
    title: 'A default that does not fit its param',
    why: signatureWhy,
    fix: 'Give a default of the type of the param',
  }),
  PARAM_DUPLICATE: ofError('PARAM_DUPLICATE', {
    title: 'Two params of one name',
    why: signatureWhy,
    fix: 'Rename or remove one of them',
  }),

  ENVIRONMENT_FIELD: ofError('ENVIRONMENT_FIELD', {
    title: 'An environment file with a field of the wrong kind',
    why: 'Nobody can build the environment that the model needs.',
    fix: 'Correct the field',
  }),

  ONNX_BROKEN: ofError('ONNX_BROKEN', {
    title: 'A broken ONNX file',
    why: 'ONNX Runtime does not load it. A download that was cut off leaves such files.',
    fix: 'Restore the file, or export the model again',
  }),
  ONNX_INVALID: ofError('ONNX_INVALID', {
    title: 'An ONNX graph that breaks the rules of ONNX',
    why: 'ONNX Runtime refuses it, or computes something else than the author meant.',
    fix: 'Export the model again, and check it with onnx.checker',
  }),
  ONNX_LIMIT: ofError('ONNX_LIMIT', {
    title: 'An ONNX file beyond a limit',
    why: 'No honest model is like this; reading it would exhaust the memory or the stack of whoever loads it.',
    fix: 'Export the model again',
  }),
  ONNX_EXTERNAL: ofError('ONNX_EXTERNAL', {
    title: 'ONNX weights that cannot be read from the folder',
    why: 'Weights outside the file are named by a path: one that is missing breaks the model, one that leaves the folder reads files of the machine (CVE-2022-25882, CVE-2024-27318, CVE-2026-34447).',
    fix: 'Keep external data as regular files inside the model folder, and copy them with the model',
  }),
  ONNX_UNKNOWN: ofError('ONNX_UNKNOWN', {
    title: 'An ONNX operator or opset that is not known',
    why: 'ONNX Runtime does not load the model, unless custom operators are registered, which run native code.',
    fix: 'Export the model with an opset that this version of ONNX Runtime knows',
  }),

  UNREADABLE: {
    level: 'error',
    title: 'Something that cannot be read',
    why: 'A reader refused a part of the model.',
    message: (args: { reason: string }) => args.reason,
    fix: () => 'Correct the file',
  },
} as const satisfies FindingTable
