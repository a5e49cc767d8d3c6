/** What the server said against a request, and which fields it speaks of. */
import type { Field } from './fields.ts'
import { isList, isMap, type Json, numberOf, plainText, readJson } from './json.ts'

export interface Problem {
  readonly message: string
  readonly row: number | undefined
  /** Key of an input or a param. */
  readonly field: string | undefined
  readonly isParam: boolean
}

export interface Refusal {
  readonly title: string
  readonly problems: readonly Problem[]
}

/** Reads the reply to a request that was refused, whatever it is. */
export function readRefusal(status: number, text: string, inputs: readonly Field[], params: readonly Field[]): Refusal {
  const title = titles[status] ?? (status >= 500 ? 'The server failed' : 'The request was refused')
  let reply: Json
  try {
    reply = readJson(text)
  } catch {
    return { title, problems: [plainProblem(text.trim() === '' ? `HTTP status ${status}` : text)] }
  }
  if (!isMap(reply)) return { title, problems: [plainProblem(plainText(reply))] }
  const listed = reply.get('problems')
  if (isList(listed) && listed.length > 0) {
    const problems = listed.filter(isMap).map((problem): Problem => {
      const path = plainText(problem.get('path'))
      const param = params.find(({ key }) => path === `$.params.${key}` || path.startsWith(`$.params[${JSON.stringify(key)}]`))
      const isParam = param !== undefined || path.startsWith('$.params')
      const column = problem.get('column')
      const named = param ?? (isParam ? params : inputs).find(({ key }) => column !== undefined && key === plainText(column))
      return { message: plainText(problem.get('message')), row: numberOf(problem.get('row')), field: named?.key, isParam }
    })
    return { title, problems }
  }
  const message = reply.get('message') ?? reply.get('error') ?? reply.get('detail')
  return { title, problems: [plainProblem(message === undefined ? text : plainText(message))] }
}

function plainProblem(message: string): Problem {
  return { message, row: undefined, field: undefined, isParam: false }
}

const titles: Readonly<Record<number, string>> = {
  401: 'The key was refused',
  403: 'The server does not answer this page',
  404: 'The server has no such model',
  413: 'The request is too large',
  415: 'The server does not read this format',
  421: 'The server does not answer to this name',
  503: 'The server is busy or not ready',
  504: 'The model took too long',
}
