/** The contract of a flavor: say whether this model can be run here, and run it. */
import type { Batch, Cell } from '../batch.ts'
import type { Mlmodel } from '../mlmodel.ts'
import type { Session } from '../onnx/index.ts'

/** `compat` gives MLflow's exact answer; `strict` refuses or repairs what the closed list of docs/differences.md names. */
export type Mode = 'strict' | 'compat'

/** Can we run it, and how; or why not. */
export type Runnable = { readonly runs: true; readonly how: string } | { readonly runs: false; readonly why: string }

export interface FlavorOpenOptions {
  readonly mode: Mode
  /** Intra-op threads of ONNX Runtime; default: the cores this process may use. */
  readonly threads?: number
  /** ONNX Runtime execution providers in order, instead of the MLmodel file's. */
  readonly providers?: readonly string[]
  readonly warn: (warning: string) => void
}

export interface PredictOptions {
  readonly params?: ReadonlyMap<string, Cell>
  /** Only these outputs, in this order. */
  readonly outputs?: readonly string[]
}

/** The flavor's own object, told apart by `flavor`: the other of MLflow's two ways of loading (`mlflow.onnx.load_model`). */
export type NativeModel = NativeOnnx

export interface NativeOnnx {
  readonly flavor: 'onnx'
  /** The ONNX file as it lies in the model's folder; with external data, without that. */
  readonly bytes: Uint8Array
  /** The session that scores. A ZipMap at the end of the graph is taken off: its input is the output instead. */
  readonly session: Session
}

/** An opened model; holds native memory until closed. */
export interface Predictor {
  /** Rows the model insists on, when its first dimension is fixed: such input is never split. */
  readonly fixedRows?: number
  /** Whether rows are known not to influence each other: only then does a table scored in parts give the answers of the whole. */
  readonly rowwise: boolean
  /** Scores data that already fits the signature. */
  predict(data: Batch, options: PredictOptions): Promise<Batch>
  /** What the flavor's own library would have loaded, for callers who go on by themselves; it is gone once closed. */
  native?(): Promise<NativeModel>
  close(): Promise<void>
}

export interface Flavor {
  readonly name: string
  /** Reads nothing but the MLmodel record. */
  runnable(model: Mlmodel): Runnable
  open(model: Mlmodel, options: FlavorOpenOptions): Promise<Predictor>
}
