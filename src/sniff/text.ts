/** Formats that are text: told by their first words, then by their keys, then by their shape. */
import type { Content } from './content.ts'
import type { Sample } from './sample.ts'

/** Recognises a text file; undefined for binary data. */
export function textContent(sample: Sample): Content | undefined {
  const text = decode(sample)
  if (text === undefined) return undefined
  const start = text.trimStart()
  // JavaScript trims more than blanks: a file of vertical tabs is no empty text.
  if (start === '') return /^[ \t\r\n]*$/.test(text) ? { format: 'empty', title: 'file of nothing but blanks' } : undefined
  if (/^version https:\/\/git-lfs\.github\.com\/spec\//.test(start)) return lfsPointer(start)
  if (/^(<!--[\s\S]{0,2000}?-->\s*)?<(!doctype html|html|head|body)\b/i.test(start)) return htmlPage(start)
  if (start.startsWith('<')) return xmlDocument(start)
  if (/^tree\r?\nversion=v\d/.test(start)) return lightgbmModel(start)
  if (start.startsWith('{') || start.startsWith('[')) return jsonText(start, sample)
  return (
    mlmodelYaml(start) ??
    pythonSource(start, sample.name) ??
    tableOfText(start) ??
    yamlText(start, sample.name) ??
    otherText(sample.name)
  )
}

/** UTF-8 (a character cut at the end of the sample is fine) or UTF-16 with its mark; undefined where control bytes say binary. */
function decode({ head, size }: Sample): string | undefined {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    const text = new TextDecoder(head[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(head)
    return hasControls(text) ? undefined : text
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: size > head.length })
    return hasControls(text) ? undefined : text
  } catch {
    const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 4096)).toString('latin1')
    return /[\0-\x08\x0e-\x1f\x7f-\x9f]/.test(text) ? undefined : text
  }
}

function otherText(name: string): Content {
  return /\.(csv|tsv)$/i.test(name) ? { format: 'csv', title: 'text, by its name CSV' } : { format: 'text', title: 'text' }
}

function hasControls(text: string): boolean {
  return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text.slice(0, 65_536))
}

function lfsPointer(text: string): Content {
  const size = /^size (\d{1,15})$/m.exec(text)?.[1]
  return {
    format: 'git-lfs-pointer',
    title: `Git LFS pointer${size === undefined ? '' : ` to a file of ${size} bytes`}`,
    notes: ['The file itself is not here; `git lfs pull` fetches it'],
  }
}

function htmlPage(text: string): Content {
  const title = /<title[^<>]{0,200}>([^<]{1,200})<\/title>/i.exec(text)?.[1]?.replace(/\s+/g, ' ').trim()
  return {
    format: 'html',
    title: `HTML page${title === undefined || title === '' ? '' : ` titled “${title}”`}`,
    notes: ['A download often saves a login or error page in place of the file'],
  }
}

function xmlDocument(text: string): Content {
  const root = /<([A-Za-z_][\w:.-]{0,60})/.exec(text)?.[1]
  if (root === 'PMML') return { format: 'xml', title: 'PMML model' }
  if (root === 'Error') {
    const code = /<Code>([^<]{1,80})<\/Code>/.exec(text)?.[1]
    return {
      format: 'xml',
      title: `error message of a storage service${code === undefined ? '' : ` (${code})`}`,
      notes: ['The download failed and its error was saved in place of the file'],
    }
  }
  return { format: 'xml', title: root === undefined ? 'text that starts like XML' : `XML document <${root}>` }
}

function lightgbmModel(text: string): Content {
  const objective = /^objective=([^\r\n]{1,60})/m.exec(text)?.[1]
  return {
    format: 'lightgbm',
    title: `LightGBM model in text${objective === undefined ? '' : `, objective ${objective}`}`,
    flavor: 'lightgbm',
  }
}

/** Key → what a JSON object with it is; the first that fits counts. */
const jsonKinds: readonly (readonly [keys: readonly string[], content: Content])[] = [
  [['learner'], { format: 'xgboost', title: 'XGBoost model in JSON', flavor: 'xgboost' }],
  [['oblivious_trees'], { format: 'catboost', title: 'CatBoost model in JSON', flavor: 'catboost' }],
  [['trees', 'features_info'], { format: 'catboost', title: 'CatBoost model in JSON', flavor: 'catboost' }],
  [['features_info', 'model_info'], { format: 'catboost', title: 'CatBoost model in JSON', flavor: 'catboost' }],
  [
    ['tree_info'],
    {
      format: 'json',
      title: 'LightGBM model dumped to JSON',
      notes: ['LightGBM cannot load this form; save it with `booster.save_model`'],
    },
  ],
  [['weight_map'], { format: 'json', title: 'index of weights in several files' }],
  [['modelTopology'], { format: 'json', title: 'TensorFlow.js model' }],
  [['architectures'], { format: 'json', title: 'configuration of a Hugging Face model', flavor: 'transformers' }],
  [['nbformat'], { format: 'json', title: 'Jupyter notebook' }],
  [['dataframe_split'], { format: 'json', title: 'JSON in MLflow’s dataframe_split form' }],
  [['dataframe_records'], { format: 'json', title: 'JSON in MLflow’s dataframe_records form' }],
  [['instances'], { format: 'json', title: 'JSON in the instances form' }],
  [['inputs'], { format: 'json', title: 'JSON in the inputs form' }],
  [['predictions'], { format: 'json', title: 'JSON of predictions' }],
  [['columns', 'data'], { format: 'json', title: 'JSON table (columns and data)' }],
]

