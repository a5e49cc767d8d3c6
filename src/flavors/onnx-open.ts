/** Opens a model of the ONNX flavor with the threads, options and providers that the user, then the MLmodel file ask for. */
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import {
  availableProviders,
  type OnnxPredictor,
  openOnnx,
  type ProviderSpec,
  providerName,
  readOnnxInside,
  type SessionOptions,
  usableCores,
} from '../onnx/index.ts'
import type { FlavorOpenOptions, Predictor } from './flavor.ts'
import { modelProviders, modelSessionOptions } from './onnx-options.ts'

/**
 * Opens the graph at `path` in the model's folder.
 *
 * @throws ONNX_*, PATH_*
 */
export async function openOnnxFlavor(model: Mlmodel, path: string, options: FlavorOpenOptions): Promise<Predictor> {
  const onnx = model.flavors.get('onnx')
  const cores = usableCores()
  const asked = modelSessionOptions(onnx, cores, options.warn)
  const session: SessionOptions = {
    threads: cores,
    ...asked,
    ...(options.threads !== undefined && { threads: options.threads }),
  }
  const opened = await openWithProviders(model, path, session, options)
  const strict = options.mode === 'strict'
  return {
    rowwise: opened.rowwise,
    ...(opened.fixedRows !== undefined && { fixedRows: opened.fixedRows }),
    predict: async (data, { outputs }) => opened.predict(data, { strict, ...(outputs !== undefined && { outputs }) }),
    async native() {
      const { bytes } = await readOnnxInside(model.directory, path, defaultLimits, { file: path })
      return { flavor: 'onnx', bytes, session: opened.session }
    },
    close: async () => opened.close(),
  }
}

/** What the user asks for must be there; what the MLmodel file asks for falls back to the CPU with a warning. */
async function openWithProviders(
  model: Mlmodel,
  path: string,
  session: SessionOptions,
  options: FlavorOpenOptions,
): Promise<OnnxPredictor> {
  const open = (providers: readonly ProviderSpec[]) => openOnnx(model.directory, path, { ...session, providers })
  const available = availableProviders()
  const isHere = ({ name }: ProviderSpec) => available.includes(providerName(name))
  if (options.providers !== undefined) {
    const wanted = options.providers.map((name) => ({ name }))
    const absent = wanted.find((spec) => !isHere(spec))
    if (absent !== undefined) throw new MlmodelError('ONNX_PROVIDER', { provider: absent.name, available })
    return open(wanted)
  }
  const { providers, chosen } = modelProviders(model.flavors.get('onnx'))
  const usable = providers.filter(isHere)
  const names = (list: readonly ProviderSpec[]) => list.map(({ name }) => name).join(', ')
  if (usable.length < providers.length && chosen) {
    options.warn(
      `the MLmodel file asks for ${names(providers.filter((spec) => !isHere(spec)))}, which this ONNX Runtime does not have; ${names(usable) || 'CPUExecutionProvider'} is used`,
    )
  }
  const cpu = [{ name: 'cpu' }]
  if (usable.every(({ name }) => providerName(name) === 'cpu')) return open(cpu)
  try {
    return await open(usable)
  } catch (error) {
    if (!(error instanceof MlmodelError && error.code === 'ONNX_NOT_LOADED')) throw error
    const opened = await open(cpu)
    options.warn(`${names(usable)} could not be started, so the CPU is used: ${error.message}`)
    return opened
  }
}
