/** The entry `mlmodel/client`: a typed client of scoring servers, for Node and browsers. */
export {
  type Client,
  type ClientCallOptions,
  type ClientInput,
  type ClientInputOf,
  type ClientTypes,
  type ConnectOptions,
  connect,
} from './client/connect.ts'
export type { ServerPredictions } from './client/predictions.ts'
export type { ClientProtocolName, ServerMetadata, ServerTensor } from './client/protocol.ts'
export type { CallOptions } from './client/transport.ts'
export { MlmodelError } from './errors/index.ts'
