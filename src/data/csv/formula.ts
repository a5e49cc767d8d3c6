/** Text that a spreadsheet would run as a formula. */

const starts = new Set(['=', '+', '-', '@', '\t', '\r'])
/** What every spreadsheet reads as a number; also Python's infinities, which none reads as a formula. */
const number = /^[+-](?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|infinity|nan)$/i

/**
 * Puts an apostrophe before text that begins a formula (`=`, `+`, `-`, `@`, tab, carriage return): spreadsheets then show it
 * as text. Numbers such as `-1.5` stay.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export function withoutFormula(text: string): string {
  return starts.has(text[0] ?? '') && !number.test(text) ? `'${text}` : text
}
