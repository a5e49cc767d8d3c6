/** Findings on conda.yaml, python_env.yaml and requirements.txt. */
import type { FindingTable } from './define.ts'

export const environmentFindings = {
  ENV_FILE_MISSING: {
    level: 'warning',
    title: 'An environment file is missing',
    why: 'MLflow looks for the file that the MLmodel file names, and cannot build the environment that it would describe.',
    message: (args: { readonly file: string }) => `The MLmodel file names ${args.file}, which is not there`,
    fix: (args) => `Add ${args?.file ?? 'the file'}, or log the model again`,
  },
} as const satisfies FindingTable
