/** Judges YAML beside MLmodel: a tag that makes an unsafe loader run code, and aliases that stand for billions of values. */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { decodeText, parseYaml } from '../yaml.ts'
import type { ContentJudge, Judgement } from './check.ts'
import { placeOf } from './judge-place.ts'

/** The tags that PyYAML and js-yaml make objects and functions of, short and in full. */
const codeTag = /!!?(python|js)\/[\w/:.]+|!<tag:yaml\.org,2002:(python|js)\/[^>]*>/

/** Errors of a document that no reader should be given; others are a matter of taste of the reader (application tags, several documents). */
const dangerous: ReadonlySet<string> = new Set(['YAML_NODES', 'YAML_DEPTH', 'YAML_ANCHOR'])

export const yamlJudge: ContentJudge = {
  name: 'yaml',
  takes: ({ content, path, member }) =>
    content.format === 'yaml' ||
    (content.format === 'mlmodel' && path !== 'MLmodel') ||
    // Flow style looks like JSON, and a few lines of aliases like a table: its reader goes by the name.
    (['csv', 'json', 'text'].includes(content.format) && /\.ya?ml$/i.test(member ?? path)),
  async judge(file, { limits }): Promise<Judgement> {
    const { format } = file.content
    // A table or a text may be YAML too: what is larger than any settings is not parsed, and holds no code for a safe loader.
    if (file.size > limits.yamlBytes) return { format, verdict: 'no-code', findings: [] }
    const where = placeOf(file)
    try {
      const text = decodeText(await file.readAll(limits.yamlBytes), file.path)
      try {
        parseYaml(text, file.path, limits)
      } catch (error) {
        const found = judgeError(error, text, where)
        if (found !== undefined) return { format, verdict: found.code === 'YAML_TAG' ? 'unsafe' : 'reject', findings: [found] }
      }
    } catch (error) {
      // Not UTF-8: whoever reads it will say so.
      if (!(error instanceof MlmodelError) || error.kind === 'io') throw error
    }
    return { format, verdict: 'no-code', findings: [] }
  },
}

function judgeError(error: unknown, text: string, where: Finding['where']): Finding | undefined {
  if (!(error instanceof MlmodelError)) throw error
  const at = { ...error.where, ...where }
  if (dangerous.has(error.code)) return findingOfError(error, at)
  // The first error may hide a tag further on.
  const tag = error.code === 'YAML_TAG' ? (error.arguments as { readonly tag: string }).tag : undefined
  if (tag !== undefined && codeTag.test(tag)) return findingOfError(error, at)
  const match = codeTag.exec(text)
  if (match === null) return undefined
  const line = text.slice(0, match.index).split('\n').length
  return finding('YAML_TAG', { tag: match[0].slice(0, 100) }, { ...where, line })
}
