/** What a platform is to `--target`. */
import type { Finding } from '../../finding/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import type { CheckContext } from '../check.ts'

/** The names of `--target`. */
export const targetNames = ['azureml-online', 'azureml-batch', 'kserve', 'sagemaker', 'vertex', 'databricks'] as const
export type TargetName = (typeof targetNames)[number]

export interface Target {
  readonly name: TargetName
  /** As sentences name the platform. */
  readonly platform: string
  /** Says what the platform would do with the folder. `model` is the context's, which is there. */
  check(model: Mlmodel, context: CheckContext): Promise<readonly Finding[]> | readonly Finding[]
}

/** Whether the signature says nothing of a side. What stands there and cannot be read is the rule of signatures' to report. */
export function lacks(model: Mlmodel, side: 'inputs' | 'outputs'): boolean {
  const signature = model.fields.get('signature')
  return model.signature?.[side] === undefined && (signature instanceof Map ? (signature.get(side) ?? null) : null) === null
}
