/** The ONNX flavor: MLflow's `_OnnxModelWrapper`, on ONNX Runtime in this process. */
import { availableParallelism } from 'node:os'
import type { Batch } from '../batch.ts'
import { MlmodelError } from '../errors/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { type Answer, answerBatch } from '../onnx/answer.ts'
import { type FeedInput, feedTensors } from '../onnx/feed.ts'
import { openSession, type Session } from '../onnx/session.ts'
import { readInside } from '../paths.ts'
import type { Flavor, FlavorOpenOptions, PredictOptions, Predictor, Runnable } from './flavor.ts'

export const onnxFlavor: Flavor = {
  name: 'onnx',
  runnable(model: Mlmodel): Runnable {
    return { runs: true, how: `ONNX Runtime on ${modelPath(model)}` }
  },
  async open(model: Mlmodel, options: FlavorOpenOptions): Promise<Predictor> {
    const bytes = await readInside(model.directory, modelPath(model), 256 << 20, { file: model.file })
    const session = openSession(
      { kind: 'bytes', model: bytes, external: [] },
      { threads: options.threads ?? availableParallelism() },
    )
    return predictor(session, options)
  },
}

/** The file as MLflow finds it: `python_function.data`, else what the flavor names, else the usual name. */
export function modelPath(model: Mlmodel): string {
  const names = [model.flavors.get('python_function')?.get('data'), model.flavors.get('onnx')?.get('data')]
  return names.find((name) => typeof name === 'string') ?? 'model.onnx'
}

function predictor(session: Session, options: FlavorOpenOptions): Predictor {
  const strict = options.mode === 'strict'
  const inputs: FeedInput[] = session.inputs.map(({ name, dtype, shape }) => ({ name, dtype: dtype!, shape }))
  const names = session.outputs.map(({ name }) => name)
  return {
    async predict(data: Batch, given: PredictOptions): Promise<Batch> {
      const wanted = given.outputs ?? names
      const unknown = wanted.find((name) => !names.includes(name))
      if (unknown !== undefined) throw new MlmodelError('ONNX_OUTPUT_UNKNOWN', { output: unknown, outputs: names })
      const answers: ReadonlyMap<string, Answer> = session.run(feedTensors(data, inputs, strict), wanted)
      return answerBatch(answers, data.kind === 'frame' ? 'table' : 'arrays', strict)
    },
    async close() {
      session.close()
    },
  }
}
