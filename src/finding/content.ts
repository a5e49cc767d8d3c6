/** Findings on the files by what their bytes are (pickles, ONNX graphs, arrays, boosters). */
import type { FindingTable } from './define.ts'
import { formatFindings } from './formats.ts'
import { pickleFindings } from './pickles.ts'

export const contentFindings = {
  ...formatFindings,
  ...pickleFindings,
  CONTENT_UNJUDGED: {
    level: 'warning',
    unjudged: true,
    title: 'A file that cannot be judged',
    why: 'Files of this format may carry code, or nobody knows what they are. They are neither called safe nor unsafe, and the exit code is 2.',
    message: (args: { content: string; sha256?: string }) => `Cannot be judged: ${args.content}`,
    fix: (args) =>
      args?.sha256 === undefined
        ? 'Look at the file by other means; then vouch for its bytes with `--trust sha256:…`'
        : `Look at the file by other means; then vouch for its bytes with \`--trust sha256:${args.sha256}\``,
  },
  CONTENT_SOURCE: {
    level: 'warning',
    title: 'Program text that loading the model runs',
    why: 'MLflow imports the code that a model brings along. It is not judged here: whoever wrote it can do anything when the model is loaded in Python.',
    message: (args: { content: string }) => `Carries code that is not judged: ${args.content}`,
    fix: () => 'Read it; score the model without Python, or load it in Python only where its author is trusted',
  },
  CONTENT_NESTED: {
    level: 'error',
    title: 'Archives in archives, too deep',
    why: 'Archives in archives hide content from whoever looks, and can be made endless.',
    message: (args: { limit: number }) => `Archives are nested deeper than ${args.limit} levels`,
    fix: () => 'Unpack the archive',
  },
} as const satisfies FindingTable
