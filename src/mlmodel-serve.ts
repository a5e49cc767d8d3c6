/** The entry `mlmodel/serve`: models inside another server. */
export { createHandler, type Handler, type HandlerOptions, type HandlerProtocol } from './serve/handler.ts'
