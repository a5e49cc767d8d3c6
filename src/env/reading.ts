/** The environment files of a model, read as far as they can be, each list of requirements with the files it includes. */
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { condaPipLines } from './conda-file.ts'
import { type EnvironmentFiles, readEnvironmentFiles, requirementsName } from './manager-views.ts'
import { type ModelFolder, openModelFolder } from './model-folder.ts'
import { type RequirementLines, readRequirementList, readRequirementsFile } from './requirements-file.ts'

export interface EnvironmentReading {
  readonly model: Mlmodel
  readonly folder: ModelFolder
  readonly files: EnvironmentFiles
  /** requirements.txt, whoever reads it. */
  readonly requirements: RequirementLines
  /** The list for pip of conda.yaml. */
  readonly conda: RequirementLines
  /** `dependencies` of python_env.yaml, of which MLflow makes a file for pip. */
  readonly pythonEnv: RequirementLines
  readonly build: RequirementLines
}

const none: RequirementLines = { lines: [], files: [], errors: [] }

/** Reads all files that can bear on the environment. Nothing in them makes it throw. */
export async function readEnvironmentOf(model: Mlmodel, limits: Limits = defaultLimits): Promise<EnvironmentReading> {
  const folder = openModelFolder(model.directory, limits)
  const files = await readEnvironmentFiles(model, folder)
  const { conda, pythonEnv, requirements } = files
  return {
    model,
    folder,
    files,
    requirements: requirements.state === 'read' ? await readRequirementsFile(folder, requirementsName).catch(unreadable) : none,
    conda: conda.state === 'read' ? await readRequirementList(folder, condaPipLines(conda.content)) : none,
    pythonEnv: pythonEnv.state === 'read' ? await readRequirementList(folder, pythonEnv.content.dependencies) : none,
    build: pythonEnv.state === 'read' ? await readRequirementList(folder, pythonEnv.content.buildDependencies) : none,
  }
}

/** A file that is no text. */
function unreadable(error: unknown): RequirementLines {
  if (!(error instanceof MlmodelError)) throw error
  return { ...none, errors: [error] }
}
