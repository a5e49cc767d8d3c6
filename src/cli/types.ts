/** `mlmodel types`: TypeScript types of a model, for `openModel` of the library. */
import { MlmodelError } from '../errors/index.ts'
import { modelPath } from '../flavors/index.ts'
import { defaultLimits } from '../limits.ts'
import { locate } from '../locate/index.ts'
import { loadMlmodel } from '../mlmodel.ts'
import { readOnnxInside } from '../onnx/index.ts'
import { typesName, writeTypes } from '../typescript.ts'
import { commonOptions, defineCommand, modelOperand, modelOption } from './command.ts'

export const command = defineCommand({
  name: 'types',
  summary: 'Write TypeScript types of a model’s input and output',
  usage: '<model> [--name Name]',
  about:
    'Types of an input row or the tensors, of a row of the answer, and of the params, for `openModel<Name>()` of the library. The inputs and params are those of the signature, the outputs those of the ONNX graph; a classifier’s labels are a union. Nothing of the model is executed.',
  operands: [{ name: 'model', text: 'Folder or MLmodel file' }],
  options: {
    ...modelOption,
    name: { value: 'name', group: 'Output', text: 'Name of the types; default: the folder’s' },
    ...commonOptions,
  },
  examples: ['mlmodel types ./churn > churn.ts', 'mlmodel types ./model --name Churn > churn.ts'],
  exitCodes: [
    [0, 'the types are written'],
    [1, 'the model is broken'],
    [2, 'the command could not do its work'],
  ],
  async run({ operands, options }, console) {
    const path = modelOperand('types', operands, options['model-uri'])
    if (options.name !== undefined && !/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(options.name)) {
      throw new MlmodelError('TYPES_NAME', { name: options.name })
    }
    const model = await loadMlmodel(await locate(path))
    const name = options.name ?? typesName(model.directory)
    const file = model.flavors.has('onnx') ? modelPath(model) : undefined
    const onnx = file === undefined ? undefined : await readOnnxInside(model.directory, file, defaultLimits, { file })
    await console.out.write(writeTypes(model, { name, onnx }))
    return 0
  },
})
