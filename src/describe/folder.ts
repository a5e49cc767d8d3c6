/** What a folder without an MLmodel file is, by the files in it. */
import type { FileDescription } from './description.ts'

interface FolderContent {
  readonly format: string
  readonly content: string
  readonly notes: readonly string[]
  readonly advice: string | null
  readonly log_line: string | null
}

interface Kind {
  readonly format: string
  readonly content: string
  readonly needs: readonly RegExp[]
  readonly advice: (path: string) => string
  readonly line?: (path: string) => string
}

const kinds: readonly Kind[] = [
  {
    format: 'savedmodel',
    content: 'TensorFlow SavedModel',
    needs: [/^saved_model\.pb(txt)?$/],
    advice: () => 'Log it with MLflow in Python',
    line: (path) => `mlflow.tensorflow.log_model(tensorflow.saved_model.load(${path}), name="model")`,
  },
  {
    format: 'sentence-transformers',
    content: 'Sentence Transformers model',
    needs: [/^modules\.json$/, /^config_sentence_transformers\.json$/],
    advice: () => 'Log it with MLflow in Python',
    line: (path) => `mlflow.sentence_transformers.log_model(SentenceTransformer(${path}), name="model")`,
  },
  {
    format: 'transformers',
    content: 'Hugging Face Transformers model',
    needs: [/^config\.json$/, /^(model.*\.safetensors|pytorch_model.*\.bin|tf_model\.h5)$/],
    advice: () => 'Log it with MLflow in Python',
    line: (path) => `mlflow.transformers.log_model(transformers.pipeline(model=${path}), name="model")`,
  },
  {
    format: 'spark',
    content: 'Spark ML model',
    needs: [/^metadata\/part-\d+/],
    advice: () => 'Log it with MLflow in Python',
    line: (path) => `mlflow.spark.log_model(PipelineModel.load(${path}), name="model")`,
  },
  {
    format: 'mlflow-run',
    content: 'folder of an MLflow run or experiment',
    needs: [/^(\d+\/)?meta\.yaml$/],
    advice: () => 'Its models are below `artifacts`, one folder with an MLmodel file each',
  },
]

/** Describes a folder by the names in it, else by what most of its bytes are. */
export function describeFolder(files: readonly FileDescription[], location: string): FolderContent {
  const quoted = JSON.stringify(location)
  for (const kind of kinds) {
    if (!kind.needs.every((pattern) => files.some((file) => pattern.test(file.path)))) continue
    return {
      format: kind.format,
      content: kind.content,
      notes: [],
      advice: kind.advice(quoted),
      log_line: kind.line?.(quoted) ?? null,
    }
  }
  if (files.length === 0) return { format: 'empty', content: 'empty folder', notes: [], advice: null, log_line: null }
  return {
    format: 'folder',
    content: `folder of ${files.length} ${files.length === 1 ? 'file' : 'files'} without an MLmodel file`,
    notes: [],
    advice: 'A model is a folder with an MLmodel file, as `mlflow.<flavor>.save_model` or `log_model` writes it',
    log_line: null,
  }
}
