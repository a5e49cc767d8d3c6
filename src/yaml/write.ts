/** YAML as PyYAML's `safe_dump(default_flow_style=False)` writes it, so that a file of ours looks like one of MLflow's. */
import { formatPythonFloat } from '../json.ts'
import { isYamlList, isYamlMap, type YamlMap, type YamlValue } from '../yaml.ts'
import { readPlain } from './scalar.ts'

/** Columns after which PyYAML breaks a quoted text at the next space. */
const bestWidth = 80

/** Writes a mapping as a document, keys in their order. */
export function writeYaml(map: YamlMap): string {
  return map.size === 0 ? '{}\n' : writeMap(map, 0)
}

function writeMap(map: YamlMap, indent: number): string {
  return [...map].map(([key, value]) => `${' '.repeat(indent)}${entry(`${writeText(key, 0, 0)}:`, value, indent)}`).join('')
}

/** A key with its value behind it or below it. A list stands as deep as its key. */
function entry(head: string, value: YamlValue, indent: number): string {
  if (isYamlMap(value) && value.size > 0) return `${head}\n${writeMap(value, indent + 2)}`
  if (isYamlList(value) && value.length > 0) return `${head}\n${writeList(value, indent)}`
  return `${head} ${writeScalar(value, indent + head.length + 1, indent + 2)}\n`
}

function writeList(items: readonly YamlValue[], indent: number): string {
  const blank = ' '.repeat(indent)
  return items
    .map((item) => {
      if (isYamlMap(item) && item.size > 0) return `${blank}- ${writeMap(item, indent + 2).slice(indent + 2)}`
      if (isYamlList(item) && item.length > 0) return `${blank}-\n${writeList(item, indent + 2)}`
      return `${blank}- ${writeScalar(item, indent + 2, indent + 2)}\n`
    })
    .join('')
}

function writeScalar(value: YamlValue, column: number, indent: number): string {
  if (typeof value === 'string') return writeText(value, column, indent)
  if (typeof value === 'number') {
    const special = { Infinity: '.inf', '-Infinity': '-.inf', NaN: '.nan' }[String(value)]
    // YAML 1.1 wants a point before the exponent.
    return special ?? formatPythonFloat(value).replace(/^(-?\d+)e/, '$1.0e')
  }
  if (isYamlMap(value)) return '{}'
  return isYamlList(value) ? '[]' : String(value)
}

const plainText = /^(?:[\w./]|-(?=[A-Za-z]))[\w./=<>!~+() -]*$/

/**
 * Writes a text: plain where that reads back as the same text, else in single quotes, else in double quotes.
 *
 * @param column where the text begins
 * @param indent of the lines below, where it is too long for one
 */
export function writeText(text: string, column: number, indent: number): string {
  const plain = plainText.test(text) && !text.endsWith(' ') && readPlain(text).type === 'text'
  if (plain && column + text.length <= bestWidth) return text
  // What PyYAML takes for unprintable, or folds, needs escapes.
  if (/[^\t\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(text)) return doubleQuoted(text)
  return singleQuoted(text, column, indent)
}

/** A line break between two words is read as a space. */
function singleQuoted(text: string, column: number, indent: number): string {
  const words = text.replaceAll("'", "''").split(/(?<=[^ \t]) (?=[^ \t])/)
  let written = "'"
  let at = column + 1
  words.forEach((word, index) => {
    if (index > 0) {
      const breaks = at > bestWidth
      written += breaks ? `\n${' '.repeat(indent)}` : ' '
      at = breaks ? indent : at + 1
    }
    written += word
    at += word.length
  })
  return `${written}'`
}

function doubleQuoted(text: string): string {
  const escaped = text.replace(/["\\]|[^\u0020-\u007e]/gu, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`
    const hex = character.codePointAt(0)!.toString(16)
    return hex.length <= 2
      ? `\\x${hex.padStart(2, '0')}`
      : hex.length <= 4
        ? `\\u${hex.padStart(4, '0')}`
        : `\\U${hex.padStart(8, '0')}`
  })
  return `"${escaped}"`
}
