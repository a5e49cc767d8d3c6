/** What addresses say that nobody else is to read. */

/**
 * A text with the user and password of every address in it left out. A password may hold an `@` of its own: the last one
 * before the path ends it, as in Python's `urlsplit`.
 */
export function withoutSecrets(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]{0,40}:\/\/)(?!git@)[^/?#\s]{1,2000}@/gi, '$1****@')
}
