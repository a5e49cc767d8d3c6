// Made by `mlmodel types`; to be made again when the model changes.

/** A row of input. */
export interface PenguinsRow {
  /** string (required) */
  readonly island: string
  /** string (required) */
  readonly sex: string
  /** double (required) */
  readonly bill_length_mm: number
  /** double (required) */
  readonly bill_depth_mm: number
  /** long (required) */
  readonly flipper_length_mm: number | bigint
  /** long (required) */
  readonly body_mass_g: number | bigint
}

/** A row of the answer. */
export interface PenguinsOutput {
  readonly species: 'Adelie' | 'Chinstrap' | 'Gentoo'
  readonly probability: number
}

/** What the model takes and gives: `openModel<Penguins>(…)`. */
export interface Penguins {
  readonly row: PenguinsRow
  readonly output: PenguinsOutput
}
