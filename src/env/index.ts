/** Environments of models: what their files ask for. */
export type { Dependency, Disagreement, Environment, EnvironmentLine } from './environment.ts'
export { readEnvironment } from './read.ts'
