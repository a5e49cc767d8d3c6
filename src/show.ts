/**
 * The one display escape: every string that came from a model, a file or a request passes here before a terminal,
 * a log or an error page sees it (terminal escapes, log forging, bidi tricks: CWE-150, CWE-117).
 */

/** Longest text shown; the rest is cut with an ellipsis. */
export const longestShown = 200

// C0, DEL, C1, soft hyphen, zero width, bidi controls and isolates, line and paragraph separators, BOM, lone surrogates, tags.
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udc7f]/g

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A text on one line, printable characters only, at most `longest` characters. */
export function show(text: unknown, longest: number = longestShown): string {
  const whole = typeof text === 'string' ? text : String(text)
  // Cut before escaping, so that a huge text costs nothing.
  const points = whole.length > longest ? `${wholeCharacters(whole, longest - 1)}…` : whole
  return points.replace(unsafe, (match) => named[match] ?? [...match].map(escapePoint).join(''))
}

/** Like {@link show}, keeping line breaks: for text that is printed as a block. */
export function showLines(text: string, longest = 20_000): string {
  return text
    .slice(0, longest)
    .split(/\r\n|\n|\r/)
    .map((line) => show(line, longest))
    .join('\n')
}

function wholeCharacters(text: string, length: number): string {
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length)
}

function escapePoint(character: string): string {
  const point = character.codePointAt(0)!
  return point > 0xffff ? `\\u{${point.toString(16)}}` : `\\u${point.toString(16).padStart(4, '0')}`
}
