/** The little TOML that the formats need. */

/** A text as a basic string; what stands in it cannot end it. */
export function tomlText(text: string): string {
  const escaped = text.replace(/["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) =>
    character === '"' || character === '\\' ? `\\${character}` : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `"${escaped}"`
}

/** A key with a list of texts, each on a line. */
export function tomlList(key: string, texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? [`${key} = []`] : [`${key} = [`, ...texts.map((text) => `    ${tomlText(text)},`), ']']
}
