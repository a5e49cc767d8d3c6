/**
 * The ONNX flavor: MLflow's `_OnnxModelWrapper`, on ONNX Runtime in this process.
 *
 * @see mlflow/onnx/__init__.py
 */
import type { Mlmodel } from '../mlmodel.ts'
import type { Flavor, FlavorOpenOptions, Predictor, Runnable } from './flavor.ts'

export const onnxFlavor: Flavor = {
  name: 'onnx',
  runnable(model: Mlmodel): Runnable {
    return { runs: true, how: `with ONNX Runtime, from ${modelPath(model)}` }
  },
  async open(model: Mlmodel, options: FlavorOpenOptions): Promise<Predictor> {
    // Not loaded by who only looks at a model.
    const { openOnnxFlavor } = await import('./onnx-open.ts')
    return openOnnxFlavor(model, modelPath(model), options)
  },
}

/** The file as MLflow finds it, `python_function.data`; else what the flavor itself names; else the usual name. */
export function modelPath(model: Mlmodel): string {
  const names = [model.flavors.get('python_function')?.get('data'), model.flavors.get('onnx')?.get('data')]
  return (names.find((name) => typeof name === 'string' && name !== '') as string | undefined) ?? 'model.onnx'
}
