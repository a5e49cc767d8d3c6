import type { ErrorTable } from './define.ts'

/** NPY, NPZ and the zip container. */
export const arrayErrors = {
  ZIP_BROKEN: {
    kind: 'body',
    message: (a: { why: string; member?: string }) =>
      a.member === undefined ? `The zip file is broken: ${a.why}` : `The zip member \`${a.member}\` is broken: ${a.why}`,
    hint: () => 'Write the file again with NumPy’s savez; was it copied whole?',
  },
  ZIP_UNSUPPORTED: {
    kind: 'body',
    message: (a: { why: string; member: string }) => `The zip member \`${a.member}\` ${a.why}`,
    hint: () => 'Write the file again with Python’s zipfile or NumPy’s savez',
  },
  ZIP_LIMIT: {
    kind: 'limit',
    message: (a: { why: string; limit: number }) => `The zip file ${a.why} (limit ${a.limit})`,
    hint: () => 'Give the arrays as NPY files, `-i name=file.npy`',
  },
  NPY_BROKEN: {
    kind: 'body',
    message: (a: { why: string }) => `The NPY array is broken: ${a.why}`,
    hint: () => 'Write the file again with `numpy.save`; was it copied whole?',
  },
  NPY_DTYPE: {
    kind: 'body',
    message: (a: { descr: string; why: string }) => `The NPY array has elements of type \`${a.descr}\`, ${a.why}`,
    hint: (a: { descr: string }) =>
      `Save plain numbers or text: \`numpy.save(path, array.astype(${a.descr.includes('O') ? '"float64"' : '…'}))\``,
  },
  NPY_LIMIT: {
    kind: 'limit',
    message: (a: { what: string; found: string; limit: number }) =>
      `The NPY array has ${a.found} ${a.what}, more than ${a.limit}`,
    hint: () => 'Give the data in parts',
  },
  NPY_NOT_WRITABLE: {
    kind: 'usage',
    message: (a: { why: string }) => `The predictions cannot be NumPy’s arrays: ${a.why}`,
    hint: () =>
      'Choose an output with `--outputs NAME`, or write `-o out.npz` (an array for each), `.parquet`, `.csv` or `.json`',
  },
} satisfies ErrorTable
