/** Whether a finding is about the defect that why.txt describes: of its kind, at the file or the field that it names. */
import type { Foreign } from './canonical.ts'

/** Words of why.txt → codes that mean it. A text that no line knows is judged by its place alone. */
const kinds: readonly (readonly [words: RegExp, codes: RegExp])[] = [
  [/external (data|file)|reads external/, /^ONNX_EXTERNAL$/],
  [/\bZIP\b.*climb|climb.*\bZIP\b/, /ZIP|SKOPS|PATH/],
  [/includes a file outside/, /^ENV_/],
  [/absolute path|backslash|Windows path|holds a NUL|percent|scheme/, /^PATH_INVALID$/],
  [/symbolic link to itself/, /^PATH_LOOP$/],
  [/leaves the model|link out of the model/, /^PATH_OUTSIDE$/],
  [/Git LFS/, /^FILE_LFS_POINTER$/],
  [/HTML page/, /^FILE_WEB_PAGE$/],
  [/^MLmodel is empty/, /^YAML_EMPTY$/],
  [/has 0 bytes/, /^FILE_EMPTY$/],
  [/not UTF-8/, /^YAML_ENCODING$/],
  [/not valid YAML|indented with a tab/, /^(YAML_SYNTAX|ENV_.*)$/],
  [/twice \(YAML|has the key `\w+` twice/, /^YAML_DUPLICATE_KEY$/],
  [/!!python/, /^(YAML_TAG|ENV_.*)$/],
  [/billion laughs/, /^YAML_(NODES|ANCHOR)$/],
  [/alias inside its own/, /^YAML_ANCHOR$/],
  [/YAML list, not a mapping/, /^YAML_NOT_MAP$/],
  [/no MLmodel file/, /^LOCATION_NOT_MODEL$/],
  [/does not exist/, /^(PATH_MISSING|ENV_FILE_MISSING)$/],
  [/input example .*missing/, /^EXAMPLE_MISSING$/],
  [/input example is not JSON/, /^EXAMPLE_UNREADABLE$/],
  [/input example (lacks|has another)/, /^EXAMPLE_MISMATCH$/],
  [/no scoring request/, /^EXAMPLE_REQUEST$/],
  [/two (input )?columns have the same name/, /^SIGNATURE_DUPLICATE_NAME$/],
  [/^the signature says \d+ features/, /^ONNX_SIGNATURE_SHAPE$/],
  [/rank \d.*rank \d/, /^ONNX_SIGNATURE_RANK$/],
  [/signature says \w+, the ONNX input/, /^ONNX_SIGNATURE_DTYPE$/],
  [/too few columns/, /^ONNX_SIGNATURE_COUNT$/],
  [/another name than the signature|lacks an input/, /^ONNX_SIGNATURE_NAMES$/],
  [/output is not an ONNX output/, /^ONNX_SIGNATURE_OUTPUTS$/],
  [/opset \d+|unknown domain/, /^ONNX_UNKNOWN$/],
  [/initializer claims/, /^ONNX_/],
  [/model_size_bytes/, /^MLMODEL_SIZE$/],
  [/no model loader/, /^FLAVOR_LOADER_FOREIGN$/],
  [/serialization_format says/, /^FLAVOR_FORMAT_MISMATCH$/],
  [/only flavor is unknown/, /^FLAVOR_UNKNOWN$/],
  [/model\.pkl.*(calls|followed by)/, /^PICKLE_/],
]

/** Names of files and fields that a text may mention, and what a finding's place must then be. */
const places: readonly (readonly [words: RegExp, place: RegExp])[] = [
  [/conda\.yaml/, /^conda\.yaml|conda|env/],
  [/requirements\.txt/, /requirements\.txt/],
  [/python_env\.yaml/, /python_env\.yaml|MLmodel|conda\.yaml/],
  [/\bmodel\.onnx\b|ONNX initializer/, /^model\.onnx| flavors\.onnx\.data/],
  [/\bmodel\.pkl\b/, /^model\.pkl/],
  [/serving_input_example/, /^serving_input_example\.json/],
  [/input example/, /input_example/],
  [/flavors\.onnx/, /flavors\.onnx|^MLmodel/],
  [/python_function\.code/, /python_function\.code/],
  [/python_function\.env/, /python_function\.env/],
  [/\bparams?\b/, /signature\.params/],
  [/signature\.inputs|column|tensor|array type/, /signature\.|input_example/],
  [/MLmodel/, /^MLmodel/],
]

/** @param found - a finding of `validate --json` */
export function namesDefect(why: string, found: Foreign): boolean {
  const kind = kinds.find(([words]) => words.test(why))
  if (kind !== undefined && !kind[1].test(found.code)) return false
  const place = places.find(([words]) => words.test(why))
  const where = [found.where.file ?? '', found.where.path ?? '', found.message].join(' ')
  return place === undefined || place[1].test(where)
}
