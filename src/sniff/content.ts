/** The answer to "what is this file?". */

/** A closed list: programs compare these. */
export type Format =
  | 'arrow'
  | 'bzip2'
  | 'catboost'
  | 'csv'
  | 'empty'
  | 'git-lfs-pointer'
  | 'gguf'
  | 'gzip'
  | 'hdf5'
  | 'html'
  | 'image'
  | 'joblib'
  | 'json'
  | 'keras'
  | 'lightgbm'
  | 'mlmodel'
  | 'npy'
  | 'npz'
  | 'onnx'
  | 'onnx-runtime'
  | 'parquet'
  | 'pdf'
  | 'pickle'
  | 'python'
  | 'rds'
  | 'safetensors'
  | 'savedmodel'
  | 'skops'
  | 'sqlite'
  | 'tar'
  | 'text'
  | 'tflite'
  | 'torch'
  | 'unknown'
  | 'xgboost'
  | 'xml'
  | 'xz'
  | 'yaml'
  | 'zip'
  | 'zlib'
  | 'zstd'

export interface Content {
  readonly format: Format
  /** A noun phrase with what the content itself says, such as `pickle (protocol 4) of sklearn.svm._classes.SVC`. Not escaped. */
  readonly title: string
  /** Sentences a person should know, such as that loading a pickle runs code. */
  readonly notes?: readonly string[]
  /** MLflow's flavor that would log it. */
  readonly flavor?: string
}
