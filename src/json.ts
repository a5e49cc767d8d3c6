/** JSON as Python reads and writes it: values and errors of `json.loads`, text of `json.dumps`. */
export { jsonPath } from './json/path.ts'
export { formatFloat32, formatPythonFloat } from './json/python-number.ts'
export { type DuplicateKey, type JsonDocument, type JsonOptions, longestDuplicates, parseJson } from './json/read.ts'
export { writeJsonString, writeJsonValue } from './json/write.ts'
