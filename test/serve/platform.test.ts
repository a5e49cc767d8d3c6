/** What platforms say by their environment. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readPlatform, type ServingVariables } from '../../src/serve/platform.ts'

const read = (variables: ServingVariables, ...folders: readonly string[]) =>
  readPlatform(variables, (path) => folders.includes(path))

describe('platforms', () => {
  test('a desk says nothing', () => {
    assert.deepEqual(read({}), {
      model: undefined,
      port: undefined,
      host: undefined,
      predictRoute: undefined,
      healthRoute: undefined,
      azureml: false,
    })
  })

  test('SageMaker, KServe, Cloud Run, Vertex, Azure', () => {
    const sagemaker = read({}, '/opt/ml/model')
    assert.deepEqual([sagemaker.model, sagemaker.port, sagemaker.host], ['/opt/ml/model', 8080, '0.0.0.0'])
    assert.equal(read({ SAGEMAKER_BIND_TO_PORT: '8081' }, '/opt/ml/model').port, 8081)
    assert.equal(read({}, '/mnt/models').model, '/mnt/models')
    assert.equal(read({ PORT: '8085' }).port, 8085)
    assert.equal(read({ PORT: '8085' }).host, '0.0.0.0')
    const vertex = read({ AIP_HTTP_PORT: '7080', AIP_PREDICT_ROUTE: '/predict', AIP_HEALTH_ROUTE: '/healthy' })
    assert.deepEqual([vertex.port, vertex.predictRoute, vertex.healthRoute], [7080, '/predict', '/healthy'])
    const azure = read({ AZUREML_MODEL_DIR: '/var/azureml-app/m' })
    assert.deepEqual([azure.model, azure.port, azure.azureml], ['/var/azureml-app/m', 5001, true])
  })

  test('nonsense is not believed', () => {
    for (const PORT of ['', '-1', '70000', '80x', '0x50', ' 80', '1e3']) assert.equal(read({ PORT }).port, undefined, PORT)
    for (const AIP_PREDICT_ROUTE of ['', '/', 'predict']) assert.equal(read({ AIP_PREDICT_ROUTE }).predictRoute, undefined)
  })
})
