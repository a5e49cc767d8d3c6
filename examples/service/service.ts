/**
 * A service in TypeScript: `POST /species` takes a list of penguins as JSON and answers their species. The model runs in a
 * process of its own, so that a long inference never holds up another request and can be given a deadline.
 *
 *   node service.js [model]      PORT=8080
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { MlmodelError, openModel } from 'mlmodel'
// Made by `mlmodel types ../penguins/model --name Penguins > penguins.ts`.
import type { Penguins, PenguinsRow } from './penguins.js'

const model = await openModel<Penguins>(process.argv[2] ?? '../penguins/model', { isolate: true, timeout: 2000 })

async function species(request: IncomingMessage, signal: AbortSignal): Promise<{ species: string; sure: boolean }[]> {
  // Whatever the body holds: the model checks it against its signature.
  const penguins = JSON.parse(await text(request)) as PenguinsRow[]
  const predictions = await model.predict(penguins, { signal })
  return predictions.rows().map(({ species, probability }) => ({ species, sure: probability > 0.9 }))
}

const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  const answer = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (request.method !== 'POST' || request.url !== '/species') return answer(404, { error: 'POST /species' })
  // Who hangs up needs no answer.
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  try {
    answer(200, await species(request, gone.signal))
  } catch (error) {
    if (error instanceof MlmodelError) answer(error.info.httpStatus, { error: error.message, code: error.code, where: error.where })
    else answer(error instanceof SyntaxError ? 400 : 500, { error: String(error) })
  }
})

server.listen(Number(process.env['PORT'] ?? 8080), () => console.log(JSON.stringify(server.address())))
process.once('SIGTERM', async () => {
  server.close()
  await model.close()
})
