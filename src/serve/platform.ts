/** What a hosting platform says by its environment: where the model lies, on which address and under which routes it is asked for. */
import { join } from 'node:path'

/** The environment variables of servers, by their names. */
export const servingVariables = [
  'AIP_HEALTH_ROUTE',
  'AIP_HTTP_PORT',
  'AIP_PREDICT_ROUTE',
  'AZUREML_MODEL_DIR',
  'MLFLOW_HOST',
  'MLFLOW_MODELS_WORKERS',
  'MLFLOW_MODEL_FOLDER',
  'MLFLOW_PORT',
  'MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TIMEOUT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SDK_DISABLED',
  'OTEL_SERVICE_NAME',
  'OTEL_TRACES_EXPORTER',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
  'PORT',
  'SAGEMAKER_BIND_TO_PORT',
] as const
export type ServingVariables = Readonly<Partial<Record<(typeof servingVariables)[number], string>>>

export interface Platform {
  /** Where its model lies; undefined when none of its folders is there. */
  readonly model: string | undefined
  readonly port: number | undefined
  readonly host: string | undefined
  /** Further paths under which the default model answers, and is asked whether it is well. */
  readonly predictRoute: string | undefined
  readonly healthRoute: string | undefined
  /** Whether `/` and `/score` are Azure's. */
  readonly azureml: boolean
}

/** Where platforms put a model: SageMaker and MLflow's own images, KServe. */
const modelFolders = ['/opt/ml/model', '/mnt/models']

/**
 * Reads the environment of a server that was started without saying what to serve, or where.
 *
 * @param exists - whether a folder is there
 * @see docs of SageMaker, Vertex AI, Cloud Run, KServe, Azure ML as docs/serving.md lists them
 */
export function readPlatform(variables: ServingVariables, exists: (path: string) => boolean): Platform {
  // Azure names the folder in it as well.
  const azure = folderOf(variables.AZUREML_MODEL_DIR, variables.MLFLOW_MODEL_FOLDER)
  const model = azure ?? modelFolders.find(exists)
  const hosted = portOf(variables.AIP_HTTP_PORT) ?? portOf(variables.SAGEMAKER_BIND_TO_PORT) ?? portOf(variables.PORT)
  // A container is asked from outside it. On a desk /opt/ml/model is not there.
  const inContainer = hosted !== undefined || azure !== undefined || model !== undefined
  return {
    model,
    port: hosted ?? portOf(variables.MLFLOW_PORT) ?? (azure !== undefined ? 5001 : model !== undefined ? 8080 : undefined),
    host: variables.MLFLOW_HOST ?? (inContainer ? '0.0.0.0' : undefined),
    predictRoute: routeOf(variables.AIP_PREDICT_ROUTE),
    healthRoute: routeOf(variables.AIP_HEALTH_ROUTE),
    azureml: azure !== undefined,
  }
}

function folderOf(folder: string | undefined, inside: string | undefined): string | undefined {
  if (folder === undefined || folder === '') return undefined
  return inside === undefined || inside === '' ? folder : join(folder, inside)
}

function portOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
}

function routeOf(text: string | undefined): string | undefined {
  return text?.startsWith('/') === true && text.length > 1 ? text : undefined
}
