/** A request that a model accepts, in the words of the server it is for. */
import type { Cell, CellMap } from '../batch.ts'
import { readRequest } from '../enforce/request.ts'
import { MlmodelError } from '../errors/index.ts'
import { modelPath } from '../flavors/onnx.ts'
import { graphSignature } from '../infer/index.ts'
import { writeJsonValue } from '../json.ts'
import { defaultLimits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { readOnnxInside } from '../onnx/index.ts'
import type { Signature } from '../signature.ts'
import { azureRequest } from './azureml.ts'
import { makeRequest, refusal } from './made.ts'
import { openInferenceRequest } from './open-inference.ts'
import { readStoredRequest } from './stored.ts'

export { makeRequest } from './made.ts'

export const protocols = ['mlflow', 'azureml', 'open-inference'] as const
export type Protocol = (typeof protocols)[number]

export interface ExampleRequest {
  /** JSON, ending with a line feed. */
  readonly text: string
  readonly origin: 'stored' | 'signature' | 'graph'
  /** Sentences: a stored example that the model refuses. */
  readonly warnings: readonly string[]
}

/**
 * Gives the stored example as a request, else one made from the signature, else from the graph of an ONNX model.
 *
 * @throws EXAMPLE_*; PATH_*, FILE_*, ONNX_* of the graph
 */
export async function exampleRequest(model: Mlmodel, protocol: Protocol): Promise<ExampleRequest> {
  const { signature, isSignatureFromTypeHint } = model
  const warnings: string[] = []
  const stored = await readStoredRequest(model).catch((error: unknown) => {
    if (!(error instanceof MlmodelError)) throw error
    warnings.push(`the stored example cannot be read, so another request is made: ${error.message}`)
    return undefined
  })
  if (stored !== undefined) {
    const why = refusal(stored.body, signature, isSignatureFromTypeHint, 'strict')
    if (why === undefined) {
      const asIs = protocol === 'mlflow' ? stored.text : undefined
      const text = asIs ?? write(stored.body, signature, isSignatureFromTypeHint, protocol)
      return { text: text.endsWith('\n') ? text : `${text}\n`, origin: 'stored', warnings }
    }
    warnings.push(`the stored example ${stored.file} does not fit the signature, so another request is made: ${why}`)
  }
  const known = signature?.inputs === undefined ? await signatureOfGraph(model, signature) : signature
  if (known?.inputs === undefined) throw new MlmodelError('EXAMPLE_NOTHING', {}, { where: { file: model.file } })
  const body = makeRequest(known, isSignatureFromTypeHint)
  const text = write(body, known, isSignatureFromTypeHint, protocol)
  return { text: `${text}\n`, origin: known === signature ? 'signature' : 'graph', warnings }
}

/** The signature with the inputs of the ONNX graph, for a model that has none of its own; undefined where there is no graph. */
export async function signatureOfGraph(model: Mlmodel, signature: Signature | undefined): Promise<Signature | undefined> {
  if (!model.flavors.has('onnx')) return undefined
  const path = modelPath(model)
  const graph = await readOnnxInside(model.directory, path, defaultLimits, { file: path })
  const inputs = graphSignature(graph).signature?.inputs
  return inputs === undefined ? undefined : { ...signature, inputs }
}

function write(body: CellMap, signature: Signature | undefined, isSignatureFromTypeHint: boolean, protocol: Protocol): string {
  if (protocol === 'mlflow') return writeJsonValue(body)
  if (protocol === 'azureml') return writeJsonValue(azureRequest(body))
  const bytes = Buffer.from(writeJsonValue(body))
  const { data } = readRequest(bytes, 'application/json', signature, { mode: 'strict', schemaFlags: { isSignatureFromTypeHint } })
  return writeJsonValue(openInferenceRequest(data, paramsOf(body.get('params'))))
}

function paramsOf(params: Cell | undefined): CellMap | undefined {
  return params instanceof Map ? params : undefined
}
