/**
 * FlatBuffers, as far as Arrow and CatBoost use them: tables by field number, read with every place checked, and written from
 * the back.
 *
 * @see https://flatbuffers.dev/internals/
 */

/** Thrown where the bytes are no FlatBuffer; the reader of the file turns it into its own error. */
export class FlatBufferError extends Error {}

/** A table in bytes. Fields that are absent have their default. */
export class Table {
  readonly #view: DataView
  readonly #at: number
  readonly #fields: number
  readonly #fieldCount: number

  private constructor(view: DataView, at: number) {
    this.#view = view
    this.#at = at
    this.#fields = at - guarded(view, at, 4, () => view.getInt32(at, true))
    const size = guarded(view, this.#fields, 4, () => view.getUint16(this.#fields, true))
    this.#fieldCount = Math.max(0, (size - 4) >> 1)
    guarded(view, this.#fields, size, () => 0)
  }

  static root(bytes: Uint8Array): Table {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new Table(
      view,
      guarded(view, 0, 4, () => view.getUint32(0, true)),
    )
  }

  /** The place of a field's value; 0 where it is absent. */
  #place(field: number): number {
    if (field >= this.#fieldCount) return 0
    const offset = this.#view.getUint16(this.#fields + 4 + field * 2, true)
    return offset === 0 ? 0 : this.#at + offset
  }

  byte(field: number, absent = 0): number {
    const at = this.#place(field)
    return at === 0 ? absent : guarded(this.#view, at, 1, () => this.#view.getUint8(at))
  }

  short(field: number, absent = 0): number {
    const at = this.#place(field)
    return at === 0 ? absent : guarded(this.#view, at, 2, () => this.#view.getInt16(at, true))
  }

  int(field: number, absent = 0): number {
    const at = this.#place(field)
    return at === 0 ? absent : guarded(this.#view, at, 4, () => this.#view.getInt32(at, true))
  }

  /** @throws FlatBufferError beyond 2^53, where no length or offset is */
  long(field: number, absent = 0): number {
    const at = this.#place(field)
    return at === 0 ? absent : longAt(this.#view, at)
  }

  float(field: number, absent = 0): number {
    const at = this.#place(field)
    return at === 0 ? absent : guarded(this.#view, at, 4, () => this.#view.getFloat32(at, true))
  }

  double(field: number, absent = 0): number {
    const at = this.#place(field)
    return at === 0 ? absent : guarded(this.#view, at, 8, () => this.#view.getFloat64(at, true))
  }

  text(field: number): string | undefined {
    const at = this.#place(field)
    return at === 0 ? undefined : this.#textAt(at)
  }

  #textAt(at: number): string {
    const start = this.#follow(at)
    const length = guarded(this.#view, start, 4, () => this.#view.getUint32(start, true))
    return guarded(this.#view, start + 4, length, () =>
      Buffer.from(this.#view.buffer, this.#view.byteOffset + start + 4, length).toString('utf8'),
    )
  }

  table(field: number): Table | undefined {
    const at = this.#place(field)
    return at === 0 ? undefined : new Table(this.#view, this.#follow(at))
  }

  tables(field: number): Table[] {
    const { start, length } = this.#vector(field, 4)
    return Array.from({ length }, (_, index) => new Table(this.#view, this.#follow(start + index * 4)))
  }

  /** Pairs of numbers of 8 bytes each: Arrow's places of buffers and lengths of nodes. */
  pairs(field: number): (readonly [number, number])[] {
    const { start, length } = this.#vector(field, 16)
    return Array.from(
      { length },
      (_, index) => [longAt(this.#view, start + index * 16), longAt(this.#view, start + index * 16 + 8)] as const,
    )
  }

  /** How many values a list has, of `size` bytes each; they are all there. */
  count(field: number, size: number): number {
    return this.#vector(field, size).length
  }

  /** The bytes of a list of values of `size` bytes each. Not copied, and not aligned. */
  bytes(field: number, size = 1): Uint8Array {
    const { start, length } = this.#vector(field, size)
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, length * size)
  }

  texts(field: number): string[] {
    const { start, length } = this.#vector(field, 4)
    return Array.from({ length }, (_, index) => this.#textAt(start + index * 4))
  }

  longs(field: number): number[] {
    const { start, length } = this.#vector(field, 8)
    return Array.from({ length }, (_, index) => longAt(this.#view, start + index * 8))
  }

  #follow(at: number): number {
    return at + guarded(this.#view, at, 4, () => this.#view.getUint32(at, true))
  }

  #vector(field: number, size: number): { start: number; length: number } {
    const at = this.#place(field)
    if (at === 0) return { start: 0, length: 0 }
    const start = this.#follow(at)
    const length = guarded(this.#view, start, 4, () => this.#view.getUint32(start, true))
    guarded(this.#view, start + 4, length * size, () => 0)
    return { start: start + 4, length }
  }
}

function longAt(view: DataView, at: number): number {
  const value = Number(guarded(view, at, 8, () => view.getBigInt64(at, true)))
  if (!Number.isSafeInteger(value)) throw new FlatBufferError(`a number of ${value}`)
  return value
}

function guarded<T>(view: DataView, at: number, length: number, read: () => T): T {
  if (at < 0 || at + length > view.byteLength) throw new FlatBufferError(`a place at byte ${at} of ${view.byteLength}`)
  return read()
}

/** A value of a field to be written. A table, a text or a list is referred to by what its writer gave. */
export type FieldValue =
  | { readonly kind: 'byte' | 'short' | 'int' | 'reference'; readonly value: number }
  | { readonly kind: 'long'; readonly value: number | bigint }

/** Writes from the back to the front, as FlatBuffers refer forward only; a place is counted from the end. */
export class Builder {
  #bytes = new Uint8Array(1024)
  #used = 0

  #reserve(size: number, alignment: number): number {
    const padding = -(this.#used + size) & (alignment - 1)
    const total = this.#used + size + padding
    if (total > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, total * 2))
      larger.set(this.#bytes, larger.length - this.#bytes.length)
      this.#bytes = larger
    }
    this.#used = total
    return this.#bytes.length - total
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer)
  }

  text(value: string): number {
    const encoded = Buffer.from(value, 'utf8')
    const at = this.#reserve(encoded.length + 5, 4)
    this.#view().setUint32(at, encoded.length, true)
    this.#bytes.set(encoded, at + 4)
    return this.#used
  }

  references(places: readonly number[]): number {
    const at = this.#reserve(4 + places.length * 4, 4)
    const here = this.#used
    const view = this.#view()
    view.setUint32(at, places.length, true)
    for (const [index, place] of places.entries()) view.setUint32(at + 4 + index * 4, here - 4 - index * 4 - place, true)
    return here
  }

  /** Structs of numbers of 8 bytes each, `size` of them in one. */
  longs(values: readonly (number | bigint)[], size: number): number {
    // The numbers are aligned to 8, their count stands before them.
    this.#reserve(0, 8)
    const at = this.#reserve(values.length * 8, 8)
    const view = this.#view()
    for (const [index, value] of values.entries()) view.setBigInt64(at + index * 8, BigInt(value), true)
    const count = this.#reserve(4, 4)
    this.#view().setUint32(count, values.length / size, true)
    return this.#used
  }

  /** Arrow's `Block`: an offset, a length with padding and a body's length. */
  blocks(values: readonly (readonly [number, number, number])[]): number {
    return this.longs(values.flat(), 3)
  }

  table(fields: readonly (FieldValue | undefined)[]): number {
    const end = this.#used
    const places: number[] = fields.map(() => 0)
    for (const [index, field] of fields.entries()) {
      if (field === undefined) continue
      const size = { byte: 1, short: 2, int: 4, reference: 4, long: 8 }[field.kind]
      const at = this.#reserve(size, size)
      const view = this.#view()
      if (field.kind === 'byte') view.setUint8(at, field.value)
      else if (field.kind === 'short') view.setInt16(at, field.value, true)
      else if (field.kind === 'int') view.setInt32(at, field.value, true)
      else if (field.kind === 'long') view.setBigInt64(at, BigInt(field.value), true)
      else view.setUint32(at, this.#used - field.value, true)
      places[index] = this.#used
    }
    this.#reserve(4, 4)
    const table = this.#used
    const fieldsAt = this.#reserve(4 + fields.length * 2, 2)
    const view = this.#view()
    view.setUint16(fieldsAt, 4 + fields.length * 2, true)
    view.setUint16(fieldsAt + 2, table - end, true)
    for (const [index, place] of places.entries()) view.setUint16(fieldsAt + 4 + index * 2, place === 0 ? 0 : table - place, true)
    const tableAt = this.#bytes.length - table
    view.setInt32(tableAt, tableAt - fieldsAt, true)
    return table
  }

  /** The finished buffer, its length a multiple of 8. */
  finish(root: number): Uint8Array {
    const at = this.#reserve(4, 8)
    this.#view().setUint32(at, this.#used - root, true)
    return this.#bytes.slice(at)
  }
}
