/** `--target`: what a platform would do with the folder, by the platforms' own files in target/. */
import type { Finding } from '../finding/index.ts'
import type { Check } from './check.ts'
import { azuremlBatch } from './target/azureml-batch.ts'
import { azuremlOnline } from './target/azureml-online.ts'
import { databricks } from './target/databricks.ts'
import { kserve } from './target/kserve.ts'
import { sagemaker } from './target/sagemaker.ts'
import type { Target } from './target/target.ts'
import { vertex } from './target/vertex.ts'

export { type TargetName, targetNames } from './target/target.ts'

/** In the order of the help. */
export const targets: readonly Target[] = [azuremlOnline, azuremlBatch, kserve, sagemaker, vertex, databricks]

export const target: Check = {
  name: 'target',
  async run(context) {
    const { model } = context
    if (model === undefined) return []
    const findings: Finding[] = []
    for (const { name, check } of targets) {
      if (context.options.targets.includes(name)) findings.push(...(await check(model, context)))
    }
    return findings
  },
}
