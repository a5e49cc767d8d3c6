/** Session options and execution providers as the MLmodel file of an ONNX model gives them, read as MLflow's wrapper reads them. */
import type { YamlMap, YamlValue } from '../mlmodel.ts'
import type { ProviderSpec, SessionOptions } from '../onnx/index.ts'
import { isYamlMap } from '../yaml.ts'

/** What MLflow writes when nobody chose, so not worth a word when CUDA is not there. */
const defaultProviders = ['CUDAExecutionProvider', 'CPUExecutionProvider']

/**
 * Reads the providers a model asks for.
 *
 * @returns them, and whether somebody chose them
 */
export function modelProviders(onnx: YamlMap | undefined): {
  readonly providers: readonly ProviderSpec[]
  readonly chosen: boolean
} {
  const written = onnx?.get('providers')
  const list = typeof written === 'string' ? [written] : Array.isArray(written) ? (written as readonly YamlValue[]) : []
  const providers = list.map(providerSpec).filter((spec) => spec !== undefined)
  if (providers.length === 0) return { providers: defaultProviders.map((name) => ({ name })), chosen: false }
  return { providers, chosen: providers.map(({ name }) => name).join() !== defaultProviders.join() }
}

/** A name, or a list of a name and its options. */
function providerSpec(value: YamlValue): ProviderSpec | undefined {
  if (typeof value === 'string') return { name: value }
  if (!Array.isArray(value) || typeof value[0] !== 'string') return undefined
  const options = value[1]
  if (!isYamlMap(options)) return { name: value[0] }
  const settings = [...options].flatMap(([key, setting]) =>
    typeof setting === 'bigint'
      ? [[key, Number(setting)] as const]
      : typeof setting === 'string' || typeof setting === 'number' || typeof setting === 'boolean'
        ? [[key, setting] as const]
        : [],
  )
  return { name: value[0], options: Object.fromEntries(settings) }
}

/** Session config entries that change how a model is computed and nothing else: others can name files to read or write. */
const harmlessConfig =
  /^(session\.(intra_op|inter_op)\.allow_spinning|session\.force_spinning_stop|session\.set_denormal_as_zero|session\.disable_[a-z_]+|session\.enable_[a-z_]*qdq[a-z_]*|session\.qdqisint8allowed|session\.dynamic_block_base|session\.use_env_allocators|session\.use_device_allocator_for_initializers|session\.strict_shape_type_inference|session\.allow_released_opsets_only|session\.x64quantprecision|session\.node_partition_[a-z_]*|optimization\.[a-z_]+|mlas\.[a-z_]+)$/

const levels: Readonly<Record<number, NonNullable<SessionOptions['optimization']>>> = { 1: 'basic', 2: 'extended', 3: 'layout' }

/**
 * Reads `onnx_session_options`. What is false in Python is no setting, so that level 0 cannot be asked for, as in MLflow.
 *
 * @param cores - more threads than these are never started
 * @param warn - told of entries that are left out
 */
export function modelSessionOptions(
  onnx: YamlMap | undefined,
  cores: number,
  warn: (warning: string) => void,
): Partial<SessionOptions> {
  const written = onnx?.get('onnx_session_options')
  if (!isYamlMap(written)) return {}
  const threads = positive(written.get('intra_op_num_threads'))
  const interOpThreads = positive(written.get('inter_op_num_threads'))
  const mode = written.get('execution_mode')
  const executionMode = typeof mode === 'string' ? mode.toLowerCase() : undefined
  const level = positive(written.get('graph_optimization_level'))
  const config = harmlessEntries(written.get('extra_session_config'), warn)
  return {
    ...(threads !== undefined && { threads: Math.min(threads, cores) }),
    ...(interOpThreads !== undefined && { interOpThreads: Math.min(interOpThreads, cores) }),
    ...((executionMode === 'sequential' || executionMode === 'parallel') && { executionMode }),
    ...(level !== undefined && { optimization: levels[level] ?? 'all' }),
    ...(config.size > 0 && { config }),
  }
}

function positive(value: YamlValue | undefined): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number > 0 ? number : undefined
}

function harmlessEntries(value: YamlValue | undefined, warn: (warning: string) => void): ReadonlyMap<string, string> {
  const config = new Map<string, string>()
  if (!isYamlMap(value)) return config
  for (const [key, setting] of value) {
    if (harmlessConfig.test(key) && (typeof setting === 'string' || typeof setting === 'bigint')) config.set(key, String(setting))
    else warn(`the session config entry \`${key}\` of the MLmodel file is left out: it is not known to be harmless`)
  }
  return config
}
