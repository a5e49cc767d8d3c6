/** The only importer of ONNX Runtime: loads the binding, opens sessions, runs them. Tensors in, tensors out. */
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import type { Tensor } from '../batch.ts'
import { arrayOfDtype, type Dtype, dtypeOfOnnx, dtypes, type NumericArray, type NumericDtype } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import { version } from '../version.ts'
import { findRuntimes, hasGlibc, platformPackage, type RuntimeCandidate, runtimePlatforms } from './runtime.ts'

/** As ONNX Runtime's session options, in its own words. */
export interface SessionOptions {
  readonly threads: number
  readonly interOpThreads?: number
  /** Names as in Python (`CUDAExecutionProvider`) or short (`cuda`), best first. */
  readonly providers?: readonly ProviderSpec[]
  readonly executionMode?: 'sequential' | 'parallel'
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all'
  /** Session config entries such as `session.intra_op.allow_spinning`. */
  readonly config?: ReadonlyMap<string, string>
}

export interface ProviderSpec {
  readonly name: string
  readonly options?: Readonly<Record<string, string | number | boolean>>
}

/** External data handed over as bytes: the location that the model names, and the file's content. */
export interface ExternalBytes {
  readonly path: string
  readonly data: Uint8Array
}

/** Bytes that have been checked, or a file in a folder that only we can write. */
export type SessionSource =
  | { readonly kind: 'bytes'; readonly model: Uint8Array; readonly external: readonly ExternalBytes[] }
  | { readonly kind: 'file'; readonly path: string }

/** One input or output as the runtime sees it; `dtype` undefined for what is no tensor or has no type of ours. */
export interface SessionValue {
  readonly name: string
  readonly dtype: Dtype | undefined
  /** -1 is any size. */
  readonly shape: readonly number[]
}

export interface Session {
  readonly inputs: readonly SessionValue[]
  readonly outputs: readonly SessionValue[]
  /**
   * Computes, on this thread, and returns when done: it cannot be interrupted.
   *
   * @throws ONNX_RUN_FAILED with the runtime's words
   */
  run(feeds: ReadonlyMap<string, Tensor>, fetch: readonly string[]): ReadonlyMap<string, Tensor>
  close(): void
}

interface RuntimeTensor {
  readonly type: string
  readonly data: NumericArray | readonly string[]
  readonly dims: readonly number[]
}
type RuntimeTensorClass = new (type: string, data: NumericArray | readonly string[], dims: readonly number[]) => RuntimeTensor

interface RawValue {
  readonly name: string
  readonly isTensor: boolean
  readonly type?: number
  readonly shape?: readonly number[]
}
interface RawSession {
  loadModel(path: string, options: object): void
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: object): void
  run(feeds: Record<string, RuntimeTensor>, fetches: Record<string, null>, options: object): Record<string, RuntimeTensor>
  dispose(): void
  readonly inputMetadata: readonly RawValue[]
  readonly outputMetadata: readonly RawValue[]
}
interface Binding {
  readonly InferenceSession: new () => RawSession
  listSupportedBackends?(): readonly { readonly name: string; readonly bundled: boolean }[]
  initOrtOnce?(logLevel: number, tensor: RuntimeTensorClass, isMainThread: boolean): void
}
interface Runtime {
  readonly binding: Binding
  /** Short names of the providers that are installed. */
  readonly providers: readonly string[]
}

/** Only fatal messages: what goes wrong is thrown, and ONNX Runtime writes to stderr itself. */
const logLevel = 4

/** All that the binding asks of a tensor; onnxruntime-common's class costs 10 to 18 ms to load. */
class PlainTensor implements RuntimeTensor {
  readonly type: string
  readonly data: NumericArray | readonly string[]
  readonly dims: readonly number[]
  readonly location = 'cpu'
  constructor(type: string, data: NumericArray | readonly string[], dims: readonly number[]) {
    this.type = type
    this.data = data
    this.dims = dims
  }
}

let loaded: Runtime | undefined

/**
 * Loads ONNX Runtime, once per process.
 *
 * @throws ONNX_RUNTIME_MISSING, ONNX_RUNTIME_PLATFORM, ONNX_RUNTIME_MUSL
 */
function loadRuntime(): Runtime {
  if (loaded !== undefined) return loaded
  // Since 1.28 it writes usage files into the user's cache folder otherwise.
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
  const tried: string[] = []
  for (const candidate of findRuntimes()) {
    try {
      loaded = candidate.kind === 'onnxruntime-node' ? loadUserRuntime(candidate.directory) : loadPlatformPackage(candidate)
      return loaded
    } catch (error) {
      tried.push(`${candidate.kind} in ${candidate.directory}: ${message(error)}`)
    }
  }
  const platform = `${process.platform}-${process.arch}`
  if (!hasGlibc()) throw new MlmodelError('ONNX_RUNTIME_MUSL', { platform })
  if (tried.length === 0 && !runtimePlatforms.some((known) => known === platform)) {
    throw new MlmodelError('ONNX_RUNTIME_PLATFORM', { platform })
  }
  throw new MlmodelError('ONNX_RUNTIME_MISSING', { package: platformPackage(), version, tried })
}

/** With its own Tensor class: the first class given to a binding is the one that everyone in the process gets back. */
function loadUserRuntime(directory: string): Runtime {
  const require = createRequire(join(directory, 'package.json'))
  const { binding, initOrt } = require('./dist/binding.js') as { binding: Binding; initOrt?: () => void }
  const { env } = require('onnxruntime-common') as { env: { logLevel: string } }
  if (initOrt === undefined) throw new Error('too old, 1.21 or later is needed')
  env.logLevel = 'fatal'
  initOrt()
  return {
    binding,
    providers: installedProviders(binding, join(directory, 'bin/napi-v6', process.platform, process.arch)),
  }
}

