/** The request as others would send it. What the user may paste into a shell is quoted for it. */
import { isList, isMap, isNumber, type Json, prettyJson, writeJson, writeText } from './json.ts'
import type { PageRequest } from './request.ts'

export type SnippetName = 'curl' | 'python' | 'typescript'

export interface SnippetContext {
  readonly url: string
  readonly hasKey: boolean
  /** Name of a file with the body, when it is too long to stand in a program. */
  readonly bodyFile: string | undefined
}

/** Writes a request as a program. */
export function snippet(name: SnippetName, request: PageRequest, context: SnippetContext): string {
  const write = { curl, python, typescript }[name]
  return write(request, context)
}

function curl({ contentType, body }: PageRequest, { url, hasKey, bodyFile }: SnippetContext): string {
  const lines = [`curl ${shellQuote(url)}`, `-H ${shellQuote(`Content-Type: ${contentType}`)}`]
  // In double quotes: the shell puts the variable in.
  if (hasKey) lines.push('-H "Authorization: Bearer $MLMODEL_API_KEY"')
  lines.push(`--data-binary ${bodyFile === undefined ? shellQuote(String(body)) : shellQuote(`@${bodyFile}`)}`)
  return lines.join(' \\\n  ')
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function python({ contentType, body, value }: PageRequest, { url, hasKey, bodyFile }: SnippetContext): string {
  const headers = [`"Content-Type": ${JSON.stringify(contentType)}`]
  if (hasKey) headers.push('"Authorization": f"Bearer {os.environ[\'MLMODEL_API_KEY\']}"')
  const isJson = bodyFile === undefined && value !== undefined
  const data =
    bodyFile !== undefined
      ? `open(${JSON.stringify(bodyFile)}, "rb").read()`
      : value !== undefined
        ? 'json.dumps(body).encode()'
        : `${JSON.stringify(body)}.encode()`
  const imports = [...(isJson ? ['json'] : []), ...(hasKey ? ['os'] : []), 'urllib.request']
  return [
    ...imports.map((each) => `import ${each}`),
    '',
    ...(isJson ? [`body = ${pythonLiteral(value)}`] : []),
    'request = urllib.request.Request(',
    `    ${JSON.stringify(url)},`,
    `    data=${data},`,
    `    headers={${headers.join(', ')}},`,
    ')',
    'with urllib.request.urlopen(request) as reply:',
    '    print(reply.read().decode())',
  ].join('\n')
}

/** A value as Python writes it; JSON's escapes in texts are Python's too. */
export function pythonLiteral(value: Json, indent = 0): string {
  const line = pythonLine(value)
  if (line.length + indent <= 76 || !(isList(value) || isMap(value))) return line
  const [outer, inner] = [' '.repeat(indent), ' '.repeat(indent + 4)]
  if (isList(value)) return `[\n${value.map((item) => `${inner}${pythonLiteral(item, indent + 4)},`).join('\n')}\n${outer}]`
  const entries = [...value].map(([name, item]) => `${inner}${writeText(name)}: ${pythonLiteral(item, indent + 4)},`)
  return `{\n${entries.join('\n')}\n${outer}}`
}

function pythonLine(value: Json): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return writeText(value)
  if (isNumber(value)) return /^(?:NaN|-?Infinity)$/.test(value.number) ? `float("${value.number}")` : value.number
  if (isList(value)) return `[${value.map(pythonLine).join(', ')}]`
  return `{${[...value].map(([name, item]) => `${writeText(name)}: ${pythonLine(item)}`).join(', ')}}`
}

function typescript({ contentType, body, value }: PageRequest, { url, hasKey, bodyFile }: SnippetContext): string {
  const headers = [`'Content-Type': ${scriptQuote(contentType)}`]
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the program's
  if (hasKey) headers.push('Authorization: `Bearer ${process.env.MLMODEL_API_KEY}`')
  const isExact = value !== undefined && isExactInJavaScript(value)
  const given =
    bodyFile !== undefined
      ? `await readFile(${scriptQuote(bodyFile)})`
      : isExact
        ? `JSON.stringify(${prettyJson(value, 2)})`
        : // Digits that JavaScript's numbers do not hold stay a text.
          scriptQuote(value === undefined ? String(body) : writeJson(value))
  return [
    ...(bodyFile === undefined ? [] : ["import { readFile } from 'node:fs/promises'", '']),
    `const reply = await fetch(${scriptQuote(url)}, {`,
    "  method: 'POST',",
    `  headers: { ${headers.join(', ')} },`,
    `  body: ${given},`,
    '})',
    // NaN is no JSON, and MLflow's replies may have it.
    'console.log(reply.status, await reply.text())',
  ].join('\n')
}

function scriptQuote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

function isExactInJavaScript(value: Json): boolean {
  if (isNumber(value)) {
    const number = Number(value.number)
    return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
  }
  if (isList(value)) return value.every(isExactInJavaScript)
  if (isMap(value)) return !value.has('__proto__') && [...value.values()].every(isExactInJavaScript)
  return true
}
