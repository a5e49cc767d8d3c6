/** Where this code lies: what is installed or bundled beside it is looked for from there. */

declare const __filename: string | undefined

/** Gives a file URL or path. A bundle in the format of CommonJS has no `import.meta.url`, but a `__filename`. */
export function here(url: string | undefined): string {
  if (url !== undefined) return url
  if (typeof __filename === 'string') return __filename
  throw new Error('neither import.meta.url nor __filename is known')
}
