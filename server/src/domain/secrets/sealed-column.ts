import type { SecretPlace } from './envelope.ts'

/** A column whose values are sealed. Its noun declares it, and seals and opens by it. */
export interface SealedColumn {
  readonly table: string
  readonly column: string
  /** The column by which a row is found. */
  readonly key: string
  /** Keys of the rows that hold secrets; undefined: all of them. */
  readonly keys?: readonly string[]
  /** What lies there, for a person: `credentials of remote registries`. */
  readonly holds: string
  /** What a row becomes when its secret cannot be read any more and a person gives it up. */
  readonly givenUp: 'emptied' | 'deleted'
  /** Where the secrets are parts of a value: each by a name of its own. */
  readonly parts?: {
    read(value: string): ReadonlyMap<string, string>
    write(value: string, parts: ReadonlyMap<string, string>): string
    /** Takes the place of a part that is given up. */
    instead(name: string): string
  }
}

export const sealedColumn = (column: SealedColumn): SealedColumn => column

/** The place of a row's value, or of the part with this name. */
export const placeIn = (
  { table, column }: Pick<SealedColumn, 'table' | 'column'>,
  row: string | number,
  part?: string,
): SecretPlace => ({ table, column, row: part === undefined ? String(row) : `${row}/${part}` })