function jsonText(text: string, sample: Sample): Content {
  const keys = topLevelKeys(text)
  const kind = jsonKinds.find(([wanted]) => wanted.every((key) => keys.includes(key)))
  if (kind !== undefined) return kind[1]
  if (keys.length === 0 && /^\{[^"}\s]/.test(text)) return { format: 'text', title: 'text' }
  if (!/^(\{\s*("|\}|$)|\[)/.test(text)) return { format: 'text', title: 'text' }
  const lines = text.split('\n', 3).map((line) => line.trim())
  if (lines.length > 1 && lines.slice(0, 2).every((line) => /^\{.*\}$/.test(line))) return { format: 'json', title: 'JSON Lines' }
  const shown = keys.slice(0, 6).join(', ')
  const cut = sample.size <= sample.head.length && !/[\]}]\s*$/.test(text) ? ', cut off' : ''
  return {
    format: 'json',
    title: `${text.startsWith('[') ? 'JSON list' : `JSON object${shown === '' ? '' : ` (${shown}${keys.length > 6 ? ', …' : ''})`}`}${cut}`,
  }
}

/** The keys of the outermost object, as far as the sample goes, found by counting brackets outside strings. */
export function topLevelKeys(text: string): string[] {
  if (!text.startsWith('{')) return []
  const keys: string[] = []
  const token = /"((?:[^"\\]|\\.)*)"(\s*:)?|[{}[\]]/g
  let depth = 0
  for (let match = token.exec(text); match !== null && keys.length < 100; match = token.exec(text)) {
    if (match[0] === '{' || match[0] === '[') depth++
    else if (match[0] === '}' || match[0] === ']') {
      if (--depth === 0) break
    } else if (depth === 1 && match[2] !== undefined) keys.push(match[1]!)
  }
  return keys
}

function mlmodelYaml(text: string): Content | undefined {
  return /^flavors:/m.test(text) && /^ {2}\w+:/m.test(text) ? { format: 'mlmodel', title: 'MLmodel file' } : undefined
}

function pythonSource(text: string, name: string): Content | undefined {
  const words = /^(import \w[\w., ]*|from [\w.]+ import .+|def \w+\(.*|class \w+.*:)\s*$/m.test(text)
  return words || (/\.py$/i.test(name) && !text.startsWith('<')) ? { format: 'python', title: 'Python source' } : undefined
}

const separators = [
  [',', 'CSV'],
  ['\t', 'tab-separated'],
  [';', 'semicolon-separated'],
] as const

/** A table: the first lines have the same number of separators, at least one. */
function tableOfText(text: string): Content | undefined {
  const lines = text.split(/\r\n|\n|\r/, 21)
  // The last line of the sample may be cut.
  const whole = (lines.length > 20 ? lines.slice(0, 20) : lines.slice(0, Math.max(1, lines.length - 1))).filter(
    (line) => line !== '',
  )
  if (whole.length < 2) return undefined
  for (const [separator, name] of separators) {
    const counts = whole.map((line) => line.replace(/"(?:[^"]|"")*"/g, '').split(separator).length)
    if (counts[0]! < 2 || counts.some((each) => each !== counts[0])) continue
    const header = whole[0]!.split(separator, 6).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
    // Prose has commas too: cells of a header are short and do not begin sentences.
    if (header.some((cell) => cell.length > 60)) continue
    const words = `: ${header.slice(0, 5).join(', ')}${counts[0]! > 5 ? ', …' : ''}`
    return { format: 'csv', title: `${name} table of ${counts[0]} columns${words}` }
  }
  return undefined
}

function yamlText(text: string, name: string): Content | undefined {
  const lines = text.split('\n', 40).filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const shaped =
    lines.length > 0 &&
    lines.every((line) => /^(---|\s*- |\s+\S|[\w."'/-]+:(\s|$))/.test(line)) &&
    lines.some((line) => /^[\w."'/-]+:(\s|$)/.test(line))
  if (!shaped && !(/\.ya?ml$/i.test(name) && lines.some((line) => /:(\s|$)/.test(line)))) return undefined
  if (/^dependencies:/m.test(text) && /^(channels|name):/m.test(text)) return { format: 'yaml', title: 'conda environment' }
  if (/^(build_)?dependencies:/m.test(text) && /^python:/m.test(text))
    return { format: 'yaml', title: 'Python environment (python_env.yaml)' }
  return { format: 'yaml', title: 'YAML' }
}
