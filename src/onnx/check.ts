/** Whether an ONNX file is sound, without running it: what `validate` asks. */
import { basename, dirname } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { closeExternal, openExternal } from './external-data.ts'
import type { OnnxModel } from './model.ts'
import { newestIrVersion, newestOpsets, operatorNames } from './operators.generated.ts'

/**
 * Reads an ONNX file, resolves its external data inside its folder, and looks up every operator.
 *
 * @param path - on this machine; its folder is as far as external data may go
 * @returns the model
 * @throws ONNX_BROKEN, ONNX_INVALID, ONNX_LIMIT, ONNX_EXTERNAL, ONNX_UNKNOWN, PATH_…, FILE_…
 */
export async function checkOnnxFile(path: string, limits: Limits = defaultLimits): Promise<OnnxModel> {
  const where = { file: path }
  // `inspect` wants the operators only, and not the way to ONNX Runtime.
  const { readOnnxInside } = await import('./open.ts')
  const root = dirname(path)
  const model = await readOnnxInside(root, basename(path), limits, where)
  await closeExternal(await openExternal(model, root, '', where))
  checkOperators(model)
  return model
}

/**
 * Looks up IR version, opsets and operators in the tables of ONNX and ONNX Runtime.
 *
 * @throws ONNX_UNKNOWN
 */
export function checkOperators(model: OnnxModel): void {
  const refuse = (what: string) => new MlmodelError('ONNX_UNKNOWN', { what })
  if (model.irVersion > newestIrVersion) throw refuse(`IR version ${model.irVersion}; the newest known is ${newestIrVersion}`)
  for (const { domain, version } of model.opsets) {
    const newest = newestOpsets[domain]
    if (newest !== undefined && version > newest)
      throw refuse(`opset ${version} of ${domain || 'ai.onnx'}; the newest known is ${newest}`)
  }
  const local = new Set(model.functions.map(({ domain, name }) => JSON.stringify([domain, name])))
  const known = new Map(Object.entries(operatorNames).map(([domain, names]) => [domain, new Set(names.split(' '))]))
  for (const { domain, operator } of model.operators) {
    if (local.has(JSON.stringify([domain, operator])) || known.get(domain)?.has(operator)) continue
    throw refuse(
      known.has(domain)
        ? `the operator \`${operator}\`, which is not known`
        : `operators of the domain \`${domain}\`, which is not known`,
    )
  }
}
