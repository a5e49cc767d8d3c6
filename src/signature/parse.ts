/** The `signature` of an MLmodel file: JSON texts inside YAML. */
import type { Cell } from '../batch.ts'
import { type Gather, stopAtFirst } from '../errors/gather.ts'
import { MlmodelError, type Where } from '../errors/index.ts'
import { parseJson } from '../json.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { checkOptions } from '../options.ts'
import { isYamlMap, type YamlValue, yamlKind } from '../yaml.ts'
import { gatherParams } from './param.ts'
import { at, gatherSchema } from './schema.ts'
import type { Signature } from './spec.ts'

type Part = 'inputs' | 'outputs' | 'params'

export interface ParseSignatureOptions {
  readonly limits?: Limits
  /** 1-based line of a part in the file. */
  readonly lineOf?: (part: Part) => number | undefined
  /** Keeps errors; a part with one is then absent. */
  readonly gather?: Gather
}

/**
 * Reads the value of `signature`. Each part is a JSON text; null, an empty text and the other values Python takes for false
 * mean that there is none.
 *
 * @param where the file and line, and in `path` usually `signature`
 * @returns undefined where the model has no signature (null)
 * @throws MlmodelError of kind `model` or `limit`: SIGNATURE_…, SCHEMA_…, PARAM_…
 */
export function parseSignature(
  value: YamlValue | undefined,
  where: Where,
  options: ParseSignatureOptions = {},
): Signature | undefined {
  checkOptions('parseSignature', options, { limits: 'object', lineOf: 'function', gather: 'object' })
  const { limits = defaultLimits, gather = stopAtFirst } = options
  if (value === undefined || value === null) return undefined
  return gather.attempt(() => readSignature(value, where, limits, gather, options.lineOf), undefined)
}

function readSignature(
  value: YamlValue,
  where: Where,
  limits: Limits,
  gather: Gather,
  lineOf: ParseSignatureOptions['lineOf'],
): Signature {
  if (!isYamlMap(value))
    throw new MlmodelError('SIGNATURE_FIELD', { field: 'signature', wanted: 'a mapping', found: yamlKind(value) }, { where })
  const place = (part: Part): Where => {
    const line = lineOf?.(part)
    return at(line === undefined ? where : { ...where, line }, `.${part}`)
  }
  const read = (part: Part): Cell | undefined =>
    gather.attempt(() => readPart(part, value.get(part), place(part), limits), undefined)
  const inputs = read('inputs')
  const outputs = read('outputs')
  const params = read('params')
  if (isFalse(value.get('inputs')) && isFalse(value.get('outputs')) && isFalse(value.get('params')))
    throw new MlmodelError('SIGNATURE_EMPTY', {}, { where })
  const inputSchema = inputs === undefined ? undefined : gatherSchema(inputs, place('inputs'), gather)
  const outputSchema = outputs === undefined ? undefined : gatherSchema(outputs, place('outputs'), gather)
  const paramSpecs = params === undefined ? undefined : gatherParams(params, place('params'), gather)
  return {
    ...(inputSchema !== undefined && { inputs: inputSchema }),
    ...(outputSchema !== undefined && { outputs: outputSchema }),
    ...(paramSpecs !== undefined && { params: paramSpecs }),
  }
}

function readPart(part: Part, value: YamlValue | undefined, where: Where, limits: Limits): Cell | undefined {
  if (isFalse(value)) return undefined
  if (typeof value !== 'string')
    throw new MlmodelError(
      'SIGNATURE_FIELD',
      { field: `signature.${part}`, wanted: 'a JSON text', found: yamlKind(value) },
      { where },
    )
  const document = readJson(part, value, where, limits)
  const duplicate = document.duplicates[0]
  // MLflow takes the last of the two: another reader may take the first.
  if (duplicate !== undefined) throw new MlmodelError('SIGNATURE_DUPLICATE_KEY', { key: duplicate.key }, { where })
  return document.value
}

function readJson(part: Part, text: string, where: Where, limits: Limits) {
  try {
    return parseJson(text, { where, limits: { ...limits, jsonDepth: limits.depth } })
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    if (error.code === 'JSON_DEPTH') throw new MlmodelError('SIGNATURE_DEPTH', { limit: limits.depth }, { where, cause: error })
    const { reason } = error.arguments as { readonly reason?: string }
    throw new MlmodelError(
      'SIGNATURE_JSON',
      { part: `signature.${part}`, reason: reason ?? error.message },
      { where, cause: error },
    )
  }
}

/** What Python's `if value` takes for absent. */
function isFalse(value: YamlValue | undefined): value is undefined | null {
  if (value instanceof Map) return value.size === 0
  if (Array.isArray(value)) return value.length === 0
  return value === undefined || value === null || value === '' || value === false || value === 0 || value === 0n
}
