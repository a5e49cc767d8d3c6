/**
 * What a rule of `mlmodel validate` is, and what it sees. A rule is one small file beside this one: a name, and a function from the
 * context to findings. It throws nothing of its own, prints nothing and reads the model's files only through the context, so
 * that every byte passes the one path resolver and every bound is in one place.
 */
import type { MlmodelError } from '../errors/index.ts'
import type { Finding } from '../finding/index.ts'
import type { Limits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import type { OnnxModel } from '../onnx/model.ts'
import type { Content, Sample } from '../sniff.ts'
import type { Policy } from './policy.ts'

/** A rule. New ones are added to the list in index.ts. */
export interface Check {
  /** Kebab-case, as its file; unique. */
  readonly name: string
  /**
   * Looks at a model and says everything that is wrong, not only the first thing.
   *
   * An MlmodelError that escapes becomes a finding (its code must be in the table of findings); any other error is a bug.
   */
  run(context: CheckContext): Promise<readonly Finding[]> | readonly Finding[]
}

/** An entry of the model's folder that is no folder. Links are listed and never followed by the listing. */
export interface ListedFile {
  /** Relative to the model's folder, with `/`. */
  readonly path: string
  /** `special`: a pipe, a socket, a device. `unreadable`: not even its kind could be asked for. */
  readonly kind: 'file' | 'link' | 'special' | 'unreadable'
  /** Of a regular file; 0 for everything else. */
  readonly bytes: number
  /** More than one name of the file exists: a hard link, perhaps to something outside. */
  readonly links: number
}

/** A regular file of the model, open for a rule; see {@link CheckContext.withFile}. */
export interface OpenFile {
  readonly path: string
  readonly size: number
  /** For `sampleFile`; closed after the call. */
  readonly descriptor: number
  /** Bytes at a place, fewer at the end. Nothing is kept. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** What a caller of `validate` asks for beyond the rules that always run. */
export interface CheckOptions {
  /** Platforms of `--target`. */
  readonly targets: readonly string[]
  /** SHA-256 of files that a person vouches for: 64 lowercase hex digits. Their content is not judged. */
  readonly trusted: ReadonlySet<string>
  /** What a team asks of its models. */
  readonly policy?: Policy
}

/**
 * Everything the rules may know of one model. Results of what only a higher layer can do (scoring in a process of its own) are
 * handed in as {@link CheckContext.results}.
 */
export interface CheckContext {
  /** As the user named the model. */
  readonly location: string
  /** Absolute path of the folder. */
  readonly directory: string
  /** The MLmodel file as the user would name it; findings name it `MLmodel`. */
  readonly file: string
  /**
   * The MLmodel file as far as it could be read: a field that is wrong is absent here and stands in {@link problems}. Absent where
   * there is no YAML mapping at all. A path in it may be wrong: open it through this context, which refuses.
   */
  readonly model: Mlmodel | undefined
  /** What reading MLmodel and its signature found wrong, one error for each defect; made findings by the rule `mlmodel`. */
  readonly problems: readonly MlmodelError[]
  /** In order of their paths; at most `limits.folderFiles`. */
  readonly files: readonly ListedFile[]
  /** The folder has more files than are listed. */
  readonly filesCut: boolean
  readonly limits: Limits
  readonly options: CheckOptions
  readonly results: CheckResults

  /**
   * The real path of a file or folder that the model names, free of links and inside the folder.
   *
   * @throws MlmodelError PATH_…
   */
  resolve(path: string): Promise<string>
  /** Opens a regular file inside the folder for the time of a call. PATH_…, FILE_UNREADABLE. */
  withFile<Result>(path: string, use: (file: OpenFile) => Promise<Result>): Promise<Result>
  /** The first bytes of a file. PATH_… */
  readHead(path: string, bytes: number): Promise<Uint8Array>
  /** A whole file. PATH_…, FILE_TOO_LARGE above `limit`. Not kept: ask once. */
  readAll(path: string, limit: number): Promise<Uint8Array>
  /** What the bytes of a file are; asked once for each file. PATH_… */
  sniff(path: string): Promise<Content>
  /** SHA-256 of a file as lowercase hex; computed once. PATH_… */
  sha256(path: string): Promise<string>
  /**
   * The graph of an ONNX file, read once for all rules. PATH_…, FILE_TOO_LARGE, ONNX_…: the rule that judges content reports why a
   * graph cannot be read; every other rule leaves such a file alone (`graphOrNothing`).
   */
  graph(path: string): Promise<OnnxModel>
  /** As {@link graph}, undefined where it cannot be read. */
  graphOrNothing(path: string): Promise<OnnxModel | undefined>
  /** Files that hold the external data of the model's ONNX graphs. */
  weights(): Promise<ReadonlySet<string>>
  /** What each listed regular file is judged to be, in order of their paths; judged once. Findings of the rule `content`. */
  judgements(): Promise<readonly FileJudgement[]>
}

/** Handed in by the layer above, which may start processes. Each is absent where it was not asked for or not possible. */
export interface CheckResults {
  /** What scoring the stored input example gave, and whatever else a process was asked: findings as they are. */
  readonly run?: readonly Finding[]
}

/**
 * What judging a file by its bytes said.
 *
 * - `safe`: of a format that could carry code, read to its last byte, and every name in it is on the list
 * - `unsafe`: something in it would run code that nobody vouches for; a finding names it and its offset
 * - `reject`: malformed or beyond a limit: whatever reads it may see something else than we did; a finding says where
 * - `unjudged`: of a format that may carry code and that we cannot read; a finding says so, and the exit code is 2
 * - `no-code`: of a format that cannot carry code (text, tables, images, arrays of numbers)
 * - `source`: program text (Python, R, …) that loading the model would run; a warning says so
 * - `trusted`: a person vouched for exactly these bytes (`--trust`); given by the list of judges, never by a judge
 */
export type Verdict = 'safe' | 'unsafe' | 'reject' | 'unjudged' | 'no-code' | 'source' | 'trusted'

/** What an estimator says of the data that it was fitted with. */
export interface EstimatorSummary {
  readonly features: number
  /** Empty where it was fitted without names. */
  readonly names: readonly string[]
}

export interface Judgement {
  /** As `src/sniff` calls it, or more exact, for example `joblib`. */
  readonly format: string
  readonly verdict: Verdict
  /** Of a file that is one estimator; held against the signature. */
  readonly estimator?: EstimatorSummary
  /** Their `where.file` is the file's path; a member of an archive is named in `where.path`. */
  readonly findings: readonly Finding[]
}

/** A file of the folder with what it was judged to be. */
export interface FileJudgement extends Judgement {
  readonly path: string
  readonly bytes: number
  /** Of a file that somebody vouched for. */
  readonly sha256?: string
}

/** Bytes to be judged: a file of the model's folder, or a member of an archive in it. */
export interface JudgedFile {
  /** Of the file in the folder, with `/`. */
  readonly path: string
  /** The member of an archive, for `where.path`; absent for the file itself. */
  readonly member?: string
  readonly size: number
  /** What the bytes are. The name's extension decides nothing. */
  readonly content: Content
  readonly sample: Sample
  /** All bytes. FILE_TOO_LARGE above `limit`. */
  readAll(limit: number): Promise<Uint8Array>
}

/** What a judge may ask for besides the bytes. */
export interface JudgeTools {
  readonly context: CheckContext
  readonly limits: Limits
  /** Judges the bytes of an archive's member by what they are. Archives in archives end at a fixed depth, as `reject`. */
  judgeMember(path: string, member: string, bytes: Uint8Array): Promise<Judgement>
}

/**
 * Judges files of some formats. The list is in content.ts; the first judge whose `takes` is true judges, and a file that nobody
 * takes is `unjudged` unless its format is known to carry no code.
 */
export interface ContentJudge {
  readonly name: string
  takes(file: JudgedFile): boolean
  /** MlmodelErrors that escape become findings with verdict `reject` (`unjudged` for errors of kind `io`). */
  judge(file: JudgedFile, tools: JudgeTools): Promise<Judgement>
}
