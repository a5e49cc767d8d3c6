/**
 * The ONNX flavor: MLflow's `_OnnxModelWrapper`, on ONNX Runtime in this process.
 *
 * @see mlflow/onnx/__init__.py
 */
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
import type { Flavor, FlavorOpenOptions, Predictor, Runnable } from './flavor.ts'
import { modelProviders, modelSessionOptions } from './onnx-options.ts'

export const onnxFlavor: Flavor = {
  name: 'onnx',
  runnable(model: Mlmodel): Runnable {
    return { runs: true, how: `with ONNX Runtime, from ${modelPath(model)}` }
  },
  async open(model: Mlmodel, options: FlavorOpenOptions): Promise<Predictor> {
    const onnx = model.flavors.get('onnx')
    const cores = usableCores()
    const asked = modelSessionOptions(onnx, cores, options.warn)
    const session: SessionOptions = {
      threads: cores,
      ...asked,
      ...(options.threads !== undefined && { threads: options.threads }),
    }
    const opened = await openWithProviders(model, session, options)
    const strict = options.mode === 'strict'
    return {
      ...(opened.fixedRows !== undefined && { fixedRows: opened.fixedRows }),
      predict: async (data, { outputs }) => opened.predict(data, { strict, ...(outputs !== undefined && { outputs }) }),
      async native() {
        const path = modelPath(model)
        const { bytes } = await readOnnxInside(model.directory, path, defaultLimits, { file: path })
        return { flavor: 'onnx', bytes, session: opened.session }
      },
      close: async () => opened.close(),
    }
  },
}

/** The file as MLflow finds it, `python_function.data`; else what the flavor itself names; else the usual name. */
export function modelPath(model: Mlmodel): string {
  const names = [model.flavors.get('python_function')?.get('data'), model.flavors.get('onnx')?.get('data')]
  return (names.find((name) => typeof name === 'string' && name !== '') as string | undefined) ?? 'model.onnx'
}

/** What the user asks for must be there; what the MLmodel file asks for falls back to the CPU with a warning. */
async function openWithProviders(model: Mlmodel, session: SessionOptions, options: FlavorOpenOptions): Promise<OnnxPredictor> {
  const open = (providers: readonly ProviderSpec[]) => openOnnx(model.directory, modelPath(model), { ...session, providers })
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