function loadPlatformPackage(candidate: RuntimeCandidate): Runtime {
  const require = createRequire(join(candidate.directory, 'package.json'))
  const exported = require(candidate.directory) as Binding | { binding: Binding; Tensor?: RuntimeTensorClass }
  const binding = 'binding' in exported ? exported.binding : exported
  const Tensor = ('binding' in exported ? exported.Tensor : undefined) ?? PlainTensor
  binding.initOrtOnce?.(logLevel, Tensor, isMainThread)
  return { binding, providers: installedProviders(binding, candidate.directory) }
}

/** The binding lists CUDA on every Linux build; it is there when its library lies beside the binding. */
function installedProviders(binding: Binding, directory: string): readonly string[] {
  const files = existsSync(directory) ? readdirSync(directory) : []
  const backends = binding.listSupportedBackends?.() ?? [{ name: 'cpu', bundled: true }]
  return backends
    .filter(({ name, bundled }) => bundled || files.some((file) => file.includes(`providers_${name}`)))
    .map(({ name }) => name)
}

function message(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n')[0]!.trim()
}

/** Short name of a provider: `CUDAExecutionProvider` is `cuda`. */
export function providerName(name: string): string {
  return name.replace(/ExecutionProvider$/, '').toLowerCase()
}

/** Short names of the execution providers that can be asked for. */
export function availableProviders(): readonly string[] {
  return loadRuntime().providers
}

/**
 * Opens a session on checked bytes, or on a file of ours.
 *
 * @throws ONNX_RUNTIME_MISSING and its kin, ONNX_NOT_LOADED with the runtime's words
 */
export function openSession(source: SessionSource, options: SessionOptions): Session {
  const runtime = loadRuntime()
  const raw = new runtime.binding.InferenceSession()
  const given = {
    ...sessionOptions(options),
    ...(source.kind === 'bytes' && source.external.length > 0 && { externalData: source.external }),
  }
  try {
    if (source.kind === 'file') raw.loadModel(source.path, given)
    else raw.loadModel(source.model.buffer, source.model.byteOffset, source.model.byteLength, given)
  } catch (error) {
    throw new MlmodelError('ONNX_NOT_LOADED', { why: message(error) }, { cause: error })
  }
  return wrap(raw)
}

/** Threads that wait in a loop take the cores from everybody else: on two busy cores a forest took half the time without. */
const defaultConfig: ReadonlyMap<string, string> = new Map([
  ['session.intra_op.allow_spinning', '0'],
  ['session.inter_op.allow_spinning', '0'],
])

function sessionOptions(options: SessionOptions): object {
  const providers = (options.providers ?? []).map(({ name, options: settings }) =>
    settings === undefined ? providerName(name) : { ...settings, name: providerName(name) },
  )
  return {
    logSeverityLevel: logLevel,
    intraOpNumThreads: options.threads,
    interOpNumThreads: options.interOpThreads ?? 1,
    ...(options.executionMode !== undefined && { executionMode: options.executionMode }),
    ...(options.optimization !== undefined && { graphOptimizationLevel: options.optimization }),
    ...(providers.length > 0 && { executionProviders: providers }),
    extra: nested(new Map([...defaultConfig, ...(options.config ?? [])])),
  }
}

/** The binding takes config entries as nested objects and joins their keys with points. */
function nested(config: ReadonlyMap<string, string>): object {
  const root = Object.create(null) as Record<string, unknown>
  for (const [key, value] of config) {
    const parts = key.split('.')
    let level = root
    for (const part of parts.slice(0, -1)) {
      level[part] ??= Object.create(null)
      level = level[part] as Record<string, unknown>
    }
    level[parts.at(-1)!] = value
  }
  return root
}

function wrap(raw: RawSession): Session {
  return {
    inputs: raw.inputMetadata.map(sessionValue),
    outputs: raw.outputMetadata.map(sessionValue),
    run(feeds, fetch) {
      const given: Record<string, RuntimeTensor> = Object.create(null)
      for (const [name, tensor] of feeds) given[name] = toRuntime(tensor)
      const wanted: Record<string, null> = Object.create(null)
      for (const name of fetch) wanted[name] = null
      let answered: Record<string, RuntimeTensor>
      try {
        answered = raw.run(given, wanted, {})
      } catch (error) {
        throw new MlmodelError('ONNX_RUN_FAILED', { why: message(error) }, { cause: error })
      }
      return new Map(fetch.map((name) => [name, fromRuntime(answered[name]!)]))
    },
    close() {
      raw.dispose()
    },
  }
}

function sessionValue(raw: RawValue): SessionValue {
  return { name: raw.name, dtype: raw.isTensor ? dtypeOfOnnx(raw.type ?? 0) : undefined, shape: raw.shape ?? [] }
}

/** Never as onnxruntime-common's class: from Node 24 on that makes a Float16Array of float16, which the binding reads as empty. */
function toRuntime(tensor: Tensor): RuntimeTensor {
  return new PlainTensor(
    dtypes[tensor.dtype].numpy === 'str' ? 'string' : tensor.dtype,
    tensor.values as NumericArray,
    tensor.shape,
  )
}

function fromRuntime(tensor: RuntimeTensor): Tensor {
  const { type, data, dims: shape } = tensor
  if (type === 'string') return { dtype: 'string', values: data as readonly string[], shape }
  const dtype = type as NumericDtype
  const values = data as NumericArray
  const Wanted = arrayOfDtype[dtype]
  // Node 24 has a Float16Array; ours keeps the raw bits.
  if (values instanceof Wanted) return { dtype, values, shape }
  return { dtype, values: new Wanted(values.buffer as ArrayBuffer, values.byteOffset, values.length), shape }
}
