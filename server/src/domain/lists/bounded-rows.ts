/** The rows of one page together have so many characters at the most, but for the row that makes it more. */
const maxPageCharacters = 4 << 20
const rowsAtOnce = 10

export interface BoundedRows<Row> {
  readonly rows: readonly Row[]
  /** It ends before all that was wanted: the rows had grown too large together. */
  readonly isCut: boolean
}

/**
 * Reads rows some at a time, until there are as many as are wanted or they have grown too large together: a row may have
 * megabytes, and a page a thousand rows. `read` gives the next rows behind the last one; fewer than asked for are the end.
 */
export async function readBoundedRows<Row>(
  wanted: number,
  read: (limit: number, last: Row | undefined) => Promise<readonly Row[]>,
  charactersOf: (row: Row) => number,
  max = maxPageCharacters,
): Promise<BoundedRows<Row>> {
  const bounded = new Bounded(charactersOf, max)
  while (bounded.rows.length < wanted) {
    const limit = Math.min(bounded.step, wanted - bounded.rows.length)
    const found = await read(limit, bounded.rows.at(-1))
    if (bounded.take(found)) return { rows: bounded.rows, isCut: true }
    if (found.length < limit) break
  }
  return { rows: bounded.rows, isCut: false }
}

/** The same for rows whose keys are known; those that are gone meanwhile are left out. */
export async function readBoundedByKeys<Key, Row>(
  keys: readonly Key[],
  read: (some: readonly Key[]) => Promise<readonly Row[]>,
  charactersOf: (row: Row) => number,
  max = maxPageCharacters,
): Promise<BoundedRows<Row>> {
  const bounded = new Bounded(charactersOf, max)
  for (let start = 0; start < keys.length;) {
    const some = keys.slice(start, start + bounded.step)
    start += some.length
    const isFull = bounded.take(await read(some))
    if (isFull) return { rows: bounded.rows, isCut: true }
  }
  return { rows: bounded.rows, isCut: false }
}

class Bounded<Row> {
  readonly rows: Row[] = []
  readonly #charactersOf: (row: Row) => number
  readonly #max: number
  #characters = 0
  /** Small rows are read in ever larger steps. */
  step = rowsAtOnce

  constructor(charactersOf: (row: Row) => number, max: number) {
    this.#charactersOf = charactersOf
    this.#max = max
  }

  /** True when the page is full. */
  take(found: readonly Row[]): boolean {
    for (const row of found) {
      this.rows.push(row)
      this.#characters += this.#charactersOf(row)
      if (this.#characters > this.#max) return true
    }
    if (this.#characters * 8 < this.#max) this.step *= 4
    return false
  }
}
