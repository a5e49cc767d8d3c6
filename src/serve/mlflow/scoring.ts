/** MLflow's scoring protocol in the runner: `POST /invocations`. */
import { writePredictions } from '../../data/reply.ts'
import { errorReply } from '../../model.ts'
import type { Scoring } from '../scoring.ts'

export const mlflowScoring: Scoring = {
  async read(call, model) {
    const { data, params, llm, warnings } = await model.read(call.body, call.contentType)
    return { data, params, losses: warnings.length, request: llm }
  },
  write(predictions, job) {
    return {
      status: 200,
      contentType: 'application/json',
      body: writePredictions(predictions, { wrap: job.request !== true }),
    }
  },
  fail: errorReply,
}
