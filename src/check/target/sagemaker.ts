/** Amazon SageMaker with MLflow's own image: the folder as model.tar.gz under /opt/ml/model, GET /ping and POST /invocations on port 8080. */
import { finding } from '../../finding/index.ts'
import { fieldPlace } from '../place.ts'
import { checkPyfunc } from './pyfunc.ts'
import type { Target } from './target.ts'

export const sagemaker: Target = {
  name: 'sagemaker',
  platform: 'SageMaker',
  async check(model, context) {
    const loads = await checkPyfunc(model, context, 'SageMaker')
    const pyfunc = model.flavors.get('python_function')
    const env = pyfunc?.get('env')
    const named = typeof env === 'string' ? [env] : env instanceof Map ? [...env.values()] : []
    if (pyfunc === undefined || named.some((path) => typeof path === 'string' && path !== '')) return loads
    return [...loads, finding('SAGEMAKER_ENVIRONMENT', {}, fieldPlace(model, ['flavors', 'python_function']))]
  },
}
